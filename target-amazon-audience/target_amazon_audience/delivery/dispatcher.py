"""The calls of a run to Amazon that take long: made in threads, heard of as values."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from singer_amazon.workers import Workers
from target_amazon_audience.amc.rate_limits import SharedLimiter, record_quota
from target_amazon_audience.delivery.jobs import Poll, poll

if TYPE_CHECKING:
    from collections.abc import Callable

    from singer_amazon.clock import Clock
    from singer_amazon.rate_limits import Quota
    from target_amazon_audience.amc.rate_limits import Deadline
    from target_amazon_audience.delivery.ports import RecordsApi
    from target_amazon_audience.delivery.requests import Destination
    from target_amazon_audience.delivery.uploader import Outcome, Upload, Uploader
    from target_amazon_audience.state.store import AudienceStore, OpenBatch


class Result(NamedTuple):
    """What came of a call, for the audience with this number."""

    sink: int
    value: Outcome | Poll


class PayloadSlot:
    """Lets one upload at a time be made ready; who comes next waits.

    What is ready waits for Amazon, which takes as long as it takes. What is not holds
    megabytes, and without this a fast reader would make one after the other.
    """

    def __init__(self) -> None:
        self._free = threading.Semaphore()

    def wait(self) -> None:
        """Wait until the upload before is ready."""
        with self._free:
            pass

    def take(self, given_back_by: ExitStack) -> None:
        """Wait until the slot is free; it is ours until the stack is closed."""
        self._free.acquire()
        given_back_by.callback(self._free.release)


class Dispatcher:
    """Sends uploads and looks at jobs for all audiences of a run."""

    def __init__(
        self,
        clock: Clock,
        threads: int,
        is_stopped: Callable[[], bool],
        deadline: Deadline,
    ) -> None:
        self.deadline = deadline
        self._clock = clock
        self._is_stopped = is_stopped
        self._workers: Workers[Result] = Workers(threads)
        self._polls = 0
        self._slot = PayloadSlot()
        self._limiters: dict[str, SharedLimiter] = {}
        self.no_connection = self._limiter(record_quota())
        """For looks at jobs while no audience is open yet."""

    @property
    def under_way(self) -> int:
        """Calls whose result was not taken yet."""
        return self._workers.under_way

    @property
    def uploads_under_way(self) -> int:
        """Those of them that no run may end without."""
        return self._workers.under_way - self._polls

    @property
    def is_full(self) -> bool:
        """Whether every thread has a call."""
        return self._workers.is_full

    def limiter(self, destination: Destination, store: AudienceStore) -> SharedLimiter:
        """Return the rate limiter that all audiences of one connection share."""
        connection = destination.connection
        if connection not in self._limiters:
            past = store.volume(connection, self._clock.now().timestamp())
            self._limiters[connection] = self._limiter(
                record_quota(past, destination.records_per_hour)
            )
        return self._limiters[connection]

    def _limiter(self, quota: Quota) -> SharedLimiter:
        return SharedLimiter(quota, self._clock, self._is_stopped, self.deadline)

    def wait_for_slot(self) -> None:
        """Wait until the upload before is ready: only then is the next one made."""
        self._slot.wait()

    def upload(self, sink: int, uploader: Uploader, upload: Upload) -> None:
        """Send an upload."""
        self._slot.take(upload.slot)

        def call() -> Result:
            with upload.slot:
                return Result(sink, uploader.run(upload))

        self._workers.submit(call)

    def poll(
        self,
        sink: int,
        api: RecordsApi,
        batch: OpenBatch,
        limiter: SharedLimiter,
        until: float,
    ) -> None:
        """Look at a batch's job; a throttled look is given up at ``until``."""
        now = self._clock.now().timestamp()
        self._polls += 1
        self._workers.submit(
            lambda: Result(sink, poll(api, batch, limiter, now, until))
        )

    def result(self, timeout: float) -> Result | None:
        """Return a result, or None when none came within ``timeout`` seconds."""
        found = self._workers.next_result(timeout)
        if found is None:
            return None
        self._polls -= isinstance(found[0].value, Poll)
        return found[0]
