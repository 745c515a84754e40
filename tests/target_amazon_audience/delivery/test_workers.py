"""One upload at a time is made ready."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from target_amazon_audience.delivery.dispatcher import PayloadSlot


def test_the_next_upload_is_made_ready_when_the_one_before_is_kept() -> None:
    slot, first = PayloadSlot(), ExitStack()
    slot.take(first)
    began = threading.Event()

    def next_upload() -> None:
        with ExitStack() as second:
            slot.take(second)
            began.set()

    thread = threading.Thread(target=next_upload)
    with first:
        thread.start()
        assert not began.wait(0.05)
        first.close()
        assert began.wait(5)
        first.close()  # an upload taken apart keeps each of its parts
    thread.join(5)
    with ExitStack() as third:  # the slot was given back once, not three times
        slot.take(third)
        assert slot._free.acquire(blocking=False) is False


def test_an_upload_that_was_never_kept_gives_its_slot_back_too() -> None:
    slot = PayloadSlot()
    first = ExitStack()
    slot.take(first)
    with pytest.raises(ValueError, match="no disk"), first:
        raise ValueError("no disk")
    with ExitStack() as second:
        slot.take(second)


def test_waiting_for_the_upload_before() -> None:
    slot, first = PayloadSlot(), ExitStack()
    slot.wait()  # nothing is being made ready
    slot.take(first)
    waited = threading.Event()

    def wait() -> None:
        slot.wait()
        waited.set()

    thread = threading.Thread(target=wait)
    with first:
        thread.start()
        assert not waited.wait(0.05)
    assert waited.wait(5)
    thread.join(5)
