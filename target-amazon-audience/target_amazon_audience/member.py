"""What a record comes to: a member of an audience, or a refusal with its reason."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


class Member(msgspec.Struct, frozen=True, gc=False):
    """One person as Amazon will see them; ``pii`` are JSON objects of hashes."""

    external_id: str
    pii: tuple[str, ...]
    country: str
    consent: str | None = None


class Reason:
    """Why a record is not sent; these words stand in rejects and reports."""

    ID_MISSING = "external id missing"
    ID_NOT_ALLOWED = "external id not allowed"
    COUNTRY_UNKNOWN = "country code unknown"
    NO_DATA = "no usable personal data"
    KEY_MISSING = "key column missing"
    EXPRESSION = "expression of stream_maps failed"
    UNREADABLE = "line unreadable"
    REFUSED = "refused by Amazon"
    FAILED = "job failed at Amazon"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that is not sent; a denied one asks to be removed by a mirror."""

    reason: str
    field: str | None = None
    external_id: str | None = None
    is_denied: bool = False
