"""Parquet, with one type per column as the SCHEMA says.

Text, dates, objects and arrays (as JSON text) are strings; the others are int64,
double and boolean; every column is nullable. No value is changed (``fitting``). Rows
are spooled as JSON lines and turned into Parquet when the object is closed, in one row
group: memory holds the columns of one object, however many streams are open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO

import msgspec

from singer_amazon.errors import ConfigError
from singer_amazon.target.messages import printable
from target_s3.errors import FormatError
from target_s3.formats.columns import Column, ColumnKind
from target_s3.formats.fitting import TOO_LONG, MisfitError, fitted
from target_s3.formats.jsonl import JsonLinesWriter
from target_s3.record_metadata import exact_number, unreadable_rows

_STEP_BYTES = 4 * 1024**2
_GROUP_BYTES = 32 * 1024**2

# A number that a double may not hold: many digits, or an exponent. It costs little to
# look for them in the bytes, and much to take every number as a decimal.
_LONG_NUMBER = r"[:,\[\s]-?([0-9.]{17}|[0-9.]+[eE])"

_decode_lines = msgspec.json.Decoder(dict[str, Any]).decode_lines
_decode_lines_exactly = msgspec.json.Decoder(
    dict[str, Any], float_hook=exact_number
).decode_lines


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
            for rows, size in self._steps(pa):
                batches.append(self._batch(pa, schema, rows))
                group_bytes += size
                if group_bytes >= _GROUP_BYTES:
                    _write_group(pa, writer, batches)
                    group_bytes = 0
            if batches:
                _write_group(pa, writer, batches)

    def _steps(self, pa: Any) -> Iterator[tuple[list[dict[str, Any]], int]]:  # noqa: ANN401 - pyarrow has no types
        import pyarrow.compute as pc  # noqa: PLC0415 - an extra, loaded when asked for

        self._file.seek(0)
        while lines := self._file.readlines(_STEP_BYTES):
            data = b"".join(lines)
            text = pa.scalar(data, pa.large_binary())
            is_long = pc.match_substring_regex(text, pattern=_LONG_NUMBER).as_py()
            with unreadable_rows(self._stream, "Parquet"):
                rows = (_decode_lines_exactly if is_long else _decode_lines)(data)
            yield rows, len(data)

    def _batch(self, pa: Any, schema: Any, rows: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - pyarrow has no types
        known = {column.name for column in self._columns}
        for names in set(map(tuple, rows)):
            for name in set(names) - known:
                self._warn(name)
        getters = [row.get for row in rows]
        arrays = [
            self._array(pa, column, [get(name) for get in getters])
            for column in self._columns
            for name in (column.name,)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _array(self, pa: Any, column: Column, values: list[Any]) -> Any:  # noqa: ANN401 - pyarrow has no types
        try:
            return pa.array(fitted(column.kind, values), _arrow_type(pa, column.kind))
        except MisfitError as error:
            what = str(error)
        except OverflowError:
            what = TOO_LONG
        except (pa.ArrowException, TypeError, ValueError):
            # Arrow's own words repeat the value, which may be personal data.
            what = "a value"
        msg = (
            f"Stream {self._stream}: column {printable(column.name)} is declared "
            f"{column.kind.value} by its SCHEMA, but a record holds {what}, which "
            f"Parquet cannot store as such without a change; declare the column as "
            f"text in the tap's catalog, or use the format jsonl.gz, which takes "
            f"records as they are."
        )
        raise FormatError(msg, stream=self._stream)


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
