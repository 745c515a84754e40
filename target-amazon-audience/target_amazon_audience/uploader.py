"""Sends batches: paced, split where too large, taken apart where a row is bad.

Runs in worker threads. Each request that Amazon takes is a job of its own, and stands
in the database with its id before anyone is told.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

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
from target_amazon_audience.wire import Record, joined, payload

if TYPE_CHECKING:
    from singer_amazon.clock import Clock
    from target_amazon_audience.batching import Limits
    from target_amazon_audience.pacing import Pacer

MOST_EXTRA_CALLS = 200
"""Calls spent on finding the bad rows of one batch."""
ALIKE = 5
"""Single rows that must fail in the same way before the fault is not in the rows."""

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")

Keep = Callable[[float, Draft, Sequence[Record]], int]
"""Keeps a batch in the database before it is sent, with what it means for members."""


@dataclass(frozen=True, slots=True)
class Upload:
    """Rows to send; ``number`` is the STATE they belong to, None for none."""

    action: str
    records: Sequence[Record] = field(repr=False)
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


class Request(NamedTuple):
    """The body of a request; ``rows`` is the JSON array in it, not copied."""

    body: bytes
    rows: memoryview


@dataclass(frozen=True, slots=True)
class Place:
    """Where records go: an audience, and the resource named with them."""

    audience_id: int
    target: str | None
    connection: str
    """Whose hourly volume the records count to."""

    def request(self, records: Sequence[Record]) -> Request:
        """Return the request that carries these records."""
        target = "" if self.target is None else f'"targetResource":{self.target},'
        head = f'{{"audienceId":{self.audience_id},{target}"records":'
        body = joined(records, f"{head}[", "]}")
        return Request(body, memoryview(body)[len(head) : -1])


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
        parts = [upload.records]
        extra = 0
        while parts:
            part = parts.pop()
            try:
                self._send(upload, part, outcome)
            except TooLargeError as error:
                if len(part) == 1:
                    self._refuse(part, str(error), outcome)
                else:
                    self._limits.refused(len(self.place.request(part).body))
                    parts += _halves(part)
            except BadRequestError as error:
                if len(part) == 1:
                    self._refuse(part, error.words, outcome)
                    self._check_alike(error.words)
                elif extra < MOST_EXTRA_CALLS:
                    extra += 2
                    parts += _halves(part)
                else:
                    self._refuse(part, error.words, outcome)

    def _send(self, upload: Upload, part: Sequence[Record], outcome: Outcome) -> None:
        request = self.place.request(part)
        batch = self._keep(upload, part, request.rows)
        try:
            job_id = self._call(request.body, len(part))
        except (BadRequestError, TooLargeError):
            self._store.forget(batch)
            raise
        now = self._clock.now().timestamp()
        self._store.accepted(batch, job_id, now, self.place.connection)
        with self._lock:
            self._accepted += len(part)
        outcome.batches.append(
            OpenBatch(
                id=batch,
                stream=upload.stream,
                action=upload.action,
                rows=len(part),
                job_id=job_id,
                accepted_at=now,
                attempts=upload.attempts,
            )
        )

    def _keep(self, upload: Upload, part: Sequence[Record], rows: memoryview) -> int:
        draft = Draft(
            audience_id=self.place.audience_id,
            stream=upload.stream,
            action=upload.action,
            target=self.place.target,
            rows=len(part),
            payload=payload(rows),
            attempts=upload.attempts,
        )
        return upload.keep(self._clock.now().timestamp(), draft, part)

    def _call(self, body: bytes, rows: int) -> str:
        while True:
            self.pacer.take_turn(rows)
            try:
                job_id = self._api.upload(body)
            except ThrottledError as error:
                self.pacer.refused(rows, error.retry_after)
            else:
                self.pacer.accepted()
                return job_id

    def _refuse(self, part: Sequence[Record], words: str, outcome: Outcome) -> None:
        for row in part:
            hidden = words.replace(row.external_id, "***")
            outcome.refused.append((row.external_id, hidden))

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


def _halves(part: Sequence[Record]) -> list[Sequence[Record]]:
    """Return both halves, the first one last: that is where the stack goes on."""
    middle = len(part) // 2
    return [part[middle:], part[:middle]]
