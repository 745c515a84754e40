"""A state of before the restructuring is written, read and gone on from as it was."""

from __future__ import annotations

import pytest

from golden.goldens import Json, check, golden
from golden.states import CASES, NO_TIME, asked, emulator, go_on, steady


@pytest.mark.parametrize("name", CASES)
def test_state(name: str) -> None:
    expected = golden("states.json")[name]
    stored: Json = expected["state"]
    with emulator() as running:
        state, again = CASES[name](running)
        check(steady(stored), steady(state))

        before = asked(running)
        idle = again(state=stored, **NO_TIME)
        assert idle.code == 0, idle.log
        assert asked(running) == before
        # a run that changes nothing need not write its state
        check(steady(expected["idle"]), steady(idle.state or stored))

        following = go_on(running, again, stored)
    check(steady(expected["next"]), steady(following))
