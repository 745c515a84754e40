from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from target_s3.ledger import StateLedger


def test_a_state_without_rows_before_it_is_due_at_once() -> None:
    ledger = StateLedger()
    ledger.take(b"1")
    assert ledger.due() == b"1"
    ledger.echoed()
    assert ledger.due() is None


def test_a_state_waits_for_the_rows_before_it_and_not_for_those_after() -> None:
    ledger = StateLedger()
    before = ledger.opened()
    ledger.take(b"1")
    after = ledger.opened()
    ledger.take(b"2")
    assert ledger.due() is None
    ledger.stored(before)
    assert ledger.due() == b"1"
    ledger.stored(after)
    assert ledger.due() == b"2"


def test_a_later_object_that_is_stored_first_moves_nothing() -> None:
    ledger = StateLedger()
    first = ledger.opened()
    ledger.take(b"1")
    second = ledger.opened()
    ledger.take(b"2")
    ledger.stored(second)
    assert ledger.due() is None
    ledger.stored(first)
    assert ledger.due() == b"2"


@given(st.lists(st.sampled_from(["state", "open", "store", "echo"])), st.randoms())
def test_no_state_is_echoed_before_its_rows_are_stored(
    steps: list[str],
    random: st.random.Random,  # type: ignore[name-defined] # hypothesis's own
) -> None:
    ledger = StateLedger()
    unfinished: list[tuple[int, int]] = []  # ledger's number, states seen before
    states = 0
    echoed = 0
    for step in steps:
        if step == "state":
            states += 1
            ledger.take(str(states).encode())
        elif step == "open":
            unfinished.append((ledger.opened(), states))
        elif step == "store" and unfinished:
            number, _ = unfinished.pop(random.randrange(len(unfinished)))
            ledger.stored(number)
        elif step == "echo" and (due := ledger.due()) is not None:
            echoed = int(due)
            ledger.echoed()
        newest_covered = min((seen for _, seen in unfinished), default=states)
        assert echoed <= newest_covered
        assert ledger.is_waiting == (newest_covered < states)
        # Memory: one state per unfinished object, and the newest.
        assert len(ledger._states) <= len(unfinished) + 1
    for number, _ in unfinished:
        ledger.stored(number)
    due = ledger.due()
    assert (int(due) if due is not None else echoed) == states
