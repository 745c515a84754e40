"""Takes Singer messages one by one and turns RECORDs into rows of output streams."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from target_s3.batches import BatchTaker
from target_s3.errors import InputError, KeyMissingError, SchemaMissingError
from target_s3.messages import NOTHING, parse
from target_s3.rows import has_column
from target_s3.streams import OutputStream, Route

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from target_s3.ledger import StateLedger
    from target_s3.mapping import MappedStream, Mapper
    from target_s3.messages import Message
    from target_s3.pipe import Block
    from target_s3.rows import Stamp
    from target_s3.shelf import Shelf
    from target_s3.store import Store

# Meltano warns of these and keeps neither.
_EMPTY_STATES = (b"{}", b"null")


class Receiver:
    """Knows every stream by its SCHEMA; ``pause`` lets others work in between."""

    def __init__(
        self,
        format_name: str,
        shelf: Shelf,
        store: Store,
        ledger: StateLedger,
        mapper: Mapper,
        stamp: Stamp,
        logger: logging.Logger,
        pause: Callable[[], None],
    ) -> None:
        self.counts: Counter[str] = Counter()
        # Lines of JSON describe themselves; a table with new columns is a new object.
        self._is_table = not format_name.startswith("jsonl")
        self._shelf = shelf
        self._ledger = ledger
        self._mapper = mapper
        self._stamp = stamp
        self._logger = logger
        self._pause = pause
        self._outputs: dict[str, OutputStream] = {}
        self._routes: dict[str, list[Route]] = {}
        self._schemas: dict[str, tuple[bytes, list[str] | None]] = {}
        self._batches = BatchTaker(
            format_name, shelf, store, self._batch_record, pause, logger
        )
        self._handlers: dict[str, Callable[[int, Message], None]] = {
            "SCHEMA": self._schema,
            "STATE": self._state,
            "BATCH": self._batch,
            "ACTIVATE_VERSION": self._ignore,
        }

    def take(self, block: Block) -> bool:
        """Take the lines of a block; say whether records were among them."""
        take_record = self._record
        records = 0
        before = self.counts["BATCH"]
        try:
            for line, message in parse(block):
                if message.type == "RECORD":
                    take_record(line, message)
                    records += 1
                else:
                    self.counts[message.type] += 1
                    self._handlers.get(message.type, self._unknown)(line, message)
        finally:
            self.counts["RECORD"] += records
        return bool(records or self.counts["BATCH"] > before)

    def _record(self, line: int, message: Message) -> None:
        routes = self._routes_of(line, message)
        record = bytes(message.record)
        extracted = bytes(message.time_extracted)
        for route in routes:
            self._row(route, line, record, extracted)

    def _batch_record(self, route: Route, where: str, record: bytes) -> None:
        self._row(route, where, record, b"")

    def _row(
        self, route: Route, where: str | int, record: bytes, extracted: bytes
    ) -> None:
        output = route.output
        if record[:1] != b"{":
            msg = f"{_place(where)}: a record of stream {output.name} is not an object."
            raise InputError(msg)
        row = route.transform(record) if route.transform else record
        if row is None:
            return
        for name, token in output.keys:
            # Spelled with escapes, a name is there without being seen.
            if token not in row and not has_column(row, token):
                msg = (
                    f"{_place(where)}: a record of stream {output.name} lacks the key "
                    f"column {name}."
                )
                raise KeyMissingError(msg)
        if self._shelf.add(output, self._stamp.apply(row, extracted)):
            self._pause()

    def _schema(self, line: int, message: Message) -> None:
        stream = message.stream
        raw = bytes(message.schema)
        schema = msgspec.json.decode(raw) if raw else None
        if not stream or not isinstance(schema, dict):
            msg = f"{_place(line)} is a SCHEMA without stream or schema."
            raise InputError(msg)
        if not isinstance(schema.get("properties"), dict):
            msg = f"{_place(line)}: the SCHEMA of stream {stream} has no properties."
            raise InputError(msg)
        keys = message.key_properties
        if self._schemas.get(stream) == (raw, keys):
            return
        self._schemas[stream] = (raw, keys)
        self._routes[stream] = [
            Route(self._output(mapped), mapped.transform)
            for mapped in self._mapper.outputs(stream, schema, keys or [])
        ]

    def _output(self, mapped: MappedStream) -> OutputStream:
        output = self._outputs.get(mapped.name)
        if output is None:
            output = OutputStream(mapped, self._stamp.columns)
            self._outputs[mapped.name] = output
        elif output.describe(mapped, self._stamp.columns) and self._is_table:
            self._shelf.close(output)
        return output

    def _state(self, line: int, message: Message) -> None:
        if message.value is NOTHING:
            msg = f"{_place(line)} is a STATE without a value."
            raise InputError(msg)
        state = bytes(message.value)
        if state not in _EMPTY_STATES:
            self._ledger.take(state)

    def _batch(self, line: int, message: Message) -> None:
        self._batches.take(line, message, self._routes_of(line, message))

    def _ignore(self, line: int, message: Message) -> None:
        """Files are only ever added: there is no older version to remove."""

    def _unknown(self, line: int, message: Message) -> None:
        if self.counts[message.type] == 1:
            self._logger.warning(
                "%s has the unknown type %r; such lines are ignored.",
                _place(line),
                message.type,
            )

    def _routes_of(self, line: int, message: Message) -> list[Route]:
        routes = self._routes.get(message.stream or "")
        if routes is None:
            msg = (
                f"{_place(line)} is a {message.type} of stream {message.stream}, which "
                "no SCHEMA has described before."
            )
            raise SchemaMissingError(msg)
        return routes


def _place(where: str | int) -> str:
    return f"Line {where} of the input" if isinstance(where, int) else where
