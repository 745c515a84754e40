"""Rows of one report stream in a `for` loop of Python, without a target.

    with reports("sponsored_products_campaign_by_campaign", config, state) as rows:
        for row in rows:
            ...
    state = rows.state

It is the same run as on the command line: plan, wait, download, bookmarks. Instead of
messages on stdout there are dictionaries, and the state is a value.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from singer_sdk.singerlib.encoding.simple import Message

from singer_amazon.config.names import did_you_mean
from singer_amazon.errors import AmazonError, ConfigError
from singer_amazon.sync.summary import grouped, log_summary, summary
from singer_amazon.tap.base import ReportTap
from singer_amazon.tap.message_writer import MessageWriter
from singer_amazon.tap.stream import ReportStream

if TYPE_CHECKING:
    from typing_extensions import Self


T = TypeVar("T", bound=ReportTap)
TakeRows = Callable[[str, Iterable[Mapping[str, Any]]], None]
"""Gets the name of a stream and some rows of it."""


class IncompleteError(AmazonError):
    """Something was refused or failed; everything else has been yielded."""


class _SilentWriter(MessageWriter):
    """Takes messages and writes none: stdout belongs to the caller."""

    def check(self) -> None:
        """Go on."""

    def write(self, lines: bytes | bytearray) -> None:
        """Write nothing."""

    def write_message(self, message: Message) -> None:
        """Write nothing."""


class ReportRows:
    """The rows of one report stream, and where the run stands."""

    def __init__(
        self,
        tap_class: type[ReportTap],
        stream: str,
        config: Mapping[str, Any],
        state: Mapping[str, Any] | None = None,
    ) -> None:
        self._tap_class = tap_class
        self._config = copy.deepcopy(dict(config))
        self._stream = stream
        self._given = copy.deepcopy(dict(state or {}))
        self._tap: ReportTap | None = None
        self._rows: Iterator[dict[str, Any]] | None = None
        self._is_ended = False

    # --- the run -----------------------------------------------------------

    def __enter__(self) -> Self:
        """Check the settings and begin; nothing is asked of Amazon yet.

        Raises:
            ConfigError: a setting is wrong, or there is no such stream.
        """
        tap = quiet_tap(self._tap_class).open(self._config, state=self._given)
        found = tap.streams.get(self._stream)
        if not isinstance(found, ReportStream):
            names = [n for n, s in tap.streams.items() if isinstance(s, ReportStream)]
            msg = (
                f"{tap.name} has no report stream {self._stream!r}: "
                f"{did_you_mean(self._stream, names)}"
            )
            raise ConfigError(msg)
        for name, stream in tap.streams.items():
            stream.selected = name == self._stream
        tap.begin()
        self._tap, self._rows = tap, self._read(tap, found)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the run: what is asked for and not read waits in the state."""
        if self._tap is not None and not self._is_ended:
            self._is_ended = True
            self._tap.end()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows, document by document.

        Raises:
            IncompleteError: at the end, if something was refused or failed.
            AmazonError: the run cannot go on; the state is good nevertheless.
        """
        if self._rows is None:
            msg = "reports() is used in a with statement: with reports(...) as rows:"
            raise RuntimeError(msg)
        return self._rows

    @staticmethod
    def _read(tap: ReportTap, stream: ReportStream) -> Iterator[dict[str, Any]]:
        yield from stream.get_records(None)
        tap.run_context.session.finish()
        engine = tap.run_context.session.engine
        log_summary(tap.stats, engine, tap.clock.now())
        if tap.stats.failures:
            raise IncompleteError("; ".join(grouped(tap.stats.failures)))

    # --- where it stands ---------------------------------------------------

    @property
    def state(self) -> dict[str, Any]:
        """The state now, for the next run: documents read whole count, no others."""
        if self._tap is None:
            return copy.deepcopy(self._given)
        self._tap.state_store.write(at_once=True)
        return copy.deepcopy(dict(self._tap.state))

    @property
    def summary(self) -> dict[str, object]:
        """The run in numbers, as `summary_path` has it on the command line."""
        if self._tap is None:
            return {}
        context = self._tap.run_context
        engine = context.session.engine if context.has_session else None
        return summary(self._tap.stats, engine, self._tap.clock.now())


def quiet_tap(tap_class: type[T]) -> type[T]:
    """Return the tap without messages and without handlers of signals."""
    return type(
        tap_class.__name__,
        (tap_class,),
        {
            "message_writer_class": _SilentWriter,
            "_setup_signal_handlers": lambda _: None,
        },
    )


def read_streams(
    tap: ReportTap, columns: Mapping[str, set[str]], take: TakeRows
) -> None:
    """Read these columns of several report streams in one run; `take` gets the rows.

    What was refused or failed is in `tap.stats`, what was not ready in the engine.

    Raises:
        AmazonError: the run cannot go on.
    """
    for name, stream in tap.streams.items():
        stream.selected = name in columns
        if stream.selected and isinstance(stream, ReportStream):
            stream.hand_rows_out()
            for breadcrumb, entry in stream.metadata.items():
                if breadcrumb[:1] == ("properties",):
                    entry.selected = breadcrumb[1] in columns[name]
    tap.begin()
    try:
        session = tap.run_context.session
        for name in columns:
            for report in session.documents(name):
                for batch in session.row_batches(report):
                    take(batch.stream, batch.records())
        session.finish()
    finally:
        tap.end()
