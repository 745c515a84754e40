"""The JSON of a record as Amazon takes it, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from target_amazon_audience.record import Member

CREATE = "CREATE"
DELETE = "DELETE"
MOST_OBJECTS = 100
"""Objects of personal data that one record may carry."""

_CONSENT = ',"userConsent":'
_IP_ADDRESS = re.compile(rb',"ipAddress":"[^"]*"')


class Record(msgspec.Struct, frozen=True, gc=False):
    """One row of an upload: whom it is about, and its JSON."""

    external_id: str
    wire: str


class _Identity(msgspec.Struct):
    externalUserId: str  # noqa: N815 - Amazon's name


_decode_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_identity = msgspec.json.Decoder(_Identity).decode


def record(member: Member, action: str) -> Record:
    """Return a member as the row that creates or deletes it.

    The external id is plain by its pattern and needs no escaping.
    """
    external_id = member.external_id
    pii = member.pii[0] if len(member.pii) == 1 else ",".join(member.pii)
    consent = "" if member.consent is None else _CONSENT + member.consent
    return Record(
        external_id,
        f'{{"externalUserId":"{external_id}","action":"{action}",'
        f'"countryCode":"{member.country}","hashedPII":[{pii}]{consent}}}',
    )


_FIXED = len(record(Member("", ("",), "US"), CREATE).wire)


def size(member: Member) -> int:
    """Return the bytes of a member's row, with the comma behind it: all is ASCII."""
    pii = member.pii
    found = _FIXED + len(member.external_id) + len(pii[0]) + 1
    if len(pii) > 1:
        found += sum(map(len, pii[1:])) + len(pii) - 1
    if member.consent is not None:
        found += len(_CONSENT) + len(member.consent)
    return found


def merged(old: Member, new: Member) -> Member:
    """Return both records of a person as one; country and consent from the newer."""
    pii = tuple(dict.fromkeys((*old.pii, *new.pii)))[:MOST_OBJECTS]
    return Member(new.external_id, pii, new.country, new.consent)


def joined(rows: Iterable[Record], before: str = "[", after: str = "]") -> bytes:
    """Return rows as a JSON array, or with something else around them.

    All in one step: these are megabytes, and each copy of them costs.
    """
    parts = [row.wire for row in rows]
    if not parts:
        return f"{before}{after}".encode()
    parts[0] = before + parts[0]
    parts[-1] += after
    return ",".join(parts).encode()


def payload(rows: bytes | memoryview) -> bytes | memoryview:
    """Return ``joined`` rows as they are kept until their job has succeeded.

    IP addresses are sent once and kept nowhere.
    """
    return _IP_ADDRESS.sub(b"", rows) if _IP_ADDRESS.search(rows) else rows


def kept_consent(consent: str | None) -> str | None:
    """Return what may be kept of a person's consent."""
    return None if consent is None else _IP_ADDRESS.sub(b"", consent.encode()).decode()


def rows_of(stored: bytes) -> Sequence[Record]:
    """Return the rows of a payload that was kept."""
    return [
        Record(_decode_identity(raw).externalUserId, bytes(raw).decode())
        for raw in _decode_rows(stored)
    ]
