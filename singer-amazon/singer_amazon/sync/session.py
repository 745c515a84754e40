"""One run over all selected report streams: plan, wait, deliver, remember.

Knows nothing of Singer but the shape of the state. Everything here runs in the
main thread; only the runner's workers are elsewhere.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace

from singer_amazon.clock import Clock
from singer_amazon.reports.engine import Change, Engine, Report
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import DateOrHour, ReportRequest, TakenReport
from singer_amazon.reports.periods import shortened
from singer_amazon.reports.runner import Runner
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.planner import Planner
from singer_amazon.sync.state_store import StateStore
from singer_amazon.sync.summary import Problem, Progress, RunStats

logger = logging.getLogger(__name__)

_AT_AMAZON = {State.REQUESTED, State.CANCELLING, State.CARRIED}


class Session:
    """The reports of one run, from the plan to the last delivered row."""

    def __init__(
        self,
        *,
        engine: Engine,
        state_store: StateStore,
        clock: Clock,
        stats: RunStats,
        gap_max_runs: int,
    ) -> None:
        self.engine = engine
        self.stats = stats
        self.runner: Runner | None = None
        self._state_store = state_store
        self._clock = clock
        self._gap_max_runs = gap_max_runs
        self._partitions: dict[tuple[str, str, str], Partition] = {}
        self._labels: dict[str, str] = {}
        self._left_out: dict[tuple[str, str, DateOrHour], int] = {}
        """How many newest periods of a window were left out last."""
        self._progress = Progress(clock.now())

    # --- planning ----------------------------------------------------------

    def plan(self, partitions: Iterable[Partition]) -> None:
        """Adopt what earlier runs left and ask for everything else."""
        wanted = list(partitions)
        for partition in wanted:
            self._partitions[partition.key] = partition
            if not partition.qualifier:
                self._labels[partition.account] = partition.label
        planner = Planner(
            self.engine,
            self._state_store,
            self.stats,
            self.partition,
            self._clock.now(),
        )
        planner.plan(wanted)

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

    def turn(self) -> None:
        """Look after everything else, between two messages of a document."""
        assert self.runner is not None  # noqa: S101
        self.runner.turn()
        self.look_after()

    def keep_going(self) -> None:
        """Look after the reports while a message is half written."""
        assert self.runner is not None  # noqa: S101
        self.runner.turn()
        self._progress.log(self.engine, self._clock.now(), self._labels)

    def look_after(self) -> None:
        """Tell progress and write a due state, when no message is half written."""
        self._progress.log(self.engine, self._clock.now(), self._labels)
        self._state_store.write()

    def partition(self, request: ReportRequest) -> Partition:
        """Return the partition a request belongs to."""
        return self._partitions[request.partition_key]

    def served(self, report: Report, subscriber: ReportRequest, rows: int) -> None:
        """Note that all rows of a report are written for one of its takers."""
        report.served.add(subscriber)
        self.stats.rows[subscriber.stream] += rows
        self.stats.documents[subscriber.stream] += 1
        partition = self.partition(subscriber)
        state = partition.state
        state.forget(report.report_id or "")
        if partition.has_bookmark:
            state.deliver(subscriber.window, subscriber.members)
        elif subscriber.listed_id:
            created = report.requested_at or self._clock.now()
            state.taken.append(TakenReport(subscriber.listed_id, created))
        self._state_store.changed(partition)

    def delivered(self, report: Report) -> None:
        """Note that a report has served everybody."""
        self.engine.delivered(report)

    def unreadable(self, report: Report, reason: str) -> None:
        """Note that a document is damaged: it is fetched again, or is a gap."""
        now = self._clock.now()
        self.on_changes([self.engine.unreadable(report, reason, now)])

    def not_stored(self, report: Report, reason: str) -> None:
        """Note that a document could not be kept: the next run fetches it again."""
        self.on_changes([self.engine.left(report, reason)])
        self._fail(report, f"{reason}; it stays pending for the next run")

    def settle(self, seconds: float) -> None:
        """Take in ids that are on their way; what else is said matters no more."""
        assert self.runner is not None  # noqa: S101
        try:
            self.runner.settle(seconds)
        except Exception as error:  # noqa: BLE001 - the state must still be written
            logger.info("An answer came too late to be used: %s", error)

    def finish(self) -> None:
        """Note what became of everything, after the last document."""
        for account, kind, report_type in sorted(self.engine.refused_types):
            self.stats.add(
                Problem(
                    self._labels.get(account, account),
                    report_type,
                    "",
                    f"Amazon refuses this type: {kind.name.lower()} was throttled "
                    "(HTTP 429) every time, never once accepted. The next run "
                    "tries again",
                )
            )
        for report in self.engine.reports:
            if report.unknown_word and report.state in _AT_AMAZON:
                self._fail(
                    report,
                    f"Amazon answers with the status {report.unknown_word!r}, which "
                    "this version does not know; the report stays pending",
                )

    # --- what changed ------------------------------------------------------

    def on_changes(self, changes: list[Change]) -> None:
        """Bring ledgers and problems up to date."""
        for change in changes:
            if change.before is not change.after:
                self._on_change(change)

    def _on_change(self, change: Change) -> None:
        report = change.report
        if change.after is State.REQUESTED and change.before is not State.READY:
            self._requested(report)
        elif change.after is State.PLANNED and change.old_id:
            logger.info(
                "%s of %s %s: asked again (%s)",
                report.request.stream,
                self.partition(report.request).label,
                report.request.window,
                report.reason or "stuck at Amazon",
            )
            self._forget(report, change.old_id)
        elif change.after is State.FETCHED and report.document is None:
            self._has_no_document(report)
        elif change.after is State.FAILED:
            self._failed(report, change.old_id)
        elif change.after is State.REFUSED:
            self._refused(report)
        elif change.after is State.DEFERRED:
            self._forget(report, change.old_id or "")
            self._ask_for_the_rest(report)
        elif change.after is State.CARRIED:
            self._carried(report)

    def _requested(self, report: Report) -> None:
        self.stats.requested += not report.adopted
        self.stats.adopted += report.adopted
        self._note_pending(report)

    def _note_pending(self, report: Report) -> None:
        pending = report.pending()
        for subscriber in report.subscribers:
            partition = self.partition(subscriber)
            partition.state.requested(pending)
            self._state_store.changed(partition)

    def _ask_for_the_rest(self, report: Report) -> None:
        """Ask for a window without its newest periods, which are not there yet.

        One, then two, then four periods are left out, in the end all but the oldest:
        what is late must not keep what is there from being read.
        """
        request = report.request
        partition = self.partition(request)
        if not report.rest_may_be or not partition.has_bookmark or request.is_gap:
            return
        if self.engine.is_time_up:
            return
        key = (request.account, request.fingerprint, request.window.start)
        left_out = self._left_out[key] = max(self._left_out.get(key, 0) * 2, 1)
        rest = shortened(request.window, partition.limits.grid, left_out)
        if rest is None:
            return
        subscribers = [
            replace(subscriber, window=rest)
            for subscriber in report.subscribers
            if self.partition(subscriber).state.missing(rest)
        ]
        if subscribers:
            self.engine.request(subscribers, self._clock.now())

    def _carried(self, report: Report) -> None:
        if report.reason and report.unreachable:
            self._fail(report, f"{report.reason}; it stays pending for the next run")
        if report.no_document_seen:
            self._note_pending(report)

    def _forget(self, report: Report, old_id: str) -> None:
        for subscriber in report.subscribers:
            partition = self.partition(subscriber)
            partition.state.forget(old_id)
            self._state_store.changed(partition)

    def _has_no_document(self, report: Report) -> None:
        for subscriber in report.subscribers:
            logger.warning(
                "%s of %s %s: report %s is taken as empty: %s",
                subscriber.stream,
                self.partition(subscriber).label,
                subscriber.window,
                report.report_id,
                report.reason,
            )

    def _failed(self, report: Report, old_id: str | None) -> None:
        reason = report.reason or "no reason given"
        now = self._clock.now()
        self._forget(report, old_id or "")
        for subscriber in report.subscribers:
            if subscriber in report.served:
                continue
            partition, closed = self.partition(subscriber), []
            if partition.has_bookmark:
                closed = partition.state.fail(
                    subscriber.window,
                    subscriber.members,
                    reason,
                    now=now,
                    max_runs=self._gap_max_runs,
                )
            text = f"{reason}. The next run asks again"
            if closed:
                text = f"{reason}. Given up after {closed[0].attempts} runs"
            self.stats.add(partition.problem(subscriber.window, text))

    def _refused(self, report: Report) -> None:
        for subscriber in report.subscribers:
            partition = self.partition(subscriber)
            if report.history and subscriber.is_gap:
                partition.state.close(
                    subscriber.window,
                    subscriber.members,
                    report.reason or "",
                    self._clock.now(),
                )
                self._state_store.changed(partition)
        self._fail(report, report.reason or "refused", is_failure=report.offered)

    def _fail(self, report: Report, reason: str, *, is_failure: bool = True) -> None:
        for subscriber in report.subscribers:
            partition = self.partition(subscriber)
            self.stats.add(
                partition.problem(subscriber.window, reason, is_failure=is_failure)
            )
