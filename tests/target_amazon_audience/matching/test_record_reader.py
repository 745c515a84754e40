"""From records to members, and the records that become none."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_amazon_audience.matching.fields import (
    FIELDS,
)
from target_amazon_audience.matching.member import Member, Reason, Refusal
from target_amazon_audience.matching.record_reader import (
    RecordReader,
)
from target_amazon_audience.matching.rules import (
    RecordRules,
)

US = RecordRules("US", {}, {})


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def read(record: dict[str, Any], rules: RecordRules = US) -> Member | Refusal:
    return RecordReader(rules).read(record)


def member(record: dict[str, Any], rules: RecordRules = US) -> Member:
    found = read(record, rules)
    assert isinstance(found, Member), found
    return found


def refusal(record: dict[str, Any], rules: RecordRules = US) -> Refusal:
    found = read(record, rules)
    assert isinstance(found, Refusal), found
    return found


def pii(found: Member) -> list[dict[str, str]]:
    return [json.loads(entry) for entry in found.pii]


def test_all_fields() -> None:
    found = member(
        {
            "ExternalUserId": "user_1",
            "EMAIL": "A@B.C",
            "phone": 2065550100,
            "FirstName": "Jürgen",
            "lastname": "Doe",
            "address": "1 Main Street",
            "city": "New York",
            "state": "Washington",
            "postal": 2134,
            "CountryCode": "us",
            "unknown": {"nested": ["anything"]},
        }
    )
    assert found.external_id == "user_1"
    assert found.country == "US"
    assert found.consent is None
    assert pii(found) == [
        {
            "address": digest("1mainst"),
            "city": digest("newyork"),
            "email": digest("a@b.c"),
            "firstname": digest("juergen"),
            "lastname": digest("doe"),
            "phone": digest("12065550100"),
            "postal": digest("02134"),
            "state": digest("wa"),
        }
    ]


def test_fields_are_mapped_in_any_case() -> None:
    rules = replace(US, field_mapping={"email": "E-Mail", "externaluserid": "Id"})
    found = member({"id": 7, "e-mail": "a@b.c", "email": "not@this.one"}, rules)
    assert found.external_id == "7"
    assert pii(found) == [{"email": digest("a@b.c")}]


def test_a_name_in_lower_case_goes_before_its_like() -> None:
    found = member({"Email": "x@y.z", "email": "a@b.c", "externaluserid": "u"})
    assert pii(found) == [{"email": digest("a@b.c")}]


@pytest.mark.parametrize(
    ("value", "country"),
    [
        *(("DE", "DE"), (" uk ", "GB"), ("de", "DE"), ("USA", "US"), ("U.S.A.", "US")),
        *(("Germany", "DE"), ("Deutschland", "DE"), ("GBR", "GB"), ("日本", "JP")),
        *(("Österreich", "AT"), ("Oesterreich", "AT"), ("the Netherlands", "NL")),
        *(("NA", "NA"), ("u.k.", "GB"), ("Côte d\u2019Ivoire", "CI")),
        *(("", "US"), (None, "US"), ("NULL", "US"), ("n/a", "US"), ("-", "US")),
    ],
)
def test_countries(value: object, country: str) -> None:
    rules = replace(US, consent_mode="off")
    record = {"externaluserid": "u", "email": "a@b.c", "countrycode": value}
    assert member(record, rules).country == country


@pytest.mark.parametrize("value", ["Land", "Congo", "ZZ", "UNKNOWN", 49, ["US"]])
def test_other_countries_are_rejected_with_the_record(value: object) -> None:
    record = {"externaluserid": "u", "email": "a@b.c", "countrycode": value}
    assert refusal(record) == Refusal(Reason.COUNTRY_UNKNOWN, "countrycode", "u")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.ID_MISSING),
        ("", Reason.ID_MISSING),
        ("  ", Reason.ID_MISSING),
        ("a@b.c", Reason.ID_NOT_ALLOWED),
        ("user 1", Reason.ID_NOT_ALLOWED),
        ("ü", Reason.ID_NOT_ALLOWED),
        ("u" * 129, Reason.ID_NOT_ALLOWED),
        ({"id": 1}, Reason.ID_NOT_ALLOWED),
        (True, Reason.ID_NOT_ALLOWED),
    ],
)
def test_external_ids_that_cannot_be_used(value: object, reason: str) -> None:
    found = refusal({"externaluserid": value, "email": "a@b.c"})
    assert found == Refusal(reason, "externaluserid")


def test_where_external_ids_come_from() -> None:
    record = {"externaluserid": " a@b.c ", "email": "A@b.c", "phone": "2065550100"}
    for mode, wanted in (
        ("sha256", digest("a@b.c")),
        ("from_email", digest("a@b.c")),
        ("from_phone", digest("12065550100")),
    ):
        rules = replace(US, external_id=mode)
        assert member(record, rules).external_id == wanted
    found = refusal({"phone": "2065550100"}, replace(US, external_id="from_email"))
    assert found == Refusal(Reason.ID_MISSING, "email")


def test_without_an_e_mail_other_data_does() -> None:
    assert pii(member({"externaluserid": "u", "phone": "2065550100"}))
    found = refusal({"externaluserid": "u", "email": None, "phone": "12"})
    assert found == Refusal(Reason.NO_DATA, None, "u")


def test_unusable_values_are_counted_by_field() -> None:
    reader = RecordReader(US)
    reader.read({"externaluserid": "u", "email": "nobody", "phone": "2065550100"})
    reader.read({"externaluserid": "u", "email": ["a@b.c"], "phone": "2065550100"})
    reader.read({"externaluserid": "u", "email": "", "phone": "2065550100"})
    assert reader.unusable == {"email": 2}


def test_denied_consent_asks_for_removal_and_missing_consent_does_not() -> None:
    record = {"externaluserid": "u", "email": "a@b.c", "countrycode": "DE"}
    assert refusal(record) == Refusal("consent missing", None, "u")
    denied = refusal({**record, "amznUserData": "denied"})
    assert denied == Refusal("consent denied", None, "u", must_go=True)
    odd = refusal({**record, "amznuserdata": True})
    assert odd == Refusal("consent value unknown", "amznuserdata", "u")


def test_warn_sends_and_counts() -> None:
    reader = RecordReader(replace(US, consent_mode="warn"))
    found = reader.read({"externaluserid": "u", "email": "a@b.c", "countrycode": "DE"})
    assert isinstance(found, Member)
    assert reader.consent_missing == 1


def test_what_is_deleted_needs_no_consent_but_carries_it() -> None:
    rules = replace(US, needs_consent=False)
    record = {"externaluserid": "u", "email": "a@b.c", "countrycode": "DE"}
    assert member(record, rules).consent is None
    assert "DENIED" in (
        member({**record, "amznuserdata": "DENIED"}, rules).consent or ""
    )
    assert member({**record, "amznuserdata": "what?"}, rules).consent is None


def test_both_ways_of_writing_give_two_objects_where_they_differ() -> None:
    rules = replace(US, normalisation="both")
    found = member({"externaluserid": "u", "email": "a_b@c.d", "city": "X"}, rules)
    assert pii(found) == [
        {"city": digest("x"), "email": digest("ab@c.d")},
        {"city": digest("x"), "email": digest("a_b@c.d")},
    ]
    assert len(member({"externaluserid": "u", "email": "ab@c.d"}, rules).pii) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    record=st.dictionaries(
        st.sampled_from([*FIELDS, "Email", "PHONE", "other"]), JSON, max_size=12
    ),
    mode=st.sampled_from(["as_is", "sha256", "from_email", "from_phone"]),
    normalisation=st.sampled_from(["recommended", "both"]),
)
def test_no_record_breaks_the_reader(
    record: dict[str, Any], mode: str, normalisation: str
) -> None:
    rules = replace(US, external_id=mode, normalisation=normalisation)
    found = read(record, rules)
    if isinstance(found, Member):
        assert found.pii
        assert found.external_id
