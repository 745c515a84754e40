"""Sends batches as fast as may be, splits what is too large, singles out bad rows.

Runs in worker threads. Each request that Amazon takes is a job of its own, and stands
in the database with its id before anyone hears of it.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from singer_amazon.errors import AmazonError
from target_amazon_audience.delivery.models import (
    BadRequestError,
    ThrottledError,
    TooLargeError,
)
from target_amazon_audience.delivery.ports import Receipt, RecordsApi
from target_amazon_audience.delivery.requests import NO_ROWS, rows_of
from target_amazon_audience.errors import UploadError
from target_amazon_audience.matching.member import DELETE
from target_amazon_audience.state.store import AudienceStore, Draft, OpenBatch

if TYPE_CHECKING:
    from singer_amazon.clock import Clock
    from target_amazon_audience.amc.rate_limits import SharedLimiter
    from target_amazon_audience.delivery.batches import BatchLimits
    from target_amazon_audience.delivery.requests import Destination, RecordsRequest
    from target_amazon_audience.state.members import Members

MAX_EXTRA_CALLS = 200
"""Calls spent on finding the bad rows of one batch."""
MAX_SAME_REFUSALS = 5
"""Single rows that must fail in the same way before the fault is not in the rows."""

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")


@dataclass(frozen=True, slots=True)
class Upload:
    """Rows to send; ``number`` is the STATE they belong to, None for none."""

    action: str
    request: RecordsRequest
    stream: str
    number: int | None = None
    attempts: int = 1
    replaces: int | None = None
    """The batch whose failed job this one repeats."""
    slot: ExitStack = field(default_factory=ExitStack, repr=False)
    """Given back as soon as the upload, or its first part, is kept."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A batch that Amazon has taken without making it a job."""

    batch: OpenBatch
    invalid: Sequence[tuple[str, str]] = ()
    """External ids of the rows that it did not take, each with Amazon's reason."""
    unlisted: int = 0
    """Such rows that it named by no number of a row."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """The numbers of their rows, from 1, by external id."""


@dataclass(slots=True)
class Outcome:
    """What came of an upload; with a ``failure`` some rows may not have been sent."""

    upload: Upload
    batches: list[OpenBatch] = field(default_factory=list)
    """Accepted, each as a job that is still to end."""
    ended: list[Accepted] = field(default_factory=list)
    """Accepted, and nothing more is heard of them."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """External ids Amazon refused, each with Amazon's reason."""
    failure: AmazonError | None = None


