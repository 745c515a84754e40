"""What is read by column is what is read record by record."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_amazon_audience.data_manager.payload import RULES as DATA_MANAGER
from target_amazon_audience.matching.columns.blocks import BlockReader
from target_amazon_audience.matching.columns.hashing import column_hashers
from target_amazon_audience.matching.hashing import MODES, PII_FIELDS, hashers
from target_amazon_audience.matching.record_reader import (
    RecordReader,
)
from target_amazon_audience.matching.reference import street_words
from target_amazon_audience.matching.rules import (
    ID_MODES,
    ApiRules,
    RecordRules,
)
from target_amazon_audience.matching.values import NO_VALUES

HASH = "9eceb13483d7f187ec014fd6d4854d1420cfc634328af85f51d0323ba8622e21"
COUNTRIES = ["US", "GB", "DE", "CA", "JP", "IN", "ZA", None]

usual = {
    "address": [
        "12 North Main Street, Apt. #5",
        "Hauptstraße 12-B",
        "1-2-C Oak Rd #A-1",
        "#5 12-B High St",
        "c/o Smith, 7 Σ Road",
        "10 DOWNING ST. (REAR) {x}",
        "12-B 14-C",
        "APT#1 APT#2X",
    ],
    "city": ["New York", "São Paulo", "Villingen-Schwenningen am See", "N/A Town"],
    "email": [
        "Jo.E-x@Example.com",
        "a_b@c.de",
        "Jo <jo@x.de>",
        "mailto:jo@x.de",
        "@x.de",
        "a@b@c",
        "ÄB@x.de",
    ],
    "firstname": ["Jo", "Ásgeir", "Weiß", "'t", "na", "#REF!", "K.A."],
    "lastname": ["O'Hara", "van der Linden-Übermann zu Hohenlohe", "null", "Müller"],
    "phone": [
        "206-555-0100",
        "+1 (206) 555-0100",
        "206.555.0100",
        "2065550100.0",
        "2.065550100E9",
        "999999999",
        "00442071234567",
        "020 7946 0958",
        "٣٤٥",
        "1206555 0100 x4",
    ],
    "postal": ["98101", "98101-1234", "00000", "1234", "SW1A 1AA", "K1A 0B1", "8101.0"],
    "state": ["WA", "Washington", "NA", "Baden-Württemberg", "new york"],
}
odd = [
    *("", " ", "\t", "-", "---", "\n", "\0", "#", "#N/A", "#REF!", "NA", "\u2013"),
    *("a\nb", "a\0b", "\ud800x", "12 \ud800 St", "x" * 1001, " padded ".ljust(40)),
    *("\u212a.A.", "İstanbul", "ΟΔΟΣ", "e\u0301", "\u2003x", "sha256:abc def", "MD5 x"),
    *(HASH, HASH.upper(), f" {HASH} ", HASH[:63], f"{HASH[:10]} {HASH}", "0" * 64),
    *("1" * 64, "2" * 30, "dead beef " * 5, "md5 12345678901234567890 a", "abc" * 9),
    *sorted(NO_VALUES),
]
words = st.sampled_from(
    [*sorted(street_words("US")), "12", "A", "B-2", "3-C", "#", "#9"]
)
streets = st.lists(words, min_size=1, max_size=8).map(" ".join)


def values_of(field: str) -> st.SearchStrategy[str]:
    """Return values of a field: usual ones mostly, any text sometimes."""
    own = st.sampled_from(usual[field])
    return st.one_of(own, own, own, streets, st.sampled_from(odd), st.text(max_size=30))


@pytest.mark.parametrize("normalisation", ["recommended", "aws_uploader"])
@pytest.mark.parametrize("field", PII_FIELDS)
@settings(max_examples=60)
@given(data=st.data())
def test_a_column_has_the_hashes_of_its_values(
    field: str, normalisation: str, data: st.DataObject
) -> None:
    modes = {field: data.draw(st.sampled_from(MODES))}
    column = column_hashers(normalisation, modes)[field]
    single = hashers(normalisation, modes)[field]
    for _ in range(2):  # the second one may know values of the first
        country = data.draw(st.sampled_from(COUNTRIES))
        values = data.draw(st.lists(values_of(field), min_size=1, max_size=30))
        found = column(values, country)
        assert found == [single(value, country) or "" for value in values]


@pytest.mark.parametrize("field", PII_FIELDS)
def test_columns_of_hashes_pass_as_they_are(field: str) -> None:
    values = [HASH, HASH.upper(), "0" * 64, HASH]
    for mode in ("auto", "hashed"):
        column = column_hashers("recommended", {field: mode})[field]
        assert column(values, "US") == [HASH, HASH, "", HASH]


def test_many_values_are_forgotten_again() -> None:
    column = column_hashers("recommended", {})["lastname"]
    single = hashers("recommended", {})["lastname"]
    for start in range(0, 60_000, 6000):
        values = [f"Family{n}" for n in range(start, start + 6000)]
        found = column([*values, "Family1", "Family2"], "US")
        assert found[-2:] == [single("Family1", "US"), single("Family2", "US")]


other_values = st.one_of(
    st.none(), st.none(), st.integers(), st.floats(), st.booleans(), st.just([])
)
texts_as_ids = st.sampled_from(["a", "b-1", "c_2", "00", "null", "NaN", "a\nb"])
other_ids: st.SearchStrategy[object] = st.sampled_from(
    ["", "a b", "x" * 129, None, 7, 1.5, {}]
)
more_fields: dict[str, st.SearchStrategy[object]] = {
    "_sdc_deleted_at": st.sampled_from([None, None, "", "2026-01-01", False]),
    "amznuserdata": st.sampled_from(["GRANTED", "GRANTED", "denied", "", "?", None, 1]),
    "consentcountrycode": st.sampled_from(["DE", "US", "", None, "??"]),
    "countrycode": st.sampled_from(["US", "DE", "gb", "", None, "??", 4, []]),
    "ipaddress": st.sampled_from(["192.0.2.1", "", "nowhere"]),
    "tcf": st.sampled_from(["CPXX", "", None]),
    "EMAIL": values_of("email"),
    "unknown": values_of("city"),
}


@st.composite
def blocks_of_records(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw records that came together: alike or of two kinds, plain or odd."""
    own = st.sampled_from(PII_FIELDS)
    more = st.sampled_from(sorted(more_fields))
    shapes = [
        draw(st.lists(own, unique=True, min_size=1, max_size=4))
        + draw(st.lists(more, unique=True, max_size=3))
        for _ in range(draw(st.integers(1, 2)))
    ]
    is_odd = draw(st.booleans())
    values = {
        **{f: values_of(f) for f in PII_FIELDS},
        **({f: values_of(f) | other_values for f in PII_FIELDS} if is_odd else {}),
        **more_fields,
    }
    ids = texts_as_ids | other_ids if is_odd else texts_as_ids
    records = []
    for _ in range(draw(st.integers(0, 24))):
        record = {name: draw(values[name]) for name in draw(st.sampled_from(shapes))}
        if not is_odd or draw(st.integers(0, 9)):
            record["externaluserid"] = draw(ids)
        records.append(record)
    return records


