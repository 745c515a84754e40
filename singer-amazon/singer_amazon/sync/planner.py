"""What a run asks for: takes up what earlier runs left, and plans the rest.

Partitions of several streams that read one document are planned together.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from singer_amazon.reports.engine import Engine
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import (
    ListedReport,
    Members,
    PendingReport,
    ReportRequest,
    Window,
)
from singer_amazon.reports.windows import Plan, WindowRequest, plan, plan_shared
from singer_amazon.sync.partition import Partition, PartitionKind
from singer_amazon.sync.state_store import StateStore
from singer_amazon.sync.summary import RunStats

logger = logging.getLogger(__name__)

TAKEN_DAYS = 100
"""How long a listed report is remembered; Amazon lists the last 90 days."""


class Planner:
    """Fills an engine from partitions whose state it reads and prepares."""

    def __init__(
        self,
        engine: Engine,
        state_store: StateStore,
        stats: RunStats,
        partition_of: Callable[[ReportRequest], Partition],
        now: datetime,
    ) -> None:
        self._engine = engine
        self._state_store = state_store
        self._stats = stats
        self._partition_of = partition_of
        self._now = now

    def plan(self, partitions: Iterable[Partition]) -> None:
        """Adopt what earlier runs left and ask for everything else."""
        requests: list[ReportRequest] = []
        sharing: dict[object, list[Partition]] = {}
        for partition in partitions:
            self._state_store.load(partition)
            self._adopt(partition)
            if partition.kind is PartitionKind.WINDOWS:
                sharing.setdefault(_document_key(partition), []).append(partition)
            elif partition.kind is PartitionKind.LISTED:
                self._adopt_listed(partition)
            elif not self._is_young(partition):
                requests += _single_requests(partition)
        for group in sharing.values():
            requests += self._plan_group(group)
        if not self._engine.may_ask:
            requests = []
        self._engine.request(requests, self._now)
        self._share_live_reports()
        logger.info(
            "Plan: %d reports to ask for, %d taken up from earlier runs",
            len({r.identity for r in requests}),
            self._stats.adopted,
        )

    def _is_young(self, partition: Partition) -> bool:
        """Whether the last snapshot will do for this run; it is said."""
        is_young = partition.is_young(self._now)
        if is_young:
            logger.info(
                "%s of %s: the snapshot of %s is young enough",
                partition.stream,
                partition.label,
                f"{partition.state.snapshot_at:%Y-%m-%d %H:%M}",
            )
        return is_young

    def _plan_group(self, group: list[Partition]) -> Iterable[ReportRequest]:
        new_gaps = [self._close_history(partition) for partition in group]
        one = group[0]
        plans: tuple[Plan, ...]
        if len(group) == 1:
            plans = (plan(one.state, one.days, one.limits, one.members),)
        else:
            states = [partition.state for partition in group]
            limits = max((p.limits for p in group), key=lambda item: item.lookback)
            # one document: the longest hold-back of those who share it counts
            days = min((p.days for p in group), key=lambda item: item.end)
            plans = plan_shared(states, days, limits)
        for partition, planned, new in zip(group, plans, new_gaps, strict=True):
            for note in planned.notes:
                logger.warning("%s of %s: %s", partition.stream, partition.label, note)
            self._repeat_closed_gaps(partition, new=new)
            for window_request in planned.requests:
                yield partition.request(window_request)

    def _close_history(self, partition: Partition) -> int:
        state = partition.state
        state.keep_only(partition.members)
        closed = state.close_history(partition.days.oldest_kept, self._now)
        for gap in closed:
            self._stats.add(partition.problem(gap.window, f"gap closed: {gap.reason}"))
        return len(closed)

    # --- reports there are -------------------------------------------------

    def _adopt(self, partition: Partition) -> None:
        for pending in list(partition.state.pending):
            if self._is_past(partition, pending):
                logger.info(
                    "%s of %s: report %s was asked for at %s, which Amazon keeps no "
                    "longer: it is asked for anew",
                    partition.stream,
                    partition.label,
                    pending.report_id,
                    f"{pending.requested_at:%Y-%m-%d %H:%M}",
                )
                partition.state.forget(pending.report_id)
                self._state_store.changed(partition)
                continue
            if pending.fingerprint != self._fingerprint(partition, pending):
                self._drop(partition, pending)
                continue
            self._adopt_report(partition, pending)

    def _fingerprint(self, partition: Partition, pending: PendingReport) -> str:
        """Return what a pending report must have been asked for, to be taken up.

        A RANGE is one of other days tomorrow: a run that asks wants those of today; one
        that only collects takes up what was asked for.
        """
        asks = self._engine.retry.mode.asks
        window = partition.window if asks else None
        return partition.fingerprint(window or pending.window)

    def _drop(self, partition: Partition, pending: PendingReport) -> None:
        """Forget a report of something else than is asked for now."""
        logger.info(
            "%s of %s: report %s for %s asks for something else than is "
            "wanted now and is dropped",
            partition.stream,
            partition.label,
            pending.report_id,
            pending.window,
        )
        if partition.kind is PartitionKind.RANGE:  # nobody asks for these days again
            reason = (
                f"report {pending.report_id}, asked for at "
                f"{pending.requested_at:%Y-%m-%d %H:%M} UTC, is of other days or "
                "columns than this run asks for: it is dropped, its rows do not come. "
                "A run with run_mode collect takes such reports up"
            )
            problem = partition.problem(pending.window, reason, is_failure=False)
            self._stats.add(problem)
        partition.state.forget(pending.report_id)
        self._state_store.changed(partition)

    def _is_past(self, partition: Partition, pending: PendingReport) -> bool:
        life = partition.report_life
        return life is not None and self._now - pending.requested_at >= life

    def _adopt_report(self, partition: Partition, pending: PendingReport) -> None:
        listed_id = pending.report_id if partition.kind is PartitionKind.LISTED else ""
        request = partition.request(
            WindowRequest(pending.window, pending.members, pending.window.start),
            listed_id,
        )
        report = self._engine.adopt(request, pending, self._now)
        self._stats.adopted += len(report.subscribers) == 1

    def _adopt_listed(self, partition: Partition) -> None:
        """Take every listed report that has not been delivered yet."""
        state = partition.state
        limit = self._now - timedelta(days=TAKEN_DAYS)
        state.taken = [t for t in state.taken if t.created_at >= limit]
        known = {t.report_id for t in state.taken}
        known |= {p.report_id for p in state.pending}
        for listed in partition.listed:
            if listed.report_id not in known:
                self._adopt_report(partition, _as_pending(partition, listed))

    def _share_live_reports(self) -> None:
        """Put a live report into the state of every stream that takes it."""
        for report in self._engine.reports:
            if report.state is not State.REQUESTED:
                continue
            pending = report.pending()
            for subscriber in report.subscribers:
                partition = self._partition_of(subscriber)
                mine = [
                    p
                    for p in partition.state.pending
                    if _is_same_report(p, pending) and not subscriber.listed_id
                ]
                if mine == [pending]:
                    continue
                for other in mine:
                    partition.state.forget(other.report_id)
                partition.state.requested(pending)
                self._state_store.changed(partition)

    # --- closed gaps --------------------------------------------------------

    def _repeat_closed_gaps(self, partition: Partition, *, new: int) -> None:
        """Show gaps closed by earlier runs for as long as they are kept."""
        state = partition.state
        before = len(state.closed_gaps)
        state.forget_closed(self._now)
        if new or len(state.closed_gaps) != before:
            self._state_store.changed(partition)
        for gap in state.closed_gaps[: len(state.closed_gaps) - new]:
            words = f"given up on {gap.closed_at.date()}: {gap.reason}"
            self._stats.add(partition.problem(gap.window, words, is_failure=False))


def _single_requests(partition: Partition) -> Iterable[ReportRequest]:
    """Ask for the one window of a stream without a bookmark, unless it is coming."""
    window = partition.window
    pending = partition.state.pending
    if window is None or (partition.kind is PartitionKind.SNAPSHOT and pending):
        return
    if any(p.window == window for p in pending):
        return
    for members in _batches(partition.members, partition.limits.max_members):
        yield partition.request(WindowRequest(window, members, window.start))


def _document_key(partition: Partition) -> object:
    """Return what streams have in common that read one document."""
    if partition.members:  # read advertiser by advertiser, each for itself
        return id(partition)
    return (
        partition.account,
        partition.fingerprint(Window.up_to(partition.days.end)),
    )


def _as_pending(partition: Partition, listed: ListedReport) -> PendingReport:
    return PendingReport(
        listed.report_id,
        listed.window,
        partition.fingerprint(listed.window),
        listed.created_at,
    )


def _is_same_report(one: PendingReport, other: PendingReport) -> bool:
    return (one.window, one.members, one.fingerprint) == (
        other.window,
        other.members,
        other.fingerprint,
    )


def _batches(members: Members, size: int) -> list[Members]:
    names = sorted(members)
    return [
        frozenset(names[index : index + size]) for index in range(0, len(names), size)
    ] or [members]
