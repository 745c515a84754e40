"""Takes Singer messages and passes records to the audiences their streams go to."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from singer_amazon.target.errors import (
    ExpressionError,
    InputError,
    SchemaMissingError,
)
from singer_amazon.target.messages import NOTHING, Message, MessageDecoder
from singer_amazon.target.stream_maps import StreamMaps
from target_amazon_audience.matching.member import Reason, Refusal

if TYPE_CHECKING:
    from singer_amazon.target.state_tracker import StateTracker
    from singer_amazon.target.stdin import Block
    from singer_amazon.target.stream_maps import Transform
    from target_amazon_audience.sink import AudienceSink

logger = logging.getLogger(__name__)

_MAX_LOGGED = 5


class RecordMessage(Message, gc=False):
    """One line, with its record read."""

    record: dict[str, Any] | None = None


_decoder = MessageDecoder(RecordMessage)


class Route(NamedTuple):
    """One way from an input stream to an audience."""

    stream: str
    sink: AudienceSink
    keys: Sequence[str]
    transform: Transform | None


class Router:
    """Knows every stream by its SCHEMA."""

    def __init__(
        self,
        sinks: Mapping[str | None, AudienceSink],
        stream_maps: StreamMaps,
        states: StateTracker,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.unreadable = 0
        """Lines that are no Singer message."""
        self.keyless: dict[str, str] = {}
        """Streams of which a record lacked a key column, with that column."""
        self._sinks = sinks
        self._stream_maps = stream_maps
        self._states = states
        self._routes: dict[str, list[Route]] = {}
        self._handlers: dict[str, Callable[[int, RecordMessage], None]] = {
            "SCHEMA": self._schema,
            "STATE": self._state,
            "BATCH": self._batch,
            "ACTIVATE_VERSION": lambda _line, _message: None,
        }

    def take(self, block: Block) -> Iterator[None]:
        """Take the lines of a block; yield after each batch that its records fill."""
        messages = _decoder.decode(block)
        records = _records_only(messages or ())
        if messages and records and messages[0].stream in self._routes:
            yield from self._hand_on(messages[0].stream, records)
        elif messages is None:
            yield from self._take_each(_decoder.one_by_one(block), is_cut=block.is_cut)
        else:
            yield from self._take_each(enumerate(messages, block.first_line))

    def _take_each(
        self,
        numbered: Iterable[tuple[int, RecordMessage | InputError]],
        *,
        is_cut: bool = False,
    ) -> Iterator[None]:
        stream = ""
        records: list[dict[str, Any]] = []  # that came in a row
        for line, message in numbered:
            if isinstance(message, RecordMessage) and message.type == "RECORD":
                if message.record is None:
                    self.counts["RECORD"] += 1
                    self._unreadable(line)
                    continue
                if message.stream != stream or not records:
                    yield from self._hand_on(stream, records)
                    stream, records = message.stream or "", []
                    if stream not in self._routes:
                        raise self._without_schema(line, message)
                records.append(message.record)
                continue
            yield from self._hand_on(stream, records)
            records = []
            if isinstance(message, InputError):
                self._unreadable(line, is_cut=is_cut)
            else:
                self.counts[message.type] += 1
                self._handlers.get(message.type, self._unknown)(line, message)
        yield from self._hand_on(stream, records)

    def _hand_on(self, stream: str, records: list[dict[str, Any]]) -> Iterator[None]:
        if not records:
            return
        self.counts["RECORD"] += len(records)
        for route in self._routes[stream]:
            found = records
            if route.transform is not None:
                found = list(self._mapped(route, route.transform, records))
            if route.keys:
                found = list(self._keyed(route, found))
            yield from route.sink.take(found, route.stream)

    @staticmethod
    def _mapped(
        route: Route, transform: Transform, records: list[dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        for record in records:
            try:
                mapped = transform(dict(record))
            except ExpressionError:  # noqa: PERF203 - each record fails for itself
                route.sink.refuse(Refusal(Reason.EXPRESSION), route.stream)
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
                route.sink.refuse(Refusal(Reason.KEY_MISSING, missing[0]), route.stream)
            else:
                yield record

    def _unreadable(self, line: int, *, is_cut: bool = False) -> None:
        self.unreadable += 1
        if self.unreadable <= _MAX_LOGGED:
            what = "is cut off" if is_cut else "is no Singer message"
            logger.warning("Line %s of the input %s and is left out", line, what)

    def _schema(self, line: int, message: RecordMessage) -> None:
        found = self._stream_maps.outputs(line, message)
        if found is not None:
            self._routes[message.stream or ""] = [
                Route(
                    mapped.name,
                    self._sink_of(mapped.name),
                    mapped.key_properties,
                    mapped.transform,
                )
                for mapped in found
            ]

    def _sink_of(self, stream: str) -> AudienceSink:
        found = self._sinks.get(stream) or self._sinks.get(None)
        if found is None:
            msg = (
                f"Stream {stream} is not named in the setting streams: name it there, "
                "or deselect it in the tap."
            )
            raise InputError(msg)
        return found

    def _state(self, line: int, message: RecordMessage) -> None:
        if message.value is NOTHING:
            self._unreadable(line)
        else:
            self._states.take(bytes(message.value))

    def _batch(self, line: int, message: RecordMessage) -> None:
        msg = (
            f"Line {line} of the input is a BATCH of stream {message.stream}: this "
            "target takes records only. Remove batch_config from the tap."
        )
        raise InputError(msg)

    def _unknown(self, line: int, message: RecordMessage) -> None:
        if self.counts[message.type] == 1:
            logger.warning(
                "Line %s of the input has a type that is not Singer's; such lines "
                "are ignored",
                line,
            )

    @staticmethod
    def _without_schema(line: int, message: RecordMessage) -> SchemaMissingError:
        msg = (
            f"Line {line} of the input is a record of stream {message.stream}, which "
            "no SCHEMA has described before."
        )
        return SchemaMissingError(msg)


def _records_only(messages: Sequence[RecordMessage]) -> list[dict[str, Any]] | None:
    """Return the records of messages that all are records of the same stream."""
    if not messages:
        return None
    stream = messages[0].stream
    found = [
        message.record
        for message in messages
        if message.record is not None
        and message.type == "RECORD"
        and message.stream == stream
    ]
    return found if len(found) == len(messages) else None
