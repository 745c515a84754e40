"""The only loop: carries out what the engine decides and hands documents over.

The thread that calls `documents` owns the engine; HTTP calls are made by a
bounded pool of daemon threads that only return outcomes. Without workers every
call is made at once by the owner, which makes a run deterministic for tests.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from singer_amazon.clock import Clock
from singer_amazon.errors import (
    AmazonError,
    AuthError,
    TransientError,
    UnreachableError,
)
from singer_amazon.reports import model
from singer_amazon.reports.api import Address, OutcomeError, ReportApi
from singer_amazon.reports.engine import Action, CallKind, Change, Engine, Report
from singer_amazon.reports.lifecycle import RunMode
from singer_amazon.reports.model import Outcome
from singer_amazon.retry_policy import POLICY
from singer_amazon.workers import Workers

logger = logging.getLogger(__name__)


class Fetcher(Protocol):
    """Brings the document of a complete report to the disk."""

    def has_space(self) -> bool:
        """Whether a download may begin now."""

    def fetch(self, report: Report, address: Callable[[], Address]) -> Outcome:
        """Download it: Fetched or Unreadable."""


@dataclass(frozen=True, slots=True)
class _Crash:
    """An error in a worker that only the owner may raise."""

    error: BaseException


class Runner:
    """Drives one engine until its reports are delivered or the time is up."""

    def __init__(
        self,
        engine: Engine,
        api: ReportApi,
        fetcher: Fetcher,
        clock: Clock,
        *,
        workers: int,
        deadline: datetime,
        on_changes: Callable[[list[Change]], None],
        on_advance: Callable[[], None] = lambda: None,
    ) -> None:
        self.engine = engine
        self.deadline = deadline
        self._api = api
        self._fetcher = fetcher
        self._clock = clock
        self._workers: Workers[tuple[Action, Outcome | _Crash]] = Workers(workers)
        self._has_threads = workers > 0
        self._on_changes = on_changes
        self._on_advance = on_advance
        self.download_progress: Callable[[], object] = lambda: None
        """Answers with another value whenever a download has moved on."""
        self.longest_sleep: float | None = None
        """No sleep without threads is longer: something else may bring news."""
        self._advanced_at = clock.now()
        self._progressed_at = clock.now()
        self._last_progress: object = None

    def documents(
        self, streams: frozenset[str], is_finished: Callable[[], bool]
    ) -> Iterator[Report]:
        """Yield reports to deliver, those of `streams` first, until finished."""
        while True:
            self.advance()
            self._on_advance()
            report = self.engine.take_fetched(streams)
            if report is not None:
                yield report
            elif is_finished() or self._is_over():
                return
            else:
                self._wait()

    def advance(self) -> None:
        """Take in what has come back and start what can be started."""
        self._collect()
        self._advanced_at = now = self._clock.now()
        if not self.engine.is_time_up and self._is_time_up(now):
            self._progressed_at = now
            self._on_changes(self.engine.time_up())
        slots = self._workers.size - self._workers.under_way
        if slots > 0:
            for action in self.engine.next_actions(
                now, slots, may_fetch=self._fetcher.has_space()
            ):
                self._start(action)

    def await_ids(self, seconds: float) -> None:
        """Take in answers to creates under way, so that their ids are not lost."""
        end = time.monotonic() + seconds
        self._collect()
        while self.engine.under_way[CallKind.CREATE]:
            left = end - time.monotonic()
            if left <= 0 or not self._take_one(left):
                return

    def close(self) -> None:
        """Let the threads end: nothing is asked any more."""
        self._workers.close()

    # --- waiting -----------------------------------------------------------

    def _is_time_up(self, now: datetime) -> bool:
        """Whether nothing may be waited for any more.

        A run that only collects ends as soon as nothing can get ready in its time.
        """
        if now >= self.deadline:
            return True
        if self.engine.retry.mode is not RunMode.COLLECT or self._workers.under_way:
            return False
        wake = self.engine.next_wake(now)
        return wake is not None and wake > self.deadline

    def _is_over(self) -> bool:
        if self.engine.is_done:
            return True
        if not self.engine.is_time_up:
            return False
        return not self._workers.under_way or self._is_stuck()

    def _is_stuck(self) -> bool:
        """Whether what is still under way is not worth waiting for any longer."""
        now, sign = self._clock.now(), self.download_progress()
        if sign != self._last_progress:
            self._last_progress, self._progressed_at = sign, now
        is_fetching = self.engine.under_way[CallKind.FETCH] > 0
        grace = POLICY.download_grace if is_fetching else POLICY.grace
        return (now - self._progressed_at).total_seconds() > grace

    def _wait(self) -> None:
        wake = self.engine.next_wake(self._advanced_at)
        now = self._clock.now()
        if not self.engine.is_time_up and self._is_time_up(now):
            return
        if not self._has_threads:
            # nothing can come back meanwhile, so sleep right up to the next event
            until = min(wake or self.deadline, max(self.deadline, now))
            seconds = max((until - now).total_seconds(), 0.001)
            self._clock.sleep(min(seconds, self.longest_sleep or seconds))
            return
        seconds = POLICY.max_nap
        # what was due at the last look and not begun lacks a free worker or space
        # on the disk: only an answer can bring either, and it wakes us
        if wake is not None and wake > self._advanced_at:
            seconds = min(max((wake - now).total_seconds(), 0.001), seconds)
        if self._workers.under_way:
            self._take_one(seconds)
        else:
            time.sleep(seconds)

    def _take_one(self, seconds: float) -> bool:
        """Record the next outcome, waiting this long for it; say whether one came."""
        result = self._workers.next_result(seconds)
        if result is None:
            return False
        self._record(*result[0])
        return True

    # --- acting ------------------------------------------------------------

    def _start(self, action: Action) -> None:
        self._workers.submit(lambda: (action, self._perform(action)))
        if not self._has_threads:
            self._collect()

    def _perform(self, action: Action) -> Outcome | _Crash:
        try:
            return self._call(action)
        except TransientError as error:
            is_answered = error.status is not None and (
                not isinstance(error, UnreachableError)
            )
            return model.Unavailable(
                str(error), is_outage=True, is_answered=is_answered
            )
        except OutcomeError as error:
            return error.outcome
        except BaseException as error:  # noqa: BLE001 - raised again by the owner
            return _Crash(error)

    def _call(self, action: Action) -> Outcome:
        report, api = action.report, self._api
        if action.kind is CallKind.CREATE:
            return api.create(report.request)
        assert report.report_id is not None  # noqa: S101 - it has been accepted
        report_id = report.report_id
        if action.kind is CallKind.POLL:
            return api.poll(report.request, report_id)
        if action.kind is CallKind.CANCEL:
            return api.cancel(report.request, report_id)
        return self._fetcher.fetch(
            report, lambda: api.document_url(report.request, report_id)
        )

    def _collect(self) -> None:
        while self._take_one(0):
            pass

    def _record(self, action: Action, outcome: Outcome | _Crash) -> None:
        if isinstance(outcome, _Crash):
            if isinstance(outcome.error, AuthError):
                raise outcome.error
            if isinstance(outcome.error, AmazonError):
                outcome = model.Refused(str(outcome.error))
            else:
                raise outcome.error
        changes = self.engine.record(action, outcome, self._clock.now())
        self._on_changes(changes)
