"""Which reader makes the next call: the first of those that may make one now.

Readers that have to wait are sorted by the time they may go on, so that thousands of
them cost nothing. A time is looked at again when it has come: others of the account
may have made calls meanwhile.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from datetime import datetime

from tap_amazon_sp.endpoints.reading.reader import ListingReader


class ReaderQueue:
    """All readers of a run, in their order; those that are done drop out."""

    def __init__(
        self, readers: Iterable[ListingReader], now: Callable[[], datetime]
    ) -> None:
        self._readers = list(readers)
        self._now = now
        self._ready = list(range(len(self._readers)))
        """Numbers of those that may be able to go on, as a heap."""
        self._waiting: list[tuple[datetime, int]] = []
        self._waits_until: dict[int, datetime] = {}
        self._of_account: dict[str, list[int]] = {}
        for number, reader in enumerate(self._readers):
            self._of_account.setdefault(reader.account, []).append(number)

    def first(self) -> tuple[ListingReader, datetime] | None:
        """Return the reader that makes the next call and when it may; None: all done.

        Of those that may now it is the first one, else the one that waits least.
        """
        now = self._now()
        while self._waiting and self._waiting[0][0] <= now:
            until, number = heapq.heappop(self._waiting)
            if self._waits_until.get(number) == until:
                self._go_on(number)
        while self._ready:
            reader = self._readers[self._ready[0]]
            if not reader.is_done:
                ready = reader.ready_at()
                if ready <= self._now():
                    return reader, ready
                self._wait(self._ready[0], ready)
            heapq.heappop(self._ready)
        while self._waiting:
            until, number = self._waiting[0]
            if self._waits_until.get(number) == until:
                return self._readers[number], until
            heapq.heappop(self._waiting)
        return None

    def answered(self, reader: ListingReader) -> None:
        """Note that Amazon has answered: it may have named another rate."""
        for number in self._of_account[reader.account]:
            if number in self._waits_until:
                self._go_on(number)

    def _go_on(self, number: int) -> None:
        del self._waits_until[number]
        heapq.heappush(self._ready, number)

    def _wait(self, number: int, until: datetime) -> None:
        self._waits_until[number] = until
        heapq.heappush(self._waiting, (until, number))
