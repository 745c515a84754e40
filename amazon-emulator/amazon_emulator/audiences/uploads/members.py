"""The members of one audience: who, with which hashes, since when.

A member is kept as bytes, an eighth of the size of the texts. An expired member stays
in the set, because Amazon brings it back when the time to live is raised again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from amazon_emulator.audiences.contract import PII_FIELDS

_HASH_BYTES = 32
Pii = tuple[bytes, ...]
"""The hashed objects of one user, each packed, in order and without repeats."""


class Entry(NamedTuple):
    """What one record of an accepted upload does to the member set."""

    is_create: bool
    user_id: str
    pii: Pii
    country: str | None
    consent: Mapping[str, Any] | None


class Member(NamedTuple):
    """One member; another record of the user replaces it."""

    pii: Pii
    country: str | None
    consent: Mapping[str, Any] | None
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """What applying entries did."""

    added: int = 0
    """Members that were not there before."""
    renewed: int = 0
    """Members that were there and count as added now."""
    removed: int = 0
    without_effect: int = 0
    """DELETE records that found no such member, or not these hashes."""


def entry(record: Mapping[str, Any], country: str | None) -> Entry:
    """Return a validated record in the form that is kept."""
    pii = tuple(map(pack, record["hashedPII"]))
    return Entry(
        record["action"] == "CREATE",
        record["externalUserId"],
        pii if len(pii) == 1 else tuple(sorted(set(pii))),
        record.get("countryCode", country),
        without_address(record.get("userConsent")),
    )


class MemberSet:
    """The members of one audience; not safe for threads by itself."""

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self._oldest: datetime | None = None
        """No member was added before; None: nobody ever was."""

    def apply(
        self, entries: list[Entry], at: datetime, *, delete_whole: bool
    ) -> Effect:
        """Apply entries in their order; `delete_whole`: DELETE takes all hashes."""
        added = renewed = removed = idle = 0
        self._oldest = at if self._oldest is None else min(self._oldest, at)
        members = self._members
        for is_create, user_id, given, country, consent in entries:
            pii = given
            old = members.get(user_id)
            if is_create:
                if old is None:
                    added += 1
                else:
                    renewed += 1
                    if old.pii != pii:
                        pii = tuple(sorted({*old.pii, *pii}))
                members[user_id] = Member(pii, country, consent, at)
                continue
            left = () if old is None or delete_whole else _without(old.pii, pii)
            if old is None or left == old.pii:
                idle += 1
            elif left:
                members[user_id] = old._replace(pii=left)
            else:
                del members[user_id]
                removed += 1
        return Effect(added, renewed, removed, idle)

    def count(self, now: datetime, ttl: float) -> tuple[int, int]:
        """Return how many members are active and how many have expired."""
        life = timedelta(seconds=ttl)
        # Called with every poll of a job: a set of a million must not be counted then.
        if self._oldest is None or now - self._oldest < life:
            return len(self._members), 0
        active = sum(
            now - member.added_at < life for member in tuple(self._members.values())
        )
        return active, len(self._members) - active

    def items(
        self, now: datetime, ttl: float, *, is_active: bool
    ) -> Iterator[tuple[str, Member]]:
        """Yield the active (or the expired) members by user id."""
        life = timedelta(seconds=ttl)
        for user_id, member in tuple(self._members.items()):
            if (now - member.added_at < life) is is_active:
                yield user_id, member


def unpack(packed: bytes) -> dict[str, str]:
    """Return the hashes that were packed, by field."""
    names = [name for bit, name in enumerate(PII_FIELDS) if packed[0] >> bit & 1]
    parts = (
        packed[1 + at * _HASH_BYTES : 1 + (at + 1) * _HASH_BYTES].hex()
        for at in range(len(names))
    )
    return dict(zip(names, parts, strict=True))


def pack(pii: Mapping[str, str]) -> bytes:
    """Return hashes by field as bytes: which fields there are, and their digests."""
    mask, order = _layout(tuple(pii))
    return mask + bytes.fromhex("".join([pii[name] for name in order]))


@cache
def _layout(names: tuple[str, ...]) -> tuple[bytes, tuple[str, ...]]:
    """Return the byte that says which fields there are, and the fields in order."""
    order = tuple(name for name in PII_FIELDS if name in names)
    return bytes([sum(1 << PII_FIELDS.index(name) for name in names)]), order


def _without(pii: Pii, gone: Pii) -> Pii:
    return tuple(packed for packed in pii if packed not in gone)


def without_address(consent: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return consent as sent, but with a hash in place of the IP address."""
    address = (consent or {}).get("geo", {}).get("ipAddress")
    if consent is None or not address:
        return consent
    digest = f"sha256:{sha256(address.encode()).hexdigest()}"
    return {**consent, "geo": {**consent["geo"], "ipAddress": digest}}
