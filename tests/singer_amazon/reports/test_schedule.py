"""Which call is made next, compared with the simplest scheduler there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singer_amazon.rate_limits import (
    AdaptiveRateLimiter,
    Quota,
    Rate,
    RateLimiter,
    TokenBucket,
)
from singer_amazon.reports import model
from singer_amazon.reports.engine import Action, Engine, RetrySettings
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import Outcome, ReportRequest
from singer_amazon.reports.rate_limiters import (
    AdaptiveReportRateLimiters,
    ReportRateLimiters,
)
from singer_amazon.reports.report import CallKind, Report
from singer_amazon.reports.schedule import Scheduler
from support.core.counted_calls import counted_calls
from support.core.reports import NOON, EngineHarness, request
from support.core.simple_scheduler import SimpleScheduler

# of one account: a learnt rate, a published one, one with a quota of the whole
# application, one with a pause of its own, and one bucket for all kinds of calls
TYPES = ["learnt", "published", "application", "paused", "any_kind"]
STATES = [State.PLANNED, State.REQUESTED, State.CANCELLING, State.READY]


class SharedLimiters:
    """Limiters as accounts share them, in every way there is."""

    def __init__(self) -> None:
        self._all: dict[object, RateLimiter] = {}

    def of(self, kind: CallKind, request: ReportRequest) -> tuple[RateLimiter, ...]:
        account, report_type = request.account, request.report_type
        if report_type == "learnt":
            return (self._one(AdaptiveRateLimiter, kind, account),)
        if report_type == "any_kind":
            return (self._one(lambda: TokenBucket(Rate(0.5, 2)), account),)
        bucket = self._one(lambda: TokenBucket(Rate(0.25, 3)), kind, account, "bucket")
        if kind is CallKind.CREATE and report_type == "application":
            return (bucket, self._one(lambda: Quota(4, 240.0, 16.0), "application"))
        if kind is CallKind.CREATE and report_type == "paused":
            return (bucket, self._one(lambda: Quota(1, 32.0), account, "pause"))
        return (bucket,)

    def seconds_for(self, requests: object, now: datetime) -> None:
        """Nobody asks here how long it takes."""

    def _one(self, make: Callable[[], RateLimiter], *key: object) -> RateLimiter:
        if key not in self._all:
            self._all[key] = make()
        return self._all[key]


@dataclass
class Side:
    """One of two schedulers that are told the same."""

    scheduler: Scheduler | SimpleScheduler
    reports: list[Report] = field(default_factory=list)

    def put(self, account: int, report_type: str, state: State, due: datetime) -> None:
        asked = request(1, account=f"a{account}", report_type=report_type)
        report = Report(asked, [asked], rank=-len(self.reports) % 7, state=state)
        self.reports.append(report)
        self.scheduler.put(report, due)

    def take(self, now: datetime, count: int, *, may_fetch: bool) -> list[object]:
        taken = self.scheduler.take(now, count, may_fetch=may_fetch)
        for _, report in taken:
            report.is_busy = True
        return [(kind, self.reports.index(report)) for kind, report in taken]

    def answer(self, index: int, now: datetime, word: str, seconds: float) -> None:
        """Let the call about a report end, and the report wait for its next one."""
        report = self.reports[index]
        report.is_busy = False
        kind = CallKind(STATES_OF_KIND.index(report.state))
        limiters = self.scheduler.limiters.of(kind, report.request)
        for limiter in limiters:
            if word == "refused":
                limiter.refused(now, now, seconds, 0.5)
            elif word == "throttled":
                limiter.refused(now - timedelta(seconds=1), now, None, 0.5)
            elif isinstance(limiter, TokenBucket) and word == "corrected":
                limiter.correct(2.0**-seconds)
                limiter.ready_at(now)  # from now on, whoever asks next
            else:
                limiter.succeeded()
        report.throttled += word in ("refused", "throttled")
        if word == "good":
            report.state = STATES[(STATES.index(report.state) + 1) % len(STATES)]
        if isinstance(self.scheduler, Scheduler):
            self.scheduler.limiters_changed(limiters, now)
        self.scheduler.put(report, now + timedelta(seconds=seconds))


STATES_OF_KIND = [State.PLANNED, State.READY, State.CANCELLING, State.REQUESTED]

answers = st.tuples(
    st.sampled_from(["good", "good", "refused", "throttled", "corrected"]),
    st.sampled_from([0.0, 1.0, 2.0, 8.0]),
)
puts = st.tuples(
    st.just("put"),
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from(TYPES),
            st.sampled_from([State.PLANNED, *STATES]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([0.0, 0.0, 1.0, 8.0]),
)
turns = st.tuples(
    st.just("turn"),
    st.sampled_from([0.0, 0.25, 1.0, 2.0, 4.0, 30.0, 300.0, None]),
    st.integers(1, 6),
    st.sampled_from([True, True, False]),
    st.lists(answers, max_size=6),
)
moves = st.tuples(st.just("moved"), st.integers(0, 99))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(puts, turns, turns, turns, moves), max_size=40))
def test_it_answers_as_the_simple_one_does(steps: list[tuple[Any, ...]]) -> None:
    """Most urgent kind first, oldest first, throttled last, no limiter overdrawn."""
    one = Side(Scheduler(SharedLimiters()))
    simple = Side(SimpleScheduler(SharedLimiters()))
    now = NOON
    for step, *rest in [*steps, ("turn", None, 99, True, [])]:
        if step == "put":
            for account, report_type, state in rest[0]:
                due = now + timedelta(seconds=rest[1])
                for side in (one, simple):
                    side.put(account, report_type, state, due)
        elif step == "moved":
            idle = [i for i, report in enumerate(one.reports) if not report.is_busy]
            for side in (one, simple) if idle else ():
                side.reports[idle[rest[0] % len(idle)]].state = State.REFUSED
        else:
            wait, count, may_fetch, answered = rest
            if wait is None:  # until there is something to do
                now = agreed_wake(one, simple, now)
            else:
                now += timedelta(seconds=wait)
            taken = one.take(now, count, may_fetch=may_fetch)
            assert taken == simple.take(now, count, may_fetch=may_fetch)
            for answer in answered:
                busy = [i for i, report in enumerate(one.reports) if report.is_busy]
                for side in (one, simple) if busy else ():
                    side.answer(busy[0], now, *answer)


def agreed_wake(one: Side, simple: Side, now: datetime) -> datetime:
    """Wait until a call can be made; the scheduler may look up before, in vain."""
    expected = simple.scheduler.next_wake(now)
    found = one.scheduler.next_wake(now)
    assert (found is None) == (expected is None)
    while found is not None and expected is not None and found < expected:
        assert found > now
        now = found
        assert one.take(now, 99, may_fetch=True) == []
        found = one.scheduler.next_wake(now)
    assert found == expected
    return now if expected is None else max(now, expected)


def test_a_report_that_waits_for_two_limiters_waits_for_both() -> None:
    one = Side(Scheduler(SharedLimiters()))
    for account in range(3):
        one.put(account, "application", State.PLANNED, NOON)
    assert one.take(NOON, 9, may_fetch=True) == [(CallKind.CREATE, 0)]
    assert one.scheduler.next_wake(NOON) == NOON + timedelta(seconds=16)
    later = NOON + timedelta(seconds=16)
    assert one.take(later, 9, may_fetch=True) == [(CallKind.CREATE, 2)]


@pytest.mark.parametrize(("word", "seconds"), [("refused", 1.0), ("corrected", 0.0)])
def test_a_limiter_that_opens_earlier_than_it_said_is_looked_at(
    word: str, seconds: float
) -> None:
    """Amazon names a wait shorter than the published rate, or a better rate."""
    one = Side(Scheduler(SharedLimiters()))
    for _ in range(4):
        one.put(1, "published", State.PLANNED, NOON)
    taken = one.take(NOON, 4, may_fetch=True)
    assert len(taken) == 3
    assert one.scheduler.next_wake(NOON) == NOON + timedelta(seconds=4.08)
    one.answer(0, NOON, word, seconds)
    later = NOON + timedelta(seconds=2)
    assert one.take(later, 4, may_fetch=True) != []


def test_the_engine_takes_up_again_what_amazon_lets_through_earlier() -> None:
    one = EngineHarness(Engine(RetrySettings(), limiters=SharedLimiters()))
    one.ask(*[request(n, report_type="published") for n in range(1, 5)])
    first, *_ = one.take()
    one.wake()
    one.record(first, model.Throttled(retry_after=1))
    one.wait(2)
    assert [action.kind for action in one.take()] == [CallKind.CREATE]


# --- what it costs -----------------------------------------------------------------


def work_per_call(limiters: ReportRateLimiters, accounts: int) -> float:
    """Return what is done in the engine for each call, delivery included."""
    one = EngineHarness(Engine(RetrySettings(), limiters=limiters))
    one.ask(
        *[
            request(1, account=f"a{number}", stream=f"s{kind}", report_type=kind)
            for number in range(accounts)
            for kind in ("published", "application", "learnt")
        ]
    )
    polls: dict[Report, int] = {}

    def answer(action: Action) -> Outcome:
        report = action.report
        polls[report] = polls.get(report, 0) + 1
        if polls[report] == 1:
            return model.Throttled(retry_after=5)
        if action.kind is CallKind.POLL and polls[report] < 5:
            return model.Running()
        return one.well(action)

    with counted_calls() as count:
        one.drive(answer, slots=4, seconds=accounts * 30)
    return count[0] / len(one.calls)


@pytest.mark.parametrize("limiters", [AdaptiveReportRateLimiters, SharedLimiters])
def test_what_a_call_costs_does_not_grow_with_the_accounts(
    limiters: Callable[[], ReportRateLimiters],
) -> None:
    """Queues that are empty, or not yet allowed, cost nothing."""
    few, many = (work_per_call(limiters(), accounts) for accounts in (60, 240))
    assert many < 1.2 * few
