"""The columns of a table and those of a SCHEMA, brought together.

A new column or field is added. An integer that becomes a number widens, as does a
decimal that gets more digits. What cannot hold what is there is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from target_s3.errors import FormatError
from target_s3.formats.columns import MAX_DIGITS, Column, ColumnKind

_NUMBERS = {ColumnKind.INTEGER, ColumnKind.NUMBER}


class Evolution(NamedTuple):
    """The columns a table has from now on, and what must be done for it."""

    columns: tuple[Column, ...]
    has_new: bool
    is_wider: bool
    """Whether what is stored must be written anew, in wider types."""


def evolved(
    stream: str, stored: Sequence[Column], described: Sequence[Column]
) -> Evolution:
    """Return the columns that hold both what is stored and what is described.

    Raises:
        FormatError: a column has a type that the table's column cannot hold.
    """
    found = _fields(stream, "", stored, described)
    return Evolution(
        found, has_new=_has_new(stored, found), is_wider=_is_wider(stored, found)
    )


def _fields(
    stream: str, path: str, stored: Sequence[Column], described: Sequence[Column]
) -> tuple[Column, ...]:
    fresh = {column.name: column for column in described}
    kept = [
        _column(stream, path, column, fresh.pop(column.name, column))
        for column in stored
    ]
    return (*kept, *fresh.values())


def _column(stream: str, path: str, stored: Column, described: Column) -> Column:
    path += stored.name
    kinds = {stored.kind, described.kind}
    if stored == described or kinds == {ColumnKind.INTEGER}:
        return stored
    if kinds == _NUMBERS:
        return stored._replace(kind=ColumnKind.NUMBER)
    if kinds == {ColumnKind.OBJECT}:
        fields = _fields(stream, f"{path}.", stored.fields, described.fields)
        return stored._replace(fields=fields)
    if kinds == {ColumnKind.LIST}:
        [element], [other] = stored.fields, described.fields
        inner = _column(stream, f"{path}.", element, other._replace(name=element.name))
        return stored._replace(fields=(inner,))
    if kinds == {ColumnKind.DECIMAL}:
        digits = _digits(stored.digits, described.digits)
        if digits[0] <= MAX_DIGITS:
            return stored._replace(digits=digits)
    if len(kinds) == 1:
        return stored
    msg = (
        f"Stream {stream}: column {path} is {stored.kind.value} in the table and "
        f"{described.kind.value} in the SCHEMA, and neither holds the other; write to "
        "another prefix, or give the column its old type in the tap's catalog."
    )
    raise FormatError(msg, stream=stream)


def _digits(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    before = max(one[0] - one[1], other[0] - other[1])
    after = max(one[1], other[1])
    return before + after, after


def _has_new(stored: Sequence[Column], found: Sequence[Column]) -> bool:
    return len(found) > len(stored) or any(
        _has_new(old.fields, new.fields)
        for old, new in zip(stored, found, strict=False)
    )


def _is_wider(stored: Sequence[Column], found: Sequence[Column]) -> bool:
    return any(
        (old.kind, old.digits) != (new.kind, new.digits)
        or _is_wider(old.fields, new.fields)
        for old, new in zip(stored, found, strict=False)
    )
