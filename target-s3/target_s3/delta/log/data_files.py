"""The rows of a transaction as files of Parquet, one at a time on the disk."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import pyarrow.parquet as pq

from target_s3.delta.log.actions import DataFile
from target_s3.delta.log.statistics import stats_of
from target_s3.delta.transactions import FILE_BYTES
from target_s3.formats.arrow import arrow_schema
from target_s3.formats.columns import Column
from target_s3.formats.row_groups import RowGroups
from target_s3.object_writer import spool_errors


class WrittenFile(NamedTuple):
    """A file that is not in the bucket yet, and what the log will say of it."""

    file: BinaryIO
    described: DataFile


def data_files(
    batches: Iterable[Any],
    columns: Sequence[Column],
    new_file: Callable[[], BinaryIO],
    file_bytes: int = FILE_BYTES,
) -> Iterator[WrittenFile]:
    """Yield the files that hold the batches; each is closed when the next begins.

    Raises:
        FormatError: a value does not fit its column.
        SpoolError: the disk is full.
    """
    group = RowGroups(batches)
    while group.fill():
        with new_file() as file:
            yield WrittenFile(file, _write(file, group, columns, file_bytes))


def _write(
    file: BinaryIO, group: RowGroups, columns: Sequence[Column], file_bytes: int
) -> DataFile:
    metadata: list[Any] = []
    with (
        spool_errors(),
        pq.ParquetWriter(
            file,
            arrow_schema(columns),
            compression="zstd",
            compression_level=1,
            metadata_collector=metadata,
        ) as writer,
    ):
        while group.fill():
            group.write_to(writer)
            if file.tell() >= file_bytes:
                break
    size = file.seek(0, 2)
    file.seek(0)
    name = f"part-00000-{uuid.uuid4()}-c000.zstd.parquet"
    rows = metadata[0].num_rows
    return DataFile(name, size, rows, stats_of(columns, metadata[0]))
