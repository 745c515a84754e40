"""One run, from the first look at old jobs to the last STATE; keeps the rules of time.

The main thread reads messages, fills batches and keeps the books; worker threads send
and look. A batch is also sent when the input pauses, so that STATE can pass.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from singer_amazon.errors import AmazonError, ConfigError
from target_amazon_audience.errors import InputError, RunFailedError
from target_amazon_audience.jobs import look
from target_amazon_audience.pausing import SHORTEST_SECONDS
from target_amazon_audience.receiver import Receiver
from target_amazon_audience.telling import Teller
from target_amazon_audience.uploader import Upload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.mapper import PluginMapper

    from singer_amazon.clock import Clock
    from target_amazon_audience.echo import StateEcho
    from target_amazon_audience.lane import Lane
    from target_amazon_audience.ledger import StateLedger
    from target_amazon_audience.pipe import LineSource
    from target_amazon_audience.ports import AudienceApi
    from target_amazon_audience.store import OpenBatch
    from target_amazon_audience.uploader import SharedPacer
    from target_amazon_audience.workers import Workers

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.25
STOP_SECONDS = 2.0
IDLE_SECONDS = 10.0
OLDEST_BATCH_SECONDS = 300.0

Completion = Callable[[], None]


@dataclass(slots=True)
class Parts:
    """What a run is made of."""

    lanes: Mapping[str | None, Lane]
    api: AudienceApi
    pacer_of: Callable[[Lane], SharedPacer]
    workers: Workers[Completion]
    ledger: StateLedger
    echo: StateEcho
    mapper: PluginMapper
    clock: Clock
    is_stopped: Callable[[], bool]


class Run:
    """Takes all lines of one input and delivers what they hold."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lanes = list(parts.lanes.values())
        self._receiver = Receiver(
            parts.mapper, self._lane_of, parts.ledger, self._breathe
        )
        self._failed: AmazonError | None = None
        self._stop_at: float | None = None
        self._last_record_at = self._now()
        self._teller = Teller(
            self._lanes, self._receiver, parts.pacer_of, self._last_record_at
        )

    @property
    def counts(self) -> Counter[str]:
        """How many messages of each type there were."""
        return self._receiver.counts

    def run(self, source: LineSource) -> None:
        """Deliver everything; ``tell`` says afterwards what came of it.

        Raises:
            AmazonError: something was refused or failed; everything else was still
                delivered, and it has been told.
        """
        failure: AmazonError | None = None
        try:
            self._open()
            self._take_all(source)
        except AmazonError as error:
            failure = error
        try:
            self._finish(failure)
        except AmazonError as error:
            failure = failure or error
        self._failed = failure
        failure = failure or self._teller.failure()
        if failure is not None:
            self.tell()
            raise failure

    # The start

    def _open(self) -> None:
        """Look everything up, then at the jobs of earlier runs."""
        for lane in self._lanes:
            if lane.settings.is_dry:
                lane.open_dry()
                continue
            try:
                batches = lane.open()
            except ConfigError:
                raise
            except AmazonError as error:
                lane.fail(error)
                continue
            lane.aftercare.begin(batches, self._now())
            self._look(lane)
        while self._parts.workers.under_way:
            self._collect(TICK_SECONDS)
        for lane in self._lanes:
            if not lane.settings.is_dry:
                lane.aftercare.supersede()
        if all(lane.failure for lane in self._lanes):
            raise self._lanes[0].failure or RunFailedError("Nothing can be delivered.")

    def _lane_of(self, stream: str) -> Lane:
        lanes = self._parts.lanes
        found = lanes.get(stream) or lanes.get(None)
        if found is None:
            msg = (
                f"Stream {stream} is not named in the setting streams: name it there, "
                "or deselect it in the tap."
            )
            raise InputError(msg)
        return found

    # The input

    def _take_all(self, source: LineSource) -> None:
        while not source.has_ended and not self._is_time_to_stop():
            block = source.get(TICK_SECONDS)
            if block is not None and not (block.is_cut and self._parts.is_stopped()):
                now = self._now()
                for lane in self._lanes:
                    lane.now = now
                if self._receiver.take(block):
                    self._last_record_at = now
            self._tick()

    def _tick(self) -> None:
        """Do what is due by now: collect results, send early, echo STATE."""
        now = self._now()
        is_pause = now - self._last_record_at >= IDLE_SECONDS
        for lane in self._lanes:
            opened_at = lane.opened_at
            if opened_at is not None and (
                now - opened_at >= OLDEST_BATCH_SECONDS
                or (is_pause and self._parts.ledger.is_waiting)
            ):
                lane.flush()
        self._breathe()
        self._parts.echo.tick(now)
        self._teller.progress(now, self._parts.workers.under_way)

    def _breathe(self) -> None:
        """Take results that are there; wait for one where too much is under way."""
        self._collect(0)
        while self._parts.workers.is_full:
            self._collect(TICK_SECONDS)
            self._teller.progress(self._now(), self._parts.workers.under_way)

    def _collect(self, timeout: float) -> None:
        while (done := self._parts.workers.result(timeout)) is not None:
            done()
            timeout = 0

    def _is_time_to_stop(self) -> bool:
        """Whether a signal came and the tap had its time to write its last STATE."""
        if not self._parts.is_stopped():
            return False
        now = self._now()
        if self._stop_at is None:
            self._stop_at = now + STOP_SECONDS
            logger.info("Stopping: what has been received is sent first")
        return now >= self._stop_at

    # The end

    def _finish(self, failure: AmazonError | None) -> None:
        """Send what is left, wait as the settings say, and echo the last STATE."""
        is_whole = failure is None and not self._parts.is_stopped()
        for lane in self._lanes:
            if is_whole or lane.staged is None:
                self._submit_all(
                    lane, lane.last_uploads(unreadable=self._receiver.unreadable)
                )
            elif lane.failure is None:
                lane.report.fail(
                    "MIRROR changed nothing: the input did not come to its end"
                )
        self._drain()
        if is_whole:
            for lane in self._lanes:
                lane.end_input()
        self._parts.echo.tick(self._now())
        if is_whole:
            self._wait()
        self._parts.echo.last()
        for lane in self._lanes:
            lane.finish()
        self._parts.echo.check()

    def _submit_all(self, lane: Lane, uploads: Iterable[Upload]) -> bool:
        """Submit uploads; say whether there were any."""
        number = 0
        for number, upload in enumerate(uploads, 1):  # noqa: B007 - counted
            self._breathe()
            if lane.failure is not None:
                break
            lane.hands.submit(lane, upload)
        return number > 0

    def _drain(self) -> None:
        while self._parts.workers.under_way:
            self._collect(TICK_SECONDS)
            now = self._now()
            self._parts.echo.tick(now)
            self._teller.progress(now, self._parts.workers.under_way)

    def _wait(self) -> None:
        """Look at jobs until they have ended or the time is up."""
        began = self._now()
        for lane in self._lanes:
            lane.aftercare.waited_from = began
            lane.watch()
        while not self._parts.is_stopped():
            for lane in self._lanes:
                self._go_on(lane)
            now = self._now()
            waiting = [
                lane
                for lane in self._lanes
                if (limit := lane.aftercare.wait_until()) is not None and now < limit
            ]
            if not waiting and not self._parts.workers.under_way:
                break
            for lane in waiting:
                self._look(lane)
            self._pass_time(waiting)
            self._parts.echo.tick(now)
            self._teller.progress(now, self._parts.workers.under_way)
        self._drain()
        for lane in self._lanes:
            self._go_on(lane, is_last=True)

    def _go_on(self, lane: Lane, *, is_last: bool = False) -> None:
        """Send the rest of a mirror as soon as the jobs in its way have ended."""
        if self._submit_all(lane, lane.later_uploads(is_last=is_last)):
            self._drain()
            lane.watch()

    def _pass_time(self, lanes: Iterable[Lane]) -> None:
        """Wait for a result or, with nothing under way, for the next look."""
        if self._parts.workers.under_way:
            self._collect(TICK_SECONDS)
            return
        dues = [
            due
            for lane in lanes
            if (due := lane.aftercare.schedule.next_at()) is not None
        ]
        if dues:
            pause = min(dues) - self._now()
            self._parts.clock.sleep(min(max(pause, SHORTEST_SECONDS), TICK_SECONDS))

    def _look(self, lane: Lane) -> None:
        for batch in lane.aftercare.schedule.due(self._now()):
            self._breathe()
            self._parts.workers.submit(self._looking(lane, batch))

    def _looking(self, lane: Lane, batch: OpenBatch) -> Callable[[], Completion]:
        api, pacer, now = self._parts.api, self._parts.pacer_of(lane), self._now()

        def call() -> Completion:
            found = look(api, batch, pacer, now)
            return lambda: lane.aftercare.looked(found)

        return call

    def tell(self) -> None:
        """Log the reports, and write them to their files."""
        self._teller.tell(self._now(), self._failed)

    def _now(self) -> float:
        return self._parts.clock.now().timestamp()
