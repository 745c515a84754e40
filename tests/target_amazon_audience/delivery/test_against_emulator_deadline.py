"""No wait for Amazon outlasts the run's time: look-ups, uploads, tokens, tries."""

from __future__ import annotations

import pytest

from support.audience.runner import (
    MIRROR,
    WAIT,
    Ran,
    Runner,
    names,
    people,
    person,
    state,
)

TIME_IS_UP = "the run's time (max_runtime_seconds) is up"


def run_of(target: Runner, seconds: int, **changes: object) -> tuple[Ran, float]:
    """Run with so many seconds; return the run and how long it took."""
    began = target.clock.now()
    rows = [person(1), state(1)]
    ran = target.run(rows, max_runtime_seconds=seconds, **changes)
    return ran, (target.clock.now() - began).total_seconds()


@pytest.mark.parametrize("operation", ["terms", "connections", "audience", "records"])
@pytest.mark.parametrize("retry_after", [3600, None])
def test_a_call_that_is_always_throttled(
    target: Runner, operation: str, retry_after: int | None
) -> None:
    target.good([person(0)])
    target.fault("throttle", operation, retry_after=retry_after)
    ran, took = run_of(target, 600)
    assert took <= 600
    assert TIME_IS_UP in str(ran.error)
    assert ran.states == []
    assert ran.summary["result"] == "failed"
    target.client.clear_faults()
    assert target.good([person(1), state(1)]).states == [1]
    assert target.members() == names(0, 1)


def test_a_token_that_is_always_throttled(target: Runner) -> None:
    target.fault("throttle", "token", retry_after=3600)
    ran, took = run_of(target, 600)
    assert took <= 601
    assert "Login with Amazon throttled" in str(ran.error)


def test_uploads_that_need_no_waiting_go_after_the_time_too(target: Runner) -> None:
    target.client.change(job_ready_after_seconds=600)
    rows = people(*range(6))
    ran = target.good(rows, batch_size_rows=2, max_runtime_seconds=1, **WAIT)
    assert ran.summary["result"] == "complete"
    assert target.members() == names(*range(6))


def test_what_waits_for_jobs_has_the_time_of_max_wait_time(target: Runner) -> None:
    target.mirror(*people(1, 2))
    target.client.change(job_ready_after_seconds=3600)
    target.fault("throttle", retry_after=60, skip=1, times=2)
    changed = [person(1, city="elsewhere"), person(2)]
    ran = target.mirror(*changed, **{**MIRROR, "max_runtime_seconds": 30})
    assert ran.report["mirror"]["changed"] == 1
    assert target.pii("user-1")[0].keys() >= {"city"}
