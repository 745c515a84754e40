"""The tables, by the library deltalake; imported only where Delta is written."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

# One thread of its own is enough: it works while ours waits. Each takes memory.
os.environ.setdefault("TOKIO_WORKER_THREADS", "1")

import pyarrow as pa
from deltalake import DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from singer_amazon.errors import AmazonError
from target_s3.delta.evolution import Evolution, evolved
from target_s3.delta.transactions import (
    ATTEMPTS,
    FILE_BYTES,
    Batches,
    Commit,
    longest_wait,
    store_error,
)
from target_s3.errors import FormatError, StoreError
from target_s3.formats.arrow import arrow_schema
from target_s3.formats.columns import Column, ColumnKind
from target_s3.formats.partitions import partition_columns
from target_s3.formats.row_groups import GROUP_ROWS

Options = Callable[[], dict[str, str]]

logger = logging.getLogger(__name__)


class _Rows:
    """Hands out batches; what goes wrong is kept, for deltalake keeps only words."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self.error: AmazonError | None = None

    def batches(self, columns: tuple[Column, ...]) -> Iterator[Any]:
        try:
            yield from self._batches(columns)
        except AmazonError as error:
            self.error = error
            raise


class DeltaTables:
    """Makes tables and commits to them; conflicts with other writers are retried."""

    def __init__(
        self,
        options: Options,
        partition_by: Mapping[str, tuple[str, ...]] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._options = options
        self._partition_by = partition_by or {}
        self._sleep = sleep

    def commit(self, commit: Commit) -> None:
        """Do a transaction, whole or not at all.

        Raises:
            FormatError: the rows do not fit the table.
            StoreError: the table cannot be read or written.
        """
        for attempt in range(1, ATTEMPTS + 1):
            rows = _Rows(commit.batches)
            try:
                self._commit(commit._replace(batches=rows.batches))
            except CommitFailedError as error:
                if attempt == ATTEMPTS:
                    raise _store_error(commit, error) from None
                logger.debug("Stream %s: another writer was first", commit.stream)
                self._sleep(random.uniform(0, longest_wait(attempt)))  # noqa: S311 - no secret
            except FormatError:
                raise
            except (DeltaError, OSError, pa.ArrowException) as error:
                raise rows.error or _store_error(commit, error) from None
            else:
                return

    def checkpoint(self, uri: str) -> None:
        """Sum the log up, so that readers need not read all of it.

        The commits are made: what goes wrong here is only said.
        """
        try:
            table = DeltaTable(uri, storage_options=self._options())
            table.create_checkpoint()
            table.cleanup_metadata()
        except (DeltaError, OSError) as error:
            words = " ".join(str(error).split())[:200]
            logger.warning("Table %s got no checkpoint: %s", uri, words)

    def _commit(self, commit: Commit) -> None:
        options = self._options()
        table, stored = self._table(commit, options)
        found = evolved(commit.stream, stored, commit.columns)
        if found.is_wider:
            self._widen(commit, table, found)
        schema = arrow_schema(found.columns)
        reader = pa.RecordBatchReader.from_batches(
            schema, commit.batches(found.columns)
        )
        how: dict[str, Any] = {
            "schema_mode": "merge" if found.has_new else None,
            "target_file_size": FILE_BYTES,
            "writer_properties": _PROPERTIES,
        }
        if commit.predicate is None:
            write_deltalake(table, reader, mode="append", **how)
        else:
            how["predicate"] = commit.predicate
            write_deltalake(table, reader, mode="overwrite", **how)

    def _table(
        self, commit: Commit, options: dict[str, str]
    ) -> tuple[DeltaTable, tuple[Column, ...]]:
        try:
            table = DeltaTable(commit.uri, storage_options=options)
        except TableNotFoundError:
            table = DeltaTable.create(
                commit.uri,
                arrow_schema(commit.columns),
                mode="ignore",
                partition_by=list(self._partitions(commit)),
                storage_options=options,
            )
        schema = pa.schema(table.schema().to_arrow())
        return table, tuple(_column(field.name, field.type) for field in schema)

    def _partitions(self, commit: Commit) -> tuple[str, ...]:
        known = [column.name for column in commit.columns]
        return partition_columns(self._partition_by, commit.stream, known)

    @staticmethod
    def _widen(commit: Commit, table: DeltaTable, found: Evolution) -> None:
        """Write the whole table anew with its wider columns, in one transaction."""
        logger.info("Stream %s: the table is written anew, wider", commit.stream)
        source = table.to_pyarrow_dataset().scanner(batch_size=GROUP_ROWS)
        rows = _Rows(lambda columns: _cast(commit.stream, source.to_batches(), columns))
        schema = arrow_schema(found.columns)
        reader = pa.RecordBatchReader.from_batches(schema, rows.batches(found.columns))
        how: dict[str, Any] = {
            "partition_by": table.metadata().partition_columns or None,
            "writer_properties": _PROPERTIES,
        }
        try:
            write_deltalake(
                table, reader, mode="overwrite", schema_mode="overwrite", **how
            )
        except (DeltaError, OSError, pa.ArrowException):
            if rows.error:
                raise rows.error from None
            raise
        table.update_incremental()


def _cast(
    stream: str, batches: Iterable[Any], columns: tuple[Column, ...]
) -> Iterator[Any]:
    """Yield what a table holds in its new columns.

    Raises:
        FormatError: a value cannot be held exactly.
    """
    schema = arrow_schema(columns)
    for batch in batches:
        names = set(batch.schema.names)
        try:
            arrays = [
                batch.column(field.name).cast(field.type)
                if field.name in names
                else pa.nulls(batch.num_rows, field.type)
                for field in schema
            ]
        except pa.ArrowInvalid:
            msg = (
                f"Stream {stream}: the table holds a number that the type of the "
                "SCHEMA cannot hold exactly; write to another prefix."
            )
            raise FormatError(msg, stream=stream) from None
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


_PROPERTIES = WriterProperties(
    compression="ZSTD",
    compression_level=1,
    max_row_group_size=GROUP_ROWS,
    write_batch_size=1024,
)

_KINDS: tuple[tuple[Callable[[Any], bool], ColumnKind], ...] = (
    (pa.types.is_boolean, ColumnKind.BOOLEAN),
    (pa.types.is_integer, ColumnKind.INTEGER),
    (pa.types.is_floating, ColumnKind.NUMBER),
    (pa.types.is_date, ColumnKind.DATE),
    (pa.types.is_timestamp, ColumnKind.TIMESTAMP),
)


def _column(name: str, kind: Any) -> Column:  # noqa: ANN401 - pyarrow has no types
    """Return a column of a table as we write such columns."""
    if pa.types.is_struct(kind):
        fields = tuple(_column(field.name, field.type) for field in kind)
        return Column(name, ColumnKind.OBJECT, fields)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return Column(name, ColumnKind.LIST, (_column("element", kind.value_type),))
    if pa.types.is_decimal(kind):
        return Column(name, ColumnKind.DECIMAL, digits=(kind.precision, kind.scale))
    for is_such, found in _KINDS:
        if is_such(kind):
            return Column(name, found)
    return Column(name, ColumnKind.TEXT)


def _store_error(commit: Commit, error: Exception) -> StoreError:
    # rows may follow in deltalake's words
    return store_error(commit, str(error).split("Preview of")[0])
