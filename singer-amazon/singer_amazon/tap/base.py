"""A tap made of report streams: one session, signals, exit code, summary."""

from __future__ import annotations

import abc
import contextlib
import copy
import logging
import os
import platform
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from singer_sdk import Stream
from singer_sdk.singerlib import StateMessage

from singer_amazon import output, refresh_token_age
from singer_amazon.documents.addresses import AddressCheck
from singer_amazon.documents.download import DocumentFetcher
from singer_amazon.documents.raw_archive import RawArchive, open_raw_archive
from singer_amazon.documents.spool import Spool
from singer_amazon.errors import AmazonError, ConfigError
from singer_amazon.http.transport import Transport
from singer_amazon.live_view.progress import ProgressReader
from singer_amazon.live_view.view import LiveView
from singer_amazon.metrics.run_metrics import RunMetrics
from singer_amazon.reports.api import ReportApi
from singer_amazon.reports.engine import Engine, Report, RetrySettings
from singer_amazon.reports.model import Outcome
from singer_amazon.reports.polling.ready_ages import ReadyAges
from singer_amazon.reports.rate_limiters import (
    AdaptiveReportRateLimiters,
    ReportRateLimiters,
)
from singer_amazon.reports.runner import Runner
from singer_amazon.retry_policy import POLICY
from singer_amazon.shards import state as shard_states
from singer_amazon.shards.shard import Shard
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.session import Session
from singer_amazon.sync.state_store import COUNTERS, READY_AGES, StateStore
from singer_amazon.sync.summary import RunStats, log_summary
from singer_amazon.tap.cli import CommandTap
from singer_amazon.tap.context import RunContext
from singer_amazon.tap.inputs import strangers
from singer_amazon.tap.message_writer import StoppedError
from singer_amazon.tap.provenance.log_stream import LogStream
from singer_amazon.tap.provenance.run_logs import RunLogs
from singer_amazon.tap.record_writers import batch_config, check_batch_config
from singer_amazon.tap.run_files import Program, RunFiles
from singer_amazon.tap.settings import check_shared, unknown_at_top
from singer_amazon.tap.stream import ReportStream

logger = logging.getLogger(__name__)


