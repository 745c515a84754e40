"""The log of one table in the bucket: what the table is, and commits to it.

Of two programs that write the same version one is refused by the bucket.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from target_s3.bucket.s3 import TableStore
from target_s3.delta.log.actions import (
    Table,
    UnknownLogError,
    described_by,
    describing,
)

_COMMIT = re.compile(r"(\d{20})\.json")
_ALL = {"protocol", "metaData"}
_THREADS = 4
_AT_ONCE = 16


class _Checkpoint(msgspec.Struct):
    version: int
    parts: int | None = None


class TableLog:
    """Reads and adds to the log of the table in ``folder``."""

    def __init__(
        self, store: TableStore, folder: str, new_file: Callable[[], BinaryIO]
    ) -> None:
        self._store = store
        self._folder = folder
        self._new_file = new_file

    def read(self) -> Table | None:
        """Return what the table is, None where there is none.

        Raises:
            UnknownLogError: that cannot be said here.
        """
        raw = self._store.get(self._key("_last_checkpoint"))
        try:
            last = raw and msgspec.json.decode(raw, type=_Checkpoint)
        except msgspec.MsgspecError:
            raise UnknownLogError from None
        if last and last.parts:
            raise UnknownLogError
        first = last.version + 1 if last else 0
        versions = self._versions_after(first - 1)
        if versions != [*range(first, first + len(versions))]:
            raise UnknownLogError
        if not versions and not last:
            return None
        found = self._described(versions)
        if last and found.keys() != _ALL:
            found = self._in_checkpoint(last.version) | found
        if found.keys() != _ALL:
            raise UnknownLogError
        version = first + len(versions) - 1
        return Table(version, found["protocol"], found["metaData"])

    def commit(self, version: int, data: bytes) -> bool:
        """Add a commit; False: another program has made that version."""
        key = self._key(f"{version:020}.json")
        # What was refused may be our own, stored by a call whose answer was lost.
        return self._store.put_new(key, data) or self._store.get(key) == data

    def redefines(self, version: int) -> bool | None:
        """Say whether a commit changes what the table is; None: there is no such."""
        data = self._store.get(self._key(f"{version:020}.json"))
        try:
            return None if data is None else bool(describing(data))
        except UnknownLogError:
            return True

    def _key(self, name: str) -> str:
        return f"{self._folder}/_delta_log/{name}"

    def _versions_after(self, version: int) -> list[int]:
        after = f"{version:020}.json" if version >= 0 else ""
        names = self._store.names(f"{self._folder}/_delta_log/", after)
        found = map(_COMMIT.fullmatch, names)
        return [int(match[1]) for match in found if match]

    def _described(self, versions: Sequence[int]) -> dict[str, Any]:
        """Look for the last protocol and metadata, from the last commit back."""
        found: dict[str, Any] = {}
        rest = [self._key(f"{version:020}.json") for version in reversed(versions)]
        with ThreadPoolExecutor(_THREADS) as pool:
            while rest and found.keys() != _ALL:
                some, rest = rest[:_AT_ONCE], rest[_AT_ONCE:]
                for data in pool.map(self._store.get, some):
                    found = describing(data or b"") | found
        return found

    def _in_checkpoint(self, version: int) -> dict[str, Any]:
        with self._new_file() as file:
            key = self._key(f"{version:020}.checkpoint.parquet")
            self._store.copy_to(key, file)
            try:
                with pq.ParquetFile(file) as parquet:
                    return described_by(_rows(parquet.iter_batches(columns=[*_ALL])))
            except (pa.ArrowException, OSError):
                raise UnknownLogError from None


def _rows(batches: Iterable[Any]) -> Iterable[dict[str, Any]]:
    for batch in batches:
        for row in batch.to_pylist():
            yield {name: _plain(row[name]) for name in row if row[name]}


def _plain(action: dict[str, Any]) -> dict[str, Any]:
    """Return an action as JSON has it: maps are lists of pairs in Arrow."""
    found = {name: value for name, value in action.items() if value is not None}
    found["configuration"] = dict(found.get("configuration") or ())
    return found
