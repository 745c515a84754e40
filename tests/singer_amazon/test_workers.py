from __future__ import annotations

import gc
import threading
import time

import pytest

from singer_amazon.workers import Workers


def test_calls_run_at_once_up_to_the_size_and_the_rest_waits() -> None:
    workers, go = Workers[int](2), threading.Event()
    begun = threading.Semaphore(0)

    def call() -> int:
        begun.release()
        assert go.wait(10)
        return 1

    for _ in range(3):
        workers.submit(call)
    assert begun.acquire(timeout=10)
    assert begun.acquire(timeout=10)
    assert not begun.acquire(timeout=0.05)
    assert workers.is_full
    assert workers.next_result() is None
    assert len(workers.drop_waiting()) == 1
    go.set()
    assert [workers.next_result(10), workers.next_result(10)] == [(1,), (1,)]
    assert workers.under_way == 0
    assert workers.next_result(10) is None, "nothing to wait for"


@pytest.mark.parametrize("threads", [0, 1])
def test_what_a_call_raises_is_raised_for_the_owner(threads: int) -> None:
    workers = Workers[int](threads)

    def fail() -> int:
        raise KeyError

    workers.submit(fail)
    with pytest.raises(KeyError):
        workers.next_result(10)
    workers.submit(lambda: 2)
    assert workers.next_result(10) == (2,)


def test_without_threads_a_call_is_made_by_the_owner() -> None:
    workers = Workers[int](0)
    workers.submit(threading.get_ident)
    assert workers.is_full
    assert workers.next_result() == (threading.get_ident(),)


def test_one_call_after_the_other_needs_one_thread() -> None:
    workers = Workers[int](8)
    idents = set()
    for _ in range(20):
        workers.submit(threading.get_ident)
        result = workers.next_result(10)
        assert result is not None
        idents.add(result[0])
    assert len(idents) <= 2, "a thread may end its last call a little late"


def threads_of(names: set[int]) -> set[int]:
    return {t.ident for t in threading.enumerate() if t.ident in names and t.ident}


def is_alone_within(idents: set[int], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while threads_of(idents):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize("is_closed", [True, False])
def test_threads_end_with_their_workers(is_closed: bool) -> None:
    workers, go = Workers[int](3), threading.Event()
    idents: set[int] = set()

    def call() -> int:
        idents.add(threading.get_ident())
        assert go.wait(10)
        return 1

    for _ in range(5):
        workers.submit(call)
    while len(idents) < 3:
        time.sleep(0.01)
    if is_closed:
        workers.close()
    else:
        del workers
        gc.collect()
    assert threads_of(idents) == idents, "those under way go on"
    go.set()
    assert is_alone_within(idents, 10)
    assert len(idents) == 3, "what had not begun is not made any more"
