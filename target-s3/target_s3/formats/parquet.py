"""Parquet, with one type per column as the SCHEMA says.

The types are those of ``arrow``; every column is nullable. No value is changed. Rows
are spooled as JSON lines and turned into Parquet when the object is closed, in one row
group: memory holds the columns of one object, however many streams are open.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO

from singer_amazon.errors import ConfigError
from target_s3.formats.columns import Column
from target_s3.formats.jsonl import JsonLinesWriter

_STEP_BYTES = 256 * 1024
_GROUP_BYTES = 12 * 1024**2
"""Rows as JSON of one row group; as objects of Python they would take many times that,
so they become columns in small steps."""


def require_pyarrow() -> None:
    """Raise a ``ConfigError`` where the library for Parquet is missing."""
    # Arrow's own pool keeps what it has had; it looks here when it is imported
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415 - an extra, loaded when asked for
    except ImportError:
        msg = (
            "Setting format.format_type is 'parquet', which needs the pyarrow library: "
            "install target-amazon-s3[parquet], or choose jsonl.gz."
        )
        raise ConfigError(msg) from None


def require_deltalake() -> None:
    """Raise a ``ConfigError`` where the library for Delta tables is missing."""
    try:
        import deltalake  # noqa: F401, PLC0415 - an extra, loaded when asked for
        import pyarrow.parquet  # noqa: F401, PLC0415 - it, too
    except ImportError:
        msg = (
            "Setting format.format_type is 'delta', which needs the deltalake library: "
            "install target-amazon-s3[delta], or choose another format."
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
        import pyarrow.parquet as pq  # noqa: PLC0415 - an extra, loaded when asked for

        from target_s3.formats.arrow import (  # noqa: PLC0415 - it needs pyarrow
            RowsToArrow,
            arrow_schema,
            blocks_of,
        )

        to_arrow = RowsToArrow(self._stream, self._columns, self._warn)
        self._file.seek(0)
        with pq.ParquetWriter(target, arrow_schema(self._columns)) as writer:
            batches: list[Any] = []
            group_bytes = 0
            for data in blocks_of(self._file, _STEP_BYTES):
                batches.append(to_arrow.batch(data))
                group_bytes += len(data)
                if group_bytes >= _GROUP_BYTES:
                    _write_group(writer, batches)
                    group_bytes = 0
            if batches:
                _write_group(writer, batches)


def _write_group(writer: Any, batches: list[Any]) -> None:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa  # noqa: PLC0415 - an extra, loaded when asked for

    table = pa.Table.from_batches(batches)
    writer.write_table(table, row_group_size=table.num_rows)
    batches.clear()