class ReportTap(CommandTap):
    """Base of the taps; one instance is one run."""

    _close_live: Callable[[], None] = staticmethod(lambda: None)
    workers: int | None = None
    """Threads for calls: `max_concurrency` of them; 0 for tests without threads."""

    # --- what a tap adds ---------------------------------------------------

    @abc.abstractmethod
    def check_settings(self) -> None:
        """Check what the schema cannot say; runs before the first call.

        Raises:
            ConfigError: a setting is wrong.
        """

    asks_all_accounts = False
    """Whether a test asks for something of every account, not of the first only."""

    @abc.abstractmethod
    def make_api(self) -> ReportApi:
        """Return the adapter that asks for reports."""

    @abc.abstractmethod
    def make_partitions(self, streams: Iterable[ReportStream]) -> list[Partition]:
        """Return every stream and account to read, and note what cannot be."""

    @abc.abstractmethod
    def account_ids(self) -> set[str]:
        """Return the ids of the accounts that its shard reads, or finds missing.

        By them accounts are divided into shards; no report is planned for it.
        """

    asks_types_once = False
    """Whether the first create of each account and report type goes ahead alone."""
    empty_waits_a_run = False
    """Whether a report complete without a document is left to the next run once."""

    @property
    def backup_poll_seconds(self) -> float | None:
        """Between two polls where Amazon itself says when a report is done."""
        return None

    def attach(self, session: Session) -> None:
        """Let others take part in the session before its reports are planned."""

    def make_rate_limiters(self) -> ReportRateLimiters:
        """Return how often each operation may be called; learnt by default."""
        return AdaptiveReportRateLimiters()

    def counters(self) -> Mapping[str, object]:
        """Return what has to outlive this run besides bookmarks."""
        return {}

    def log_plan(self, engine: Engine) -> None:
        """Say how long what is planned will take, where that is known."""

    def classify(self, report: Report, path: Path) -> Outcome | None:
        """Say what a downloaded document is if it is no rows: a reason, mostly.

        Called by a worker; None means that it can be delivered.
        """
        del report, path
        return None

    @cached_property
    def transport(self) -> Transport:
        """What sends this tap's requests."""
        agent = self.config.get("user_agent") or (
            f"{self.name}/{self.plugin_version} (Language=Python/"
            f"{platform.python_version()}; Platform={platform.system()})"
        )
        return Transport(user_agent=agent, max_attempts=self.config["max_attempts"])

    @cached_property
    def shard(self) -> Shard:
        """Which accounts this run reads, where several runs share them."""
        return Shard.of(self.config)

    # --- streams -----------------------------------------------------------

    @property
    def streams(self) -> dict[str, Stream]:
        """The streams, plain ones first: a connection test needs no report.

        Those about the run itself come last: they wait for nothing.
        """
        if self._streams is None:
            found = super().streams
            self._streams = dict(
                sorted(
                    found.items(),
                    key=lambda item: (
                        isinstance(item[1], LogStream),
                        isinstance(item[1], ReportStream),
                        item[0],
                    ),
                )
            )
        return self._streams

    @cached_property
    def stats(self) -> RunStats:
        """What this run counts."""
        return RunStats(self.clock.now())

    # --- the session -------------------------------------------------------

    tests_only = False
    """Whether it was made for nothing but a test of the connection."""

    @property
    def is_test(self) -> bool:
        """Whether only the connection is tested; the SDK says so when a run begins."""
        return self.tests_only or any(
            s.ABORT_AT_RECORD_COUNT is not None for s in self.streams.values()
        )

    @cached_property
    def spool(self) -> Spool:
        """Disk space for documents."""
        return Spool(self.config.get("spool_dir"), self.config["spool_max_bytes"])

    @cached_property
    def state_store(self) -> StateStore:
        """The state of this run, and when it is written."""
        state = cast("dict[str, Any]", self.state)
        # what a test reads is not delivered: its state stays what it was given
        kept = copy.deepcopy(state) if self.is_test else state
        state_store = StateStore(kept, self._write_state_now, self.clock)
        mark = shard_states.mark(self.shard)
        state_store.counters = lambda: {**self.counters(), **mark}
        state_store.ready_ages = self.ready_ages.in_state
        return state_store

    @cached_property
    def ready_ages(self) -> ReadyAges:
        """How old reports of each type were when earlier runs found them ready."""
        bookmarks = self.state.get("bookmarks") or {}
        counters = bookmarks.get(COUNTERS)
        kept = counters.get(READY_AGES) if isinstance(counters, dict) else None
        return ReadyAges(kept, seed=os.getpid())

    nap_seconds = POLICY.max_nap
    """How long the main thread sleeps at once: a signal is answered that soon."""

    @cached_property
    def run_context(self) -> RunContext:
        """What this run works with; made when it is first needed."""
        return RunContext(
            config=self.config,
            clock=self.clock,
            writer=self.writer,
            stats=self.stats,
            open_state_store=lambda: self.state_store,
            only_tests=lambda: self.is_test,
            asks_all_accounts=self.asks_all_accounts,
            open_session=self._open_session,
            days=lambda: self.run_logs.days,
            reads_reports=lambda: bool(self._selected_reports()),
            nap_seconds=self.nap_seconds,
        )

    @cached_property
    def run_logs(self) -> RunLogs:
        """The streams about this run that are selected."""
        return RunLogs(() if self.is_test else self.streams.values(), self.clock)

    def _selected_reports(self) -> dict[str, ReportStream]:
        return {
            name: stream
            for name, stream in self.streams.items()
            if isinstance(stream, ReportStream) and stream.selected
        }

    def _open_session(self, context: RunContext) -> Session:
        streams = self._selected_reports()
        config, clock = context.config, context.clock
        engine = Engine(
            RetrySettings(
                poll_interval=config["poll_interval_seconds"],
                poll_interval_max=config["poll_interval_max_seconds"],
                report_attempts=config["report_attempts"],
                stuck_after=config["report_stuck_hours"] * 3600,
                empty_waits_a_run=self.empty_waits_a_run,
                mode=context.mode,
                asks_types_once=self.asks_types_once,
                backup_poll_interval=self.backup_poll_seconds,
            ),
            seed=os.getpid(),
            limiters=self.make_rate_limiters(),
            ages=self.ready_ages,
        )
        session = Session(
            engine=engine,
            state_store=context.state_store,
            clock=clock,
            stats=context.stats,
            writers=streams,
            gap_max_runs=config["gap_max_runs"],
        )
        self.run_logs.attach(session)
        start = clock.now() if context.is_test else context.stats.started
        workers = config["max_concurrency"] if self.workers is None else self.workers

        def on_advance() -> None:
            context.writer.check()
            session.log_and_save()
            self.run_metrics.tick()

        session.runner = Runner(
            engine,
            self.make_api(),
            DocumentFetcher(
                self.spool,
                self.transport,
                self._raw_archive,
                classify=self.classify,
                check_address=AddressCheck(config.get("endpoint_uri")),
            ),
            clock,
            workers=workers,
            deadline=start + timedelta(seconds=context.max_seconds),
            on_changes=session.on_changes,
            on_advance=on_advance,
        )
        session.runner.download_progress = lambda: self.spool.used
        self.run_files.listen(session)
        self.run_metrics.listen(session)
        self.attach(session)
        session.plan(self.make_partitions(list(streams.values())))
        self.log_plan(engine)
        self._show_live(session, start + timedelta(seconds=context.max_seconds))
        context.writer.while_waiting = session.advance_mid_message
        return session

    def _show_live(self, session: Session, deadline: datetime) -> None:
        """Show how far the run is where somebody looks at a terminal."""
        if not self.is_shown_live:
            return
        reader = ProgressReader(
            session.engine,
            self.stats.rows,
            started=self.stats.started,
            deadline=deadline,
            labels=session.labels,
        )
        view = LiveView.on_terminal(reader)
        if view is not None:
            session.on_progress = view.update
            self._close_live = view.close

    @cached_property
    def _raw_archive(self) -> RawArchive | None:
        uri = self.config.get("raw_report_uri")
        return open_raw_archive(uri, self.config) if uri else None

    # --- the state ---------------------------------------------------------

    def _write_state_now(self) -> int:
        # the SDK's state writer copies and compares the whole state each time
        state = self.state_store.encoded.in_state(self.state)
        line = self.writer.serialize_message(StateMessage(value=state))
        if self.writer.is_stopping:
            self.writer.write_last(line)
        else:
            self.writer.write(line)
        return len(line)

    # --- running -----------------------------------------------------------

    def check(self) -> None:
        """Check settings and the folder or bucket for originals.

        Raises:
            ConfigError: something is wrong; no call to Amazon has been made.
        """
        self._check_inputs()
        for sentence in unknown_at_top(self.config, self.config_jsonschema):
            self.run_context.warn_once(sentence)
        check_shared(
            self.config, self.config_jsonschema.get("required", ()), self.clock.now()
        )
        check_batch_config(batch_config(self.config))
        self.check_settings()
        self.run_files.check()
        self.spool.check()
        if self._raw_archive is not None:
            self.run_context.in_background(self._raw_archive.check)

    def _check_inputs(self) -> None:
        """Look for streams in state and catalog that this tap does not have.

        Raises:
            ConfigError: the state is of another shard, or no stream is selected.
        """
        if warning := shard_states.check(self.state, self.shard):
            self.run_context.warn_once(warning)
        known = self.streams
        bookmarks = [n for n in self.state.get("bookmarks", {}) if n != COUNTERS]
        if names := strangers(bookmarks, known):
            self.run_context.warn_once(
                f"The state has bookmarks of streams that {self.name} does not have: "
                f"{names}. Is it the state of another tap? They are passed on unread"
            )
        if self.input_catalog is None or self.is_test:
            return
        if names := strangers(self.input_catalog, known):
            self.run_context.warn_once(
                f"The catalog has streams that {self.name} does not have: {names}"
            )
        if not any(stream.selected for stream in known.values()):
            msg = (
                "the catalog selects no stream of this tap: select one (Meltano: "
                "select), or make a new catalog with --discover"
            )
            raise ConfigError(msg)

    def run(self, work: Callable[[], object] | None = None) -> int:
        """Sync everything and return the exit code."""
        try:
            self.begin()
        except StoppedError:
            return 0
        except AmazonError as error:
            self._break_off(str(error))
            self.run_files.write(None)
            self.run_metrics.end(None)
            return 1
        self.run_metrics.begin(self.run_context.warn_once)
        code = self._do(work or self.sync_all)
        context = self.run_context
        engine = context.session.engine if context.has_session else None
        log_summary(self.stats, engine, self.clock.now())
        written = self.run_files.write(engine)
        self.run_metrics.end(engine)
        return 1 if self.stats.failures or not written else code

    def begin(self) -> None:
        """Set the clock of the run and check what can be checked beforehand.

        Raises:
            ConfigError: something is wrong; no call to Amazon has been made.
        """
        self.stats.started = self.clock.now()
        self.transport.time_left = self._time_left
        self.check()
        for sentence in refresh_token_age.warnings(
            self.config, self.stats.started.date()
        ):
            self.logger.warning(sentence)

    def _break_off(self, sentence: str) -> None:
        """Log why the run ends before its end; the summary says it too."""
        self.logger.error(sentence)
        self.stats.broke_off = sentence

    @cached_property
    def run_metrics(self) -> RunMetrics:
        """What this run measures."""
        labels = {"tap": self.name}
        if shard := self.config.get("shard"):
            labels["shard"] = str(shard)
        return RunMetrics(self.stats, self.clock, labels)

    @cached_property
    def run_files(self) -> RunFiles:
        """The summary and the page of this run, where they are asked for."""
        program = Program(self.name, self.plugin_version, self.config_jsonschema)
        return RunFiles(self.config, program, self.stats, self.clock, self.run_metrics)

    def _time_left(self) -> float:
        context = self.run_context
        runner = context.session.runner if context.has_session else None
        deadline = context.deadline if runner is None else runner.deadline
        return (deadline - self.clock.now()).total_seconds()

    def _do(self, work: Callable[[], object]) -> int:
        """Do the work and write the last state; return 1 if it broke off."""
        try:
            self._warn_about_batches()
            work()
        except StoppedError:
            self.logger.warning(
                "Stopped by a signal: unfinished reports wait in the state"
            )
        except BrokenPipeError:
            self._break_off("The target closed its input: see its log for the reason")
            output.drop()
            return 1
        except OSError as error:
            reason = output.trouble(error)
            if reason is None:
                raise
            self._break_off(reason)
            output.drop()
            return 1
        except AmazonError as error:
            self._break_off(str(error))
            return 1
        finally:
            self.end()
        return 0

    def end(self) -> None:
        """Write the last state and remove what lies on disk."""
        self._close_live()
        if self.run_context.has_session:
            self.run_context.session.await_ids(POLICY.await_ids)
            self.run_context.session.finish()
        self.run_logs.close()
        with contextlib.suppress(OSError, StoppedError):
            self.state_store.write(at_once=True)
        self.spool.close()
        self.transport.close()
        self.run_context.close()

    def _warn_about_batches(self) -> None:
        mapped = [
            stream.name
            for stream in self.streams.values()
            if isinstance(stream, ReportStream)
            and stream.selected
            and not stream.is_plain
        ]
        if self.config.get("batch_config") and mapped:
            self.logger.warning(
                "batch_config: stream maps or flattening are configured, so %d "
                "streams send records instead of batch files",
                len(mapped),
            )
