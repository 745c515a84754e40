"""One upload at a time is made ready, whatever becomes of it."""

from __future__ import annotations

import threading

import pytest

from target_amazon_audience.workers import Gate


def test_the_next_turn_begins_when_the_upload_before_is_kept() -> None:
    gate = Gate()
    first = gate.turn()
    began = threading.Event()

    def next_turn() -> None:
        with gate.turn():
            began.set()

    thread = threading.Thread(target=next_turn)
    with first:
        thread.start()
        assert not began.wait(0.05)
        keep = first.ended_by(lambda number: number + 1)
        assert keep(1) == 2
        assert began.wait(5)
        assert keep(2) == 3  # an upload taken apart keeps each of its parts
    thread.join(5)
    with gate.turn():  # one turn was given back, not three
        assert gate._lock.acquire(blocking=False) is False


def test_an_upload_that_was_never_kept_ends_its_turn_too() -> None:
    gate = Gate()
    with pytest.raises(ValueError, match="no disk"), gate.turn():
        raise ValueError("no disk")
    with gate.turn():
        pass
