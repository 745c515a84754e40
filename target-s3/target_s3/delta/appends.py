"""Adds rows to plain tables; what else there is to do with tables, deltalake does.

Its writer takes 90 MB more than writing the same files ourselves.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, Protocol

import pyarrow as pa

from target_s3.bucket.s3 import TableStore
from target_s3.delta.evolution import evolved
from target_s3.delta.log import actions
from target_s3.delta.log.actions import DataFile, Table, UnknownLogError
from target_s3.delta.log.data_files import data_files
from target_s3.delta.log.table_log import TableLog
from target_s3.delta.transactions import (
    ATTEMPTS,
    Commit,
    Tables,
    longest_wait,
    store_error,
)
from target_s3.errors import StoreError
from target_s3.formats.partitions import partition_columns

_CHECKPOINT_EVERY = 100
"""Commits, as deltalake has it."""


class OtherTables(Tables, Protocol):
    """What does whatever is more than a plain append."""

    def checkpoint(self, uri: str) -> None:
        """Sum the log up, so that readers need not read all of it."""


class AppendingTables:
    """Commits to tables; ``others`` is called for where rows are not just added.

    ``root`` is what addresses of tables have before their key in the store.
    """

    def __init__(
        self,
        store: TableStore,
        root: str,
        others: Callable[[], OtherTables],
        new_file: Callable[[], BinaryIO],
        partition_by: Mapping[str, tuple[str, ...]] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._root = root
        self._others = others
        self._new_file = new_file
        self._partition_by = partition_by or {}
        self._sleep = sleep
        self._now = now
        self._known: dict[str, Table] = {}

    def commit(self, commit: Commit) -> None:
        """Do a transaction, whole or not at all.

        Raises:
            FormatError: the rows do not fit the table.
            StoreError: the table cannot be read or written.
        """
        try:
            is_done = self._is_plain(commit) and self._append(commit)
        except (StoreError, OSError, pa.ArrowException) as error:
            raise store_error(commit, str(error)) from None
        if not is_done:
            self._known.pop(commit.uri, None)
            self._others().commit(commit)

    def _is_plain(self, commit: Commit) -> bool:
        known = [column.name for column in commit.columns]
        return commit.predicate is None and not partition_columns(
            self._partition_by, commit.stream, known
        )

    def _append(self, commit: Commit) -> bool:
        """Add the rows; False: deltalake has to do it, and nothing is done yet."""
        folder = commit.uri.removeprefix(self._root)
        log = TableLog(self._store, folder, self._new_file)
        for _ in range(ATTEMPTS):
            table = self._known.get(commit.uri) or self._table(log, commit)
            stored = table.columns if table else None
            if table is None or stored is None:
                return False
            found = evolved(commit.stream, stored, commit.columns)
            if found.is_wider:
                return False
            files = []
            batches = commit.batches(found.columns)
            for file, described in data_files(batches, found.columns, self._new_file):
                self._store.put(f"{folder}/{described.path}", file)
                files.append(described)
            changed = table.with_columns(found.columns) if found.has_new else None
            done = self._add(log, table, changed, files)
            if done:
                self._known[commit.uri] = done
                self._sum_up(commit, done)
                return True
            self._known.pop(commit.uri, None)
        raise StoreError(_TOO_BUSY)

    def _table(self, log: TableLog, commit: Commit) -> Table | None:
        """Return the table, made if there is none; None: it is not a plain one."""
        try:
            if table := log.read():
                return table
            millis = self._millis()
            table = actions.new_table(str(uuid.uuid4()), commit.columns, millis)
            if log.commit(0, actions.creation(table, millis)):
                return table._replace(version=0)
            return log.read()
        except UnknownLogError:
            return None

    def _add(
        self,
        log: TableLog,
        table: Table,
        changed: Table | None,
        files: Sequence[DataFile],
    ) -> Table | None:
        """Commit files; None: the table has become another one meanwhile."""
        if not files and changed is None:
            return table
        data = actions.append(files, self._millis(), changed)
        version = table.version + 1
        for attempt in range(1, ATTEMPTS + 1):
            if log.commit(version, data):
                return (changed or table)._replace(version=version)
            while (is_other := log.redefines(version)) is False:
                version += 1
            if is_other:
                return None
            self._sleep(random.uniform(0, longest_wait(attempt)))  # noqa: S311 - no secret
        raise StoreError(_TOO_BUSY)

    def _sum_up(self, commit: Commit, table: Table) -> None:
        if (table.version + 1) % _CHECKPOINT_EVERY == 0:
            self._others().checkpoint(commit.uri)

    def _millis(self) -> int:
        return int(self._now() * 1000)


_TOO_BUSY = "other programs commit to it all the time"
