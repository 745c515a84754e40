"""What delivery, mirror and state need of an API of Amazon's, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from target_amazon_audience.delivery.models import Job
    from target_amazon_audience.delivery.requests import Destination
    from target_amazon_audience.reporting.audience_report import AudienceReport


@dataclass(frozen=True, slots=True)
class Receipt:
    """What Amazon answers to a request with records that it takes."""

    job_id: str | None
    """The job that works on it; None: nothing more is heard of these rows."""
    invalid: Sequence[tuple[int, str]] = ()
    """Rows that are not taken, by their number from 0, each with Amazon's reason."""


class RecordsApi(Protocol):
    """The calls with records. All may raise the errors of singer_amazon."""

    def upload(self, body: bytearray) -> Receipt:
        """Send one request with records."""

    def job(self, job_id: str) -> Job:
        """Look at a job."""


class Resolver(Protocol):
    """The audience of one set of settings, on its way to being usable."""

    key: str
    """What this target knows it by, before and after it is made."""
    ttl: int
    """Seconds that a member stays without being sent again."""
    is_created: bool
    notes: list[str]
    has_jobs: bool
    """Whether its batches become jobs, whose end Amazon tells."""

    @property
    def audience_id(self) -> int | None:
        """Its number in the database, once it is known."""

    @property
    def records(self) -> RecordsApi:
        """What its records are sent with."""

    @property
    def preview(self) -> Destination:
        """Where a run that sends nothing would send."""

    def shown_id(self) -> str | None:
        """Return what Amazon calls the audience, once it is known."""

    def known_id(self) -> int | None:
        """Return the audience's number where it is known without Amazon."""

    def check(self) -> None:
        """Look up everything that can be known before the first record."""

    def destination(self) -> Destination:
        """Return where records go; the audience is made now if there is none."""

    def conclude(self, report: AudienceReport, until: float | None) -> None:
        """Say what became of the audience itself, once all records are sent.

        What can be waited for is, up to ``until``; None: nothing is.
        """
