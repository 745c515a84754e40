"""The JSON of a record as Amazon takes it, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from target_amazon_audience.record import Member

CREATE = "CREATE"
DELETE = "DELETE"
MOST_OBJECTS = 100
"""Objects of personal data that one record may carry."""

_RECORD = b'{"externalUserId":"%b","action":"%b","countryCode":"%b","hashedPII":[%b]%b}'
_CONSENT = b',"userConsent":'
_FIXED = len(_RECORD % (b"", CREATE.encode(), b"US", b"", b""))
_IP_ADDRESS = re.compile(rb',"ipAddress":"[^"]*"')


class Record(NamedTuple):
    """One row of an upload: whom it is about, and its JSON."""

    external_id: str
    wire: bytes


class _Identity(msgspec.Struct):
    externalUserId: str  # noqa: N815 - Amazon's name


_decode_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_identity = msgspec.json.Decoder(_Identity).decode


def record(member: Member, action: str) -> Record:
    """Return a member as the row that creates or deletes it.

    The external id is plain by its pattern and needs no escaping.
    """
    consent = b"" if member.consent is None else _CONSENT + member.consent
    wire = _RECORD % (
        member.external_id.encode(),
        action.encode(),
        member.country.encode(),
        b",".join(member.pii),
        consent,
    )
    return Record(member.external_id, wire)


def size(member: Member) -> int:
    """Return the bytes of a member's row, with the comma behind it."""
    pii = member.pii
    found = _FIXED + len(member.external_id) + len(pii[0]) + 1
    for part in pii[1:]:
        found += len(part) + 1
    if member.consent is not None:
        found += len(_CONSENT) + len(member.consent)
    return found


def merged(old: Member, new: Member) -> Member:
    """Return both records of a person as one; country and consent from the newer."""
    pii = tuple(dict.fromkeys((*old.pii, *new.pii)))[:MOST_OBJECTS]
    return Member(new.external_id, pii, new.country, new.consent)


def payload(rows: Iterable[Record]) -> bytes:
    """Return rows as the JSON array that is kept until their job has succeeded.

    IP addresses are sent once and kept nowhere.
    """
    joined = b"[%b]" % b",".join(row.wire for row in rows)
    return _IP_ADDRESS.sub(b"", joined) if b'"ipAddress"' in joined else joined


def kept_consent(consent: bytes | None) -> bytes | None:
    """Return what may be kept of a person's consent."""
    return None if consent is None else _IP_ADDRESS.sub(b"", consent)


def rows_of(stored: bytes) -> Sequence[Record]:
    """Return the rows of a payload that was kept."""
    found = []
    for raw in _decode_rows(stored):
        wire = bytes(raw)
        found.append(Record(_decode_identity(wire).externalUserId, wire))
    return found
