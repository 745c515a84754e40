"""Takes Singer messages and passes records to the audiences their streams go to."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from operator import contains
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from singer_amazon.target.errors import (
    ExpressionError,
    InputError,
    SchemaMissingError,
)
from singer_amazon.target.messages import (
    NOTHING,
    Message,
    MessageDecoder,
    printable,
)
from singer_amazon.target.stream_maps import StreamMaps
from singer_amazon.target.unreadable_lines import UnreadableLines
from target_amazon_audience.matching.member import Reason, Refusal

if TYPE_CHECKING:
    from singer_amazon.target.state_tracker import StateTracker
    from singer_amazon.target.stdin import Block
    from singer_amazon.target.stream_maps import Transform
    from target_amazon_audience.sink import AudienceSink

logger = logging.getLogger(__name__)


class RecordMessage(Message, gc=False):
    """One line, with its record read."""

    record: dict[str, Any] | None = None


class Route(NamedTuple):
    """One way from an input stream to an audience."""

    stream: str
    sink: AudienceSink
    keys: Sequence[str]
    transform: Transform | None


class InputEnd:
    """Whether the tap came to its end: nothing may follow its last STATE."""

    def __init__(self) -> None:
        self._streams: set[str] = set()
        self._state: bytes | None = None

    def goes_on(self, stream: str | None = None) -> None:
        """Note a record, or the SCHEMA of a stream."""
        self._state = None
        if stream:
            self._streams.add(stream)

    def vouched(self, state: bytes) -> None:
        """Note a STATE."""
        self._state = state

    def why_not(self) -> str | None:
        """Return why the input may not be all there is; None where it is."""
        if self._state is None:
            return (
                "the input ended without a STATE behind its last record or SCHEMA, so "
                "the tap may have died before its end"
            )
        stream = self._unfinished(msgspec.json.decode(self._state))
        if stream is None:
            return None
        return (
            f"the last STATE says that stream {stream} was not read to its end, so the "
            "tap may have died"
        )

    def _unfinished(self, state: object) -> str | None:
        """Return the stream that a STATE was written in the middle of.

        Taps of singer-python name it; those of the SDK keep marks of its progress.
        """
        found: dict[str, Any] = state if isinstance(state, dict) else {}
        if found.get("currently_syncing"):
            return printable(str(found["currently_syncing"]))
        bookmarks = found.get("bookmarks")
        if not isinstance(bookmarks, dict):
            return None
        for stream in sorted(self._streams):
            if b'"progress_markers"' in msgspec.json.encode(bookmarks.get(stream)):
                return stream
        return None


class Router:
    """Knows every stream by its SCHEMA."""

    def __init__(
        self,
        sinks: Mapping[str | None, AudienceSink],
        stream_maps: StreamMaps,
        states: StateTracker,
        other_streams: frozenset[str] = frozenset(),
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.decoder = MessageDecoder(RecordMessage)
        self.unreadable = UnreadableLines(states)
        """Lines that are no Singer message."""
        self.end = InputEnd()
        self.keyless: dict[str, str] = {}
        """Streams of which a record lacked a key column, with that column."""
        self._sinks = sinks
        self._stream_maps = stream_maps
        self._states = states
        self._other_streams = other_streams
        """Streams that other shards deliver: here their records are passed over."""
        self._routes: dict[str, list[Route]] = {}
        self._handlers: dict[str, Callable[[int, RecordMessage], None]] = {
            "SCHEMA": self._schema,
            "STATE": self._state,
            "BATCH": self._batch,
            "ACTIVATE_VERSION": lambda _line, _message: None,
        }

    def why_not_all(self) -> str | None:
        """Return why the input may not be all there is; None where it is."""
        if self.unreadable.count:
            return f"{self.unreadable.count} lines of the input could not be read"
        return self.end.why_not()

    def take(self, block: Block) -> Iterator[None]:
        """Take the lines of a block; yield after each batch that its records fill."""
        messages = self.decoder.decode(block)
        records = _records_only(messages or ())
        if messages and records and messages[0].stream in self._routes:
            yield from self._hand_on(messages[0].stream, records)
        elif messages is None:
            yield from self._take_each(self.decoder.one_by_one(block))
        else:
            yield from self._take_each(enumerate(messages, block.first_line))

    def _take_each(
        self,
        numbered: Iterable[tuple[int, RecordMessage | InputError]],
    ) -> Iterator[None]:
        stream = ""
        records: list[dict[str, Any]] = []  # that came in a row
        for line, message in numbered:
            if isinstance(message, RecordMessage) and message.type == "RECORD":
                if message.record is None:
                    self.counts["RECORD"] += 1
                    self._incomplete(line, "RECORD", "record")
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
                self.unreadable.note(message)
            else:
                self.counts[message.type] += 1
                self._handlers.get(message.type, self._unknown)(line, message)
        yield from self._hand_on(stream, records)

    def _hand_on(self, stream: str, records: list[dict[str, Any]]) -> Iterator[None]:
        if not records:
            return
        self.counts["RECORD"] += len(records)
        self.end.goes_on()
        for route in self._routes[stream]:
            found = records
            if route.transform is not None:
                found = list(self._mapped(route, route.transform, records))
            if not all(all(map(contains, found, repeat(key))) for key in route.keys):
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
                found = Refusal(Reason.EXPRESSION)
                route.sink.refuse(found, route.stream, record)
            else:
                if mapped is not None:
                    yield mapped

    def _keyed(
        self, route: Route, records: list[dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        for record in records:
            missing = [key for key in route.keys if key not in record]
            if not missing:
                yield record
                continue
            if route.stream not in self.keyless:
                self.keyless[route.stream] = printable(missing[0])
                self._states.hold()
            found = Refusal(Reason.KEY_MISSING, printable(missing[0]))
            route.sink.refuse(found, route.stream, record)

    def _incomplete(self, line: int, kind: str, part: str) -> None:
        msg = f"Line {line} of the input is a {kind} without {part}."
        self.unreadable.note(InputError(msg))

    def _schema(self, line: int, message: RecordMessage) -> None:
        self.end.goes_on(message.stream)
        found = self._stream_maps.outputs(line, message)
        if found is not None:
            source = message.stream or ""
            found = [m for m in found if m.name not in self._other_streams]
            self._routes[source] = [
                Route(
                    mapped.name,
                    self._sink_of(mapped.name),
                    mapped.key_properties,
                    mapped.transform,
                )
                for mapped in found
            ]
            for route, mapped in zip(self._routes[source], found, strict=True):
                columns = mapped.schema.get("properties", {})
                route.sink.describe(mapped.name, columns, source)

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
            self._incomplete(line, "STATE", "value")
        else:
            value = bytes(message.value)
            self.end.vouched(value)
            self._states.take(value)

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
