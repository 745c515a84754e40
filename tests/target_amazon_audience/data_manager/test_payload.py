"""Rows of members: what is written is read back, and its size is known before."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from target_amazon_audience.data_manager.payload import (
    FORMAT,
    MAX_OBJECTS,
    PREVIEW,
    destination,
)
from target_amazon_audience.delivery.requests import rows_of
from target_amazon_audience.matching.member import CREATE, DELETE, Member, pack

CONSENT = '{"geo":{"countryCode":"GB"},"consent":{"tcf":"CPXX"}}'


@st.composite
def members(draw: st.DrawFn, most: int = MAX_OBJECTS) -> Member:
    number = draw(st.integers(0, 10**6))
    pii = draw(st.sets(st.integers(0, 99), min_size=1, max_size=most))
    consent = draw(st.sampled_from([None, CONSENT]))
    country = "US" if consent is None else "GB"
    objects = tuple(f'{{"em":"{n:064}"}}' for n in sorted(pii))
    return Member(f"u-{number}", objects, country, consent)


@given(st.lists(members(), max_size=5, unique_by=lambda m: m.external_id))
def test_members_are_read_back_from_their_rows(given_members: list[Member]) -> None:
    rows = list(FORMAT.rows(given_members, CREATE))
    request = destination(-1, "a").request(rows, len(rows), has_consent=True)
    assert list(FORMAT.members_of(request.rows)) == given_members
    assert FORMAT.ids_of(request.rows) == [m.external_id for m in given_members]
    assert json.loads(bytes(request.body))["members"] == json.loads(bytes(request.rows))
    assert PREVIEW.repeat(bytes(request.rows), len(rows)).rows == request.rows


@given(members(most=35))
def test_whoever_has_more_sets_than_a_row_takes_has_several(member: Member) -> None:
    [text] = FORMAT.rows([member], DELETE)
    rows = json.loads(f"[{text}]")
    assert len(rows) == -(-len(member.pii) // MAX_OBJECTS)
    assert all(len(r["userIdentity"]["hashedPiis"]) <= MAX_OBJECTS for r in rows)
    array = f"[{text}]".encode()
    assert FORMAT.pii_by_person(array) == {member.external_id: pack(member.pii)}
    assert len(rows_of(array)) == len(rows)


@given(members(most=25))
def test_the_size_of_a_row_is_known_before_it_is_made(member: Member) -> None:
    [text] = FORMAT.rows([member], CREATE)
    assert FORMAT.size(member) == FORMAT.sizes([member]) == len(text) + 1
