"""Reports are looked at when those of their type became ready in earlier runs."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.reports import model
from singer_amazon.reports.engine import CallKind, Engine, RetrySettings
from singer_amazon.reports.polling.ready_ages import (
    KEPT,
    PollWaits,
    ReadyAges,
    age_between,
)
from support.core.engine import requested
from support.core.reports import NOON, EngineHarness

AGES = st.lists(st.floats(0, 100_000), min_size=6, max_size=KEPT)
WAITS = PollWaits(usual=15, least=3.75, most=1200, longest=300)
RUNS: dict[str, Callable[[random.Random], float]] = {
    "seconds": lambda rng: rng.uniform(60, 240),
    "minutes": lambda rng: rng.lognormvariate(5.5, 0.8),
    "two kinds": lambda rng: rng.choice((rng.uniform(60, 90), rng.uniform(900, 1200))),
}


def known(ages: list[float], report_type: str = "t") -> ReadyAges:
    return ReadyAges({report_type: " ".join(map(str, ages))})


def looks(ages: ReadyAges, ready: float) -> list[float]:
    """The ages at which a report is looked at until it is ready."""
    found = [0.0]
    while found[-1] < ready:
        found.append(ages.next_look("t", found[-1], found[-1], WAITS))
    return found[1:]


def test_nothing_known_means_the_settings_count() -> None:
    assert ReadyAges().next_look("t", 0, 0, WAITS) == pytest.approx(15, rel=0.02)
    assert ReadyAges().next_look("t", 40, 40, WAITS) == pytest.approx(55, rel=0.02)


def test_a_type_of_few_ages_goes_by_those_of_all_types() -> None:
    ages = ReadyAges({"t": "20 21", "u": "20 21 22 23 24 25"})
    assert ages.next_look("t", 0, 0, WAITS) == pytest.approx(21, rel=0.06)


def test_nobody_looks_before_the_first_one_was_ready_and_soon_past_the_last() -> None:
    ages = known([600, 610, 620, 630, 640, 650.0] * 2)
    assert 600 < ages.next_look("t", 0, 0, WAITS) < 640
    assert ages.next_look("t", 655, 655, WAITS) < 675


def test_a_look_is_put_off_while_others_are_not_ready() -> None:
    ages = ReadyAges()
    for number in range(20):
        ages.look("t", 40 + number / 10, None)
    assert ages.next_look("t", 0, 15, WAITS) > 30


def test_a_report_that_was_ready_brings_the_looks_at_others_nearer() -> None:
    ages = ReadyAges()
    for age in (100, 101, 102.0):
        ages.look("t", age, None)
    before = ages.next_look("t", 90, 90, PollWaits(60, 3.75, 1200, 300))
    for age in (100, 101, 102.0):
        ages.note("t", age - 4, age)
    after = ages.next_look("t", 90, 90, PollWaits(60, 3.75, 1200, 300))
    assert 96 < after < before


def test_a_look_without_an_answer_says_nothing() -> None:
    ages = ReadyAges()
    ages.look("t", 500, None)
    ages.forget_look("t", 500)
    assert ages.next_look("t", 0, 0, WAITS) == pytest.approx(15, rel=0.02)


@pytest.mark.parametrize("ready", RUNS.values(), ids=RUNS)
def test_a_first_run_learns_from_its_own_reports(
    ready: Callable[[random.Random], float],
) -> None:
    rng = random.Random(3)  # noqa: S311 - the same ages each time
    calls, late = first_run([ready(rng) for _ in range(200)], ReadyAges())
    alone, alone_late = first_run([ready(rng) for _ in range(200)], None)
    assert late < min(0.16, alone_late * 0.75)
    assert calls < alone * 1.2


def first_run(ready: list[float], ages: ReadyAges | None) -> tuple[float, float]:
    """Looks at each report and how late it was found; one report a second begins.

    Without `ages` each report goes by the settings alone.
    """
    due = [(number + 1.0, number) for number in range(len(ready))]
    seen, last, looked = [0.0] * len(ready), [0.0] * len(ready), [0] * len(ready)
    late = []
    while due:
        now, number = heapq.heappop(due)
        age = now - number
        usual = min(15 * 1.5 ** looked[number], 300)
        waits = PollWaits(usual, 3.75, 1200, 300)
        asked = last[number] + usual
        if ages is not None:
            asked = ages.next_thought("t", seen[number], age, waits)
        if asked > age + 0.001:
            heapq.heappush(due, (number + asked, number))
            continue
        looked[number] += 1
        last[number] = age
        before = seen[number] or None
        if ages is not None:
            ages.look("t", age, before)
        if age >= ready[number]:
            late.append((age - ready[number]) / ready[number])
            if ages is not None:
                ages.note("t", ready[number], age)
            continue
        seen[number] = age
        heapq.heappush(due, (now + 0.001, number))
    return sum(looked) / len(ready), sum(late) / len(ready)


@given(ages=AGES, ready=st.floats(0, 20_000))
def test_looks_go_on_and_never_crowd(ages: list[float], ready: float) -> None:
    for before, after in pairwise([0.0, *looks(known(ages), ready)]):
        assert WAITS.least <= after - before + 1e-6 <= WAITS.most + 1e-3


@given(st.lists(st.floats(0, 9999), max_size=200), AGES)
def test_the_state_keeps_few_ages_from_the_youngest_to_the_oldest(
    new: list[float], old: list[float]
) -> None:
    ages = known(old)
    for age in new:
        ages.note("t", age)
    kept = [float(word) for word in ages.in_state()["t"].split()]
    assert kept == sorted(kept)
    assert len(kept) <= KEPT
    everything = [*old, *new]
    for age in kept:
        assert any(age == pytest.approx(one, rel=0.01) for one in everything)
    assert ReadyAges(ages.in_state()).in_state() == ages.in_state()


@pytest.mark.parametrize(
    "kept", [None, [], "x", {"t": "a b"}, {"t": "nan inf"}, {1: 2}]
)
def test_a_damaged_state_is_learnt_anew(kept: object) -> None:
    ages = ReadyAges(kept)
    assert ages.next_look("t", 0, 0, WAITS) <= 15.3
    ages.note("t", 30)
    assert "30" in ages.in_state()["t"].split()


@pytest.mark.parametrize(
    ("created", "ready", "age"),
    [
        ("2026-11-01T10:00:00.000Z", "2026-11-01T10:00:12.500Z", 12.5),
        ("2026-11-01T10:00:00+00:00", "2026-11-01T10:05:00Z", 300),
        ("2026-11-01T10:00:10Z", "2026-11-01T10:00:00Z", None),
        ("2026-11-01T10:00:10", "2026-11-01T10:00:20Z", None),
        (None, "2026-11-01T10:00:20Z", None),
    ],
)
def test_ages_are_read_from_what_amazon_says(
    created: object, ready: object, age: float | None
) -> None:
    assert age_between(created, ready) == age


def harness(ages: ReadyAges) -> EngineHarness:
    retry = RetrySettings(poll_interval=15, poll_interval_max=300)
    return EngineHarness(Engine(retry, ages=ages))


def test_an_engine_waits_for_the_known_age_and_learns_the_true_one() -> None:
    ages = known([100.0, 101, 102, 103, 104, 105], "of another type")
    one = harness(ages)
    report = requested(one)
    began = one.now
    one.wake()
    assert 100 <= (one.now - began).total_seconds() <= 122
    one.record(one.take_one(CallKind.POLL), model.Ready(age=99.0))
    assert "99" in ages.in_state()[report.request.report_type].split()


def test_what_is_known_of_old_keeps_no_report_for_hours() -> None:
    one = harness(ReadyAges({"x": "90000 " * 8}))
    requested(one)
    began = one.now
    one.wake()
    assert (one.now - began).total_seconds() <= 1200


def test_reports_that_are_ready_at_once_are_not_polled_in_a_hurry() -> None:
    one = harness(ReadyAges({"x": "0 " * 8}))
    requested(one)
    for _ in range(3):
        began = one.now
        one.wake()
        assert (one.now - began).total_seconds() >= 3.7
        one.record(one.take_one(CallKind.POLL), model.Running())


def test_without_a_word_of_amazon_the_age_is_between_two_looks() -> None:
    ages = ReadyAges()
    one = harness(ages)
    report = requested(one)
    one.wake()
    one.record(one.take_one(CallKind.POLL), model.Running())
    last = (one.now - NOON).total_seconds()
    one.wake()
    one.record(one.take_one(CallKind.POLL), model.Ready())
    found = (one.now - NOON).total_seconds()
    (age,) = ages.in_state()[report.request.report_type].split()
    assert last <= float(age) <= found
    assert float(age) == pytest.approx((last + found) / 2, rel=0.01)
