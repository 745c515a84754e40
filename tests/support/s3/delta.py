"""target-s3's tables in a folder, fed with messages, and what is in them then."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from deltalake import DeltaTable
from singer_sdk.mapper import PluginMapper

from singer_amazon.target.state_tracker import StateTracker
from singer_amazon.target.stdin import Block
from singer_amazon.target.stream_maps import StreamMaps
from support.s3.loader import FakeClock, MemoryStore
from target_s3.delta.appends import AppendingTables
from target_s3.delta.commits import Committer
from target_s3.delta.streams import DeltaStreams
from target_s3.delta.tables import DeltaTables
from target_s3.errors import StoreError
from target_s3.record_metadata import RecordMetadata
from target_s3.router import MessageRouter
from target_s3.settings import Settings
from target_s3.summary import Summary

DAY = {"type": "string", "format": "date"}
COLUMNS: Mapping[str, Any] = {
    "profile_id": {"type": "string"},
    "date": DAY,
    "id": {"type": "string"},
    "clicks": {"type": ["integer", "null"]},
}


class FolderStore:
    """Tables on the disk, where deltalake can read them; keys are paths."""

    def names(self, folder: str, after: str) -> list[str]:
        with store_errors():
            there = [*Path(folder).iterdir()] if Path(folder).is_dir() else []
        return sorted(path.name for path in there if path.name > after)

    def get(self, key: str) -> bytes | None:
        with store_errors():
            try:
                return Path(key).read_bytes()
            except FileNotFoundError:
                return None

    def put_new(self, key: str, data: bytes) -> bool:
        with store_errors():
            Path(key).parent.mkdir(parents=True, exist_ok=True)
            try:
                with Path(key).open("xb") as file:
                    file.write(data)
            except FileExistsError:
                return False
        return True

    def put(self, key: str, file: BinaryIO) -> None:
        assert self.put_new(key, file.read()), "a file was overwritten"

    def copy_to(self, key: str, file: BinaryIO) -> None:
        file.write(Path(key).read_bytes())
        file.seek(0)


@contextmanager
def store_errors() -> Iterator[None]:
    """What goes wrong on a disk, as it would in a bucket."""
    try:
        yield
    except OSError as error:
        raise StoreError(str(error.strerror)) from None


class DeltaRun:
    """One run of the target, without its bucket."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        chosen = {"write_mode": "replace", **settings}
        self.folder = folder
        self.states: list[Any] = []
        self.clock = FakeClock()
        self.tracker = StateTracker(lambda raw: self.states.append(_bookmarks(raw)))
        self.summary = Summary("bucket", "run")
        self.settings = Settings(bucket="bucket", format="delta", **chosen)
        self.deltalake_calls = 0
        tables = AppendingTables(
            FolderStore(),
            "",
            self._other_tables,
            tempfile.TemporaryFile,
            self.settings.partition_by,
            sleep=lambda _: None,
        )
        committer = Committer(tables, lambda name: str(folder / name), threads=0)
        self.streams = DeltaStreams(
            self.settings, committer, self.tracker, self.summary, self.clock
        )
        maps = StreamMaps(PluginMapper({}, logging.getLogger("delta-test")))
        self.router = MessageRouter(
            self.settings,
            self.streams,
            MemoryStore(),
            self.tracker,
            maps,
            RecordMetadata(extracted_at=False, process_date=False),
            lambda: None,
        )
        self._line = 1

    def _other_tables(self) -> DeltaTables:
        self.deltalake_calls += 1
        partitions = self.settings.partition_by
        return DeltaTables(dict, partitions, sleep=lambda _: None)

    def take(self, *items: Any) -> DeltaRun:
        """Take messages, and commit nothing that need not be."""
        for item in items:
            data = json.dumps(item).encode() + b"\n"
            self.router.take(Block(data, self._line, 1))
            self._line += 1
        return self

    def pause(self) -> DeltaRun:
        """Commit what may be, as after ten seconds without a record."""
        self.streams.close_all()
        self.tracker.echo()
        return self

    def finish(self, *items: Any, is_whole: bool = True) -> DeltaRun:
        """Take messages and come to the end."""
        try:
            self.take(*items)
            self.streams.finish(is_whole=is_whole)
        finally:
            self.streams.discard_all()
            self.tracker.echo()
        return self

    @property
    def errors(self) -> list[str]:
        return [str(error) for error in self.summary.failures]

    def rows(self, stream: str = "campaigns") -> list[dict[str, Any]]:
        return rows_of(str(self.folder / stream))


def _bookmarks(raw: bytes) -> Any:
    return json.loads(raw)["bookmarks"]


def rows_of(uri: str) -> list[dict[str, Any]]:
    """Return the rows of a table, sorted; none where there is no table."""
    if not DeltaTable.is_deltatable(uri):
        return []
    table = DeltaTable(uri)
    found: list[dict[str, Any]] = table.to_pyarrow_table().to_pylist()
    return sorted(found, key=lambda row: json.dumps(row, default=str))


def schema(
    stream: str = "campaigns",
    columns: Mapping[str, Any] = COLUMNS,
    replace_by: Iterable[str] = ("profile_id", "date"),
    keys: Iterable[str] = (),
) -> dict[str, Any]:
    described: dict[str, Any] = {"type": "object", "properties": dict(columns)}
    if names := list(replace_by):
        described["x-replace-by"] = names
    return {
        "type": "SCHEMA",
        "stream": stream,
        "key_properties": list(keys),
        "schema": described,
    }


MANIFEST_SCHEMA = schema(
    "report_days",
    {
        "run_id": {"type": "string"},
        "stream": {"type": "string"},
        "report_id": {"type": "string"},
        "rows": {"type": "integer"},
        "covers": {"type": ["object", "null"]},
        "is_whole": {"type": ["boolean", "null"]},
    },
    replace_by=(),
    keys=("run_id", "stream", "report_id"),
)


def row(
    day: int, id_: str, clicks: int = 1, profile: str = "1", stream: str = "campaigns"
) -> dict[str, Any]:
    record = {"profile_id": profile, "date": date(day), "id": id_, "clicks": clicks}
    return {"type": "RECORD", "stream": stream, "record": record}


def manifest(
    day: int,
    rows: int,
    report: str = "r1",
    profile: str = "1",
    stream: str = "campaigns",
    **more: Any,
) -> dict[str, Any]:
    """A row of ``report_days``."""
    record = {
        "run_id": "run",
        "stream": stream,
        "report_id": report,
        "rows": rows,
        "covers": {"profile_id": profile, "date": date(day)},
    }
    return {"type": "RECORD", "stream": "report_days", "record": record | more}


def date(day: int) -> str:
    return f"2026-11-{day:02}"


def state(value: object) -> dict[str, Any]:
    return {"type": "STATE", "value": {"bookmarks": value}}
