"""A tap made of report streams: one session, signals, exit code, summary."""

from __future__ import annotations

import abc
import contextlib
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cached_property
from types import FrameType
from typing import IO, Any, ClassVar, TypeVar, cast

import msgspec
from singer_sdk import Stream, Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._batch import BatchConfig
from singer_sdk.helpers.capabilities import (
    CapabilitiesEnum,
    PluginCapabilities,
    TapCapabilities,
)
from singer_sdk.singerlib import StateMessage

from singer_amazon.clock import Clock, SystemClock
from singer_amazon.errors import AmazonError, DocumentError
from singer_amazon.fetcher import DocumentFetcher
from singer_amazon.http import Transport
from singer_amazon.raw_store import RawStore, open_raw_store
from singer_amazon.reports.api import ReportApi
from singer_amazon.reports.engine import Engine, Patience, Report
from singer_amazon.reports.runner import Runner
from singer_amazon.session import Memory, Partition, Session
from singer_amazon.singer.output import MessageWriter, StoppedError
from singer_amazon.singer.settings import check_shared, coerced, complaints
from singer_amazon.singer.stream import ReportStream
from singer_amazon.singer.writing import check_batch_config
from singer_amazon.spool import Spool, SpoolFile
from singer_amazon.summary import Tally, tell

logger = logging.getLogger(__name__)

T = TypeVar("T")

SETTLE_SECONDS = 0.3
"""How long the end of a run waits for the ids of reports asked for just now."""

TEST_SECONDS = 120
"""How long a connection test waits for reports."""


