"""What a change of a report means: for the state, and for what people are told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from singer_amazon.clock import Clock
from singer_amazon.report_log.collector import ReportLog
from singer_amazon.reports.engine import Change, Engine, Report
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import DateOrHour, PendingReport, ReportRequest
from singer_amazon.reports.periods import shortened
from singer_amazon.sync.history import RetentionRefusals
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.state_store import StateStore
from singer_amazon.sync.summary import RunStats

logger = logging.getLogger(__name__)


class ChangeRecorder:
    """Keeps the partitions' state and the run's problems up to date."""

    def __init__(
        self,
        *,
        engine: Engine,
        state_store: StateStore,
        clock: Clock,
        stats: RunStats,
        partition_of: Callable[[ReportRequest], Partition],
        gap_max_runs: int,
        log: ReportLog,
    ) -> None:
        self.engine = engine
        self.stats = stats
        self.partition = partition_of
        self._state_store = state_store
        self._clock = clock
        self._gap_max_runs = gap_max_runs
        self._log = log
        self._history = RetentionRefusals(
            engine=engine,
            state_store=state_store,
            clock=clock,
            stats=stats,
            partition_of=partition_of,
        )
        self._left_out: dict[tuple[str, str, DateOrHour], int] = {}
        """How many newest periods of a window were left out last."""

    def record(self, changes: list[Change]) -> None:
        """Take in the reports that moved on."""
        for change in changes:
            if change.before is not change.after or change.has_new_id:
                self._on_change(change)
                if change.after.is_final:
                    self._log.ended(change.report, self._clock.now())

    def _on_change(self, change: Change) -> None:
        report = change.report
        if change.after is State.REQUESTED and change.before is not State.READY:
            self._requested(report)
        elif change.after is State.PLANNED and change.old_id:
            self._planned_again(change, change.old_id)
        elif change.after is State.FETCHED and report.document is None:
            self._has_no_document(report)
        elif change.after is State.FAILED:
            self._failed(report, change.old_id)
        elif change.after is State.REFUSED:
            if change.old_id and report.report_id is None:
                self._forget(report, change.old_id)
            self._refused(report)
        elif change.after is State.DEFERRED:
            self._forget(report, change.old_id or "")
            self._ask_for_the_rest(report)
        elif change.after is State.CARRIED:
            self._carried(report)
        elif change.after is State.UNASKED and report.failed_calls:
            self.fail(report, f"{report.reason}; the next run asks for it")

    def _planned_again(self, change: Change, old_id: str) -> None:
        if change.before is State.FETCHED:
            return  # its next page: the state has it already
        report = change.report
        logger.info(
            "%s of %s %s: asked again (%s)",
            report.request.stream,
            self.partition(report.request).label,
            report.request.window,
            report.reason or "stuck at Amazon",
        )
        self._ended(report, old_id)

    def _requested(self, report: Report) -> None:
        self._history.accepted(report)
        self.stats.requested += not report.adopted
        self.stats.adopted += report.adopted
        self._note_pending(report)

    def _note_pending(self, report: Report) -> None:
        pending = report.pending()
        for subscriber in report.subscribers:
            partition = self.partition(subscriber)
            partition.state.forget(report.last_id or "")
            partition.state.requested(pending)
            self._state_store.changed(partition, is_urgent=partition.repeats_are_new)

    def _ended(self, report: Report, old_id: str) -> None:
        """Forget a report to be asked for again; of a page it is still known which."""
        self._forget(report, old_id)
        page, asked = report.request.page, report.requested_at
        if page is None or asked is None:
            return
        for subscriber in report.subscribers:
            partition = self.partition(subscriber)
            if report.held:  # nothing is written yet: those that are read stay
                partition.state.requested(report.held[-1])
                continue
            partition.state.requested(
                PendingReport(
                    old_id,
                    subscriber.window,
                    subscriber.fingerprint,
                    asked,
                    subscriber.members,
                    page=page,
                    is_read=True,
                )
            )

    def _ask_for_the_rest(self, report: Report) -> None:
        """Ask for a window without its newest periods, which are not there yet.

        One, then two, then four periods are left out, in the end all but the oldest:
        what is late must not keep what is there from being read.
        """
        request = report.request
        partition = self.partition(request)
        if not report.rest_may_be or not partition.has_bookmark or request.is_gap:
            return
        if not self.engine.may_ask:
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
        if report.reason and report.failed_calls:
            self.fail(report, f"{report.reason}; it stays pending for the next run")
        if report.no_document_seen:
            self._note_pending(report)

    def _forget(self, report: Report, old_id: str) -> None:
        for subscriber in report.subscribers:
            partition = self.partition(subscriber)
            partition.state.forget(old_id)
            self._state_store.changed(partition)

    def _has_no_document(self, report: Report) -> None:
        if report.next_page is not None or report.held:
            return  # a part of it is empty, not all
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
        self._forget(report, report.last_id or "")
        for subscriber in report.subscribers:
            if subscriber in report.written_for:
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
                self._log.given_up(subscriber)
                text = f"{reason}. Given up after {closed[0].attempts} runs"
            self.stats.add(partition.problem(subscriber.window, text))

    def _refused(self, report: Report) -> None:
        partition = self.partition(report.request)
        if report.history and (partition.has_bookmark or report.kept_from):
            if self._history.refused(report):
                for subscriber in report.subscribers:
                    self._log.given_up(subscriber)
        else:
            self.fail(report, report.reason or "refused", is_failure=report.offered)

    def fail(self, report: Report, reason: str, *, is_failure: bool = True) -> None:
        """Note a problem with each window a report was asked for."""
        for subscriber in report.subscribers:
            partition = self.partition(subscriber)
            self.stats.add(
                partition.problem(subscriber.window, reason, is_failure=is_failure)
            )
