"""Amazon's jobs: when to look at one, and what its state means for its batch.

``poll`` is one call, made in a worker thread. All else is of the main thread, and
returns values: the sink acts on them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from singer_amazon.errors import AmazonError, AuthError, TransientError
from target_amazon_audience.delivery.models import (
    Job,
    JobState,
    NotFoundError,
    ThrottledError,
)

if TYPE_CHECKING:
    from target_amazon_audience.amc.rate_limits import SharedLimiter
    from target_amazon_audience.delivery.ports import RecordsApi
    from target_amazon_audience.delivery.uploader import Accepted
    from target_amazon_audience.reporting.audience_report import AudienceReport
    from target_amazon_audience.settings import AudienceSettings
    from target_amazon_audience.state.store import OpenBatch

MAX_ATTEMPTS = 6
"""How often a batch is sent before a failed job is final, over several runs.

The first run sends it twice, each later one once more. Its STATE has long passed, so
nobody else would send its records again.
"""
_ATTEMPTS_OF_A_RUN = 2
SUPERSEDED = MAX_ATTEMPTS + 1
"""Attempts of a batch that is not sent again: a later run may have undone it."""
GRACE_SECONDS = 900.0
"""How long a new job may be unknown to Amazon before it counts as lost."""
MAX_FIRST_LOOK_SECONDS = 60.0
"""How long looks at the jobs of earlier runs may hold up the start."""
MAX_HELD_UP_SECONDS = 5400.0
"""How long jobs in the way are waited for where max_wait_time says nothing."""
_GROWTH = 1.5
_JITTER = 0.1

UNLISTED = "not listed by Amazon"
_HASH = re.compile(r"[0-9a-fA-F]{64}")

CARRIED_OUT = frozenset({JobState.SUCCEEDED, JobState.COMPLETED, JobState.PARTIAL})


@dataclass(frozen=True, slots=True)
class Poll:
    """One look at a batch's job; without ``job`` it could not be had."""

    batch: OpenBatch
    job: Job | None
    failure: AmazonError | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A job has ended for good: its batch is not needed any more."""

    batch: OpenBatch
    is_carried_out: bool
    invalid: tuple[tuple[str, str], ...] = ()
    """Rows that Amazon found invalid: external ids, each with Amazon's reason."""
    unlisted: int = 0
    """Rows that it found invalid without naming them."""
    rows: Mapping[str, int] | None = None
    """The numbers of invalid rows, where Amazon told them."""
    is_rejected: bool = False
    """Whether nothing will make good for it: its records are rejected."""


@dataclass(frozen=True, slots=True)
class Resend:
    """A job has failed: its batch is sent a second time."""

    batch: OpenBatch
    job: Job


def poll(
    api: RecordsApi,
    batch: OpenBatch,
    limiter: SharedLimiter,
    now: float,
    until: float,
) -> Poll:
    """Ask Amazon for a job, and wait out a 429, but not beyond ``until``.

    A job unknown to Amazon is pending at first, then lost.
    """
    try:
        job = _polled(api, batch, limiter, until)
    except NotFoundError:
        is_new = now - batch.accepted_at < GRACE_SECONDS
        state = JobState.PENDING if is_new else JobState.FAILED
        return Poll(batch, Job(state, "unknown to Amazon"))
    except AmazonError as error:
        return Poll(batch, None, error)
    return Poll(batch, job)


def _polled(
    api: RecordsApi, batch: OpenBatch, limiter: SharedLimiter, until: float
) -> Job:
    while True:
        started = limiter.acquire(until=until)
        try:
            job = api.job(batch.job_id)
        except ThrottledError as error:
            limiter.refused(started, error.retry_after)
        else:
            limiter.succeeded()
            return job


@dataclass(slots=True)
class _Watched:
    batch: OpenBatch
    next_at: float
    interval: float


