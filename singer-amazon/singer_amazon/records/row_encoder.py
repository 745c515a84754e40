"""Turns the rows of a report document into Singer records, fast.

Rows are decoded straight into a typed structure made for the columns that were
asked for, and encoded from it. What does not fit the expected types is decoded
a second time in the patient way, and one warning names the column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import attrgetter
from typing import Any, Protocol

import msgspec

from singer_amazon.errors import DocumentError
from singer_amazon.records.columns import (
    ColumnType,
    Nested,
    exact,
    fit_fields,
    python_type,
)

KEYS_CHECKED = 100_000
"""Rows of a document whose keys are compared; they cost some 70 bytes each."""
_MAX_NAMES = 100
_MAX_SHOWN = 40

# escaped backslashes and pairs are matched so that they are passed over
_SURROGATES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


@dataclass(frozen=True, slots=True)
class AddedFields:
    """What is added to each row of one document, as encoded JSON members."""

    by_member: Mapping[str, bytes]
    """Advertiser id to members; "" is for rows of no known advertiser."""

    @classmethod
    def constant(cls, values: Mapping[str, object]) -> AddedFields:
        """Add the same values to all rows."""
        return cls({"": encoded_members(values)})


def encoded_members(values: Mapping[str, object]) -> bytes:
    """Return `"a":1,"b":2` for a mapping, without braces."""
    return msgspec.json.encode(values)[1:-1]


class RowEncoder(Protocol):
    """How the rows of one stream look; what it saw of them is for warnings."""

    columns: Mapping[str, ColumnType]
    unknown: set[str]
    odd: set[str]
    repeats: int
    repeated_key: dict[str, object] | None

    def begin_document(self) -> None:
        """Forget what was seen of the last document's keys."""

    def getter(self, name: str) -> Callable[[Any], Any]:
        """Return what reads one column of a row."""

    def lines(
        self,
        rows: Iterable[Any],
        added_fields: AddedFields,
        before: bytes,
        after: bytes,
    ) -> bytearray:
        """Encode rows as lines: before, the object with the added fields, after."""

    def records(
        self, rows: Iterable[Any], added_fields: AddedFields
    ) -> Iterable[dict[str, Any]]:
        """Yield rows as dictionaries, for paths that need to look inside."""


