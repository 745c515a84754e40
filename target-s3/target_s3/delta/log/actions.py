"""The lines of a commit, and what a table is by them; by the Delta protocol.

https://github.com/delta-io/delta/blob/master/PROTOCOL.md
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from target_s3.delta.log.schema import columns_in, schema_text
from target_s3.formats.columns import Column

_ENGINE = "target-amazon-s3"
_PROTOCOL = {"minReaderVersion": 1, "minWriterVersion": 2}
_PLAIN_WRITERS = (1, 2)
_DESCRIBING = (b'"protocol"', b'"metaData"')


class UnknownLogError(Exception):
    """The log has something that is not read here; the library deltalake does."""


class DataFile(NamedTuple):
    """One file of a commit: its name in the table, bytes, rows, statistics."""

    path: str
    size: int
    rows: int
    stats: str


class Table(NamedTuple):
    """What a table is after the commit ``version``; JSON of its two actions."""

    version: int
    protocol: Mapping[str, Any]
    metadata: Mapping[str, Any]

    @property
    def columns(self) -> tuple[Column, ...] | None:
        """The columns of a plain table; None: it is none, or has other types."""
        protocol, metadata = self.protocol, self.metadata
        is_plain = (
            protocol.get("minReaderVersion") == 1
            and protocol.get("minWriterVersion") in _PLAIN_WRITERS
            and not protocol.get("readerFeatures")
            and not protocol.get("writerFeatures")
            and metadata.get("format", {}).get("provider") == "parquet"
            and not metadata.get("partitionColumns")
            and not metadata.get("configuration")
        )
        return columns_in(metadata.get("schemaString", "")) if is_plain else None

    def with_columns(self, columns: Sequence[Column]) -> Table:
        """Return the table with other columns."""
        changed = {**self.metadata, "schemaString": schema_text(columns)}
        return self._replace(metadata=changed)


def new_table(table_id: str, columns: Sequence[Column], millis: int) -> Table:
    """Return a table that is not there yet."""
    metadata = {
        "id": table_id,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": schema_text(columns),
        "partitionColumns": [],
        "createdTime": millis,
        "configuration": {},
    }
    return Table(-1, _PROTOCOL, metadata)


def creation(table: Table, millis: int) -> bytes:
    """Return the first commit of a table."""
    return _lines(
        _commit_info("CREATE TABLE", {"mode": "Ignore"}, millis),
        {"protocol": table.protocol},
        {"metaData": table.metadata},
    )


def append(
    files: Sequence[DataFile], millis: int, changed: Table | None = None
) -> bytes:
    """Return a commit that adds files; ``changed``: with the columns it has."""
    info = _commit_info("WRITE", {"mode": "Append"}, millis)
    info["commitInfo"]["operationMetrics"] = {
        "num_added_files": len(files),
        "num_added_rows": sum(file.rows for file in files),
    }
    metadata = [{"metaData": changed.metadata}] if changed else []
    return _lines(info, *metadata, *(_add(file, millis) for file in files))


def _add(file: DataFile, millis: int) -> dict[str, Any]:
    action = {
        "path": file.path,
        "partitionValues": {},
        "size": file.size,
        "modificationTime": millis,
        "dataChange": True,
        "stats": file.stats,
    }
    return {"add": action}


def _commit_info(
    operation: str, parameters: Mapping[str, str], millis: int
) -> dict[str, Any]:
    info = {
        "timestamp": millis,
        "operation": operation,
        "operationParameters": parameters,
        "engineInfo": _ENGINE,
    }
    return {"commitInfo": info}


def _lines(*actions: Mapping[str, Any]) -> bytes:
    return b"\n".join(map(msgspec.json.encode, actions)) + b"\n"


def describing(commit: bytes) -> dict[str, Any]:
    """Return the protocol and the metadata of a commit, as far as it has them.

    Raises:
        UnknownLogError: it is no commit.
    """
    found: dict[str, Any] = {}
    for line in commit.splitlines():
        if any(name in line for name in _DESCRIBING):
            try:
                found |= described_by([_decode(line)])
            except msgspec.MsgspecError:
                raise UnknownLogError from None
    return found


_decode = msgspec.json.Decoder(dict[str, Any]).decode


def described_by(actions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the protocol and the metadata among actions, the last of each."""
    return {
        name: action[name]
        for action in actions
        for name in ("protocol", "metaData")
        if isinstance(action.get(name), dict)
    }