class PollSchedule:
    """When to look at which job: soon at first, then at growing intervals."""

    def __init__(self, first: float, longest: float, *, seed: int = 0) -> None:
        self._first = first
        self._longest = longest
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self._watched: dict[int, _Watched] = {}
        self._under_way: set[int] = set()

    def __len__(self) -> int:
        return len(self._watched)

    def __contains__(self, batch_id: int) -> bool:
        return batch_id in self._watched

    def add(self, batch: OpenBatch, now: float, *, at_once: bool = False) -> None:
        """Watch a batch's job."""
        due = now if at_once else now + self._first
        self._watched[batch.id] = _Watched(batch, due, self._first)

    def due(self, now: float) -> list[OpenBatch]:
        """Return the jobs to look at now; each is away until one of the next two."""
        found = [
            watched.batch
            for number, watched in self._watched.items()
            if watched.next_at <= now and number not in self._under_way
        ]
        self._under_way.update(batch.id for batch in found)
        return found

    def postpone(self, batch_id: int, now: float) -> None:
        """Note that a job has not ended: it is looked at later."""
        self._under_way.discard(batch_id)
        watched = self._watched[batch_id]
        jitter = self._random.uniform(1 - _JITTER, 1 + _JITTER)
        watched.next_at = now + watched.interval * jitter
        watched.interval = min(watched.interval * _GROWTH, self._longest)

    def drop(self, batch_id: int) -> None:
        """Watch a job no more."""
        self._under_way.discard(batch_id)
        self._watched.pop(batch_id, None)

    def next_at(self) -> float | None:
        """Return when the next look is due, None if nothing is watched."""
        return min(
            (w.next_at for n, w in self._watched.items() if n not in self._under_way),
            default=None,
        )


