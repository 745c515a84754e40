"""STATE passes no rejected record, in whatever order batches come back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.target.state_tracker import StateTracker
from target_amazon_audience.delivery.held_state import HeldState


@given(st.permutations(range(5)), st.sets(st.integers(0, 4), min_size=1))
def test_no_state_passes_the_oldest_batch_with_a_rejected_row(
    order: list[int], rejected: set[int]
) -> None:
    echoed: list[bytes] = []
    states = StateTracker(echoed.append)
    held = HeldState(states)
    numbers = []
    for batch in range(5):
        numbers.append(states.opened())
        states.take(b"%d" % batch)
    for batch in order:
        if batch in rejected:
            held.hold_of_batch(numbers[batch])
        else:
            states.complete(numbers[batch])
        states.echo()
    # STATE n comes behind batch n
    assert all(int(state) < min(rejected) for state in echoed)
    held.release()
    states.echo()
    assert echoed[-1] == b"4"


def test_an_open_state_is_held_once() -> None:
    echoed: list[bytes] = []
    states = StateTracker(echoed.append)
    held = HeldState(states)
    states.take(b"1")
    held.hold()
    states.take(b"2")
    held.hold()
    states.echo()
    assert echoed == [b"1"]
    held.release()
    held.release()
    states.echo()
    assert echoed == [b"1", b"2"]
