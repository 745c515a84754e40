"""Reports are looked at when those of their type became ready in earlier runs."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.reports import model
from singer_amazon.reports.engine import CallKind, Engine, RetrySettings
from singer_amazon.reports.polling.ready_ages import KEPT, ReadyAges, age_between
from support.core.engine import requested
from support.core.reports import NOON, EngineHarness

AGES = st.lists(st.floats(0, 100_000), min_size=6, max_size=KEPT)
LONGEST = 300.0


def known(ages: list[float], report_type: str = "t") -> ReadyAges:
    return ReadyAges({report_type: " ".join(map(str, ages))})


def looks(ages: ReadyAges, ready: float) -> list[float]:
    """The ages at which a report is looked at until it is ready."""
    found = [0.0]
    while found[-1] < ready:
        due = ages.next_look("t", found[-1], LONGEST)
        assert due is not None
        found.append(max(due, found[-1] + 0.2))
    return found[1:]


def test_nothing_known_means_the_settings_count() -> None:
    assert ReadyAges().next_look("t", 0, LONGEST) is None
    assert known([30.0] * 3).next_look("t", 0, LONGEST) is None


def test_a_type_of_few_ages_goes_by_those_of_all_types() -> None:
    ages = ReadyAges({"t": "20 21", "u": "20 21 22 23"})
    assert ages.next_look("t", 0, LONGEST) == 20


@pytest.mark.parametrize(("types", "late"), [(8, 0.1), (1, 0.15)])
def test_few_calls_find_a_report_soon(types: int, late: float) -> None:
    rng = random.Random(5)  # noqa: S311 - the same ages each time
    each = KEPT if types == 1 else 5
    earlier = ReadyAges(
        {
            f"{'t' * number}": " ".join(str(rng.uniform(60, 240)) for _ in range(each))
            for number in range(1, types + 1)
        }
    )
    ready = [rng.uniform(60, 240) for _ in range(500)]
    found = [looks(earlier, age) for age in ready]
    shares = [(f[-1] - age) / age for f, age in zip(found, ready, strict=True)]
    assert sum(map(len, found)) / len(found) < 5
    assert sum(shares) / len(shares) < late


def test_nobody_looks_before_the_first_one_was_ready_and_soon_past_the_last() -> None:
    ages = known([600, 610, 620, 630, 640, 650.0])
    first = ages.next_look("t", 0, LONGEST)
    assert first == 600
    assert ages.next_look("t", 650, LONGEST) == pytest.approx(676)
    late = ages.next_look("t", 5000, LONGEST)
    assert late == 5000 + LONGEST


@given(ages=AGES, ready=st.floats(0, 200_000))
def test_looks_go_on_and_never_crowd(ages: list[float], ready: float) -> None:
    found = looks(known(ages), ready)
    for before, after in pairwise(found):
        assert after >= min(before * 1.039, before + 0.19)
        assert after - before <= max(LONGEST, 0.3 * after, *ages)


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
    assert ages.next_look("t", 0, LONGEST) is None
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
    assert 100 <= (one.now - began).total_seconds() <= 102
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
