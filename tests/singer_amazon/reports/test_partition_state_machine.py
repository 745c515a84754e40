"""Months of runs with everything that can happen, against what really happened.

The simulation keeps its own books: which rows were really written for whom, and what
people were told is lost. The state must never claim more than that.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.reports import periods
from singer_amazon.reports.model import ClosedGap, Members, PendingReport, Window
from singer_amazon.reports.partition_state import (
    CLOSED_GAP_DAYS,
    PartitionState,
)
from singer_amazon.reports.periods import DayGrid, covered_by
from singer_amazon.reports.windows import (
    DateRange,
    Plan,
    RequestLimits,
    WindowRequest,
    plan,
)
from support.core.reports import NOON, day

MAX_RUNS = 3
LONGEST = 7
LIMITS = RequestLimits(DayGrid(LONGEST), 5, max_members=2)
RETENTION = 25
DEFAULT_START = 12


def each_day(window: Window) -> list[date]:
    return [window.start + timedelta(days=n) for n in range(window.length)]


@dataclass
class Simulation:
    """One account over many runs."""

    random: Random
    names: str
    """The advertisers there may be; none for a plain account."""
    state: dict[str, object] = field(default_factory=dict)
    today: int = 60
    start: int | None = 40
    """What the user has set; without it, reading begins so many days back."""
    written: defaultdict[str, set[date]] = field(
        default_factory=lambda: defaultdict(set)
    )
    excused: defaultdict[str, set[date]] = field(
        default_factory=lambda: defaultdict(set)
    )
    owed_from: dict[str, date] = field(default_factory=dict)
    ids: int = 0

    def days(self) -> DateRange:
        """Return what this run may ask for."""
        return DateRange(
            day(self.today - DEFAULT_START if self.start is None else self.start),
            day(self.today),
            day(self.today - RETENTION),
            start_is_set=self.start is not None,
        )

    # --- one run -----------------------------------------------------------

    def run(self, *, all_goes_well: bool = False) -> None:
        """Plan, let things happen, and keep the state."""
        before = PartitionState.from_state(self.state)
        state = PartitionState.from_state(json.loads(json.dumps(self.state)))
        members = frozenset(self.random.sample(self.names, len(self.names)))
        if not all_goes_well and self.names:
            members = frozenset(
                self.random.sample(self.names, self.random.randint(1, len(self.names)))
            )
        days = self.days()
        now = NOON + timedelta(days=self.today)
        for gap in state.close_history(days.oldest_kept, now):
            self._excuse(gap)
        planned = plan(state, days, LIMITS, members)
        self._excuse_what_was_cut(before, state)
        self._check_plan(state, days, planned, members)
        self._let_things_happen(state, planned, all_goes_well=all_goes_well)
        state.forget_closed(now)
        is_anew = before.bookmark is None or bool(
            before.members and not before.members & members
        )
        self._remember_who_is_owed_what(state, days, is_anew=is_anew)
        self._check_state(before, state, is_anew=is_anew)
        self.state = state.to_state()

    def _excuse(self, gap: ClosedGap) -> None:
        for person in covered_by(gap.members):
            self.excused[person].update(each_day(gap.window))

    def _excuse_what_was_cut(
        self, before: PartitionState, state: PartitionState
    ) -> None:
        """A later start date or history has moved the bookmark in the plan."""
        if state.bookmark is None or before.bookmark is None:
            return
        cut = day(self.today - RETENTION)
        if self.start is not None:
            cut = max(cut, day(self.start))
        if before.bookmark < cut - timedelta(days=1):
            lost = Window(before.bookmark, cut - timedelta(days=1))
            for person in [*self.names, ""]:
                self.excused[person].update(each_day(lost))

    def _let_things_happen(
        self, state: PartitionState, planned: Plan, *, all_goes_well: bool
    ) -> None:
        for report in list(state.pending):
            what = "delivered" if all_goes_well else self._one_of(pending=True)
            self._happen(state, what, report.window, report.members, report.report_id)
        for ask in planned.requests:
            what = "delivered" if all_goes_well else self._one_of(pending=False)
            self._happen(state, what, ask.window, ask.members, None)
            if not all_goes_well and self.random.random() < 0.02:
                return  # killed; the state was written just before

    def _one_of(self, *, pending: bool) -> str:
        names = ["delivered", "failed", "carried", "vanished" if pending else "refused"]
        return self.random.choices(names, [10, 3, 4, 2])[0]

    def _happen(
        self,
        state: PartitionState,
        what: str,
        window: Window,
        members: Members,
        report_id: str | None,
    ) -> None:
        now = NOON + timedelta(days=self.today)
        if what == "refused" or (what == "carried" and report_id):
            return
        if what == "vanished" and report_id:
            state.forget(report_id)
            self._happen(state, self._one_of(pending=False), window, members, None)
            return
        if report_id is None:
            self.ids += 1
            report_id = f"r{self.ids}"
            state.requested(PendingReport(report_id, window, "f" * 16, now, members))
            if what == "carried":
                return
        state.forget(report_id)
        if what == "delivered":
            for person in covered_by(members):
                self.written[person].update(each_day(window))
            state.deliver(window, members)
        else:
            reason = f"failed {self.random.randint(1, 2)}"
            for gap in state.fail(window, members, reason, now=now, max_runs=MAX_RUNS):
                self._excuse(gap)

    def _remember_who_is_owed_what(
        self, state: PartitionState, days: DateRange, *, is_anew: bool
    ) -> None:
        """Everybody covered is owed the days from when it was first covered."""
        first = max(days.start, days.oldest_kept)
        for person in list(self.owed_from):
            if person not in covered_by(state.members):
                del self.owed_from[person]
        if state.bookmark is None:
            return
        for person in covered_by(state.members):
            if person not in self.owed_from or is_anew:
                self.owed_from[person] = first

    # --- what must always hold ---------------------------------------------

    def _check_plan(
        self, state: PartitionState, days: DateRange, planned: Plan, members: Members
    ) -> None:
        for person in covered_by(members):
            asks = [a for a in planned.requests if person in covered_by(a.members)]
            self._check_no_day_twice(state, asks, person)
            self._check_every_ask_has_a_reason(state, asks, person)
            self._check_look_back_is_free(state, asks, person)
            assert not _missed(state, days, asks, person)
        for ask in planned.requests:
            assert ask.window.length <= LONGEST
            assert len(ask.members) <= LIMITS.max_members
            assert ask.members <= members
            assert ask.is_gap or days.oldest_kept <= ask.window.start
            assert ask.window.end <= days.end

    def _check_no_day_twice(
        self, state: PartitionState, asks: list[WindowRequest], person: str
    ) -> None:
        live = [p.window for p in state.pending if person in covered_by(p.members)]
        mine = [ask.window for ask in asks]
        assert periods.intersect(mine, live) == ()
        assert sum(w.length for w in periods.union(mine)) == sum(w.length for w in mine)

    def _check_every_ask_has_a_reason(
        self, state: PartitionState, asks: list[WindowRequest], person: str
    ) -> None:
        done, gaps = state.done(person), state.gap_days(person)
        has_new = False
        again: list[Window] = []
        for ask in asks:
            if ask.is_gap:
                assert periods.subtract([ask.window], gaps) == ()
                continue
            assert periods.intersect([ask.window], gaps) == ()
            has_new |= periods.subtract([ask.window], done) != ()
            again += periods.intersect([ask.window], done)
        if again:
            assert has_new, "a look-back without a new day"
            newest = done[-1].end
            assert min(w.start for w in again) > newest - timedelta(
                days=LIMITS.lookback
            )

    def _check_look_back_is_free(
        self, state: PartitionState, asks: list[WindowRequest], person: str
    ) -> None:
        windows = [ask.window for ask in asks if not ask.is_gap]
        new = periods.subtract(windows, state.done(person))
        if sum(w.length for w in new) <= LONGEST:
            assert len(windows) <= len(periods.split(new, LONGEST))

    def _check_state(
        self, before: PartitionState, state: PartitionState, *, is_anew: bool
    ) -> None:
        bookmark = state.bookmark
        if not is_anew:
            assert bookmark is not None
            assert before.bookmark is not None
            assert bookmark >= before.bookmark
        for gap in state.gaps:
            assert gap.attempts <= MAX_RUNS
            if bookmark and covered_by(gap.members) & covered_by(state.members):
                assert gap.window.start > bookmark
        for entry in state.delivered:
            if bookmark and covered_by(entry.members) & covered_by(state.members):
                assert entry.window.start > bookmark
        for closed in state.closed_gaps:
            age = NOON + timedelta(days=self.today) - closed.closed_at
            assert age <= timedelta(days=CLOSED_GAP_DAYS)
        for person, first in self.owed_from.items():
            for window in state.done(person):
                self._check_claim(person, first, window)

    def _check_claim(self, person: str, first: date, window: Window) -> None:
        """What the state calls done was written, or people were told."""
        claimed = window.clip(first, window.end)
        if claimed is not None:
            excused = self.written[person] | self.excused[person]
            assert set(each_day(claimed)) <= excused, (
                f"{person or 'account'}: {claimed}"
            )


def _missed(
    state: PartitionState, days: DateRange, asks: list[WindowRequest], person: str
) -> periods.Spans:
    """Return days nobody will bring although they are asked for."""
    first = max(days.start, days.oldest_kept)
    if state.bookmark is not None and person in covered_by(state.members):
        first = max(first, state.bookmark + timedelta(days=1))
    if first > days.end:
        return ()
    coming = [
        *state.done(person),
        *state.pending_days(person),
        *(ask.window for ask in asks),
    ]
    return periods.subtract([Window(first, days.end)], coming)


def run_for(simulation: Simulation, runs: int) -> None:
    for _ in range(runs):
        pause = simulation.random.choices([0, 1, 2, 6, 40], [3, 10, 3, 1, 0.3])[0]
        simulation.today += pause
        if simulation.start is not None and simulation.random.random() < 0.05:
            simulation.start = simulation.today - simulation.random.randint(0, 30)
        simulation.run()
    # all goes well at last: what is left is brought, and nothing else is left
    for _ in range(3):
        simulation.today += 1
        simulation.run(all_goes_well=True)
    end = PartitionState.from_state(simulation.state)
    assert (end.gaps, end.delivered, end.pending) == ([], [], [])
    assert end.bookmark == day(simulation.today)
    assert end.members == frozenset(simulation.names)
    # and a second run on the same day asks for nothing
    assert (
        plan(end, simulation.days(), LIMITS, frozenset(simulation.names)).requests == ()
    )


def print_one(seed: int, names: str) -> None:
    random = Random(seed)  # noqa: S311 - a simulation, not a secret
    run_for(Simulation(random, names, start=40 if seed % 2 else None), runs=30)


@given(st.integers(0, 2**32))
def test_no_day_of_an_account_is_lost_or_claimed(seed: int) -> None:
    print_one(seed, "")


@given(st.integers(0, 2**32))
def test_no_day_of_any_advertiser_is_lost_or_claimed(seed: int) -> None:
    print_one(seed, "abcd")