class JobTracker:
    """The jobs of one audience, of this run and of earlier ones."""

    def __init__(self, settings: AudienceSettings, report: AudienceReport) -> None:
        self.schedule = PollSchedule(settings.poll_seconds, settings.poll_seconds_max)
        self.waited_from = 0.0
        self._report = report
        self._wait_minutes = settings.wait_minutes
        self._is_mirror = settings.is_mirror
        self._earlier: set[int] = set()
        self._given_up: set[int] = set()
        self.kept: set[int] = set()
        """Batches whose jobs have failed, left to the next run to send again."""

    def begin(self, batches: Iterable[OpenBatch], now: float) -> None:
        """Take over the batches of earlier runs; they are looked at first."""
        for batch in batches:
            self._earlier.add(batch.id)
            self.schedule.add(batch, now, at_once=True)

    def give_up(self, batches: Iterable[OpenBatch], action: str) -> set[int]:
        """Give up sending again what this run may undo; return which batches these are.

        A CREATE of an earlier run that is repeated after this run's DELETE would bring
        a person back.
        """
        self._given_up.update(
            batch.id
            for batch in batches
            if batch.id in self._earlier and (self._is_mirror or batch.action != action)
        )
        return self._given_up

    def polled(self, found: Poll, now: float) -> Ended | Resend | None:
        """Take a look at a job; return what follows for its batch, if it has ended."""
        batch, job = found.batch, found.job
        if job is None:
            self._not_polled(batch, found.failure, now)
        elif job.state in CARRIED_OUT:
            return self._carried_out(batch, job)
        elif job.state is JobState.FAILED:
            return self._failed(batch, job)
        else:
            if job.state is JobState.UNKNOWN:
                self._report.fail(
                    f"Amazon calls a job {job.raw_state!r}, a word this release does "
                    "not know: the job is taken as not ended"
                )
            self.schedule.postpone(batch.id, now)
        return None

    def _not_polled(
        self, batch: OpenBatch, failure: AmazonError | None, now: float
    ) -> None:
        if isinstance(failure, TransientError):
            self.schedule.postpone(batch.id, now)
            return
        self.schedule.drop(batch.id)
        sentence = f"A job could not be looked at: {failure}"
        if isinstance(failure, AuthError):
            self._report.fail(sentence)
        else:
            self._report.note(sentence)

    def _carried_out(self, batch: OpenBatch, job: Job) -> Ended:
        invalid = tuple((name, _hidden(reason, name)) for name, reason in job.invalid)
        unlisted = max(job.least_invalid(batch.rows) - len(invalid), 0)
        is_earlier = batch.id in self._earlier
        for _, reason in invalid:
            self._report.count_invalid(reason, is_earlier=is_earlier)
        if unlisted:
            self._report.count_invalid(UNLISTED, unlisted, is_earlier=is_earlier)
        if job.state is JobState.PARTIAL:
            self._report.note(
                "Amazon took a batch in part only (PARTIALLYSUCCEEDED): at least one "
                "target has it, another has not"
            )
        self._report.completed += 1
        self._drop(batch)
        return Ended(batch, is_carried_out=True, invalid=invalid, unlisted=unlisted)

    def taken(self, accepted: Accepted) -> Ended:
        """Take a batch that Amazon has made no job of."""
        batch, unlisted = accepted.batch, accepted.unlisted
        invalid = tuple((name, _hidden(why, name)) for name, why in accepted.invalid)
        for _, reason in invalid:
            self._report.count_invalid(reason)
        if unlisted:
            self._report.count_invalid(UNLISTED, unlisted)
        return Ended(
            batch,
            is_carried_out=True,
            invalid=invalid,
            unlisted=unlisted,
            rows=accepted.rows,
        )

    def _drop(self, batch: OpenBatch) -> None:
        """Watch an ended job no more."""
        self.schedule.drop(batch.id)
        if batch.id in self._earlier:
            self._report.earlier_rows += batch.rows

    def _failed(self, batch: OpenBatch, job: Job) -> Ended | Resend | None:
        self._drop(batch)
        if batch.id in self._earlier and self._is_mirror:
            # its members count as not confirmed: this run compares them anew
            return Ended(batch, is_carried_out=False)
        if batch.attempts >= MAX_ATTEMPTS or batch.id in self._given_up:
            return self.reject(batch, job)
        if batch.id in self._earlier or batch.attempts == 1:
            self._report.note(
                f"Amazon's job for {batch.rows:,} records failed ({job.raw_state}) at "
                f"attempt {batch.attempts} of {MAX_ATTEMPTS}: they are sent again"
            )
            return Resend(batch, job)
        if self._is_mirror:
            return self.reject(batch, job)
        self.keep(batch, job)
        return None

    def keep(self, batch: OpenBatch, job: Job) -> None:
        """Leave a batch whose job has failed to the next run, which sends it again."""
        self.kept.add(batch.id)
        self._report.failed += 1
        self._report.fail(
            f"Amazon's job for {batch.rows:,} records failed ({job.raw_state}): their "
            f"{batch.action} was not carried out. They are kept, and the next run "
            "sends them again"
        )

    def report_open(self, batches: Iterable[OpenBatch]) -> None:
        """Report the batches whose jobs have not ended when the run does.

        Who has failed twice is no success before the job that repeats them is one.
        """
        for batch in batches:
            if batch.id in self.kept:
                continue
            self._report.pending += 1
            if _ATTEMPTS_OF_A_RUN < batch.attempts < SUPERSEDED:
                self._report.fail(
                    f"Amazon's job for {batch.rows:,} records has failed "
                    f"{batch.attempts - 1} times: they were sent again, and it is not "
                    f"known yet whether their {batch.action} is carried out"
                )

    def reject(self, batch: OpenBatch, job: Job) -> Ended:
        """Take a failed job as final."""
        self._report.failed += 1
        self._report.fail(
            f"Amazon's job for {batch.rows:,} records failed ({job.raw_state}): their "
            f"{batch.action} was not carried out"
        )
        return Ended(batch, is_carried_out=False, is_rejected=True)

    def polls_until(self, now: float) -> float:
        """Return until when a look may take."""
        if not self.waited_from:
            return now + MAX_FIRST_LOOK_SECONDS
        minutes = self._wait_minutes
        wait = MAX_HELD_UP_SECONDS if minutes is None else minutes * 60
        return self.waited_from + wait

    def wait_until(self, in_the_way: Collection[int] = ()) -> float | None:
        """Return until when jobs are waited for; None if they are not.

        Jobs ``in_the_way`` of others are waited for in any case.
        """
        if not len(self.schedule):
            return None
        if self._wait_minutes is not None:
            return self.waited_from + self._wait_minutes * 60
        if any(number in self.schedule for number in in_the_way):
            return self.waited_from + MAX_HELD_UP_SECONDS
        return None


def _hidden(reason: str, external_id: str) -> str:
    """Return Amazon's reason without what it says about the person."""
    reason = reason.replace(external_id, "***") if external_id else reason
    return _HASH.sub("***", reason) or "no reason given"
