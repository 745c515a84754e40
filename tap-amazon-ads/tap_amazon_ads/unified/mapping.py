"""Which field of Ads API v1 each column of a stream comes from, as data.

Source: Amazon's field pages of v1 reporting as read on 2026-04-18, its pages on moving
from v3, and its OpenAPI file of 2026-07. `official` columns stand there with their v3
name (two Kindle columns are crossed over there); `inferred` ones follow their naming.
Nothing was tried on live accounts.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Literal, TypeVar

import msgspec

Absence = Literal["none", "blocked", "splits", "window"]
"""Why a column stays null: v1 has no such field; it does not go with the stream's
dimensions; asking for it would split rows; v1 has no such attribution window."""
Confidence = Literal["official", "inferred", "derived", "stand-in"]

_T = TypeVar("_T")
_FOLDER = resources.files("tap_amazon_ads.unified") / "data"
_WINDOWS = {"7d": "seller", "14d": "vendor"}
"""Sponsored Products: v1 counts 7 days for sellers and 14 days for vendors."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A column worked out of two fields: their sum, or the first in % of the second."""

    operation: Literal["sum", "percentage"]
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class StreamMapping:
    """How one stream is read by v1; `dimensions` are what identifies a row there."""

    stream: str
    dimensions: tuple[str, ...]
    columns: Mapping[str, str] = field(hash=False)
    """Our column to its field of v1."""
    confidence: Mapping[str, Confidence] = field(hash=False)
    derived: Mapping[str, Derived] = field(hash=False)
    stand_ins: Mapping[str, str] = field(hash=False)
    """Key columns without a field, and the field that tells the rows apart instead."""
    absent: Mapping[str, Absence] = field(hash=False)

    def columns_of(self, account_kind: str) -> dict[str, str]:
        """Return column to field for a kind of account, stand-ins included."""
        found = {**self.columns, **self.stand_ins}
        return {n: f for n, f in found.items() if self._has_window(n, account_kind)}

    def derived_of(self, account_kind: str) -> dict[str, Derived]:
        """Return the columns that are worked out for a kind of account."""
        found = self.derived.items()
        return {n: d for n, d in found if self._has_window(n, account_kind)}

    def _has_window(self, column: str, account_kind: str) -> bool:
        """Whether the window in a column's name is that of the accounts of a kind.

        It says nothing where there is no twin of the other window.
        """
        if not self.stream.startswith("sponsored_products_"):
            return True
        stem, own = column.removesuffix("14d").removesuffix("7d"), ""
        for window, kind in _WINDOWS.items():
            if column == stem + window:
                own = kind
        twins = {stem + window for window in _WINDOWS}
        has_both = twins <= {*self.columns, *self.derived}
        return not own or not has_both or own == account_kind

    def source(self, column: str) -> str:
        """Return in a few words where a column comes from; empty: nowhere."""
        if (found := self.derived.get(column)) is not None:
            sign = "+" if found.operation == "sum" else "% of"
            return f"{found.first} {sign} {found.second}"
        return self.columns.get(column) or self.stand_ins.get(column, "")


class _ColumnsFile(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    checked: str
    official: dict[str, str]
    inferred: dict[str, str]


class _StreamEntry(msgspec.Struct, forbid_unknown_fields=True):
    dimensions: list[str] = []
    stand_ins: dict[str, str] = {}
    derived: dict[str, tuple[Literal["sum", "percentage"], str, str]] = {}
    absent: dict[Absence, list[str]] = {}
    confidence: str = ""
    flags: list[str] = []
    unserved: str = ""


class _StreamsFile(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    checked: str
    streams: dict[str, _StreamEntry]


@functools.cache
def _columns(name: str) -> _ColumnsFile:
    return _decode(f"columns_{name}.json", _ColumnsFile)


@functools.cache
def _streams() -> dict[str, _StreamEntry]:
    return _decode("streams.json", _StreamsFile).streams


@functools.cache
def primary_fields() -> Mapping[str, str]:
    """Return the field that identifies each dimension: its attributes need it."""
    return _decode("primary_fields.json", dict[str, str])


def _decode(name: str, shape: type[_T]) -> _T:
    return msgspec.json.decode((_FOLDER / name).read_bytes(), type=shape)


def reason_unserved(stream: str) -> str:
    """Return why v1 cannot serve a stream; empty where it can."""
    entry = _streams().get(stream)
    if entry is None:
        return "Ads API v1 has no counterpart that this version knows"
    return entry.unserved


def mapping_of(stream: str, columns: Iterable[str]) -> StreamMapping | None:
    """Return how these columns of a stream are read; None: v1 cannot serve it."""
    if reason_unserved(stream):
        return None
    entry = _streams()[stream]
    family = _columns("dsp" if stream.startswith("amazon_dsp_") else "sponsored")
    absent: dict[str, Absence] = {
        name: why for why, names in entry.absent.items() for name in names
    }
    found: dict[str, str] = {}
    confidence: dict[str, Confidence] = dict.fromkeys(entry.derived, "derived")
    confidence.update(dict.fromkeys(entry.stand_ins, "stand-in"))
    for name in columns:
        if name in absent or name in confidence:
            continue
        official = family.official.get(name)
        source = official or family.inferred.get(name)
        if source is None:
            absent[name] = "none"
        else:
            found[name] = source
            confidence[name] = "official" if official else "inferred"
    return StreamMapping(
        stream,
        tuple(entry.dimensions),
        found,
        confidence,
        {name: Derived(*parts) for name, parts in entry.derived.items()},
        entry.stand_ins,
        absent,
    )
