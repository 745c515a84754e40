"""What is no value, what is a number, and what is a hash that went wrong."""

from __future__ import annotations

import base64
import json
from hashlib import md5, sha1, sha256, sha512
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_amazon_audience.matching.hashing import PII_FIELDS, hashers
from target_amazon_audience.matching.member import Member, Reason, Refusal
from target_amazon_audience.matching.outline import outline, shown_names
from target_amazon_audience.matching.phones import phone
from target_amazon_audience.matching.record_reader import (
    RecordReader,
)
from target_amazon_audience.matching.rules import (
    RecordRules,
)
from target_amazon_audience.matching.values import Flaw, as_digits, is_like_hash, is_set

US = RecordRules("US", {}, {})
HASH = sha256(b"anna").hexdigest()
NO_VALUES = (
    *("NULL", "null", "Null", "nan", "NaN", "None", "none", "N/A", "n/a", "n.a."),
    *("-", "--", "---", "?", ".", "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?"),
    *("#WERT!", "#NV", "NaT", "<NA>", "(null)", "\\N", "undefined", "unknown", "NA"),
    *(" NULL ", "\u2014", "k.A."),
)
DAMAGED = {
    "a prefix": f"sha256:{HASH}",
    "another prefix": f"0x{HASH}",
    "bytes": f"\\x{HASH}",
    "quotes": f'"{HASH}"',
    "half of it": HASH[:40],
    "the end cut off": HASH[:-1],
    "one digit more": f"{HASH}0",
    "colons": ":".join(HASH[n : n + 2] for n in range(0, 64, 2)),
    "MD5": md5(b"anna", usedforsecurity=False).hexdigest(),
    "MD5 in capitals": md5(b"anna", usedforsecurity=False).hexdigest().upper(),
    "SHA-1": sha1(b"anna", usedforsecurity=False).hexdigest(),
    "SHA-512": sha512(b"anna").hexdigest(),
    "Base64": base64.b64encode(sha256(b"anna").digest()).decode(),
    "bcrypt": "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
}
PLAIN_FIELDS = tuple(field for field in PII_FIELDS if field != "email")


def read(rules: RecordRules = US, **values: Any) -> Member | Refusal:
    record = {"externaluserid": "u", "email": "a@b.c", **values}
    return RecordReader(rules).read(record)


@pytest.mark.parametrize("field", PII_FIELDS)
@pytest.mark.parametrize("text", NO_VALUES)
def test_a_word_for_nothing_is_empty_in_every_field(field: str, text: str) -> None:
    wanted = "" if (field, text) != ("state", "NA") else sha256(b"na").hexdigest()
    for mode in ("auto", "raw"):
        assert hashers("recommended", {field: mode})[field](text, "US") == wanted


@pytest.mark.parametrize("text", NO_VALUES)
@pytest.mark.parametrize("mode", ["as_is", "sha256"])
def test_a_word_for_nothing_is_nobodys_id(text: str, mode: str) -> None:
    rules = RecordRules("US", {}, {}, external_id=mode)
    found = read(rules, externaluserid=text)
    assert found == Refusal(Reason.ID_MISSING, "externaluserid")


@pytest.mark.parametrize("text", ["NULL", "nan", "N/A", "-", "#N/A", " null "])
@pytest.mark.parametrize("column", ["tcf", "gpp", "amznuserdata", "ipaddress"])
def test_a_word_for_nothing_is_no_consent(column: str, text: str) -> None:
    found = read(US, countrycode="DE", **{column: text})
    assert found == Refusal("consent missing", None, "u")


def test_real_names_that_are_short_stay() -> None:
    for name in ("Na", "Ng", "O", "Nils", "Nanna", "Nono"):
        assert hashers("recommended", {})["lastname"](name, "US")


@pytest.mark.parametrize("hashed_word", ["", "NULL", "null", "nan", "None", "N/A"])
def test_the_hash_of_a_word_for_nothing_is_nobodys(hashed_word: str) -> None:
    digest = sha256(hashed_word.encode()).hexdigest()
    for field in PII_FIELDS:
        assert hashers("recommended", {})[field](digest.upper(), "US") is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("15112345678.0", "15112345678"),
        ("15112345678.00", "15112345678"),
        ("15112345678.000000", "15112345678"),
        ("15112345678,0", "15112345678"),
        ("+15112345678.0", "+15112345678"),
        ("1.5112345678E+10", "15112345678"),
        ("1,5112345678e10", "15112345678"),
        ("1.51123E+10", None),
        ("2E5", None),
        ("8.000", "8.000"),
        ("206.555.0100", "206.555.0100"),
        ("12.5", "12.5"),
        ("0", "0"),
    ],
)
def test_numbers_as_spreadsheets_write_them(text: str, number: str | None) -> None:
    assert as_digits(text) == number


