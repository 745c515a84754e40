"""What the rest of this target knows of Amazon's audiences, and of time passing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from singer_amazon.errors import AmazonError, CallError


class ThrottledError(CallError):
    """Amazon says not now (429); ``retry_after`` are seconds, where it names them."""

    def __init__(self, message: str, retry_after: float | None) -> None:
        super().__init__(message, status=429)
        self.retry_after = retry_after


class TooLargeError(CallError):
    """The request has too many bytes (413)."""


class BadRequestError(CallError):
    """Something in the request is wrong (400); ``reason`` is Amazon's own."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message, status=400)
        self.reason = reason


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


@dataclass(frozen=True, slots=True)
class Terms:
    """Whether the user who granted access accepted the terms of AMC."""

    is_accepted: bool
    token: str = ""


@dataclass(frozen=True, slots=True)
class AmcConnection:
    """A connection between this client and an AMC instance or DSP advertiser."""

    id: str
    instance_id: str = ""
    advertiser_id: str = ""
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class AmcAccount:
    """An AMC account and the marketplace it stands in."""

    id: str
    marketplace_id: str = ""


@dataclass(frozen=True, slots=True)
class Fee:
    """What an audience costs per thousand impressions."""

    currency: str
    cents: int


@dataclass(frozen=True, slots=True)
class NewAudience:
    """An audience to be made; exactly one of connection and advertiser is given."""

    name: str
    description: str
    country: str
    external_id: str
    ttl: int | None = None
    fee: Fee | None = None
    connection_id: str | None = None
    advertiser_id: int | None = None


@dataclass(frozen=True, slots=True)
class Audience:
    """An audience as Amazon has it; None where Amazon does not say."""

    id: int
    name: str | None = None
    description: str | None = None
    ttl: int | None = None
    fee: Fee | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change of an audience; None stays as it is."""

    description: str | None = None
    ttl: int | None = None
    fee: Fee | None = None


class AudienceApi(Protocol):
    """Amazon's audiences. Every method may raise the errors of singer_amazon."""

    def terms(self) -> Terms:
        """Return the state of AMC's terms."""

    def accept_terms(self, token: str) -> None:
        """Accept them in the user's name."""

    def connections(self, connection_id: str | None = None) -> list[AmcConnection]:
        """Return the connections of this client, or the one that is named."""

    def add_connection(
        self, account: AmcAccount, instance_id: str, advertiser_id: str | None
    ) -> str:
        """Make a connection and return its id."""

    def accounts(self) -> list[AmcAccount]:
        """Return the AMC accounts."""

    def instances(self, account: AmcAccount) -> Iterable[str]:
        """Yield the ids of an account's AMC instances."""

    def create(self, audience: NewAudience) -> int:
        """Make an audience and return its id."""

    def audience(self, audience_id: int) -> Audience:
        """Return an audience."""

    def update(self, audience_id: int, changes: Changes) -> None:
        """Change an audience."""

    def upload(self, body: bytearray) -> str:
        """Send one request with records and return the id of its job."""

    def job(self, job_id: str) -> Job:
        """Look at a job."""
