"""Rows as Arrow tables; imported where pyarrow is there, and nowhere else.

Text is string, dates are date32, times timestamps in UTC with microseconds, decimals
decimal128, objects and lists of known content structs and lists, all others JSON text.
A value that its column cannot hold exactly is refused (``fitting``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from singer_amazon.target.messages import printable
from target_s3.errors import FormatError
from target_s3.formats.columns import Column, ColumnKind
from target_s3.formats.fitting import TOO_LONG, MisfitError, fitted, with_zone
from target_s3.record_metadata import exact_number, unreadable_rows

# A number that a double may not hold: many digits, or an exponent. It costs little to
# look for them in the bytes, and much to take every number as a decimal.
_LONG_NUMBER = r"[:,\[\s]-?([0-9.]{17}|[0-9.]+[eE])"

_decode_lines = msgspec.json.Decoder(dict[str, Any]).decode_lines
_decode_lines_exactly = msgspec.json.Decoder(
    dict[str, Any], float_hook=exact_number
).decode_lines

_TYPES = {
    ColumnKind.TEXT: pa.string(),
    ColumnKind.INTEGER: pa.int64(),
    ColumnKind.NUMBER: pa.float64(),
    ColumnKind.BOOLEAN: pa.bool_(),
    ColumnKind.DATE: pa.date32(),
    ColumnKind.TIMESTAMP: pa.timestamp("us", tz="UTC"),
}


def arrow_type(column: Column) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Return the Arrow type of a column."""
    if column.kind is ColumnKind.DECIMAL:
        return pa.decimal128(*column.digits)
    if column.kind is ColumnKind.OBJECT:
        return pa.struct([(field.name, arrow_type(field)) for field in column.fields])
    if column.kind is ColumnKind.LIST:
        return pa.list_(arrow_type(column.fields[0]))
    return _TYPES[column.kind]


def arrow_schema(columns: Sequence[Column]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Return the Arrow schema of a stream's columns."""
    return pa.schema([(column.name, arrow_type(column)) for column in columns])


def blocks_of(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield whole lines of a file from where it stands, about ``size`` bytes each."""
    while lines := file.readlines(size):
        yield b"".join(lines)


def rows_of(stream: str, data: bytes) -> list[dict[str, Any]]:
    """Return the rows of JSON lines, every digit of their numbers kept."""
    text = pa.scalar(data, pa.large_binary())
    is_long = pc.match_substring_regex(text, pattern=_LONG_NUMBER).as_py()
    with unreadable_rows(stream, "Parquet"):
        return (_decode_lines_exactly if is_long else _decode_lines)(data)


class RowsToArrow:
    """Turns rows of one stream into record batches; ``warn`` hears strange columns."""

    def __init__(
        self, stream: str, columns: Sequence[Column], warn: Callable[[str], None]
    ) -> None:
        self._stream = stream
        self._columns = columns
        self._warn = warn
        self._known = {column.name for column in columns}
        self.schema = arrow_schema(columns)

    def batch(self, data: bytes) -> Any:  # noqa: ANN401 - pyarrow has no types
        """Return the rows of JSON lines as one batch."""
        return self.batch_of(rows_of(self._stream, data))

    def batch_of(self, rows: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - pyarrow has no types
        """Return rows as one batch.

        Raises:
            FormatError: a value does not fit its column.
        """
        for names in set(map(tuple, rows)):
            for name in set(names) - self._known:
                self._warn(name)
        getters = [row.get for row in rows]
        arrays = [
            self._array(column, [get(name) for get in getters])
            for column in self._columns
            for name in (column.name,)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _array(self, column: Column, values: list[Any]) -> Any:  # noqa: ANN401 - pyarrow has no types
        try:
            return _array(column, fitted(column, values, self._warn))
        except MisfitError as error:
            what = str(error)
        except OverflowError:
            what = TOO_LONG
        except (pa.ArrowException, TypeError, ValueError):
            # Arrow's own words repeat the value, which may be personal data.
            what = _NO_SUCH_TEXT.get(column.kind, "a value")
        msg = (
            f"Stream {self._stream}: column {printable(column.name)} is declared "
            f"{column.kind.value} by its SCHEMA, but a record holds {what}, which "
            f"Parquet cannot store as such without a change; declare the column as "
            f"text in the tap's catalog, or use the format jsonl.gz, which takes "
            f"records as they are."
        )
        raise FormatError(msg, stream=self._stream)


_NO_SUCH_TEXT = {
    ColumnKind.DATE: "text that is no date",
    ColumnKind.TIMESTAMP: "text that is no time",
}


def _array(column: Column, values: Sequence[Any]) -> Any:  # noqa: ANN401 - pyarrow has no types
    wanted = arrow_type(column)
    if column.kind is ColumnKind.DATE and _are_texts(values):
        return pa.array(values, pa.string()).cast(wanted)
    if column.kind is ColumnKind.TIMESTAMP and _are_texts(values):
        try:
            return pa.array(values, pa.string()).cast(wanted)
        except pa.ArrowInvalid:
            texts = [None if value is None else with_zone(value) for value in values]
            return pa.array(texts, pa.string()).cast(wanted)
    return pa.array(values, wanted)


def _are_texts(values: Sequence[Any]) -> bool:
    return all(value is None or isinstance(value, str) for value in values)
