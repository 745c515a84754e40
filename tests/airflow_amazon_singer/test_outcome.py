"""What came of the runs of a shard, and when it is looked at again."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_amazon_singer.outcome import RESULTS, Outcome, gathered, next_look

NOON = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
DEADLINE = NOON + timedelta(hours=6)
SHORTEST = timedelta(seconds=15)
ASKED = {"requested": 40, "waiting": 40, "delivered": 0}

outcomes = st.builds(
    Outcome,
    result=st.sampled_from(RESULTS),
    rows=st.integers(0, 100),
    failures=st.lists(st.text("ab", min_size=1), max_size=3).map(tuple),
)


def test_what_waits_is_looked_at_when_the_tap_says_so() -> None:
    found = outcome(result="waiting", next_look_at="2026-11-28T12:05:00+00:00")
    assert look(found) == NOON + timedelta(minutes=5)


def test_a_shard_is_not_looked_at_more_often_than_allowed() -> None:
    found = outcome(result="waiting", next_look_at="2026-11-28T11:00:00Z")
    assert look(found) == NOON + SHORTEST
    assert look(outcome(result="waiting")) == NOON + SHORTEST


def test_a_last_look_is_taken_at_the_deadline_and_none_after_it() -> None:
    found = outcome(result="waiting", next_look_at="2026-11-29T12:00:00+00:00")
    assert look(found) == DEADLINE
    assert look(found, now=DEADLINE) is None


def test_nothing_is_looked_at_that_does_not_wait() -> None:
    assert look(outcome(result="complete", next_look_at=None)) is None


def test_refused_accounts_do_not_end_the_wait_for_the_others() -> None:
    found = outcome(result="partly", next_look_at="2026-11-28T12:05:00+00:00")
    assert look(found) == NOON + timedelta(minutes=5)


def test_reports_that_there_was_no_time_to_ask_for_are_asked_for_later() -> None:
    cut = {"requested": 10, "adopted": 5, "waiting": 40}
    asked = Outcome.of({"result": "waiting", "reports": cut}, 300.0, asks=True)
    assert asked.unasked == 25
    assert look(asked) is not None
    collected = Outcome.of({"result": "complete", "reports": cut}, 3.0, asks=False)
    assert collected.unasked == 0


def test_a_shard_that_waited_is_complete_once_the_rest_has_come() -> None:
    asked = Outcome.of({"result": "waiting", "reports": ASKED}, 2.0, asks=True)
    found = {"result": "complete", "rows": 9, "reports": {"delivered": 40}}
    whole = asked.then(Outcome.of(found, 3.5, asks=False))
    assert (whole.result, whole.rows, whole.runs) == ("complete", 9, 2)
    assert whole.seconds == pytest.approx(5.5)
    assert not whole.is_waiting


def test_a_run_that_found_nothing_ready_counts_as_waiting() -> None:
    summary = {"result": "waiting", "reports": {"adopted": 40, "waiting": 40}}
    found = Outcome.of(summary, 2.0, asks=False)
    assert (found.idle_runs, found.idle_seconds) == (1, 2.0)
    asked = Outcome.of({"result": "waiting", "reports": ASKED}, 2.0, asks=True)
    assert asked.idle_runs == 0
    done_before = {"result": "complete", "reports": {"adopted": 0, "waiting": 0}}
    assert Outcome.of(done_before, 2.0, asks=False).idle_runs == 0


@given(st.lists(outcomes, min_size=1, max_size=6))
def test_a_shard_that_failed_does_not_get_better(found: list[Outcome]) -> None:
    total = found[0]
    for later in found[1:]:
        total = total.then(later)
    sentences = {text for one in found for text in one.failures}
    assert set(total.failures) == sentences
    bad = [one.result for one in found if one.result in {"partly", "failed"}]
    assert not bad or total.result == max(bad, key=RESULTS.index)


@given(st.lists(outcomes, max_size=6), st.integers(0, 3))
def test_the_outcome_of_all_shards_is_that_of_the_worst(
    found: list[Outcome], missing: int
) -> None:
    total = gathered(found, len(found) + missing)
    results = [*(one.result for one in found), *(["failed"] * missing)]
    assert total.result == max(results, key=RESULTS.index, default="complete")
    assert total.rows == sum(one.rows for one in found)


def test_a_shard_whose_tasks_failed_is_not_silent() -> None:
    total = gathered([Outcome(rows=3)], 3)
    assert total.result == "failed"
    assert total.failures[0].startswith("2 of 3 shards failed")


@given(outcomes)
def test_outcomes_pass_through_json(found: Outcome) -> None:
    assert Outcome.from_json(json.loads(json.dumps(found.as_json()))) == found


def outcome(**fields: str | None) -> Outcome:
    return Outcome.of({"rows": 0, **fields}, 1.0, asks=False)


def look(found: Outcome, now: datetime = NOON) -> datetime | None:
    return next_look(found, now, DEADLINE, SHORTEST)
