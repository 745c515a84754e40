"""Parquet, with one type per column as the SCHEMA says.

Text, dates, objects and arrays (as JSON text) are strings; the others are int64,
double and boolean; every column is nullable. Rows are spooled as JSON lines and turned
into Parquet when the object is closed, in one row group: memory holds the columns of
one object, however many streams are open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO

import msgspec

from singer_amazon.errors import ConfigError
from target_s3.errors import FormatError
from target_s3.formats.columns import Column, ColumnKind
from target_s3.formats.jsonl import JsonLinesWriter

_STEP_BYTES = 4 * 1024**2
_GROUP_BYTES = 32 * 1024**2

_decode_lines = msgspec.json.Decoder(dict[str, Any]).decode_lines
_encode = msgspec.json.Encoder().encode


def require_pyarrow() -> None:
    """Raise a ``ConfigError`` where the library for Parquet is missing."""
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415 - an extra, loaded when asked for
    except ImportError:
        msg = (
            "Setting format.format_type is 'parquet', which needs the pyarrow library: "
            "install target-amazon-s3[parquet], or choose jsonl.gz."
        )
        raise ConfigError(msg) from None


class ParquetWriter(JsonLinesWriter):
    """Spools rows and writes them as Parquet in the end."""

    def __init__(
        self,
        new_file: Callable[[], BinaryIO],
        columns: Sequence[Column],
        stream: str,
        warn: Callable[[str], None],
    ) -> None:
        super().__init__(new_file(), is_gzipped=False)
        self._new_file = new_file
        self._columns = columns
        self._stream = stream
        self._warn = warn

    def close(self) -> BinaryIO:
        """Finish the object and return its file, at the beginning."""
        with self._file, ExitStack() as stack:
            target = stack.enter_context(self._new_file())
            self._convert(target)
            stack.pop_all()
        target.seek(0)
        return target

    def _convert(self, target: BinaryIO) -> None:
        import pyarrow as pa  # noqa: PLC0415 - an extra, loaded when asked for
        import pyarrow.parquet as pq  # noqa: PLC0415

        schema = pa.schema(
            [(column.name, _arrow_type(pa, column.kind)) for column in self._columns]
        )
        with pq.ParquetWriter(target, schema) as writer:
            batches: list[Any] = []
            group_bytes = 0
            for rows, size in self._steps():
                batches.append(self._batch(pa, schema, rows))
                group_bytes += size
                if group_bytes >= _GROUP_BYTES:
                    _write_group(pa, writer, batches)
                    group_bytes = 0
            if batches:
                _write_group(pa, writer, batches)

    def _steps(self) -> Iterator[tuple[list[dict[str, Any]], int]]:
        self._file.seek(0)
        while lines := self._file.readlines(_STEP_BYTES):
            data = b"".join(lines)
            try:
                yield _decode_lines(data), len(data)
            except msgspec.DecodeError as error:
                msg = f"Stream {self._stream}: a record cannot be read: {error}."
                raise FormatError(msg) from None

    def _batch(self, pa: Any, schema: Any, rows: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - pyarrow has no types
        known = {column.name for column in self._columns}
        for row in rows:
            if not known.issuperset(row):
                for name in row.keys() - known:
                    self._warn(name)
        arrays = [self._array(pa, column, rows) for column in self._columns]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _array(self, pa: Any, column: Column, rows: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - pyarrow has no types
        values = [row.get(column.name) for row in rows]
        if column.kind is ColumnKind.TEXT:
            values = [_text(value) for value in values]
        elif column.kind is ColumnKind.NUMBER:
            values = [_float(value) for value in values]
        elif column.kind is ColumnKind.INTEGER:
            values = [_integer(value) for value in values]
        try:
            return pa.array(values, _arrow_type(pa, column.kind))
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            # Arrow's own words repeat the value, which may be personal data.
            msg = (
                f"Stream {self._stream}: column {column.name} is declared "
                f"{column.kind.value} by its SCHEMA, but a record holds a value that "
                f"Parquet cannot store as such; declare it as text in the tap's "
                f"catalog, or use the format jsonl.gz, which takes records as they are."
            )
            raise FormatError(msg) from None


def _write_group(pa: Any, writer: Any, batches: list[Any]) -> None:  # noqa: ANN401 - pyarrow has no types
    table = pa.Table.from_batches(batches)
    writer.write_table(table, row_group_size=table.num_rows)
    batches.clear()


def _arrow_type(pa: Any, kind: ColumnKind) -> Any:  # noqa: ANN401 - pyarrow has no types
    return {
        ColumnKind.TEXT: pa.string,
        ColumnKind.INTEGER: pa.int64,
        ColumnKind.NUMBER: pa.float64,
        ColumnKind.BOOLEAN: pa.bool_,
    }[kind]()


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return _encode(value).decode()


def _float(value: object) -> object:
    return float(value) if type(value) is int else value


def _integer(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value
