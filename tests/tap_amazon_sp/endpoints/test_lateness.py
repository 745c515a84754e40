"""Records that turn up late: look-back and hold-back of endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from support.sp.endpoint_entries import CHANGED, PATH, THINGS, position, stamp
from support.sp.runs import NOON
from support.sp.scripted import ScriptedApi, scripted_api
from tap_amazon_sp.endpoints.custom.tables import tables

Json = dict[str, Any]
EVENTS = "/finances/v0/financialEvents"
DAY = timedelta(days=1)


@pytest.fixture
def amazon() -> Iterator[ScriptedApi]:
    with scripted_api() as running:
        yield running


class LateList:
    """Things with a time of their own that can be found only later."""

    def __init__(
        self, amazon: ScriptedApi, *things: tuple[datetime, timedelta]
    ) -> None:
        self._amazon = amazon
        self._things = things

    def __call__(self, params: Json) -> Json:
        now = self._amazon.clock.now()
        bounds = [v for n, v in params.items() if n.endswith(("After", "Before"))]
        after, before = min(bounds), max([*bounds[1:], stamp(now)][:1])
        rows = [
            {"id": f"t{number}", "changed": stamp(at)}
            for number, (at, late) in enumerate(self._things)
            if at + late <= now and after <= stamp(at) <= before
        ]
        events = {"FinancialEvents": {"ShipmentEventList": rows}}
        return {"things": rows, "payload": events}


def test_what_turns_up_within_the_look_back_is_read(amazon: ScriptedApi) -> None:
    late = (NOON - timedelta(hours=30), timedelta(hours=40))
    amazon.responses[PATH] = LateList(amazon, (NOON - DAY / 8, 0 * DAY), late)
    entry = {**CHANGED, "lookback_days": 2}

    first = amazon.run(entry)
    amazon.clock.sleep(86400)
    second = amazon.run(entry, state=first.state)

    assert [r["id"] for r in first.rows()] == ["t0"]
    assert {r["id"] for r in second.rows()} == {"t0", "t1"}
    assert str(position(second.state)) >= str(position(first.state))


@pytest.mark.parametrize("days", [0.5, 1, 3])
def test_what_is_held_back_is_asked_for_later(amazon: ScriptedApi, days: float) -> None:
    amazon.responses[PATH] = LateList(amazon, (NOON - timedelta(hours=13), 0 * DAY))
    entry = {**CHANGED, "holdback_days": days}
    until = NOON - timedelta(days=days, minutes=2)

    first = amazon.run(entry)

    assert amazon.asked(PATH)[-1]["changedBefore"] == stamp(until)
    assert len(first.rows()) == (1 if days < 0.54 else 0)
    assert str(position(first.state)) <= stamp(until)
    amazon.clock.sleep(3 * 86400)
    second = amazon.run(entry, state=first.state)
    assert [r["id"] for r in (*first.rows(), *second.rows())][:1] == ["t0"]


def test_without_an_upper_bound_the_bookmark_stays_behind(amazon: ScriptedApi) -> None:
    amazon.responses[PATH] = LateList(amazon, (NOON - timedelta(hours=5), 0 * DAY))
    entry = {**CHANGED, "updated_before_param": None, "holdback_days": 1}

    ended = amazon.run(entry)

    assert len(ended.rows()) == 1
    assert str(position(ended.state)) <= stamp(NOON - DAY)


@pytest.mark.parametrize(
    "path",
    [
        EVENTS,
        "/finances/v0/financialEventGroups",
        "/finances/v0/financialEventGroups/G1/financialEvents",
        "/finances/2024-06-19/transactions",
    ],
)
def test_finances_come_two_days_late_by_themselves(path: str) -> None:
    """Rows with a key are read again, rows without one are waited for."""
    entry = {"name": "f", "path": path, "updated_at_param": "PostedAfter"}
    keyed = tables([{**entry, "record_config": {"id_field": "id"}}])[-1].listing
    keyless = tables([entry])[-1].listing
    chosen = tables([{**entry, "lookback_days": 0}])[-1].listing

    assert keyed.lookback >= timedelta(hours=48)
    assert not keyed.holdback
    assert keyless.holdback == timedelta(hours=48)
    assert not keyless.lookback
    assert not chosen.lookback
    assert not chosen.holdback


@pytest.mark.parametrize("id_field", ["id", None])
def test_an_event_of_finances_a_day_late_is_delivered(
    amazon: ScriptedApi, id_field: str | None
) -> None:
    things = [(NOON - timedelta(hours=n), timedelta(hours=30)) for n in range(9, 90, 9)]
    amazon.responses[EVENTS] = LateList(amazon, *things)
    config = {"record_config": {"id_field": id_field}} if id_field else {}
    entry = {
        "name": "events",
        "path": EVENTS,
        "updated_at_param": "PostedAfter",
        **config,
    }
    state: Json = {}
    found: list[str] = []
    for _ in range(6):
        ended = amazon.run(entry, state=state)
        found += [row["id"] for row in ended.rows()]
        state = ended.state
        amazon.clock.sleep(86400)

    assert set(found) == {f"t{n}" for n in range(len(things))}
    if id_field is None:
        assert len(found) == len(set(found)), "what has no key must not come twice"


def test_an_object_of_streams_says_it_too(amazon: ScriptedApi) -> None:
    amazon.responses[PATH] = LateList(amazon)
    state = amazon.run(CHANGED).state
    amazon.calls.clear()

    amazon.run(CHANGED, state=state, lookback_days={"things": 9})

    assert amazon.asked(PATH)[0]["changedAfter"] == stamp(
        datetime.fromisoformat(str(position(state)).replace("Z", "+00:00")) - 9 * DAY
    )


def test_one_number_for_all_reports_is_not_about_endpoints(amazon: ScriptedApi) -> None:
    amazon.responses[PATH] = LateList(amazon)
    state = amazon.run(CHANGED).state
    amazon.clock.sleep(7200)
    amazon.calls.clear()

    amazon.run(CHANGED, state=state, lookback_days=9)

    assert amazon.asked(PATH)[0]["changedAfter"] == position(state)


def test_the_look_back_goes_not_before_the_start_date(amazon: ScriptedApi) -> None:
    amazon.responses[PATH] = LateList(amazon)
    entry = {**CHANGED, "lookback_days": 30}
    state = amazon.run(entry, start_date="2026-11-10").state
    amazon.clock.sleep(7200)
    amazon.calls.clear()

    amazon.run(entry, state=state, start_date="2026-11-10")

    assert amazon.asked(PATH)[0]["changedAfter"] == "2026-11-10T08:00:00Z"


@pytest.mark.parametrize("name", ["lookback_days", "holdback_days"])
def test_days_without_a_time_to_count_are_refused(
    amazon: ScriptedApi, name: str
) -> None:
    with pytest.raises(Exception, match=f"{name} needs updated_at_param"):
        amazon.run({**THINGS, name: 2})


def test_huge_numbers_of_days_end_no_run(amazon: ScriptedApi) -> None:
    amazon.responses[PATH] = LateList(amazon)
    state = amazon.run(CHANGED).state

    for name in ("lookback_days", "holdback_days"):
        entry = {**CHANGED, name: 1e15, "slice_hours": 1e12}
        assert amazon.run(entry, state=state, start_date="2026-11-01").code == 0
