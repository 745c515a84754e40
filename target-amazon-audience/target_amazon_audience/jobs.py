"""Looking after Amazon's jobs: when to look, and what an answer means.

``Schedule`` is pure; ``look`` is one call, made in a worker thread.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from singer_amazon.errors import AmazonError
from target_amazon_audience.ports import (
    AudienceApi,
    Job,
    JobState,
    NotFoundError,
    ThrottledError,
)

if TYPE_CHECKING:
    from target_amazon_audience.store import OpenBatch
    from target_amazon_audience.uploader import SharedPacer

GRACE_SECONDS = 900.0
"""How long a new job may be unknown to Amazon before it counts as lost."""
_GROWTH = 1.5
_JITTER = 0.1

ENDED = frozenset({JobState.SUCCEEDED, JobState.COMPLETED, JobState.PARTIAL})


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a batch's job; without ``job`` it could not be had."""

    batch: OpenBatch
    job: Job | None
    failure: AmazonError | None = None


def look(api: AudienceApi, batch: OpenBatch, pacer: SharedPacer, now: float) -> Look:
    """Ask Amazon for a job, and wait out a 429."""
    found = None
    while found is None:
        found = _look_once(api, batch, pacer, now)
    return found


def _look_once(
    api: AudienceApi, batch: OpenBatch, pacer: SharedPacer, now: float
) -> Look | None:
    """Return what Amazon says; a job unknown to it is pending at first, then lost."""
    try:
        pacer.take_turn(0)
        job = api.job(batch.job_id)
    except ThrottledError as error:
        pacer.refused(0, error.retry_after)
        return None
    except NotFoundError:
        is_new = now - batch.accepted_at < GRACE_SECONDS
        state = JobState.PENDING if is_new else JobState.FAILED
        return Look(batch, Job(state, "unknown to Amazon"))
    except AmazonError as error:
        return Look(batch, None, error)
    pacer.accepted()
    return Look(batch, job)


@dataclass(slots=True)
class _Watched:
    batch: OpenBatch
    next_at: float
    interval: float


class Schedule:
    """When to look at which job: soon at first, then at growing intervals."""

    def __init__(self, first: float, longest: float, *, seed: int = 0) -> None:
        self._first = first
        self._longest = longest
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self._watched: dict[int, _Watched] = {}
        self._away: set[int] = set()

    def __len__(self) -> int:
        return len(self._watched)

    def __contains__(self, batch_id: int) -> bool:
        return batch_id in self._watched

    def add(self, batch: OpenBatch, now: float, *, at_once: bool = False) -> None:
        """Watch a batch's job."""
        due = now if at_once else now + self._first
        self._watched[batch.id] = _Watched(batch, due, self._first)

    def due(self, now: float) -> list[OpenBatch]:
        """Return the jobs to look at now; each is away until ``looked`` or ``drop``."""
        found = [
            watched.batch
            for number, watched in self._watched.items()
            if watched.next_at <= now and number not in self._away
        ]
        self._away.update(batch.id for batch in found)
        return found

    def looked(self, batch_id: int, now: float) -> None:
        """Note that a job has not ended: it is looked at later."""
        self._away.discard(batch_id)
        watched = self._watched[batch_id]
        jitter = self._random.uniform(1 - _JITTER, 1 + _JITTER)
        watched.next_at = now + watched.interval * jitter
        watched.interval = min(watched.interval * _GROWTH, self._longest)

    def drop(self, batch_id: int) -> None:
        """Watch a job no more."""
        self._away.discard(batch_id)
        self._watched.pop(batch_id, None)

    def next_at(self) -> float | None:
        """Return when the next look is due, None if nothing is watched."""
        return min(
            (w.next_at for n, w in self._watched.items() if n not in self._away),
            default=None,
        )
