"""The JSON of a request with records, as Amazon takes it, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from target_amazon_audience.matching.member import CREATE, Member, pack

MAX_ROWS = 10_000
"""Rows Amazon takes in one request."""

_CONSENT = ',"userConsent":'
_AT_ONCE = 256
_IP_ADDRESS = re.compile(rb',"ipAddress":"[^"]*"')


class _Identity(msgspec.Struct):
    externalUserId: str  # noqa: N815 - Amazon's name


class _PersonalData(_Identity):
    hashedPII: list[msgspec.Raw]  # noqa: N815 - Amazon's name


class _Row(_PersonalData):
    countryCode: str  # noqa: N815 - Amazon's name
    userConsent: msgspec.Raw = msgspec.Raw()  # noqa: N815 - Amazon's name


_decode_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_ids = msgspec.json.Decoder(list[_Identity]).decode
_decode_pii = msgspec.json.Decoder(list[_PersonalData]).decode
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


def kept_consent(consent: str | None) -> str | None:
    """Return what may be kept of a person's consent."""
    return None if consent is None else _IP_ADDRESS.sub(b"", consent.encode()).decode()


def rows_of(array: bytes | memoryview) -> list[str]:
    """Return the rows of a JSON array."""
    return [bytes(raw).decode() for raw in _decode_rows(array)]


def ids_of(array: bytes | memoryview) -> list[str]:
    """Return whom the rows of a JSON array are about."""
    return [row.externalUserId for row in _decode_ids(array)]


def pii_by_person(array: bytes | memoryview) -> dict[str, str]:
    """Return the packed data of each person in a JSON array of rows."""
    return {
        row.externalUserId: pack(bytes(raw).decode() for raw in row.hashedPII)
        for row in _decode_pii(array)
    }


def members_of(array: bytes | memoryview) -> Iterator[Member]:
    """Yield the members that the rows of a JSON array are about."""
    for row in _decode_members(array):
        yield Member(
            row.externalUserId,
            tuple(bytes(raw).decode() for raw in row.hashedPII),
            row.countryCode,
            bytes(row.userConsent).decode() or None,
        )


@dataclass(frozen=True, slots=True)
class RecordsRequest:
    """The body of a request; ``rows`` is the JSON array in it, not copied."""

    body: bytearray = field(repr=False)
    rows: memoryview = field(repr=False)
    count: int
    has_consent: bool = False
    """Whether the consent of persons stands in it, and with it perhaps IP addresses."""

    def payload(self) -> bytes | memoryview:
        """Return the rows as they are kept until their job has succeeded.

        IP addresses are not in them: these are sent once and kept nowhere.
        """
        return _IP_ADDRESS.sub(b"", self.rows) if self.has_consent else self.rows


NO_ROWS = RecordsRequest(bytearray(), memoryview(b""), 0)
"""In the place of a request that is done with."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where records go: an audience, and the resource named with them."""

    audience_id: int
    target: str | None
    connection: str
    """Whose hourly volume the records count to."""

    def request(
        self, rows: Iterable[str], count: int, *, has_consent: bool
    ) -> RecordsRequest:
        """Return the request that carries these rows."""
        return self._around(_joined(rows), count, has_consent=has_consent)

    def repeat(self, payload: bytes, count: int) -> RecordsRequest:
        """Return the request that carries rows which were kept."""
        return self._around((payload,), count, has_consent=False)

    def _around(
        self, array: Iterable[bytes], count: int, *, has_consent: bool
    ) -> RecordsRequest:
        target = "" if self.target is None else f'"targetResource":{self.target},'
        head = f'{{"audienceId":{self.audience_id},{target}"records":'.encode()
        body = bytearray(head)
        for part in array:
            body += part
        body += b"}"
        return RecordsRequest(
            body, memoryview(body)[len(head) : -1], count, has_consent
        )


NO_DESTINATION = Destination(0, None, "")
"""Of a run that sends nothing."""


def _joined(rows: Iterable[str]) -> Iterator[bytes]:
    """Yield rows as a JSON array, some at a time.

    These are megabytes: what is small stays in the processor's cache, and is never
    held as text and as bytes at once.
    """
    left, before = iter(rows), "["
    while some := ",".join(islice(left, _AT_ONCE)):
        yield f"{before}{some}".encode()
        before = ","
    yield b"[]" if before == "[" else b"]"
