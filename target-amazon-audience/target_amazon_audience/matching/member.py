"""What a record comes to: a member of an audience, or a refusal with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

CREATE = "CREATE"
DELETE = "DELETE"
MAX_OBJECTS = 100
"""Objects of personal data that Amazon takes of one person."""

_unpack = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Member(msgspec.Struct, frozen=True, gc=False):
    """One person as Amazon will see them; ``pii`` are JSON objects of hashes."""

    external_id: str
    pii: tuple[str, ...]
    country: str
    consent: str | None = None


class Reason:
    """Why a record is not sent; these texts stand in rejects and reports."""

    ID_MISSING = "external id missing"
    ID_NOT_ALLOWED = "external id not allowed"
    COUNTRY_UNKNOWN = "country code unknown"
    NO_DATA = "no usable personal data"
    HASH_DAMAGED = "personal data looks like a damaged or foreign hash"
    DELETED = "deleted in the source"
    KEY_MISSING = "key column missing"
    EXPRESSION = "expression of stream_maps failed"
    REFUSED = "refused by Amazon"
    FAILED = "job failed at Amazon"
    INVALID = "invalid at Amazon"
    NO_GRANT = "removal not possible without consent signal"
    TOO_MANY_SETS = "more sets of personal data than Amazon takes of a person"
    COUNTRIES_DIFFER = "country and country of the consent differ"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that is not sent."""

    reason: str
    field: str | None = None
    external_id: str | None = None
    must_go: bool = False
    """Whether the person may not be in the audience, and is removed by a mirror.

    Consent was denied, or the source has deleted the person: nothing is wrong with the
    record.
    """


def merged(old: Member, new: Member, max_objects: int = MAX_OBJECTS) -> Member:
    """Return both records of a person as one; country and consent from the newer."""
    pii = tuple(dict.fromkeys((*old.pii, *new.pii)))[:max_objects]
    return Member(new.external_id, pii, new.country, new.consent)


def pack(pii: Iterable[str]) -> str:
    """Return the objects of a person in an order of their own, comparable as bytes."""
    return f"[{','.join(sorted(pii))}]"


def unpack(packed: str) -> tuple[str, ...]:
    """Return the objects that ``pack`` took."""
    return tuple(bytes(raw).decode() for raw in _unpack(packed))


def merge_pii(old: str | None, new: str) -> str:
    """Join the packed objects of two records of one person, called by SQLite."""
    if old is None or old == new:
        return new
    return pack(tuple(dict.fromkeys((*unpack(old), *unpack(new))))[:MAX_OBJECTS])
