"""The hashes of many values of one field at once, several times faster than singly.

What is usual is done for all of them by a few calls; what is not is left to the hasher
of single values, so that each rule about odd values stands in one place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import sha256

from target_amazon_audience.matching.columns.writers import (
    AS_UPLOADER,
    RECOMMENDED,
    Writer,
)
from target_amazon_audience.matching.hashing import (
    EMPTY_HASHES,
    HASH_DIGITS,
    MAX_VALUE_LENGTH,
    PII_FIELDS,
    REMEMBERED,
    SELDOM_EMPTY,
    Hasher,
    hashers,
)
from target_amazon_audience.matching.values import (
    NO_VALUES,
    SHORTEST_HASH,
    is_like_hash,
    like_hashes,
)

ColumnHasher = Callable[[Sequence[str], "str | None"], list[str]]
"""From values and their records' country to digests; an empty text: none."""

_HASHES = re.compile(r"[0-9a-fA-F]{64}(?:\n[0-9a-fA-F]{64})*")
_NOTHINGS = "\n".join(sorted({*NO_VALUES, "NA"}))
_MOST_REMEMBERED = 16_384
"""Values kept with their hash, per field, where values repeat."""
_LONGEST_REMEMBERED = 64


def column_hashers(
    normalisation: str, modes: Mapping[str, str]
) -> dict[str, ColumnHasher]:
    """Return the hasher of each field, for ``recommended`` or ``aws_uploader``.

    Each answers as `hashers` of single values do, with an empty text for their None.
    """
    writers = AS_UPLOADER if normalisation == "aws_uploader" else RECOMMENDED
    found: dict[str, ColumnHasher] = {}
    for field, single in hashers(normalisation, modes).items():
        mode = modes.get(field, "auto")
        made = _Column(field, mode, single, writers.get(field)).hashes
        found[field] = Remembering(made).hashes if field in REMEMBERED else made
    return {field: found[field] for field in PII_FIELDS}


class _Column:
    """Hashes the values of one field."""

    def __init__(
        self, field: str, mode: str, single: Hasher, write: Writer | None
    ) -> None:
        self._single = single
        self._write = None if mode == "hashed" else write
        self._may_be_hashed = mode != "raw"
        self._is_prose = field not in SELDOM_EMPTY
        """Whether words for nothing, and hashes, may pass as a value."""

    def hashes(self, values: Sequence[str], country: str | None) -> list[str]:
        """Return digests."""
        if self._may_be_hashed and len(values[0]) == len(values[-1]) == HASH_DIGITS:
            found = _taken_as_hashes(values)
            if found is not None:
                return found
        if self._write is None:
            return [self._single(value, country) or "" for value in values]
        lines = self._lines(values)
        written = self._write("\n".join(lines), country)
        nothings = _nothings(self._write, country) if self._is_prose else frozenset()
        if all(written) and nothings.isdisjoint(written):
            return [sha256(text).hexdigest() for text in written]
        return [
            sha256(text).hexdigest()
            if text and text not in nothings
            else self._single(value, country) or ""
            for text, value in zip(written, values, strict=True)
        ]

    def _lines(self, values: Sequence[str]) -> list[str]:
        """Return values as lines, empty ones for what is not usual."""
        lines = [value.strip() for value in values]
        longest = max(map(len, lines))
        if longest > MAX_VALUE_LENGTH:
            lines = ["" if len(v) > MAX_VALUE_LENGTH else v for v in lines]
        if "\n" in "".join(lines):
            lines = ["" if "\n" in v else v for v in lines]
        if not self._is_prose:
            return lines
        if not "".join([v[:1] for v in lines]).isalnum():
            lines = [v if v[:1].isalnum() else "" for v in lines]
        if self._may_be_hashed and longest >= SHORTEST_HASH:
            hashes = {v for v in like_hashes(lines) if _may_be_hash(v)}
            lines = ["" if v in hashes else v for v in lines] if hashes else lines
        return lines


def _may_be_hash(text: str) -> bool:
    return len(text) == HASH_DIGITS or is_like_hash(text)


def _taken_as_hashes(values: Sequence[str]) -> list[str] | None:
    """Return values that are hashed already; None where some are not."""
    joined = "\n".join(values)
    if not _HASHES.fullmatch(joined):
        return None
    found = joined.lower().split("\n")
    if EMPTY_HASHES.isdisjoint(found):
        return found
    return ["" if value in EMPTY_HASHES else value for value in found]


@cache
def _nothings(write: Writer, country: str | None) -> frozenset[bytes]:
    """Return how words are written that stand where there is no value."""
    return frozenset(write(_NOTHINGS, country))


class Remembering:
    """Hashes values that repeat from record to record once, country by country."""

    def __init__(self, hashes: ColumnHasher) -> None:
        self._hashes = hashes
        self._known: dict[str | None, dict[str, str]] = {}

    def hashes(self, values: Sequence[str], country: str | None) -> list[str]:
        """Return digests."""
        known = self._known.setdefault(country, {})
        new = set(values).difference(known)
        if new:
            if max(map(len, new)) > _LONGEST_REMEMBERED:
                return self._hashes(values, country)
            if sum(map(len, self._known.values())) + len(new) > _MOST_REMEMBERED:
                self._known.clear()
                known = self._known[country] = {}
                new = set(values)
            texts = list(new)
            known.update(zip(texts, self._hashes(texts, country), strict=True))
        return list(map(known.__getitem__, values))
