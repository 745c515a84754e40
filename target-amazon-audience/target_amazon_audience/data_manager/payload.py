"""The JSON of a request with members, as Ads Data Manager takes it, and back."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

import msgspec

from target_amazon_audience.delivery.requests import Destination, MemberFormat
from target_amazon_audience.matching.member import CREATE, Member, pack
from target_amazon_audience.matching.rules import (
    ApiRules,
)

MAX_OBJECTS = 10
"""Sets of personal data that Amazon takes of one person in a row."""

RULES = ApiRules(
    names={
        "address": "ad",
        "city": "cty",
        "email": "em",
        "firstname": "fn",
        "lastname": "ln",
        "phone": "ph",
        "postal": "zip",
        "state": "st",
    },
    max_objects=MAX_OBJECTS,
    consent_everywhere=True,
    one_country=True,
    removal_needs_grant=True,
)
_HEAD = b'{"members":'


class _Geo(msgspec.Struct):
    countryCode: str = ""  # noqa: N815 - Amazon's name


class _Consent(msgspec.Struct):
    geo: _Geo
    consent: msgspec.Raw = msgspec.Raw()


class _Pii(msgspec.Struct):
    hashedPiis: list[msgspec.Raw]  # noqa: N815 - Amazon's name


class _Person(msgspec.Struct):
    externalUserId: str  # noqa: N815 - Amazon's name


class _Row(_Person):
    userIdentity: _Pii  # noqa: N815 - Amazon's name
    userConsent: msgspec.Raw  # noqa: N815 - Amazon's name


_decode_ids = msgspec.json.Decoder(list[_Person]).decode
_decode_rows = msgspec.json.Decoder(list[_Row]).decode
_decode_consent = msgspec.json.Decoder(_Consent).decode


class _Format:
    """``MemberFormat`` of this API."""

    @staticmethod
    def rows(members: Iterable[Member], action: str) -> Iterator[str]:
        """Yield the JSON that creates or deletes each member."""
        return map(_rows_of, members, repeat(action))

    @staticmethod
    def size(member: Member) -> int:
        """Return the bytes of a member's row, with the comma behind it."""
        pii, consent = member.pii, member.consent
        if len(pii) > MAX_OBJECTS:
            return len(_rows_of(member, CREATE)) + 1
        found = _FIXED + len(member.external_id) + len(pii[0])
        if len(pii) > 1:
            found += sum(map(len, pii[1:])) + len(pii) - 1
        return found + (_COUNTRY if consent is None else len(consent))

    @staticmethod
    def sizes(members: Sequence[Member]) -> int:
        """Return the bytes of the rows of all, with a comma behind each."""
        return sum(map(_Format.size, members))

    @staticmethod
    def ids_of(array: bytes | memoryview) -> list[str]:
        """Return whom the rows are about, in their order."""
        return [person.externalUserId for person in _decode_ids(array)]

    @staticmethod
    def pii_by_person(array: bytes | memoryview) -> dict[str, str]:
        """Return the packed data of each person in the rows."""
        found: dict[str, tuple[str, ...]] = {}
        for row in _decode_rows(array):
            before = found.get(row.externalUserId, ())
            found[row.externalUserId] = (*before, *_pii(row))
        return {name: pack(pii) for name, pii in found.items()}

    @staticmethod
    def members_of(array: bytes | memoryview) -> Iterator[Member]:
        """Yield the members that the rows are about."""
        for row in _decode_rows(array):
            given = _decode_consent(row.userConsent)
            consent = bytes(row.userConsent).decode() if given.consent else None
            country = given.geo.countryCode
            yield Member(row.externalUserId, _pii(row), country, consent)


def _rows_of(member: Member, action: str) -> str:
    """Return the row of a member.

    Whoever has more sets of data than one row takes, as may be when they are removed,
    has several rows.
    """
    pii = member.pii
    if len(pii) <= MAX_OBJECTS:
        return _row(member, action, pii)
    return ",".join(
        _row(member, action, pii[start : start + MAX_OBJECTS])
        for start in range(0, len(pii), MAX_OBJECTS)
    )


def _row(member: Member, action: str, pii: tuple[str, ...]) -> str:
    # The external id is plain by its pattern and needs no escaping.
    consent = member.consent
    if consent is None:
        consent = f'{{"geo":{{"countryCode":"{member.country}"}}}}'
    return (
        f'{{"action":"{action}","externalUserId":"{member.external_id}",'
        f'"userIdentity":{{"hashedPiis":[{pii[0] if len(pii) == 1 else ",".join(pii)}]'
        f'}},"userConsent":{consent}}}'
    )


def _pii(row: _Row) -> tuple[str, ...]:
    return tuple(bytes(raw).decode() for raw in row.userIdentity.hashedPiis)


_COUNTRY = len('{"geo":{"countryCode":"US"}}')
_FIXED = len(_row(Member("", ("",), "US"), CREATE, ("",))) - _COUNTRY + 1

FORMAT: MemberFormat = _Format()


def destination(number: int, account: str) -> Destination:
    """Return where members go: a dataset by its number in the database.

    How much Amazon takes in an hour is not known: no volume is kept.
    """
    return Destination(
        number,
        None,
        f"adm:{account}",
        FORMAT,
        _HEAD,
        keeps_rows=False,
        records_per_hour=sys.maxsize,
    )


PREVIEW = destination(0, "")
"""Of a run that sends nothing."""