class Uploader:
    """Sends the batches of one audience; threads share it."""

    def __init__(
        self,
        api: RecordsApi,
        store: AudienceStore,
        members: Members,
        destination: Destination,
        limiter: SharedLimiter,
        limits: BatchLimits,
        clock: Clock,
    ) -> None:
        self.destination = destination
        self.limiter = limiter
        self._api = api
        self._store = store
        self._members = members
        self._limits = limits
        self._clock = clock
        self._keeps_rows = members.is_tracked or destination.keeps_rows
        self._numbers = itertools.count(1)
        """Of batches that nothing has to be known of once they are accepted."""
        self._lock = threading.Lock()
        self._accepted = 0
        self._failure: AmazonError | None = None
        self._refusals: Counter[str] = Counter()

    def run(self, upload: Upload) -> Outcome:
        """Send all rows of an upload, in as many requests as it takes."""
        # without the rows: these are megabytes, and done with before anyone looks
        outcome = Outcome(replace(upload, request=NO_ROWS), failure=self._failure)
        if self._failure is not None:
            return outcome  # the next call would only fail in the same way
        try:
            self._send_all(upload, outcome)
        except AmazonError as error:
            outcome.failure = self._failure = error
        return outcome

    def _send_all(self, upload: Upload, outcome: Outcome) -> None:
        parts = [upload.request]
        extra = 0
        while parts:
            part = parts.pop()
            try:
                self._send(upload, part, outcome)
            except TooLargeError as error:
                if part.count == 1:
                    self._refuse(part, str(error), outcome)
                else:
                    self._limits.refused(len(part.body))
                    parts += self._halves(part)
            except BadRequestError as error:
                if part.count == 1:
                    self._refuse(part, error.reason, outcome)
                    self._check_alike(error.reason)
                elif extra < MAX_EXTRA_CALLS:
                    extra += 2
                    parts += self._halves(part)
                else:
                    self._refuse(part, error.reason, outcome)

    def _halves(self, part: RecordsRequest) -> list[RecordsRequest]:
        """Return both halves, the first one last: that is where the stack goes on."""
        rows = rows_of(part.rows)
        middle = len(rows) // 2
        halves = (rows[middle:], rows[:middle])
        return [
            self.destination.request(half, len(half), has_consent=part.has_consent)
            for half in halves
        ]

    def _send(self, upload: Upload, part: RecordsRequest, outcome: Outcome) -> None:
        batch = self._keep(upload, part)
        upload.slot.close()
        try:
            receipt = self._call(part.body, part.count)
        except (BadRequestError, TooLargeError):
            if self._keeps_rows:
                self._store.forget(batch)
            raise
        now, job_id = self._clock.now().timestamp(), receipt.job_id
        if job_id is not None:
            self._store.accepted(batch, job_id, now, self.destination.connection)
        with self._lock:
            self._accepted += part.count
        taken = OpenBatch(
            id=batch,
            stream=upload.stream,
            action=upload.action,
            rows=part.count,
            job_id=job_id or "",
            accepted_at=now,
            attempts=upload.attempts,
            is_kept=self._keeps_rows,
        )
        if job_id is not None:
            outcome.batches.append(taken)
        else:
            outcome.ended.append(self._ended(taken, part, receipt.invalid))

    def _ended(
        self,
        batch: OpenBatch,
        part: RecordsRequest,
        invalid: Sequence[tuple[int, str]],
    ) -> Accepted:
        """Say of whom the rows are that Amazon names by their number."""
        if not invalid:
            return Accepted(batch)
        ids = self.destination.format.ids_of(part.rows)
        known = [(n, why) for n, why in invalid if 0 <= n < len(ids)]
        rows = {ids[n]: n + 1 for n, _ in known}
        named = [(ids[n], why) for n, why in known]
        return Accepted(batch, named, len(invalid) - len(named), rows)

    def _keep(self, upload: Upload, part: RecordsRequest) -> int:
        """Keep a batch before it is sent, with what it does to members.

        Without jobs and members nothing is kept: what is not accepted comes again.
        """
        if not self._keeps_rows:
            return next(self._numbers)
        draft = Draft(
            audience_id=self.destination.audience_id,
            stream=upload.stream,
            action=upload.action,
            target=self.destination.target,
            rows=part.count,
            payload=part.payload(),
            attempts=upload.attempts,
        )
        ids_of = self.destination.format.ids_of
        if upload.replaces is not None:
            return self._members.replacing(draft, ids_of(part.rows), upload.replaces)
        if not self._members.is_tracked:
            return self._store.draft(draft)
        if upload.action == DELETE:
            return self._members.removing(draft, ids_of(part.rows))
        now = self._clock.now().timestamp()
        members = self.destination.format.members_of(draft.payload)
        return self._members.creating(draft, members, now)

    def _call(self, body: bytearray, rows: int) -> Receipt:
        while True:
            started = self.limiter.acquire(rows)
            try:
                receipt = self._api.upload(body)
            except ThrottledError as error:
                self.limiter.refused(started, error.retry_after, rows)
            else:
                self.limiter.succeeded()
                return receipt

    def _refuse(self, part: RecordsRequest, reason: str, outcome: Outcome) -> None:
        for external_id in self.destination.format.ids_of(part.rows):
            hidden = reason.replace(external_id, "***")
            outcome.refused.append((external_id, hidden))

    def _check_alike(self, reason: str) -> None:
        """Stop where it is not the rows: each fails, all in the same way."""
        with self._lock:
            kind = _QUOTED.sub("", reason)
            self._refusals[kind] += 1
            if self._accepted or self._refusals[kind] < MAX_SAME_REFUSALS:
                return
        msg = (
            f"Amazon refuses every record alike ({_QUOTED.sub('...', reason)}): this "
            "is not about single records. Check audience, target and region."
        )
        raise UploadError(msg)