rules = st.builds(
    RecordRules,
    country=st.sampled_from(["US", "DE"]),
    field_mapping=st.just({"city": "unknown"}) | st.just({}),
    modes=st.dictionaries(st.sampled_from(PII_FIELDS), st.sampled_from(MODES)),
    normalisation=st.sampled_from(["recommended", "aws_uploader", "both"]),
    external_id=st.sampled_from(ID_MODES),
    consent_mode=st.sampled_from(["strict", "warn", "off"]),
    consent=st.sampled_from([None, {"amznuserdata": "GRANTED"}]),
    needs_consent=st.booleans(),
    api=st.sampled_from([ApiRules(), DATA_MANAGER]),
)


@settings(max_examples=250)
@given(rules=rules, blocks=st.lists(blocks_of_records(), max_size=3))
def test_a_block_comes_to_what_its_records_come_to(
    rules: RecordRules, blocks: list[list[dict[str, Any]]]
) -> None:
    singly, together = RecordReader(rules), RecordReader(rules)
    reader = BlockReader(together)
    for records in blocks:
        assert reader.read(records) == [singly.read(record) for record in records]
    for name in ("unusable", "flaws", "countries_differ", "consent_missing"):
        assert getattr(together, name) == getattr(singly, name), name
    assert together.fields.never_came() == singly.fields.never_came()


def assert_same(rules: RecordRules, *changes: dict[str, Any]) -> None:
    """Read ten plain records and one with changes, in all orders that matter."""
    record = {"externaluserid": "a", "email": "jo@x.de", "phone": "206-555-0100"}
    columns = dict.fromkeys(key for change in changes for key in change)
    for change in changes:
        records = [{**columns, **record} for _ in range(10)]
        records.insert(5, {**columns, **record, **change})
        found = BlockReader(RecordReader(rules)).read(records)
        assert found == [RecordReader(rules).read(record) for record in records]
        assert found[5] != found[0]


def test_one_odd_record_is_read_as_it_would_be_alone() -> None:
    plain = RecordRules("US", {}, {})
    assert_same(plain, {"externaluserid": "null"}, {"externaluserid": "a\nb"})
    assert_same(plain, {"_sdc_deleted_at": "2026-01-01"}, {"email": "null"})
    assert_same(plain, {"countrycode": "DE"}, {"countrycode": "nowhere"})
    assert_same(plain, {"email": None}, {"email": 7}, {"email": HASH})
    assert_same(RecordRules("US", {}, {}, "both"), {"email": "a_b@x.de"})


def test_a_record_goes_with_the_country_of_its_consent() -> None:
    rules = RecordRules("US", {}, {}, consent_mode="warn", api=DATA_MANAGER)
    german = {"amznuserdata": "GRANTED", "consentcountrycode": "DE"}
    assert_same(rules, german, {"tcf": "CPXX"}, {"amznuserdata": "DENIED"})
