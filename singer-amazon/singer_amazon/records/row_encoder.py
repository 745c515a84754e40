"""Turns the rows of a report document into Singer records, fast.

Rows are decoded straight into a typed structure made for the columns that were
asked for, and encoded from it. What does not fit the expected types is decoded
a second time in the patient way: nothing is lost, and one warning names the
column.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from singer_amazon.errors import DocumentError
from singer_amazon.records.columns import ColumnType, fit_fields, python_type

KEYS_CHECKED = 10_000

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
        self._any = msgspec.json.Decoder(list[Any], float_hook=Decimal)
        self._keys = [self._names[name] for name in key if name in self._names]
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
        self._seen_keys: set[tuple[object, ...]] = set()
        self._rows_checked = 0
        self.repeats = 0
        self.repeated_key: dict[str, object] | None = None
        self.unknown: set[str] = set()
        self.odd: set[str] = set()

    def begin_document(self) -> None:
        """Forget what was seen of the last document's keys."""
        self._seen_keys.clear()
        self._rows_checked = self.repeats = 0
        self.repeated_key = None

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
        if self._keys and self._rows_checked < KEYS_CHECKED:
            self._check_keys(rows[: KEYS_CHECKED - self._rows_checked])

    def _check_keys(self, rows: Iterable[Any]) -> None:
        for row in rows:
            self._rows_checked += 1
            key = tuple([getattr(row, field) for field in self._keys])
            if key in self._seen_keys:
                self.repeats += 1
                names = [n for n, field in self._names.items() if field in self._keys]
                values = {n: getattr(row, self._names[n]) for n in names}
                self.repeated_key = self.repeated_key or values
            self._seen_keys.add(key)

    def _conform(self, row: object) -> object:
        if not isinstance(row, dict):
            msg = f"a row of the document is not an object but {type(row).__name__}"
            raise DocumentError(msg)
        found, extra, odd = fit_fields(self.columns, row)
        self.unknown.update(extra)
        self.odd |= odd
        fields = {self._names[name]: found.get(name) for name in self.columns}
        if extra and self._extra:
            fields[self._extra] = extra
        return self._row(**fields)

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


def _without_lone(match: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if match["lone"] else match[0]
