"""Every pair of state and event: in the table, or refused."""

from __future__ import annotations

import itertools

import pytest

from singer_amazon.reports.lifecycle import TABLE, Event, IllegalMove, State, next_state
from singer_amazon.reports.report import CALL_OF_STATE


@pytest.mark.parametrize(
    ("state", "event"),
    list(itertools.product(State, Event)),
    ids=lambda item: str(item.name),
)
def test_a_move_is_in_the_table_or_raises(state: State, event: Event) -> None:
    if (state, event) in TABLE:
        assert next_state(state, event) is TABLE[state, event]
    else:
        with pytest.raises(IllegalMove, match=f"{event.name} .* {state.name}"):
            next_state(state, event)


def test_nothing_leads_out_of_a_final_state() -> None:
    assert not [state for state, _ in TABLE if state.is_final]


def test_every_state_that_is_not_final_can_be_reached_and_left() -> None:
    for state in State:
        if not state.is_final:
            assert any(s is state and t is not state for (s, _), t in TABLE.items())
        if state is not State.PLANNED:
            assert any(t is state and s is not state for (s, _), t in TABLE.items())


def test_a_report_waits_for_a_call_or_for_its_delivery_until_it_is_final() -> None:
    waiting = {state for state in State if not state.is_final}
    assert waiting == {*CALL_OF_STATE, State.FETCHED}


@pytest.mark.parametrize("state", [State.READY, State.FETCHED])
def test_our_own_clock_cannot_touch_what_is_complete(state: State) -> None:
    with pytest.raises(IllegalMove):
        next_state(state, Event.TIME_UP)


@pytest.mark.parametrize("event", [Event.STUCK, Event.TIME_UP])
def test_only_an_unfinished_report_can_be_stuck_or_out_of_time(event: Event) -> None:
    unfinished = {State.PLANNED, State.REQUESTED, State.CANCELLING}
    assert {state for state, e in TABLE if e is event} <= unfinished