class ReportTap(Tap, abc.ABC):
    """Base of the taps; one instance is one run."""

    message_writer_class = MessageWriter
    clock: Clock = SystemClock()
    workers: int | None = None
    """Threads for calls: `max_concurrency` of them; 0 for tests without threads."""

    # ACTIVATE_VERSION is left out: with some reports still pending it would
    # delete rows in the target that are simply not there yet.
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.TEST,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.BATCH,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    # --- what a tap adds ---------------------------------------------------

    @abc.abstractmethod
    def check_settings(self) -> None:
        """Check what the schema cannot say; runs before the first call.

        Raises:
            ConfigError: a setting is wrong.
        """

    @abc.abstractmethod
    def make_api(self) -> ReportApi:
        """Return the adapter that asks for reports."""

    @abc.abstractmethod
    def make_partitions(self, streams: Iterable[ReportStream]) -> list[Partition]:
        """Return every stream and account to read, and note what cannot be."""

    @property
    @abc.abstractmethod
    def transport(self) -> Transport:
        """What sends this tap's requests."""

    # --- settings ----------------------------------------------------------

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        self.append_builtin_config(self.config_jsonschema)
        self._config = coerced(self._config, self.config_jsonschema)
        # the SDK fills in the defaults here; its texts show secret values
        if not super()._validate_config(raise_errors=False):
            return []
        sentences = complaints(self._config, self.config_jsonschema)
        if raise_errors:
            raise ConfigValidationError(
                "; ".join(sentences), errors=sentences, schema={}
            )
        return sentences

    @property
    def writer(self) -> MessageWriter:
        """The one way to stdout."""
        writer = self.message_writer
        assert isinstance(writer, MessageWriter)  # noqa: S101 - message_writer_class
        return writer

    @property
    def streams(self) -> dict[str, Stream]:
        """The streams, plain ones first: a connection test needs no report."""
        if self._streams is None:
            found = super().streams
            self._streams = dict(
                sorted(
                    found.items(),
                    key=lambda item: (isinstance(item[1], ReportStream), item[0]),
                )
            )
        return self._streams

    @cached_property
    def tally(self) -> Tally:
        """What this run counts."""
        return Tally(self.clock.now())

    def warn_once(self, text: str) -> None:
        """Log a warning that was not logged before in this run."""
        if text not in self._warned:
            self._warned.add(text)
            self.logger.warning(text)

    @cached_property
    def _warned(self) -> set[str]:
        return set()

    # --- the session -------------------------------------------------------

    @cached_property
    def is_test(self) -> bool:
        """Whether the SDK only tests the connection."""
        return any(s.ABORT_AT_RECORD_COUNT is not None for s in self.streams.values())

    @cached_property
    def spool(self) -> Spool:
        """Disk space for documents."""
        return Spool(self.config.get("spool_dir"), self.config["spool_max_bytes"])

    @cached_property
    def session(self) -> Session:
        """The reports of all selected streams, planned when the first one runs."""
        streams = [
            stream
            for stream in self.streams.values()
            if isinstance(stream, ReportStream) and stream.selected
        ]
        config, now = self.config, self.clock.now()
        engine = Engine(
            Patience(
                poll_interval=config["poll_interval_seconds"],
                poll_interval_max=config["poll_interval_max_seconds"],
                report_attempts=config["report_attempts"],
                stuck_after=config["report_stuck_hours"] * 3600,
            ),
            seed=os.getpid(),
        )
        write = (lambda: None) if self.is_test else self._write_state_now
        session = Session(
            engine=engine,
            memory=Memory(cast("dict[str, Any]", self.state), write, self.clock),
            clock=self.clock,
            tally=self.tally,
            gap_max_runs=config["gap_max_runs"],
        )
        runtime = TEST_SECONDS if self.is_test else config["max_runtime_seconds"]
        start = now if self.is_test else self.tally.started
        session.runner = Runner(
            engine,
            self.make_api(),
            DocumentFetcher(self.spool, self.transport, self._raw_store),
            self.clock,
            workers=(
                config["max_concurrency"] if self.workers is None else self.workers
            ),
            deadline=start + timedelta(seconds=runtime),
            on_changes=session.on_changes,
            on_turn=self._on_turn,
        )
        session.runner.sign_of_life = lambda: self.spool.used
        session.plan(self.make_partitions(streams))
        self._session = session
        self.writer.while_waiting = session.keep_going
        return session

    _session: Session | None = None

    @cached_property
    def _raw_store(self) -> RawStore | None:
        uri = self.config.get("raw_report_uri")
        return open_raw_store(uri, self.config) if uri else None

    def _on_turn(self) -> None:
        self.writer.check()
        if self._session is not None:
            self._session.look_after()

    def deliver(self, report: Report) -> None:
        """Write a fetched report's rows for every stream that takes it."""
        session, rows = self.session, {}
        try:
            for taker in report.takers:
                stream = self.streams[taker.stream]
                assert isinstance(stream, ReportStream)  # noqa: S101 - it asked
                rows[taker.stream] = stream.write_document(
                    report, session.partition(taker)
                )
        except DocumentError as error:
            self._discard(report)
            session.unreadable(report, str(error))
            return
        self._discard(report)
        session.delivered(report, rows)
        session.write_state()

    @staticmethod
    def _discard(report: Report) -> None:
        if isinstance(report.document, SpoolFile):
            report.document.discard()
        report.document = None

    # --- the state ---------------------------------------------------------

    def write_state(self) -> None:
        """Write the state if it changed and is due."""
        if self._session is not None:
            self._session.write_state()

    def _write_state_now(self) -> None:
        # the SDK's state writer copies and compares the whole state each time
        message = StateMessage(value=self.state)
        if self.writer.is_stopping:
            self.writer.write_last(self.writer.serialize_message(message))
        else:
            self.writer.write_message(message)

    # --- running -----------------------------------------------------------

    def in_background(self, call: Callable[[], T]) -> T:
        """Run a blocking call so that a signal is still answered.

        Raises:
            StoppedError: a signal arrived first.
        """
        results: list[T] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(call())
            except BaseException as error:  # noqa: BLE001 - raised again below
                errors.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(0.05)
            self.writer.check()
        if errors:
            raise errors[0]
        return results[0]

    def check(self) -> None:
        """Check settings and the folder or bucket for originals.

        Raises:
            ConfigError: something is wrong; no call to Amazon has been made.
        """
        check_shared(self.config)
        raw = self.config.get("batch_config")
        check_batch_config(BatchConfig.from_dict(dict(raw)) if raw else None)
        self.check_settings()
        if self._raw_store is not None:
            self._raw_store.check()

    def run(self) -> int:
        """Sync everything and return the exit code."""
        code = 0
        try:
            self.check()
            self._warn_about_batches()
            self.sync_all()
        except StoppedError:
            self.logger.warning(
                "Stopped by a signal: unfinished reports wait in the state"
            )
        except BrokenPipeError:
            self.logger.error(  # noqa: TRY400 - no traceback for a closed pipe
                "The target closed its input: see its log for the reason"
            )
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 1
        except AmazonError as error:
            self.logger.error(str(error))  # noqa: TRY400 - a sentence for people
            code = 1
        finally:
            self._end()
        if self._session is not None or self.tally.problems:
            engine = self._session.engine if self._session else None
            tell(self.tally, engine, self.clock.now())
        return 1 if self.tally.failures else code

    def _end(self) -> None:
        """Write the last state and remove what lies on disk."""
        if self._session is not None:
            self._session.settle(SETTLE_SECONDS)
            self._session.finish()
            with contextlib.suppress(BrokenPipeError, StoppedError):
                self._session.write_state(at_once=True)
        self.spool.close()

    def _warn_about_batches(self) -> None:
        mapped = [
            stream.name
            for stream in self.streams.values()
            if isinstance(stream, ReportStream) and not stream.is_plain
        ]
        if self.config.get("batch_config") and mapped:
            self.logger.warning(
                "batch_config: stream maps or flattening are configured, so %d "
                "streams send records instead of batch files",
                len(mapped),
            )

    def _handle_termination(
        self,
        signum: int,
        frame: FrameType | None,  # noqa: ARG002 - the signature of a handler
    ) -> None:
        """Ask the main thread to end; a second signal ends at once."""
        if self.writer.is_stopping:
            os._exit(128 + signum)
        self.writer.stop()

    @classmethod
    def _from_command_line(
        cls,
        config: Any,  # noqa: ANN401 - the SDK's private class
        state: IO[str] | None,
        catalog: IO[str] | None,
    ) -> ReportTap:
        try:
            return cls(
                config=config.config,
                state=None if state is None else msgspec.json.decode(state.read()),
                catalog=None if catalog is None else json.load(catalog),
                parse_env_config=config.parse_env,
                validate_config=True,
            )
        except ConfigValidationError as error:
            for sentence in error.errors:
                cls.logger.error(sentence)  # noqa: TRY400 - sentences for people
        except (AmazonError, ValueError) as error:
            cls.logger.error(str(error))  # noqa: TRY400
        sys.exit(1)

    @classmethod
    def invoke(  # type: ignore[override]  # as the SDK's own override does
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: Any = None,  # noqa: ANN401 - the SDK's private class
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """Run the tap from the command line and exit with its code."""
        super(Tap, cls).invoke(about=about, about_format=about_format)  # prints, exits
        cls.print_version(print_fn=cls.logger.info)
        tap = cls._from_command_line(config, state, catalog)
        sys.stdout.flush()
        code = tap.run()
        sys.stderr.flush()
        sys.exit(code)
