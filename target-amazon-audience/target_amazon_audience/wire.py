"""The JSON of a record as Amazon takes it, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from target_amazon_audience.member import Member

CREATE = "CREATE"
DELETE = "DELETE"
MOST_OBJECTS = 100
"""Objects of personal data that one record may carry."""

_CONSENT = ',"userConsent":'
_AT_ONCE = 256
_IP_ADDRESS = re.compile(rb',"ipAddress":"[^"]*"')


class _Identity(msgspec.Struct):
    externalUserId: str  # noqa: N815 - Amazon's name


class _Row(_Identity):
    countryCode: str  # noqa: N815 - Amazon's name
    hashedPII: list[msgspec.Raw]  # noqa: N815 - Amazon's name
    userConsent: msgspec.Raw = msgspec.Raw()  # noqa: N815 - Amazon's name


_decode_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_ids = msgspec.json.Decoder(list[_Identity]).decode
_decode_members = msgspec.json.Decoder(list[_Row]).decode


def row(member: Member, action: str) -> str:
    """Return the JSON that creates or deletes a member.

    The external id is plain by its pattern and needs no escaping.
    """
    external_id = member.external_id
    pii = member.pii[0] if len(member.pii) == 1 else ",".join(member.pii)
    consent = "" if member.consent is None else _CONSENT + member.consent
    return (
        f'{{"externalUserId":"{external_id}","action":"{action}",'
        f'"countryCode":"{member.country}","hashedPII":[{pii}]{consent}}}'
    )


_FIXED = len(row(Member("", ("",), "US"), CREATE))


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


def joined(rows: Iterable[str]) -> Iterator[bytes]:
    """Yield rows as a JSON array, some at a time.

    These are megabytes: what is small stays in the processor's cache, and is never
    held as text and as bytes at once.
    """
    left, before = iter(rows), "["
    while some := ",".join(islice(left, _AT_ONCE)):
        yield f"{before}{some}".encode()
        before = ","
    yield b"[]" if before == "[" else b"]"


def payload(rows: bytes | memoryview) -> bytes:
    """Return rows without IP addresses: these are sent once and kept nowhere."""
    return _IP_ADDRESS.sub(b"", rows)


def kept_consent(consent: str | None) -> str | None:
    """Return what may be kept of a person's consent."""
    return None if consent is None else _IP_ADDRESS.sub(b"", consent.encode()).decode()


def rows_of(array: bytes | memoryview) -> list[str]:
    """Return the rows of a JSON array."""
    return [bytes(raw).decode() for raw in _decode_rows(array)]


def ids_of(array: bytes | memoryview) -> list[str]:
    """Return whom the rows of a JSON array are about."""
    return [row.externalUserId for row in _decode_ids(array)]


def members_of(array: bytes | memoryview) -> list[Member]:
    """Return the members that the rows of a JSON array are about."""
    return [
        Member(
            row.externalUserId,
            tuple(bytes(raw).decode() for raw in row.hashedPII),
            row.countryCode,
            bytes(row.userConsent).decode() or None,
        )
        for row in _decode_members(array)
    ]
