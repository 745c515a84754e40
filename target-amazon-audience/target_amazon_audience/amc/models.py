"""What the rest of this target knows of Amazon's audiences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from target_amazon_audience.delivery.ports import RecordsApi


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


class AudienceApi(RecordsApi, Protocol):
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
