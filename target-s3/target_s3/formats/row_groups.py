"""Row groups of a file of Parquet, each written as soon as it is full.

Imported where pyarrow is there, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

GROUP_ROWS = 20_000
"""Rows of one row group, which readers skip or read as a whole."""
_GROUP_BYTES = 12 * 1024**2
"""Columns of one row group in memory, where rows are long."""


class RowGroups:
    """Takes batches until there are enough for the next row group."""

    def __init__(self, batches: Iterable[Any]) -> None:
        self._more = iter(batches)
        self._batches: list[Any] = []

    def fill(self) -> bool:
        """Take batches for a row group; False: there are no more."""
        rows = sum(batch.num_rows for batch in self._batches)
        size = sum(batch.nbytes for batch in self._batches)
        while rows < GROUP_ROWS and size < _GROUP_BYTES:
            batch = next(self._more, None)
            if batch is None:
                break
            self._batches.append(batch)
            rows += batch.num_rows
            size += batch.nbytes
        return bool(self._batches)

    def write_to(self, writer: Any) -> None:  # noqa: ANN401 - pyarrow has no types
        """Write the row group, and forget it."""
        table = pa.Table.from_batches(self._batches)
        self._batches.clear()
        # What rows of Python have left behind goes back to the system first.
        pa.default_memory_pool().release_unused()
        writer.write_table(table, row_group_size=table.num_rows)