class TypedRowEncoder:
    """How the rows of one stream look for one set of requested columns.

    `columns` are name and type of everything asked for; `key` those of them
    that identify a row and are never null; `filled` maps a key column that
    could not be asked for to the column whose value stands in for it; `hidden`
    columns are read and not given out. `extra` names the column that takes in
    fields nobody knows, else they are left out.
    """

    def __init__(
        self,
        columns: Mapping[str, ColumnType],
        key: Sequence[str],
        *,
        member_column: str | None = None,
        filled: Mapping[str, str] | None = None,
        hidden: Collection[str] = (),
        extra: str | None = None,
    ) -> None:
        self.columns: Mapping[str, ColumnType] = dict(columns)
        self.filled = dict(filled or {})
        self._names = {name: f"c{index}" for index, name in enumerate(columns)}
        fields: list[tuple[str, Any, Any]] = [
            (self._names[name], python_type(column_type) | msgspec.UnsetType, None)
            for name, column_type in columns.items()
        ]
        renamed = {field: name for name, field in self._names.items()}
        self._extra = "extra" if extra else None
        if extra:
            fields.append(("extra", Any, msgspec.UNSET))
            renamed["extra"] = extra
        self._row = msgspec.defstruct(
            "Row",
            fields,
            rename=renamed,
            forbid_unknown_fields=True,
            gc=False,
        )
        self._typed = msgspec.json.Decoder(list[self._row])  # type: ignore[name-defined]  # made at run time
        # Decimal: an id written as 9007199254740993.0 would lose its last digit
        self._any = msgspec.json.Decoder(list[Any], float_hook=exact)
        self._keys = [self._names[name] for name in key if name in self._names]
        self._key_of = attrgetter(*self._keys) if self._keys else lambda _: ()
        self._ids = [
            field
            for name, field in self._names.items()
            if columns[name] == "id" and field not in self._keys
        ]
        self._fills = [
            (self._names[name], self._names[source])
            for name, source in self.filled.items()
        ]
        self._hidden = [self._names[name] for name in hidden]
        self._member = self._names.get(member_column or "")
        self._encoder = msgspec.json.Encoder()
        self._seen_keys: set[int] = set()
        """Hashes of 64 bits: the keys themselves would take ten times as much."""
        self._rows_checked = 0
        self.rows_unchecked = 0
        """Rows of the document whose keys were not compared any more."""
        self.repeats = 0
        self.repeated_key: dict[str, object] | None = None
        self.unknown: set[str] = set()
        self.has_more_unknown = False
        """Whether there were more unknown names than are kept."""
        self.odd: set[str] = set()
        self.blanks: dict[str, str] = {}
        """Columns made null for a word that stands for no value, each with it."""
        self.misfits: dict[str, str] = {}
        """Columns made null for what they cannot hold, each with an example."""

    def begin_document(self) -> None:
        """Forget what was seen of the last document's keys."""
        self._seen_keys.clear()
        self._rows_checked = self.rows_unchecked = self.repeats = 0
        self.repeated_key = None

    def getter(self, name: str) -> Callable[[Any], Any]:
        """Return what reads one column of a row; dots lead into objects.

        Raises:
            KeyError: there is no such column.
        """
        first, *inner = name.split(".")
        if not inner:
            return attrgetter(self._names[name])
        attributes, column = [self._names[first]], self.columns[first]
        for part in inner:
            assert isinstance(column, Nested)  # noqa: S101 - only objects have parts
            attributes.append(f"c{list(column.fields).index(part)}")
            column = column.fields[part]
        return lambda row: reduce(_attribute, attributes, row)

    # --- decoding ----------------------------------------------------------

    def parse(self, array: bytes) -> list[Any]:
        """Return the rows of a JSON array as structures of this format.

        Raises:
            msgspec.DecodeError: it is no JSON array.
            DocumentError: one of its rows is not an object, or it is no UTF-8.
        """
        try:
            rows = self._decode(array)
        except UnicodeDecodeError as error:
            msg = f"the document is not UTF-8 text ({error.reason})"
            raise DocumentError(msg) from None
        except msgspec.DecodeError:
            # half an emoji, where Amazon has cut a text: no reason to lose the rest
            mended = _SURROGATES.sub(_without_lone, array)
            if mended == array:
                raise
            rows = self._decode(mended)
        self._settle(rows)
        return rows

    def _decode(self, array: bytes) -> list[Any]:
        try:
            rows: list[Any] = self._typed.decode(array)
        except msgspec.ValidationError:
            rows = [self._conform(row) for row in self._any.decode(array)]
        return rows

    def _settle(self, rows: list[Any]) -> None:
        """Make ids strings and key columns never null; drop what is hidden."""
        self._complete_keys(rows)
        for field in self._ids:
            for row in rows:
                value = getattr(row, field)
                if type(value) is int:
                    setattr(row, field, str(value))
        for field in self._hidden:
            for row in rows:
                setattr(row, field, msgspec.UNSET)

    def _complete_keys(self, rows: list[Any]) -> None:
        for field, source in self._fills:
            for row in rows:
                setattr(row, field, getattr(row, source))
        for field in self._keys:
            for row in rows:
                value = getattr(row, field)
                if type(value) is not str:
                    setattr(row, field, "" if value is None else str(value))
        if self._keys:
            self._check_keys(rows)

    def _check_keys(self, rows: list[Any]) -> None:
        """Count keys that have come before; rows are many, so by built-ins alone."""
        left = max(KEYS_CHECKED - self._rows_checked, 0)
        self.rows_unchecked += max(len(rows) - left, 0)
        checked = rows if len(rows) <= left else rows[:left]
        self._rows_checked += len(checked)
        hashes = list(map(hash, map(self._key_of, checked)))
        seen = self._seen_keys
        known = set() if seen.isdisjoint(hashes) else seen.intersection(hashes)
        before = len(seen)
        seen.update(hashes)
        repeats = before + len(hashes) - len(seen)
        if repeats:
            self.repeats += repeats
            self.repeated_key = self.repeated_key or self._repeated(checked, known)

    def _repeated(
        self, rows: Iterable[Any], known: Iterable[int]
    ) -> dict[str, object] | None:
        """Return the first key of these rows that is known or has come before."""
        seen = set(known)
        for row in rows:
            key = hash(self._key_of(row))
            if key in seen:
                names = [n for n, field in self._names.items() if field in self._keys]
                return {n: getattr(row, self._names[n]) for n in names}
            seen.add(key)
        return None

    def _conform(self, row: object) -> object:
        if not isinstance(row, dict):
            msg = f"a row of the document is not an object but {type(row).__name__}"
            raise DocumentError(msg)
        found, extra, odd = fit_fields(self.columns, row)
        if extra and not self._extra:
            self._note_unknown(name for name in extra if name not in self.columns)
        for name, value in found.items():
            if value is None and row[name] is not None:
                seen = self.misfits if name in odd else self.blanks
                seen.setdefault(name, str(row[name])[:_MAX_SHOWN])
        self.odd.update(name for name in odd if found[name] is not None)
        fields = {self._names[name]: found.get(name) for name in self.columns}
        if extra and self._extra:
            fields[self._extra] = extra
        return self._row(**fields)

    def _note_unknown(self, names: Iterable[str]) -> None:
        """Keep some of the names; a row may have a million of them."""
        for name in names:
            if name not in self.unknown:
                if len(self.unknown) >= _MAX_NAMES:
                    self.has_more_unknown = True
                    return
                self.unknown.add(name)

    # --- encoding ----------------------------------------------------------

    def lines(
        self,
        rows: Iterable[Any],
        added_fields: AddedFields,
        before: bytes,
        after: bytes,
    ) -> bytearray:
        """Encode rows as lines: before, the object with the added fields, after."""
        out = bytearray()
        append, encode, member = out.extend, self._encoder.encode_into, self._member
        endings = {
            person: (b"," + members if members else b"") + b"}" + after + b"\n"
            for person, members in added_fields.by_member.items()
        }
        common = endings.get("", b"}" + after + b"\n")
        for row in rows:
            append(before)
            encode(row, out, -1)
            del out[-1]
            append(
                common if member is None else endings.get(getattr(row, member), common)
            )
        return out

    def records(
        self, rows: Iterable[Any], added_fields: AddedFields
    ) -> Iterable[dict[str, Any]]:
        """Yield rows as dictionaries, for paths that need to look inside."""
        added = {
            person: msgspec.json.decode(b"{" + members + b"}")
            for person, members in added_fields.by_member.items()
        }
        common = added.get("", {})
        for row in rows:
            record = msgspec.to_builtins(row)
            if self._member is None:
                yield record | common
            else:
                yield record | added.get(getattr(row, self._member), common)


def _attribute(value: object, name: str) -> object:
    return getattr(value, name, None)


def _without_lone(match: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if match["lone"] else match[0]
