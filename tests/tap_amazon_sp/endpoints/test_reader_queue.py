"""Which list is read next, and what it costs to know it among thousands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.clock import FakeClock
from support.core.emulation import NOON
from tap_amazon_sp.endpoints.reading.reader import ListingReader
from tap_amazon_sp.endpoints.reading.reader_queue import ReaderQueue


@dataclass(eq=False)
class Reader:
    """What the queue knows of a reader."""

    account: str
    clock: FakeClock
    waits_until: datetime = NOON
    is_done: bool = False
    looks: list[datetime] = field(default_factory=list)

    def ready_at(self) -> datetime:
        self.looks.append(self.clock.now())
        return max(self.waits_until, self.clock.now())


def queue_of(readers: list[Reader], clock: FakeClock) -> ReaderQueue:
    return ReaderQueue(cast("list[ListingReader]", readers), clock.now)


def expected(readers: list[Reader], now: datetime) -> Reader | None:
    """Return the first that may go on now, else the one that waits least."""
    unfinished = [reader for reader in readers if not reader.is_done]
    return min(unfinished, key=lambda r: max(r.waits_until, now), default=None)


answers = st.tuples(
    st.lists(st.integers(0, 90), min_size=3, max_size=3),  # waits of the account after
    st.integers(0, 5),  # whether the reader is done
    st.sampled_from([0, 0, 1, 10, 60]),  # seconds until the next call
)


@given(st.lists(answers, max_size=40))
def test_it_is_the_first_that_may_go_on(
    steps: list[tuple[list[int], int, int]],
) -> None:
    clock = FakeClock(NOON)
    readers = [Reader(f"a{number % 3}", clock) for number in range(9)]
    queue = queue_of(readers, clock)
    for waits, done, seconds in steps:
        first = queue.first()
        if first is None:
            break
        found = cast("Reader", first[0])
        assert found is expected(readers, clock.now())
        assert first[1] == max(found.waits_until, clock.now())
        if first[1] > clock.now():
            clock.sleep((first[1] - clock.now()).total_seconds())
            continue
        found.is_done = done == 0
        mine = [reader for reader in readers if reader.account == found.account]
        for reader, wait in zip(mine, waits, strict=True):
            reader.waits_until = clock.now() + timedelta(seconds=wait)
        queue.answered(cast("ListingReader", found))
        clock.sleep(seconds)


def looks_per_call(accounts: int) -> float:
    clock = FakeClock(NOON)
    readers = [Reader(f"a{number}", clock) for number in range(accounts)]
    queue = queue_of(readers, clock)
    calls = 0
    while (first := queue.first()) is not None:
        reader = cast("Reader", first[0])
        clock.sleep(max((first[1] - clock.now()).total_seconds(), 0.01))
        if first[1] <= clock.now():
            calls += 1
            reader.waits_until = clock.now() + timedelta(seconds=60)
            reader.is_done = len(reader.looks) > 10
            queue.answered(first[0])
    return sum(len(reader.looks) for reader in readers) / calls


def test_those_that_wait_cost_nothing() -> None:
    assert looks_per_call(2000) < 1.1 * looks_per_call(20)
