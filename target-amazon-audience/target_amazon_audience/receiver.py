"""Takes Singer messages and hands records to the audiences their streams go to."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from target_amazon_audience.errors import InputError, SchemaMissingError
from target_amazon_audience.mapping import ExpressionError, outputs
from target_amazon_audience.member import Reason, Refusal
from target_amazon_audience.messages import (
    NOTHING,
    Message,
    numbered,
    parse,
    records_only,
)

if TYPE_CHECKING:
    from singer_sdk.mapper import PluginMapper

    from target_amazon_audience.lane import Lane
    from target_amazon_audience.ledger import StateLedger
    from target_amazon_audience.mapping import Transform
    from target_amazon_audience.pipe import Block

logger = logging.getLogger(__name__)

# Meltano warns of these and keeps neither.
_EMPTY_STATES = (b"{}", b"null")
_MOST_TOLD = 5


class Route(NamedTuple):
    """One way from an input stream to an audience."""

    stream: str
    lane: Lane
    keys: Sequence[str]
    transform: Transform | None


class Receiver:
    """Knows every stream by its SCHEMA."""

    def __init__(
        self,
        mapper: PluginMapper,
        lane_of: Callable[[str], Lane],
        ledger: StateLedger,
        pause: Callable[[], None],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.unreadable = 0
        """Lines that are no Singer message."""
        self.keyless: dict[str, str] = {}
        """Streams of which a record lacked a key column, with that column."""
        self._mapper = mapper
        self._lane_of = lane_of
        self._ledger = ledger
        self._pause = pause
        self._routes: dict[str, list[Route]] = {}
        self._schemas: dict[str, tuple[bytes, list[str] | None]] = {}
        self._handlers: dict[str, Callable[[int, Message], None]] = {
            "SCHEMA": self._schema,
            "STATE": self._state,
            "BATCH": self._batch,
            "ACTIVATE_VERSION": lambda _line, _message: None,
        }

    def take(self, block: Block) -> bool:
        """Take the lines of a block; say whether records were among them."""
        messages = parse(block)
        records = records_only(messages or ())
        if messages and records and messages[0].stream in self._routes:
            self._hand_on(messages[0].stream, records)
            return True
        return self._take_each(block, messages)

    def _take_each(self, block: Block, messages: Sequence[Message] | None) -> bool:
        before = self.counts["RECORD"]
        stream = ""
        records: list[dict[str, Any]] = []  # that came in a row
        for line, message in numbered(block, messages):
            if message is not None and message.type == "RECORD":
                if message.record is None:
                    self.counts["RECORD"] += 1
                    self._unreadable(line)
                    continue
                if message.stream != stream or not records:
                    self._hand_on(stream, records)
                    stream, records = message.stream or "", []
                    if stream not in self._routes:
                        raise self._without_schema(line, message)
                records.append(message.record)
                continue
            self._hand_on(stream, records)
            records = []
            if message is None:
                self._unreadable(line, is_cut=block.is_cut)
            else:
                self.counts[message.type] += 1
                self._handlers.get(message.type, self._unknown)(line, message)
        self._hand_on(stream, records)
        return self.counts["RECORD"] > before

    def _hand_on(self, stream: str, records: list[dict[str, Any]]) -> None:
        if not records:
            return
        self.counts["RECORD"] += len(records)
        for route in self._routes[stream]:
            found = records
            if route.transform is not None:
                found = list(self._mapped(route, route.transform, records))
            if route.keys:
                found = list(self._keyed(route, found))
            route.lane.take(found, route.stream, self._pause)

    @staticmethod
    def _mapped(
        route: Route, transform: Transform, records: list[dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        for record in records:
            try:
                mapped = transform(dict(record))
            except ExpressionError:  # noqa: PERF203 - each record fails for itself
                route.lane.refuse(Refusal(Reason.EXPRESSION), route.stream)
            else:
                if mapped is not None:
                    yield mapped

    def _keyed(
        self, route: Route, records: list[dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        for record in records:
            missing = [key for key in route.keys if key not in record]
            if missing:
                self.keyless.setdefault(route.stream, missing[0])
                route.lane.refuse(Refusal(Reason.KEY_MISSING, missing[0]), route.stream)
            else:
                yield record

    def _unreadable(self, line: int, *, is_cut: bool = False) -> None:
        self.unreadable += 1
        if self.unreadable <= _MOST_TOLD:
            what = "is cut off" if is_cut else "is no Singer message"
            logger.warning("Line %s of the input %s and is left out", line, what)

    def _schema(self, line: int, message: Message) -> None:
        stream = message.stream
        raw = bytes(message.schema)
        schema = msgspec.json.decode(raw) if raw else None
        if not stream or not isinstance(schema, dict):
            msg = f"Line {line} of the input is a SCHEMA without stream or schema."
            raise InputError(msg)
        if not isinstance(schema.get("properties"), dict):
            msg = (
                f"Line {line} of the input: the SCHEMA of stream {stream} has no "
                "properties."
            )
            raise InputError(msg)
        keys = message.key_properties
        if self._schemas.get(stream) == (raw, keys):
            return
        self._schemas[stream] = (raw, keys)
        self._routes[stream] = [
            Route(mapped.name, self._lane_of(mapped.name), *mapped[1:])
            for mapped in outputs(self._mapper, stream, schema, keys or [])
        ]

    def _state(self, line: int, message: Message) -> None:
        if message.value is NOTHING:
            self._unreadable(line)
            return
        state = bytes(message.value)
        if state not in _EMPTY_STATES:
            self._ledger.take(state)

    def _batch(self, line: int, message: Message) -> None:
        msg = (
            f"Line {line} of the input is a BATCH of stream {message.stream}: this "
            "target takes records only. Remove batch_config from the tap."
        )
        raise InputError(msg)

    def _unknown(self, line: int, message: Message) -> None:
        if self.counts[message.type] == 1:
            logger.warning(
                "Line %s of the input has a type that is not Singer's; such lines "
                "are ignored",
                line,
            )

    @staticmethod
    def _without_schema(line: int, message: Message) -> SchemaMissingError:
        msg = (
            f"Line {line} of the input is a record of stream {message.stream}, which "
            "no SCHEMA has described before."
        )
        return SchemaMissingError(msg)
