"""A loader of target-s3 with a bucket in memory and a clock that tests set."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, BinaryIO

from singer_sdk.mapper import PluginMapper

from singer_amazon.target.state_tracker import StateTracker
from singer_amazon.target.stdin import Block
from singer_amazon.target.stream_maps import StreamMaps
from support.s3.bucket import KEY, read_rows
from target_s3.bucket.keys import Keys
from target_s3.bucket.uploads import Uploads
from target_s3.clock import SteadyClock
from target_s3.errors import StoreError
from target_s3.loader import Loader
from target_s3.object_writer import OutputStream
from target_s3.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

START = datetime(2026, 11, 21, 7, 0, tzinfo=timezone.utc)
RUN_ID = "20261121T070000Z-0123abcd"


@dataclass
class FakeClock(SteadyClock):
    """Stands still until it is set."""

    seconds: float = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


@dataclass
class MemoryStore:
    """A bucket in memory; puts of keys that contain ``refused`` fail."""

    objects: dict[str, bytes] = field(default_factory=dict)
    refused: str | None = None
    schemas: dict[str, bytes] = field(default_factory=dict)
    """The files that describe streams: only these are overwritten."""

    def check(self, key: str) -> str | None:  # noqa: ARG002 - the port's signature
        return None

    def put(self, key: str, file: BinaryIO) -> None:
        if self.refused is not None and self.refused in key:
            message = f"Object {key!r} could not be stored: refused by the test."
            raise StoreError(message)
        if "_schema/" in key:
            self.schemas[key] = file.read()
            return
        assert key not in self.objects, "an object was overwritten"
        self.objects[key] = file.read()

    def read(self, key: str) -> bytes | None:
        return self.schemas.get(key)

    def fetch(self, uri: str, file: BinaryIO) -> None:
        file.write(self.objects[uri])
        file.seek(0)

    def names(self, folder: str, after: str) -> list[str]:
        begins = [k[len(folder) :] for k in self.objects if k.startswith(folder)]
        return sorted(name for name in begins if name > after)

    def get(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def put_new(self, key: str, data: bytes) -> bool:
        return self.objects.setdefault(key, data) is data

    def copy_to(self, key: str, file: BinaryIO) -> None:
        self.fetch(key, file)

    def rows(self, stream: str) -> list[dict[str, Any]]:
        return [
            row
            for key, content in sorted(self.objects.items())
            if (found := KEY.fullmatch(key)) and found["stream"] == stream
            for row in read_rows(key, content)
        ]


@dataclass
class Script:
    """An input of messages, raw lines and pauses in seconds."""

    clock: FakeClock
    items: list[Any]
    line: int = 1

    @property
    def has_ended(self) -> bool:
        return not self.items

    def get(self, timeout: float) -> Block | None:
        if isinstance(self.items[0], int | float):
            step = min(timeout, self.items[0])
            self.clock.seconds += step
            self.items[0] -= step
            if self.items[0] <= 0:
                del self.items[0]
            return None
        lines = []
        while self.items and not isinstance(self.items[0], int | float):
            lines.append(self.items.pop(0))
        data = b"".join(_line(item) for item in lines)
        block = Block(data, self.line, data.count(b"\n"))
        self.line += block.lines
        return block


def _line(item: object) -> bytes:
    if isinstance(item, bytes):
        return item + b"\n"
    return json.dumps(item, ensure_ascii=False).encode() + b"\n"


@dataclass
class Run:
    """A loader and everything a test wants to look at."""

    settings: Settings = field(default_factory=lambda: Settings(bucket="bucket"))
    maps: dict[str, Any] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)
    store: MemoryStore = field(default_factory=MemoryStore)
    states: list[tuple[float, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tracker = StateTracker(self._write)
        self.uploads = Uploads(self.store, workers=0)
        self.keys = Keys(self.settings, RUN_ID)
        self.is_stopped = False
        self.loader = Loader(
            self.settings,
            self.store,
            self.uploads,
            self.keys,
            StreamMaps(PluginMapper(self.maps, logging.getLogger("s3-test"))),
            self.tracker,
            self.clock,
            lambda: self.is_stopped,
        )
        self.objects, self.summary = self.loader.objects, self.loader.summary

    def _write(self, state: bytes) -> None:
        self.states.append((self.clock.seconds, json.loads(state)))

    def router_outputs(self) -> list[OutputStream]:
        """Return the output streams that the run has known."""
        return [*self.loader._router.outputs]

    def feed(self, items: Iterable[Any]) -> Run:
        """Run to the end of the given messages, raw lines and pauses."""
        self.loader.run(Script(self.clock, list(items)))
        return self


def schema(
    stream: str = "campaigns",
    *,
    keys: tuple[str, ...] = ("id",),
    columns: Mapping[str, str] | None = None,
    **types: str,
) -> dict[str, Any]:
    """A SCHEMA message; column types in short: string, integer, number, ..."""
    named = columns or types or {"id": "string"}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "key_properties": list(keys),
        "schema": {
            "type": "object",
            "properties": {n: {"type": [kind, "null"]} for n, kind in named.items()},
        },
    }


def record(stream: str = "campaigns", **values: object) -> dict[str, Any]:
    return {"type": "RECORD", "stream": stream, "record": values}


def state(value: object) -> dict[str, Any]:
    return {"type": "STATE", "value": {"bookmarks": value}}