def test_phones_and_ids_of_spreadsheets_are_those_numbers() -> None:
    for text in ("15112345678.0", "15112345678,0", "1.5112345678E+10", "5112345678.0"):
        assert phone(text, "US") == b"15112345678"
    assert phone("1.51123E+10", "US") == b""
    assert phone("151123.0", "DE") == phone("151123", "DE")
    found = read(externaluserid="1234.0")
    assert isinstance(found, Member)
    assert found.external_id == "1234"
    assert read(externaluserid="1.23E+10") == Refusal(
        Reason.ID_NOT_ALLOWED, "externaluserid"
    )


@given(number=st.integers(1, 10**15), zeros=st.sampled_from(["0", "00", "0000"]))
def test_a_number_and_its_fraction_of_nothing_agree(number: int, zeros: str) -> None:
    assert as_digits(f"{number}.{zeros}") == str(number)
    for country in ("US", "DE", "JP", "GB", "BR"):
        for field in ("postal", "phone"):
            hasher = hashers("recommended", {})[field]
            assert hasher(f"{number}.{zeros}", country) == hasher(str(number), country)


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("field", PII_FIELDS)
def test_a_damaged_hash_is_never_hashed_again(field: str, text: str) -> None:
    assert hashers("recommended", {})[field](text, "US") is None
    assert is_like_hash(text)


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_record_of_damaged_hashes_says_so(text: str) -> None:
    found = read(email=text, lastname=text)
    assert found == Refusal(Reason.HASH_DAMAGED, "email", "u")
    reader = RecordReader(US)
    reader.read({"externaluserid": "u", "email": "a@b.c", "city": text})
    assert reader.flaws == {("city", Flaw.HASH_DAMAGED): 1}


def test_an_address_that_begins_with_a_hash_is_one() -> None:
    digest = md5(b"anna", usedforsecurity=False).hexdigest()
    relay = f"{digest}@relay.example.com"
    assert hashers("recommended", {})["email"](relay, "US") == (
        sha256(relay.encode()).hexdigest()
    )


@pytest.mark.parametrize(
    "text",
    [
        "123 North Main Street, Apt. #5, Building 7",
        "Donaudampfschifffahrtsgesellschaftsstrasse 12",
        "1234567890123456789012345678901234567890",
        "Bad Badenbad Cafe Facade Decade 12",
        "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
    ],
)
def test_long_values_are_no_hashes(text: str) -> None:
    assert not is_like_hash(text)


def test_raw_says_that_it_is_no_hash() -> None:
    for text in (HASH, DAMAGED["MD5"]):
        assert hashers("recommended", {"city": "raw"})["city"](text, "US") == (
            sha256(text.lower().encode()).hexdigest()
        )


@pytest.mark.parametrize(
    ("value", "yes"),
    [
        *((None, False), ("", False), (" ", False), (False, False), ("false", False)),
        *((0, False), ("NULL", False), ("2026-11-28T00:00:00Z", True), (True, True)),
        *((1764288000, True), ("true", True), ("1", True)),
    ],
)
def test_when_a_record_is_deleted(value: object, yes: bool) -> None:
    assert is_set(value) is yes
    found = read(_SDC_deleted_AT=value, countrycode="Land" if yes else None)
    if yes:
        wanted = Refusal(Reason.DELETED, "_sdc_deleted_at", "u", must_go=True)
        assert found == wanted
    else:
        assert isinstance(found, Member)


def test_what_is_deleted_anyway_is_deleted_by_its_data() -> None:
    rules = RecordRules("US", {}, {}, needs_consent=False)
    assert isinstance(read(rules, _sdc_deleted_at="2026-11-28"), Member)


def test_an_outline_has_kinds_and_lengths_and_nothing_else() -> None:
    record = {
        "id": 7,
        "e-mail": "zelda@example.com",
        "zelda@example.com": None,
        "phone": "0151234567",
        "name": "Zelda",
        "all": {"zelda": ["zelda"]},
        "tags": ["zelda"],
        "ok": True,
        "kunde 4711815": " ",
    }
    found = outline(record)
    assert found == (
        "id: number; e-mail: 17 characters with @; (a name of 17 characters): null; "
        "phone: 10 digits; name: 5 letters; all: object; tags: list; ok: true or "
        "false; (a name of 13 characters): empty text"
    )
    assert "9 more" in outline(dict.fromkeys(map(str, range(21))))
    assert shown_names(map(str, range(20))).endswith("11 and 8 more")


@given(
    record=st.dictionaries(
        st.sampled_from(["email", "firstname", "city", "postal", "phone", "address"]),
        st.sampled_from([*NO_VALUES, *DAMAGED.values()]),
    )
)
def test_no_such_value_ever_leaves(record: dict[str, str]) -> None:
    found = RecordReader(US).read({"externaluserid": "u", "state": "WA", **record})
    assert isinstance(found, Member)
    assert [json.loads(entry) for entry in found.pii] == [
        {"state": sha256(b"wa").hexdigest()}
    ]
