"""One upload at a time is made ready, in as few threads as serve."""

from __future__ import annotations

import threading

import pytest

from target_amazon_audience.workers import Gate, Workers


def test_the_next_upload_begins_when_the_one_before_is_kept() -> None:
    gate = Gate()
    first = gate.turn()
    began = threading.Event()

    def next_upload() -> None:
        with gate.turn():
            began.set()

    thread = threading.Thread(target=next_upload)
    with first:
        thread.start()
        assert not began.wait(0.05)
        keep = first.ended_by(lambda number: number + 1)
        assert keep(1) == 2
        assert began.wait(5)
        assert keep(2) == 3  # an upload taken apart keeps each of its parts
    thread.join(5)
    with gate.turn():  # once given back, not three times
        assert gate._lock.acquire(blocking=False) is False


def test_an_upload_that_was_never_kept_is_over_too() -> None:
    gate = Gate()
    with pytest.raises(ValueError, match="no disk"), gate.turn():
        raise ValueError("no disk")
    with gate.turn():
        pass


def test_waiting_for_the_upload_before() -> None:
    gate = Gate()
    gate.wait()  # nothing is being made ready
    turn = gate.turn()
    waited = threading.Event()

    def wait() -> None:
        gate.wait()
        waited.set()

    thread = threading.Thread(target=wait)
    with turn:
        thread.start()
        assert not waited.wait(0.05)
    assert waited.wait(5)
    thread.join(5)


def test_a_thread_that_is_free_takes_the_next_call() -> None:
    threads = set[int]()

    def call() -> int:
        threads.add(threading.get_ident())
        return len(threads)

    workers: Workers[int] = Workers(8)
    for _ in range(20):
        workers.submit(call)
        found = None
        while found is None:
            found = workers.result(5)
        while workers._open_calls:  # the thread says so just after its result
            threading.Event().wait(0.001)
    assert len(threads) == 1


def test_calls_that_wait_for_each_other_have_threads_of_their_own() -> None:
    together = threading.Barrier(4)
    workers: Workers[int] = Workers(4)
    for _ in range(4):
        workers.submit(lambda: together.wait(5))
    assert sorted(filter(None, (workers.result(5) for _ in range(4)))) == [1, 2, 3]
