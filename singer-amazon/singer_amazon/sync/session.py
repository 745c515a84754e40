"""One run over all selected report streams: plan, wait, deliver, remember.

Knows nothing of Singer but the shape of the state. Everything here runs in the
main thread; only the runner's workers are elsewhere.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from singer_amazon.clock import Clock
from singer_amazon.documents.spool import SpoolFile
from singer_amazon.errors import DocumentError, StorageError
from singer_amazon.report_log.collector import ReportLog, RequestDetails
from singer_amazon.reports.engine import Change, Engine, Report
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import ReportRequest, TakenReport
from singer_amazon.reports.runner import Runner
from singer_amazon.reports.windows import WindowRequest
from singer_amazon.sync.changes import ChangeRecorder
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.planner import Planner
from singer_amazon.sync.state_store import StateStore
from singer_amazon.sync.summary import Problem, ProgressLog, RunStats

logger = logging.getLogger(__name__)

_AT_AMAZON = {State.REQUESTED, State.CANCELLING, State.CARRIED}


class WrittenDocument(NamedTuple):
    """What was written of one document."""

    rows: int
    repeated_keys: int = 0
    is_final: bool = True
    """Whether the window is done; else a later run reads it again."""
    is_held: bool = False
    """Whether its rows are only read, and come out with those of the next page."""


class RowBatch(NamedTuple):
    """Some rows of a document of one stream."""

    stream: str
    records: Callable[[], Iterable[dict[str, Any]]]
    """Makes dictionaries of them, for whoever asks."""


class DocumentWriter(Protocol):
    """A stream that writes the rows of its documents, or hands them out."""

    def write_document(
        self, report: Report, subscriber: ReportRequest, partition: Partition
    ) -> Generator[RowBatch, None, WrittenDocument]:
        """Write every row, some at a time, and yield them; return how many.

        Raises:
            DocumentError: the document is damaged.
        """

    def columns_asked(self, partition: Partition) -> tuple[str, ...]:
        """Return the columns its reports ask for, where they can be chosen."""

    def columns_refused(self, partition: Partition) -> tuple[str, ...]:
        """Return those of them that Amazon refuses the account."""


class Session:
    """The reports of one run, from the plan to the last delivered row."""

    def __init__(
        self,
        *,
        engine: Engine,
        state_store: StateStore,
        clock: Clock,
        stats: RunStats,
        writers: Mapping[str, DocumentWriter],
        gap_max_runs: int,
    ) -> None:
        self.engine = engine
        self.stats = stats
        self.runner: Runner | None = None
        self.between_messages: Callable[[], None] = lambda: None
        """Called where others may write messages, before a state is written."""
        self.take_news: Callable[[], None] = lambda: None
        """Called where what Amazon says of reports by itself can be taken in."""
        self._state_store = state_store
        self._clock = clock
        self._writers = writers
        self._partitions: dict[tuple[str, str, str], Partition] = {}
        self.labels: dict[str, str] = {}
        """Accounts as people know them."""
        self.report_log = ReportLog(stats.run_id, self._details)
        self._changes = ChangeRecorder(
            engine=engine,
            state_store=state_store,
            clock=clock,
            stats=stats,
            partition_of=self.partition,
            gap_max_runs=gap_max_runs,
            log=self.report_log,
        )
        self._progress = ProgressLog(clock.now())
        self.on_progress: Callable[[datetime], None] = lambda _: None
        """Hears again and again that the run goes on, as long as it does."""

    # --- planning ----------------------------------------------------------

    def plan(self, partitions: Iterable[Partition]) -> None:
        """Adopt what earlier runs left and ask for everything else."""
        planned = list(partitions)
        for partition in planned:
            self._partitions[partition.key] = partition
            if not partition.qualifier:
                self.labels[partition.account] = partition.label
        now = self._clock.now()
        planner = Planner(
            self.engine, self._state_store, self.stats, self.partition, now
        )
        planner.plan(planned)
        for partition in planned:
            self._log_closed_gaps(partition, now)
        self.on_changes(self.engine.stop())

    def _log_closed_gaps(self, partition: Partition, now: datetime) -> None:
        """Log the gaps that planning has closed: their days are kept no longer."""
        for gap in partition.state.closed_gaps:
            if gap.closed_at == now:
                asked = WindowRequest(gap.window, gap.members, gap.window.start)
                self.report_log.closed(partition.request(asked), gap)

    @property
    def open_gaps(self) -> int:
        """How many windows are missing that each run tries again."""
        return sum(len(one.state.gaps) for one in self._partitions.values())

    # --- running -----------------------------------------------------------

    def documents(self, stream: str) -> Iterator[Report]:
        """Yield reports whose document can be delivered, until `stream` is done.

        Reports of other streams are handed out too where this stream has to
        wait: a stuck report holds nothing back but itself.
        """
        assert self.runner is not None  # noqa: S101 - set when the session starts
        yield from self.runner.documents(
            frozenset([stream]), lambda: self.engine.is_done_for(stream)
        )

    def advance(self) -> None:
        """Go on with everything else, between two messages of a document."""
        assert self.runner is not None  # noqa: S101
        self.runner.advance()
        self.log_and_save()

    def advance_mid_message(self) -> None:
        """Go on with the reports while a message is half written."""
        assert self.runner is not None  # noqa: S101
        self.runner.advance()
        self._log_progress()

    def log_and_save(self) -> None:
        """Log progress and write a due state, when no message is half written."""
        self._log_progress()
        self.between_messages()
        self.take_news()
        self._state_store.write()

    def _log_progress(self) -> None:
        now = self._clock.now()
        self._progress.log(self.engine, now, self.labels)
        self.on_progress(now)

    def partition(self, request: ReportRequest) -> Partition:
        """Return the partition a request belongs to."""
        return self._partitions[request.partition_key]

    def _details(self, request: ReportRequest) -> RequestDetails:
        """Return what the log says of a request besides itself."""
        partition = self.partition(request)
        details, writer = partition.account_details, self._writers[request.stream]
        return RequestDetails(
            details.name or partition.label,
            details.currency_code,
            details.time_zone,
            writer.columns_asked(partition),
            writer.columns_refused(partition),
        )

    def on_changes(self, changes: list[Change]) -> None:
        """Take in the reports that moved on."""
        self._changes.record(changes)

    # --- delivering --------------------------------------------------------

    def deliver_one(self) -> None:
        """Write the rows of one document that is here, whichever stream it is of."""
        report = self.engine.take_fetched()
        if report is not None:
            self.deliver(report)

    def deliver(self, report: Report) -> None:
        """Write a fetched report's rows for every stream that subscribed to it."""
        for _ in self.row_batches(report):
            pass

    def row_batches(self, report: Report) -> Iterator[RowBatch]:
        """Deliver a fetched report, and yield its rows as they go.

        It counts as delivered once the last of them has been asked for.
        """
        is_held = False
        try:
            for subscriber in report.subscribers:
                if subscriber in report.written_for:  # it broke for another stream
                    continue
                writer = self._writers[subscriber.stream]
                written = yield from writer.write_document(
                    report, subscriber, self.partition(subscriber)
                )
                is_held = written.is_held
                if not is_held:
                    self._count(report, subscriber, written)
        except DocumentError as error:
            self._discard(report)
            # fetched again, or a gap
            now = self._clock.now()
            self.on_changes([self.engine.unreadable(report, str(error), now)])
        except StorageError as error:
            self._discard(report)
            self.on_changes([self.engine.left(report, str(error))])
            self._changes.fail(report, f"{error}; it stays pending for the next run")
        else:
            self._discard(report)
            self._go_on(report, is_held=is_held)

    def _go_on(self, report: Report, *, is_held: bool) -> None:
        """End a report whose rows are written, or ask for its next page.

        That page's token stands in the state before it is asked for. Where its rows are
        held the state keeps what it has: the next run reads them again.
        """
        if report.next_page is None:
            self.on_changes([self.engine.delivered(report)])
            return
        self.between_messages()
        self._state_store.write(at_once=True)
        now = self._clock.now()
        self.on_changes(self.engine.continued(report, now, is_held=is_held))

    def _count(
        self, report: Report, subscriber: ReportRequest, written: WrittenDocument
    ) -> None:
        """Note that all rows of a report are written for one of its subscribers."""
        self.report_log.written(subscriber, written.rows, written.repeated_keys)
        report.written_for.add(subscriber)
        self.stats.rows[subscriber.stream] += written.rows
        self.stats.documents[subscriber.stream] += 1
        partition = self.partition(subscriber)
        state = partition.state
        if report.next_page is not None:
            state.requested(report.pending_page())
            self._state_store.changed(partition)
            return
        state.forget(report.report_id or "")
        if partition.has_bookmark and not written.is_final:
            pass  # its rows are out, and its days stay missing
        elif partition.has_bookmark:
            state.deliver(subscriber.window, subscriber.members)
        elif subscriber.listed_id:
            created = report.requested_at or self._clock.now()
            state.taken.append(TakenReport(subscriber.listed_id, created))
        elif partition.max_age is not None:
            state.snapshot_at = report.requested_at
        self._state_store.changed(partition)

    def settle(self, request: ReportRequest) -> None:
        """Note that a window is done whose rows were written before."""
        partition = self.partition(request)
        partition.state.deliver(request.window, request.members)
        self._state_store.changed(partition)

    @staticmethod
    def _discard(report: Report) -> None:
        if isinstance(report.document, SpoolFile):
            report.document_bytes = report.document.size
            report.document.discard()
        report.document = None

    # --- the end -----------------------------------------------------------

    def await_ids(self, seconds: float) -> None:
        """Take in ids that are on their way; what else is said matters no more."""
        assert self.runner is not None  # noqa: S101
        try:
            self.runner.await_ids(seconds)
        except Exception as error:  # noqa: BLE001 - the state must still be written
            logger.info("An answer came too late to be used: %s", error)

    def finish(self) -> None:
        """Note what became of everything, after the last document."""
        for account, kind, report_type in sorted(self.engine.refused_types):
            self.stats.add(
                Problem(
                    self.labels.get(account, account),
                    report_type,
                    "",
                    f"Amazon refuses this type: {kind.name.lower()} was throttled "
                    "(HTTP 429) every time, never once accepted. The next run "
                    "tries again",
                )
            )
        for report in self.engine.reports:
            if report.unknown_word and report.state in _AT_AMAZON:
                self._changes.fail(
                    report,
                    f"Amazon answers with the status {report.unknown_word!r}, which "
                    "this version does not know; the report stays pending",
                )
            if not report.state.is_final:  # stopped by a signal, or broken off
                self.report_log.ended(report, self._clock.now())
