"""Sends batches: paced, split where too large, taken apart where a row is bad.

Runs in worker threads. Each request that Amazon takes is a job of its own, and stands
in the database with its id before anyone is told.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from singer_amazon.errors import AmazonError
from target_amazon_audience.errors import UploadError
from target_amazon_audience.ports import (
    AudienceApi,
    BadRequestError,
    Pauser,
    ThrottledError,
    TooLargeError,
)
from target_amazon_audience.store import Draft, OpenBatch, Store
from target_amazon_audience.wire import ids_of, rows_of

if TYPE_CHECKING:
    from singer_amazon.clock import Clock
    from target_amazon_audience.batching import Limits
    from target_amazon_audience.pacing import Pacer
    from target_amazon_audience.place import Place, Request

MOST_EXTRA_CALLS = 200
"""Calls spent on finding the bad rows of one batch."""
ALIKE = 5
"""Single rows that must fail in the same way before the fault is not in the rows."""

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")

Keep = Callable[[float, Draft, "Request"], int]
"""Keeps a batch in the database before it is sent, with what it means for members."""


@dataclass(frozen=True, slots=True)
class Upload:
    """Rows to send; ``number`` is the STATE they belong to, None for none."""

    action: str
    request: Request
    stream: str
    keep: Keep = field(repr=False)
    number: int | None = None
    attempts: int = 1
    replaces: int | None = None
    """The batch whose failed job this one repeats."""


@dataclass(slots=True)
class Outcome:
    """What came of an upload; with a ``failure`` some rows may not have been sent."""

    upload: Upload
    batches: list[OpenBatch] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    """External ids Amazon refused, each with Amazon's words."""
    failure: AmazonError | None = None


class SharedPacer:
    """The pace of a connection, kept by many threads."""

    def __init__(self, pacer: Pacer, clock: Clock, pauser: Pauser) -> None:
        self._pacer = pacer
        self._clock = clock
        self._pauser = pauser
        self._lock = threading.Lock()

    @property
    def throttled(self) -> int:
        """Calls that Amazon has refused for now."""
        return self._pacer.throttled

    def take_turn(self, rows: int) -> None:
        """Wait until a request with this many rows may go.

        Raises:
            StoppedError: a signal arrived.
        """
        while True:
            with self._lock:
                now = self._clock.now().timestamp()
                wait = self._pacer.wait(now, rows)
                if wait <= 0:
                    self._pacer.sent(now, rows)
                    return
            self._pauser.pause(wait)

    def refused(self, rows: int, retry_after: float | None) -> None:
        """Note a 429: its rows have not gone."""
        with self._lock:
            now = self._clock.now().timestamp()
            self._pacer.sent(now, -rows)
            self._pacer.refused(now, retry_after)

    def accepted(self) -> None:
        """Note a call that went through."""
        with self._lock:
            self._pacer.accepted()


class Uploader:
    """Sends the batches of one audience; threads share it."""

    def __init__(
        self,
        api: AudienceApi,
        store: Store,
        place: Place,
        pacer: SharedPacer,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self.place = place
        self.pacer = pacer
        self._api = api
        self._store = store
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._accepted = 0
        self._failure: AmazonError | None = None
        self._alike: Counter[str] = Counter()

    def run(self, upload: Upload) -> Outcome:
        """Send all rows of an upload, in as many requests as it takes."""
        outcome = Outcome(upload, failure=self._failure)
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
                    self._refuse(part, error.words, outcome)
                    self._check_alike(error.words)
                elif extra < MOST_EXTRA_CALLS:
                    extra += 2
                    parts += self._halves(part)
                else:
                    self._refuse(part, error.words, outcome)

    def _halves(self, part: Request) -> list[Request]:
        """Return both halves, the first one last: that is where the stack goes on."""
        rows = rows_of(part.rows)
        middle = len(rows) // 2
        halves = (rows[middle:], rows[:middle])
        return [
            self.place.request(half, len(half), has_consent=part.has_consent)
            for half in halves
        ]

    def _send(self, upload: Upload, part: Request, outcome: Outcome) -> None:
        batch = self._keep(upload, part)
        try:
            job_id = self._call(part.body, part.count)
        except (BadRequestError, TooLargeError):
            self._store.forget(batch)
            raise
        now = self._clock.now().timestamp()
        self._store.accepted(batch, job_id, now, self.place.connection)
        with self._lock:
            self._accepted += part.count
        outcome.batches.append(
            OpenBatch(
                id=batch,
                stream=upload.stream,
                action=upload.action,
                rows=part.count,
                job_id=job_id,
                accepted_at=now,
                attempts=upload.attempts,
            )
        )

    def _keep(self, upload: Upload, part: Request) -> int:
        draft = Draft(
            audience_id=self.place.audience_id,
            stream=upload.stream,
            action=upload.action,
            target=self.place.target,
            rows=part.count,
            payload=part.payload(),
            attempts=upload.attempts,
        )
        return upload.keep(self._clock.now().timestamp(), draft, part)

    def _call(self, body: bytearray, rows: int) -> str:
        while True:
            self.pacer.take_turn(rows)
            try:
                job_id = self._api.upload(body)
            except ThrottledError as error:
                self.pacer.refused(rows, error.retry_after)
            else:
                self.pacer.accepted()
                return job_id

    def _refuse(self, part: Request, words: str, outcome: Outcome) -> None:
        for external_id in ids_of(part.rows):
            hidden = words.replace(external_id, "***")
            outcome.refused.append((external_id, hidden))

    def _check_alike(self, words: str) -> None:
        """Stop where it is not the rows: each fails, all in the same way."""
        with self._lock:
            kind = _QUOTED.sub("", words)
            self._alike[kind] += 1
            if self._accepted or self._alike[kind] < ALIKE:
                return
        msg = (
            f"Amazon refuses every record alike ({_QUOTED.sub('...', words)}): this is "
            "not about single records. Check audience, target and region."
        )
        raise UploadError(msg)
