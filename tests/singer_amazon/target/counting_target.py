"""The smallest target on the kit: each stream's records as lines of one file."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from singer_amazon.target.base import CommandTarget
from singer_amazon.target.messages import Message, MessageDecoder
from singer_amazon.target.state_tracker import StateTracker
from singer_amazon.target.stdin import LineSource, blocks
from singer_amazon.target.stream_maps import MappedStream, StreamMaps


class RecordMessage(Message):
    record: dict[str, Any] = {}  # noqa: RUF012 - msgspec makes a new one each time


class CountingTarget(CommandTarget):
    name = "target-counting"
    config_jsonschema: ClassVar[dict[str, Any]] = {
        "properties": {"folder": {"type": "string"}},
        "required": ["folder"],
    }

    def load(self, source: LineSource) -> Counter[str]:
        counts, states, maps = Counter[str](), StateTracker(), StreamMaps(self.mapper)
        streams: dict[str | None, list[MappedStream]] = {}
        decoder = MessageDecoder(RecordMessage)
        try:
            for block in blocks(source, self.is_stopped, time.monotonic, lambda: None):
                for line, message in decoder.numbered(block) if block else ():
                    counts[message.type] += 1
                    if message.type == "STATE":
                        states.take(bytes(message.value))
                    elif message.type == "RECORD":
                        self._write(message.record, streams[message.stream])
                    elif (found := maps.outputs(line, message)) is not None:
                        streams[message.stream] = found
                states.tick(time.monotonic())
        finally:
            states.echo()
            self.logger.info("Records written: %s", counts["RECORD"])
        return counts

    def _write(self, record: dict[str, Any], streams: list[MappedStream]) -> None:
        for stream in streams:
            row = stream.transform(dict(record)) if stream.transform else record
            path = Path(self.config["folder"]) / f"{stream.name}.jsonl"
            with path.open("ab") as file:
                file.write(msgspec.json.encode(row) + b"\n")


if __name__ == "__main__":
    CountingTarget.cli()
