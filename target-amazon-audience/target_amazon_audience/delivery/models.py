"""Refusals of Amazon's and its jobs, whichever API they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from singer_amazon.errors import AmazonError, CallError


class ThrottledError(CallError):
    """Amazon says not now (429); ``retry_after`` are seconds, where it names them."""

    def __init__(self, message: str, retry_after: float | None) -> None:
        super().__init__(message, status=429)
        self.retry_after = retry_after


class TooLargeError(CallError):
    """The request has too many bytes (413)."""


class BadRequestError(CallError):
    """Something in the request is wrong (400).

    ``reason`` is Amazon's own, ``body`` the answer it stands in.
    """

    def __init__(
        self, message: str, reason: str, body: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message, status=400)
        self.reason = reason
        self.body = body or {}


class NotFoundError(CallError):
    """Amazon does not know it, or not for this user (404)."""


class StoppedError(AmazonError):
    """A signal arrived while a call had to wait."""


_PERCENT = 100


class JobState(Enum):
    """What Amazon says of a job."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    COMPLETED = "COMPLETED"
    PARTIAL = "PARTIALLYSUCCEEDED"
    FAILED = "FAILED"
    UNKNOWN = ""
    """A word that this release does not know; taken as not ended."""


@dataclass(frozen=True, slots=True)
class Job:
    """One look at a job; ``invalid`` are external ids with Amazon's reason."""

    state: JobState
    raw_state: str = ""
    invalid: Sequence[tuple[str, str]] = ()
    rate: float | None = None
    """Share of rows without an error; whether of 1 or of 100, Amazon does not say."""

    def least_invalid(self, rows: int) -> int:
        """Return how many rows are invalid at least, listed or not."""
        if self.rate is None or not 0 <= self.rate <= _PERCENT:
            return 0
        share = self.rate if self.rate <= 1 else self.rate / _PERCENT
        return round(rows * (1 - share))
