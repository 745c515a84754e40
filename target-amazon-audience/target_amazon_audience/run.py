"""One run, from the first look at old jobs to the last STATE; keeps the rules of time.

The main thread reads messages, fills batches and keeps the books; worker threads send
and look. A batch is also sent when the input pauses, so that STATE can pass.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from singer_amazon.errors import AmazonError, ConfigError, StorageError
from singer_amazon.retry_policy import POLICY
from singer_amazon.target.stdin import TICK_SECONDS, Block, LineSource, blocks
from singer_amazon.target.stream_maps import StreamMaps
from target_amazon_audience.amc.rate_limits import MIN_PAUSE_SECONDS
from target_amazon_audience.delivery.jobs import MAX_FIRST_LOOK_SECONDS
from target_amazon_audience.errors import (
    InternalError,
    RunFailedError,
)
from target_amazon_audience.mirror.sync import MirrorSink
from target_amazon_audience.reporting.progress import ProgressLog
from target_amazon_audience.router import Router
from target_amazon_audience.sink import AudienceSink
from target_amazon_audience.state.access import StateAccess

if TYPE_CHECKING:
    from singer_sdk.mapper import PluginMapper

    from singer_amazon.clock import Clock
    from singer_amazon.target.state_tracker import StateTracker
    from target_amazon_audience.apis import AudienceApis
    from target_amazon_audience.delivery.dispatcher import Dispatcher
    from target_amazon_audience.delivery.uploader import Upload
    from target_amazon_audience.settings import Settings

logger = logging.getLogger(__name__)

IDLE_SECONDS = 10.0
MAX_BATCH_AGE_SECONDS = 300.0


@contextmanager
def open_sinks(
    settings: Settings,
    identity: str,
    apis: AudienceApis,
    dispatcher: Dispatcher,
    states: StateTracker,
    clock: Clock,
) -> Iterator[dict[str | None, AudienceSink]]:
    """Return the sink of each audience; databases and locks are held until the end.

    Raises:
        ConfigError: two streams name one audience.
        StateFileError: another run works on one of them.
    """
    sinks: dict[str | None, AudienceSink] = {}
    with closing(StateAccess(identity)) as access:
        for number, (stream, audience) in enumerate(settings.audiences.items()):
            key = apis.key_of(audience)
            access.claim(key, stream)
            path = audience.state_path
            store = access.store(path, read_only=audience.is_dry)
            if not audience.is_dry:
                access.lock(path, key, audience.label)
            sinks[stream] = (MirrorSink if audience.is_mirror else AudienceSink)(
                number=number,
                stream=stream,
                settings=audience,
                resolver=apis.resolver(audience, store),
                access=access,
                store=store,
                dispatcher=dispatcher,
                states=states,
                clock=clock,
            )
        yield sinks


class Run:
    """Takes all lines of one input and delivers what they hold."""

    def __init__(
        self,
        sinks: Mapping[str | None, AudienceSink],
        dispatcher: Dispatcher,
        states: StateTracker,
        mapper: PluginMapper,
        clock: Clock,
        is_stopped: Callable[[], bool],
        left_out: Iterable[str] = (),
        settings: Settings | None = None,
    ) -> None:
        self._sinks = list(sinks.values())
        self._dispatcher = dispatcher
        self._states = states
        self._clock = clock
        self._is_stopped = is_stopped
        others = settings.other_streams if settings is not None else frozenset()
        self._router = Router(sinks, StreamMaps(mapper), states, others)
        for sink in self._sinks:
            sink.left_out = frozenset(left_out)
        self._failed: AmazonError | None = None
        self._last_record_at = self._now()
        self._progress = ProgressLog(self._sinks, self._router, self._last_record_at)
        if settings is not None:
            self._progress.summary_path = settings.summary_path

    @property
    def counts(self) -> Counter[str]:
        """How many messages of each type there were."""
        return self._router.counts

    def run(self, source: LineSource) -> None:
        """Deliver everything; ``log_summary`` says afterwards what came of it.

        Raises:
            AmazonError: something was refused or failed; everything else was still
                delivered, and the summary has been logged.
        """
        failure: AmazonError | None = None
        try:
            self._open()
            self._take_all(source)
        except Exception as error:  # noqa: BLE001 - its text may be personal data
            failure = _sentence(error)
        try:
            self._finish(failure)
        except Exception as error:  # noqa: BLE001 - its text may be personal data
            failure = failure or _sentence(error)
        failure = self._failed = failure or self._progress.failure()
        if failure is not None:
            with suppress(StorageError):  # that the summary cannot be written
                self.log_summary()
            raise failure

    def log_summary(self) -> None:
        """Log the reports, and write them to their files."""
        self._progress.log_summary(self._now(), self._failed)

    # The start

    def _open(self) -> None:
        """Look everything up, then at the jobs of earlier runs."""
        for sink in self._sinks:
            self._open_sink(sink)
        self._wait_for_calls(MAX_FIRST_LOOK_SECONDS)
        for sink in self._sinks:
            sink.supersede()
        if self._sinks and all(sink.failure for sink in self._sinks):
            raise self._sinks[0].failure or RunFailedError("Nothing can be delivered.")

    def _open_sink(self, sink: AudienceSink) -> None:
        try:
            sink.open()
        except AmazonError as error:
            if isinstance(error, ConfigError) or sink.settings.is_dry:
                raise
            sink.fail(error)
            return
        for _ in sink.poll_jobs():
            self._drain_results()

    # The input

    def _take_all(self, source: LineSource) -> None:
        for block in blocks(source, self._is_stopped, self._now, _log_stop):
            if block is not None:
                self._take(block)
            self._tick()

    def _take(self, block: Block) -> None:
        now = self._now()
        for sink in self._sinks:
            sink.now = now
        before = self.counts["RECORD"]
        for _ in self._router.take(block):
            self._drain_results()
        if self.counts["RECORD"] > before:
            self._last_record_at = now

    def _tick(self) -> None:
        """Do what is due by now: collect results, send early, echo STATE."""
        now = self._now()
        is_pause = now - self._last_record_at >= IDLE_SECONDS
        for sink in self._sinks:
            opened_at = sink.opened_at
            if opened_at is not None and (
                now - opened_at >= MAX_BATCH_AGE_SECONDS
                or (is_pause and self._states.is_waiting)
            ):
                sink.flush()
        self._drain_results()
        self._log_and_echo(now)

    def _drain_results(self) -> None:
        """Take results that are there; wait for one where too much is under way."""
        self._collect(0)
        while self._dispatcher.is_full:
            self._collect(TICK_SECONDS)
            self._progress.tick(self._now(), self._dispatcher.under_way)

    def _collect(self, timeout: float) -> None:
        while (found := self._dispatcher.result(timeout)) is not None:
            self._sinks[found.sink].apply(found.value)
            timeout = 0

    def _log_and_echo(self, now: float) -> None:
        for sink in self._sinks:
            sink.release()
        self._states.tick(now)
        self._progress.tick(now, self._dispatcher.under_way)

    # The end

    def _finish(self, failure: AmazonError | None) -> None:
        """Send what is left, wait as the settings say, and echo the last STATE."""
        is_whole = failure is None and not self._is_stopped()
        self._send_last(is_whole=is_whole)
        self._wait_for_calls()
        if is_whole:
            for sink in self._sinks:
                sink.end_input()
        self._log_and_echo(self._now())
        if is_whole:
            self._wait_for_jobs()
        for sink in self._sinks:
            sink.release()
        self._states.echo()
        if is_whole:
            for sink in self._sinks:
                sink.conclude()
        for sink in self._sinks:
            sink.finish()
        self._states.check()

    def _send_last(self, *, is_whole: bool) -> None:
        for sink in self._sinks:
            if is_whole or not sink.settings.is_mirror:
                self._submit_all(sink, sink.last_uploads(self._router.why_not_all()))
            elif sink.failure is None:
                sink.report.fail(
                    "MIRROR changed nothing: the input did not come to its end"
                )

    def _submit_all(self, sink: AudienceSink, uploads: Iterable[Upload]) -> bool:
        """Submit uploads; say whether there were any."""
        has_any = False
        for upload in uploads:
            has_any = True
            self._drain_results()
            if sink.failure is not None:
                break
            sink.submit(upload)
            del upload  # megabytes, while the next one is made
        return has_any

    def _wait_for_calls(self, grace: float = POLICY.grace) -> None:
        """Wait for all uploads; looks at jobs have ``grace`` seconds to come back."""
        limit = self._now() + grace
        calls = self._dispatcher
        while calls.uploads_under_way or (calls.under_way and self._now() < limit):
            self._collect(TICK_SECONDS)
            self._log_and_echo(self._now())

    def _wait_for_jobs(self) -> None:
        """Look at jobs until they have ended or the time is up."""
        began = self._now()
        for sink in self._sinks:
            sink.jobs.waited_from = began
            sink.watch()
        self._dispatcher.deadline.extend(
            max((sink.jobs.polls_until(began) for sink in self._sinks), default=began)
        )
        while not self._is_stopped():
            for sink in self._sinks:
                self._go_on(sink)
            now = self._now()
            waiting = [
                sink
                for sink in self._sinks
                if (limit := sink.wait_until()) is not None and now < limit
            ]
            if not waiting and not self._dispatcher.uploads_under_way:
                break
            for sink in waiting:
                for _ in sink.poll_jobs():
                    self._drain_results()
            self._pass_time(waiting)
            self._log_and_echo(now)
        self._wait_for_calls()
        for sink in self._sinks:
            self._go_on(sink, is_last=True)

    def _go_on(self, sink: AudienceSink, *, is_last: bool = False) -> None:
        """Send the rest of a mirror as soon as the jobs in its way have ended."""
        if self._submit_all(sink, sink.later_uploads(is_last=is_last)):
            self._wait_for_calls()
            sink.watch()

    def _pass_time(self, sinks: Iterable[AudienceSink]) -> None:
        """Wait for a result or, with nothing under way, for the next look."""
        if self._dispatcher.under_way:
            self._collect(TICK_SECONDS)
            return
        dues = [
            due for sink in sinks if (due := sink.jobs.schedule.next_at()) is not None
        ]
        if dues:
            pause = min(dues) - self._now()
            self._clock.sleep(min(max(pause, MIN_PAUSE_SECONDS), TICK_SECONDS))

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _sentence(error: Exception) -> AmazonError:
    return error if isinstance(error, AmazonError) else InternalError(error)


def _log_stop() -> None:
    logger.info("Stopping: what has been received is sent first")
