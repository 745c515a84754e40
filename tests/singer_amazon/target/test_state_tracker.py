from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.target.state_tracker import StateTracker


def test_a_state_without_rows_before_it_is_due_at_once() -> None:
    tracker = StateTracker(lambda _: None)
    tracker.take(b"1")
    assert tracker.due() == b"1"
    assert tracker.echo()
    assert tracker.due() is None


def test_a_state_waits_for_the_rows_before_it_and_not_for_those_after() -> None:
    tracker = StateTracker(lambda _: None)
    before = tracker.opened()
    tracker.take(b"1")
    after = tracker.opened()
    tracker.take(b"2")
    assert tracker.due() is None
    tracker.complete(before)
    assert tracker.due() == b"1"
    tracker.complete(after)
    assert tracker.due() == b"2"


def test_a_later_object_that_is_stored_first_moves_nothing() -> None:
    tracker = StateTracker(lambda _: None)
    first = tracker.opened()
    tracker.take(b"1")
    second = tracker.opened()
    tracker.take(b"2")
    tracker.complete(second)
    assert tracker.due() is None
    tracker.complete(first)
    assert tracker.due() == b"2"


@given(st.lists(st.sampled_from(["state", "open", "store", "echo"])), st.randoms())
def test_no_state_is_echoed_before_its_rows_are_stored(
    steps: list[str],
    random: st.random.Random,  # type: ignore[name-defined] # hypothesis's own
) -> None:
    tracker = StateTracker(lambda _: None)
    unfinished: list[tuple[int, int]] = []  # its number, states seen before
    states = 0
    echoed = 0
    for step in steps:
        if step == "state":
            states += 1
            tracker.take(str(states).encode())
        elif step == "open":
            unfinished.append((tracker.opened(), states))
        elif step == "store" and unfinished:
            number, _ = unfinished.pop(random.randrange(len(unfinished)))
            tracker.complete(number)
        elif step == "echo" and (due := tracker.due()) is not None:
            echoed = int(due)
            assert tracker.echo()
        newest_covered = min((seen for _, seen in unfinished), default=states)
        assert echoed <= newest_covered
        assert tracker.is_waiting == (newest_covered < states)
        # Memory: one state per unfinished object, and the newest.
        assert len(tracker._states) <= len(unfinished) + 1
    for number, _ in unfinished:
        tracker.complete(number)
    due = tracker.due()
    assert (int(due) if due is not None else echoed) == states
