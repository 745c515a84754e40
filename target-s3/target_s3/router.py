"""Takes Singer messages one by one and turns RECORDs into rows of output streams."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection

from msgspec import Raw

from singer_amazon.target.errors import InputError, KeyMissingError, SchemaMissingError
from singer_amazon.target.messages import (
    NOTHING,
    Message,
    MessageDecoder,
    printable,
)
from singer_amazon.target.state_tracker import StateTracker
from singer_amazon.target.stdin import Block
from singer_amazon.target.stream_maps import MappedStream, StreamMaps, Transform
from singer_amazon.target.unreadable_lines import UnreadableLines
from target_s3.batch_files import BatchFileLoader
from target_s3.bucket.s3 import ObjectStore
from target_s3.delta.documents import MANIFEST_STREAM
from target_s3.object_writer import OutputStream, Route, RowStore
from target_s3.record_metadata import (
    RecordMetadata,
    decode_exactly,
    encode_exactly,
    has_column,
    unreadable_rows,
)
from target_s3.settings import Settings

logger = logging.getLogger(__name__)


class RecordMessage(Message):
    """One line, with the record as the bytes it was."""

    record: Raw = NOTHING
    time_extracted: Raw = NOTHING
    encoding: Raw = NOTHING
    manifest: list[str] | None = None


class MessageRouter:
    """Knows every stream by its SCHEMA; calls ``drain_results`` between rows."""

    def __init__(
        self,
        settings: Settings,
        objects: RowStore,
        store: ObjectStore,
        states: StateTracker,
        maps: StreamMaps,
        metadata: RecordMetadata,
        drain_results: Callable[[], None],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.decoder = MessageDecoder(RecordMessage, keep_text=True)
        self.unreadable = UnreadableLines(states)
        # Lines of JSON describe themselves; a table with new columns is a new object.
        self._is_table = not settings.format.startswith("jsonl")
        self._objects = objects
        self._states = states
        self._maps = maps
        self._metadata = metadata
        self._drain_results = drain_results
        self._outputs: dict[str, OutputStream] = {}
        self._routes: dict[str, list[Route]] = {}
        self._batches = BatchFileLoader(
            settings,
            objects,
            store,
            self._row,
            drain_results,
            self.decoder.mender,
            self.unreadable,
        )
        self._handlers: dict[str, Callable[[int, RecordMessage], None]] = {
            "SCHEMA": self._schema,
            "STATE": self._state,
            "BATCH": self._batch,
            # Files are only ever added: there is no older version to remove.
            "ACTIVATE_VERSION": lambda _line, _message: None,
        }

    @property
    def outputs(self) -> Collection[OutputStream]:
        """All streams that a SCHEMA has described, as rows leave us."""
        return self._outputs.values()

    def take(self, block: Block) -> bool:
        """Take the lines of a block; say whether records were among them."""
        take_record = self._record
        records = 0
        before = self.counts["BATCH"]
        try:
            for line, message in self.decoder.numbered(block, self.unreadable):
                if message.type == "RECORD":
                    take_record(line, message)
                    records += 1
                else:
                    self.counts[message.type] += 1
                    self._handlers.get(message.type, self._unknown)(line, message)
        finally:
            self.counts["RECORD"] += records
        return bool(records or self.counts["BATCH"] > before)

    def _record(self, line: int, message: RecordMessage) -> None:
        routes = self._routes_of(line, message)
        record = bytes(message.record)
        extracted = bytes(message.time_extracted)
        if message.stream == MANIFEST_STREAM:
            self._objects.take_manifest(record)
        for route in routes:
            self._row(route, line, record, extracted)

    def _row(
        self, route: Route, where: str | int, record: bytes, extracted: bytes = b""
    ) -> None:
        output = route.output
        if record[:1] != b"{":
            msg = f"{_where(where)}: a record of stream {output.name} is not an object."
            raise InputError(msg)
        row = route.transform(record) if route.transform else record
        if row is None:
            return
        for name, token in output.keys:
            # Spelled with escapes, a name is there without being seen.
            if token not in row and not has_column(row, token):
                msg = (
                    f"{_where(where)}: a record of stream {output.name} lacks the key "
                    f"column {name}."
                )
                raise KeyMissingError(msg)
        if self._objects.add(output, self._metadata.apply(row, extracted)):
            self._drain_results()

    def _schema(self, line: int, message: RecordMessage) -> None:
        found = self._maps.outputs(line, message)
        if found is not None and message.stream:
            self._routes[message.stream] = routes = [
                Route(
                    self._output(mapped),
                    mapped.transform and _on_json(mapped.name, mapped.transform),
                )
                for mapped in found
            ]
            self._objects.described(message.stream, routes)

    def _output(self, mapped: MappedStream) -> OutputStream:
        output = self._outputs.get(mapped.name)
        if output is None:
            output = OutputStream(mapped, self._metadata.columns)
            self._outputs[mapped.name] = output
        elif output.describe(mapped, self._metadata.columns) and self._is_table:
            self._objects.close(output)
        return output

    def _state(self, line: int, message: RecordMessage) -> None:
        if message.value is NOTHING:
            msg = f"{_where(line)} is a STATE without a value."
            raise InputError(msg)
        self._objects.confirm()
        self._states.take(bytes(message.value))

    def _batch(self, line: int, message: RecordMessage) -> None:
        routes = self._routes_of(line, message)
        self._batches.take(line, message.encoding, message.manifest or (), routes)

    def _unknown(self, line: int, message: RecordMessage) -> None:
        if self.counts[message.type] == 1:
            logger.warning(
                "%s has the unknown type %r; such lines are ignored.",
                _where(line),
                printable(message.type),
            )

    def _routes_of(self, line: int, message: RecordMessage) -> list[Route]:
        routes = self._routes.get(message.stream or "")
        if routes is None:
            msg = (
                f"{_where(line)} is a {message.type} of stream {message.stream}, which "
                "no SCHEMA has described before."
            )
            raise SchemaMissingError(msg)
        return routes


def _where(where: str | int) -> str:
    return f"Line {where} of the input" if isinstance(where, int) else where


def _on_json(stream: str, transform: Transform) -> Callable[[bytes], bytes | None]:
    def transform_json(record: bytes) -> bytes | None:
        with unreadable_rows(stream, "stream maps"):
            found = transform(decode_exactly(record))
            return None if found is None else encode_exactly(found)

    return transform_json
