"""A loader of target-s3 with a bucket in memory and a clock that tests turn."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, BinaryIO

from singer_sdk.mapper import PluginMapper

from support.s3 import KEY, read_rows
from target_s3.echo import StateEcho
from target_s3.errors import StoreError
from target_s3.keys import Keys
from target_s3.ledger import StateLedger
from target_s3.loader import Loader, Parts
from target_s3.mapping import SdkMapper
from target_s3.pipe import Block
from target_s3.rows import Stamp
from target_s3.settings import Settings
from target_s3.shelf import Shelf
from target_s3.summary import Summary
from target_s3.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

START = datetime(2026, 11, 21, 7, 0, tzinfo=timezone.utc)
RUN_ID = "20261121T070000Z-0123abcd"


@dataclass
class FakeClock:
    """Stands still until it is turned."""

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

    def check(self, key: str) -> str | None:  # noqa: ARG002 - the port's signature
        return None

    def put(self, key: str, file: BinaryIO) -> None:
        if self.refused is not None and self.refused in key:
            message = f"Object {key!r} could not be stored: refused by the test."
            raise StoreError(message)
        assert key not in self.objects, "an object was overwritten"
        self.objects[key] = file.read()

    def fetch(self, uri: str, file: BinaryIO) -> None:
        file.write(self.objects[uri])
        file.seek(0)

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
    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("s3-test"))

    def __post_init__(self) -> None:
        self.ledger = StateLedger()
        self.uploads = Uploads(self.store, workers=0)
        self.summary = Summary(self.settings.bucket, RUN_ID)
        self.shelf = Shelf(
            self.settings,
            Keys(self.settings, RUN_ID),
            self.ledger,
            self.uploads,
            self.clock,
            self.logger,
        )
        mapper = PluginMapper(plugin_config=self.maps, logger=self.logger)
        self.parts = Parts(
            settings=self.settings,
            store=self.store,
            uploads=self.uploads,
            ledger=self.ledger,
            shelf=self.shelf,
            echo=StateEcho(self.ledger, self._write, self.logger),
            mapper=SdkMapper(mapper),
            stamp=Stamp(
                extracted_at=self.settings.add_record_metadata,
                process_date=self.settings.include_process_date,
            ),
            clock=self.clock,
            summary=self.summary,
            logger=self.logger,
        )
        self.is_stopped = False
        self.loader = Loader(self.parts, lambda: self.is_stopped)

    def _write(self, state: bytes) -> None:
        self.states.append((self.clock.seconds, json.loads(state)))

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
    """A RECORD message."""
    return {"type": "RECORD", "stream": stream, "record": values}


def state(value: object) -> dict[str, Any]:
    """A STATE message."""
    return {"type": "STATE", "value": {"bookmarks": value}}
