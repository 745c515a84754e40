"""The JSON of a request with records, as Amazon takes it, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from target_amazon_audience.delivery.requests import Destination, MemberFormat
from target_amazon_audience.matching.member import CREATE, Member, pack

MAX_ROWS = 10_000
"""Rows Amazon takes in one request."""

_CONSENT = ',"userConsent":'


class _Identity(msgspec.Struct):
    externalUserId: str  # noqa: N815 - Amazon's name


class _PersonalData(_Identity):
    hashedPII: list[msgspec.Raw]  # noqa: N815 - Amazon's name


class _Row(_PersonalData):
    countryCode: str  # noqa: N815 - Amazon's name
    userConsent: msgspec.Raw = msgspec.Raw()  # noqa: N815 - Amazon's name


_decode_ids = msgspec.json.Decoder(list[_Identity]).decode
_decode_pii = msgspec.json.Decoder(list[_PersonalData]).decode
_decode_members = msgspec.json.Decoder(list[_Row]).decode


def rows(members: Iterable[Member], action: str) -> Iterator[str]:
    """Yield the JSON that creates or deletes each member.

    The external id is plain by its pattern and needs no escaping.
    """
    return (
        f'{{"externalUserId":"{m.external_id}","action":"{action}",'
        f'"countryCode":"{m.country}","hashedPII":[{",".join(m.pii)}]'
        f"{'' if m.consent is None else _CONSENT + m.consent}}}"
        for m in members
    )


_FIXED = len(next(rows([Member("", ("",), "US")], CREATE)))


def size(member: Member) -> int:
    """Return the bytes of a member's row, with the comma behind it: all is ASCII."""
    pii = member.pii
    found = _FIXED + 1 + len(member.external_id) + len(pii[0])
    is_plain = member.consent is None and len(pii) == 1
    return found if is_plain else found + _rest(member)


def sizes(members: Sequence[Member]) -> int:
    """Return the bytes of the rows of all, with a comma behind each."""
    first = sum([len(m.external_id) + len(m.pii[0]) for m in members])
    others = [m for m in members if m.consent is not None or len(m.pii) > 1]
    return (_FIXED + 1) * len(members) + first + sum(map(_rest, others))


def _rest(member: Member) -> int:
    """Return the bytes of what stands beside the first object, commas included."""
    found = sum(map(len, member.pii[1:])) + len(member.pii) - 1
    if member.consent is not None:
        found += len(_CONSENT) + len(member.consent)
    return found


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


def destination(audience_id: int, target: str | None, connection: str) -> Destination:
    """Return where records go: an audience, and the resource named with them."""
    named = "" if target is None else f'"targetResource":{target},'
    head = f'{{"audienceId":{audience_id},{named}"records":'.encode()
    return Destination(audience_id, target, connection, FORMAT, head)


class _Format:
    """``MemberFormat`` of this API."""

    rows = staticmethod(rows)
    size = staticmethod(size)
    sizes = staticmethod(sizes)
    ids_of = staticmethod(ids_of)
    pii_by_person = staticmethod(pii_by_person)
    members_of = staticmethod(members_of)


FORMAT: MemberFormat = _Format()
NO_DESTINATION = destination(0, None, "")
"""Of a run that sends nothing."""
