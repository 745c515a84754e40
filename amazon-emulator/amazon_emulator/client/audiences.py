"""The control calls about audiences, and what they return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from amazon_emulator.client.control_client import ControlClient
from amazon_emulator.clock import parse_instant


@dataclass(frozen=True, slots=True)
class AudienceView:
    """One audience as it is now."""

    audience_id: int
    external_audience_id: str
    name: str
    description: str
    country_code: str | None
    connection_id: str | None
    advertiser_id: int | None
    ttl: float
    fees: Sequence[Mapping[str, Any]]
    created_at: datetime
    members: int
    """Members whose time to live is not over."""
    expired: int
    """Members that a higher time to live would bring back."""
    received: int
    """Records of all jobs that were processed."""

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> AudienceView:
        """Read one item of `GET /_emulator/audiences`."""
        return cls(**{**entry, "created_at": parse_instant(entry["created_at"])})


@dataclass(frozen=True, slots=True)
class JobView:
    """One accepted upload and what became of its records."""

    job_id: str
    audience_id: int
    connection_id: str | None
    targets: Sequence[str]
    state: str
    looks: int
    received: int
    repeated: int
    """Records of a user whom the same upload had named before."""
    invalid: Mapping[str, int]
    """Reason -> number of records."""
    added: int
    renewed: int
    removed: int
    without_effect: int
    """DELETE records that found no such member, or not these hashes."""
    created_at: datetime
    settled_at: datetime | None

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> JobView:
        """Read one item of `GET /_emulator/audience-jobs`."""
        settled = entry["settled_at"]
        times = {
            "created_at": parse_instant(entry["created_at"]),
            "settled_at": None if settled is None else parse_instant(settled),
        }
        return cls(**{**entry, **times})


@dataclass(frozen=True, slots=True)
class MemberView:
    """One member of an audience."""

    external_user_id: str
    hashed_pii: Sequence[Mapping[str, str]]
    """Distinct objects, in an order that does not depend on how they came."""
    country_code: str | None
    user_consent: Mapping[str, Any] | None
    """As sent with the last record, the IP address as `sha256:<hex>`."""
    added_at: datetime
    expires_at: datetime

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> MemberView:
        """Read one item of `GET /_emulator/audiences/<id>/members`."""
        names = ("added_at", "expires_at")
        return cls(**{**entry, **{name: _instant(entry[name]) for name in names}})


class AudienceCalls(ControlClient):
    """Asks for audiences, jobs and members; sets the AMC accounts."""

    def amc_accounts(self) -> dict[str, Any]:
        """Return AMC `accounts`, own DSP `advertisers` and `connections`."""
        return self._object("GET", "/amc")

    def set_amc_accounts(self, accounts: Mapping[str, object]) -> None:
        """Take other AMC accounts, DSP advertisers and connections."""
        self._call("PUT", "/amc", accounts)

    def audiences(self) -> list[AudienceView]:
        """Return all audiences, oldest first."""
        return [AudienceView.parse(entry) for entry in self._call("GET", "/audiences")]

    def audience_jobs(self, audience_id: int | None = None) -> list[JobView]:
        """Return all accepted uploads (of one audience), oldest first."""
        path = "/audience-jobs"
        if audience_id is not None:
            path = f"/audiences/{audience_id}/jobs"
        return [JobView.parse(entry) for entry in self._call("GET", path)]

    def audience_members(
        self, audience_id: int, *, expired: bool = False
    ) -> dict[str, MemberView]:
        """Return the members of an audience (or the expired ones) by user id."""
        name = "expired-members" if expired else "members"
        listed = self._call("GET", f"/audiences/{audience_id}/{name}")
        members = [MemberView.parse(entry) for entry in listed]
        return {member.external_user_id: member for member in members}


@lru_cache(maxsize=1024)
def _instant(text: str) -> datetime:
    """Read an instant; the members of one upload share theirs."""
    return parse_instant(text)
