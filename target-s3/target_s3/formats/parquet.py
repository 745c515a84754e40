"""Parquet, with one type per column as the SCHEMA says.

The types are those of ``arrow``; every column is nullable. No value is changed. Rows
are spooled as JSON lines and turned into Parquet when the object is closed: memory
holds the columns of one row group, however many streams are open.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from typing import BinaryIO

from singer_amazon.errors import ConfigError
from target_s3.formats.columns import Column
from target_s3.formats.jsonl import JsonLinesWriter

_STEP_BYTES = 256 * 1024
"""Rows as JSON that become columns at once: as objects of Python they take many times
that."""


def require_pyarrow() -> None:
    """Raise a ``ConfigError`` where the library for Parquet is missing."""
    if not _has_pyarrow():
        msg = (
            "Setting format.format_type is 'parquet', which needs the pyarrow library: "
            "install target-amazon-s3[parquet], or choose jsonl.gz."
        )
        raise ConfigError(msg)


def require_deltalake() -> None:
    """Raise a ``ConfigError`` where the library for Delta tables is missing."""
    # deltalake itself is loaded where it is needed: it takes tens of megabytes.
    if not (find_spec("deltalake") and _has_pyarrow()):
        msg = (
            "Setting format.format_type is 'delta', which needs the deltalake library: "
            "install target-amazon-s3[delta], or choose another format."
        )
        raise ConfigError(msg)


def _has_pyarrow() -> bool:
    # Arrow's own pool keeps what it has had; it looks here when it is imported
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415 - an extra, loaded when asked for
    except ImportError:
        return False
    return True


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
        from target_s3.formats.row_groups import (  # noqa: PLC0415 - it needs pyarrow
            RowGroups,
        )

        to_arrow = RowsToArrow(self._stream, self._columns, self._warn)
        self._file.seek(0)
        groups = RowGroups(map(to_arrow.batch, blocks_of(self._file, _STEP_BYTES)))
        with pq.ParquetWriter(target, arrow_schema(self._columns)) as writer:
            while groups.fill():
                groups.write_to(writer)
