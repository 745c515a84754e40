"""What a file of Parquet holds of each column, for readers that skip files by it.

Bounds may be wider than what is there, never narrower: long text is cut, and times have
milliseconds. Lists have none, and a column whose bounds are not known has none either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import msgspec

from target_s3.formats.columns import Column, ColumnKind

MAX_COLUMNS = 32
"""Columns that have statistics, the first ones, as the protocol proposes."""
_MAX_TEXT = 64
_LAST = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)
_ONE_MILLI = timedelta(milliseconds=1)

Path = tuple[str, ...]

_encode = msgspec.json.Encoder(decimal_format="number").encode


def stats_of(columns: Sequence[Column], metadata: Any) -> str:  # noqa: ANN401 - pyarrow has no types
    """Return the statistics of a file by its metadata, as the log has them."""
    lows: dict[str, Any] = {}
    highs: dict[str, Any] = {}
    nulls: dict[str, Any] = {}
    groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
    for index, path in islice(enumerate(_leaves(columns)), MAX_COLUMNS):
        found = [group.column(index).statistics for group in groups] if path else []
        if not path or not all(one and one.has_null_count for one in found):
            continue
        _put(nulls, path, sum(one.null_count for one in found))
        # A group of nothing but nulls has no bounds, and needs none.
        full = [one for one in found if one.num_values]
        if full and all(one.has_min_max for one in full):
            # years that Python's times do not know
            with suppress(ValueError, OverflowError):
                low = _low(min(one.min for one in full))
                _put(highs, path, _high(max(one.max for one in full)))
                _put(lows, path, low)
    rows = metadata.num_rows
    return _encode(
        {"numRecords": rows, "minValues": lows, "maxValues": highs, "nullCount": nulls}
    ).decode()


def _leaves(columns: Sequence[Column], path: Path = ()) -> Iterator[Path | None]:
    """Yield the path to each leaf, in the order of the file; None inside a list."""
    for column in columns:
        inner = (*path, column.name)
        if column.kind is ColumnKind.OBJECT:
            yield from _leaves(column.fields, inner)
        elif column.kind is ColumnKind.LIST:
            yield from (None for _ in _leaves(column.fields))
        else:
            yield inner


def _put(into: dict[str, Any], path: Path, value: object) -> None:
    if value is None:
        return
    for name in path[:-1]:
        into = into.setdefault(name, {})
    into[path[-1]] = value


def _low(value: Any) -> object:  # noqa: ANN401 - of any type of column
    if isinstance(value, datetime):
        return _millis(value)
    if isinstance(value, date):
        return value.isoformat()
    return value[:_MAX_TEXT] if isinstance(value, str) else value


def _high(value: Any) -> object:  # noqa: ANN401 - of any type of column
    if isinstance(value, datetime):
        is_whole = value.microsecond % 1000 == 0
        return _millis(value if is_whole else value + _ONE_MILLI)
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        return _next_text(value[:_MAX_TEXT]) or value
    return _low(value)


def _millis(value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _next_text(text: str) -> str | None:
    """Return a text that comes after all that begin so, None where there is none."""
    for end in range(len(text), 0, -1):
        code = ord(text[end - 1])
        if code < _LAST:
            code = code + 1 if code + 1 not in range(*_SURROGATES) else 0xE000
            return text[: end - 1] + chr(code)
    return None
