"""How values are written before they are hashed."""

from __future__ import annotations

import csv
import json
import unicodedata
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.core.material import AUDIENCE_SPECS, needs_audience_specs
from target_amazon_audience.matching import normalize
from target_amazon_audience.matching.hashing import PII_FIELDS, hashers
from target_amazon_audience.matching.phones import phone
from target_amazon_audience.matching.reference import state_codes, street_words

COUNTRIES = ("US", "CA", "DE", "JP", "IN", "GB", "FR", "ES", "IT")


def vectors() -> list[dict[str, Any]]:
    found = json.loads(
        (AUDIENCE_SPECS / "hash-vectors.json").read_text(encoding="utf-8")
    )
    assert isinstance(found, list)
    return found


def lost_zeros(vector: dict[str, Any]) -> bool:
    """Whether a postal code lacks zeros: dropped by Amazon's tools, they come back."""
    digits, country = str(vector["raw"]), vector["country"]
    if vector["field"] != "postal" or country not in normalize._LOST_ZEROS:
        return False
    least, full = normalize._LOST_ZEROS[country]
    return digits.isdigit() and least <= len(digits) < full


def samples() -> list[dict[str, str]]:
    path = AUDIENCE_SPECS / "aws-uploader-sample-vectors.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@needs_audience_specs
def test_every_hash_vector_passes() -> None:
    ours = hashers("recommended", {})
    for vector in vectors():
        if lost_zeros(vector):
            continue
        wanted = vector["sha256"] if vector["normalized"] is not None else None
        wanted = None if not vector["normalized"] else wanted
        if vector.get("passthrough"):
            wanted = vector["sha256"]
        found = ours[vector["field"]](vector["raw"], vector["country"])
        assert (found or None) == wanted, vector


@needs_audience_specs
def test_the_uploaders_way_gives_the_uploaders_values() -> None:
    for vector in vectors():
        is_plain = not vector.get("passthrough") and not lost_zeros(vector)
        if vector["field"] in {"email", "postal"} and is_plain:
            write = {
                "email": lambda text, _: normalize.email_as_uploader(text),
                "postal": normalize.postal_as_uploader,
            }[vector["field"]]
            found = write(vector["raw"], vector["country"]).decode()
            assert found == (vector["aws_uploader_normalized"] or ""), vector


@needs_audience_specs
def test_the_uploaders_samples_pass() -> None:
    ours = hashers("aws_uploader", {})
    phones: Counter[bool] = Counter()
    seen: Counter[str] = Counter()
    for row in samples():
        found = ours[row["field"]](row["raw"], row["country"])
        if row["field"] == "phone":
            phones[(found or "") == (row["sha256"] if row["normalized"] else "")] += 1
            continue
        seen[row["field"]] += 1
        if lost_zeros(row):
            continue
        assert found == (row["sha256"] if row["normalized"] else None), row
    assert seen == {"address": 540, "city": 444, "postal": 476, "state": 148}
    print(f"phones: {phones[True]} of {sum(phones.values())}")  # noqa: T201 - the share


@needs_audience_specs
def test_the_word_tables_say_what_amazons_say() -> None:
    """Ours are arranged the other way round, without words that never match."""
    lists = {
        name: {word: short for pair in pairs for word, short in pair.items()}
        for name, pairs in json.loads(
            (AUDIENCE_SPECS / "address-normalization-map.json").read_text(
                encoding="utf-8"
            )
        ).items()
    }
    default = ["DefaultStreetSuffixes"]
    used = {
        "US": ["USStreetSuffixes", "USSubBuildingDesignator"],
        "GB": ["UKOrganizationSuffixes", "UKStreetSuffixes", "UKSubBuildingDesignator"],
        "FR": ["FRStreetDesignator", *default],
        "ES": [*default, "ESStreetPrefixes"],
        "IT": [*default, "ITStreetPrefixes"],
    }
    for country in COUNTRIES:
        wanted: dict[str, str] = {}
        for name in (
            "NumberIndicators",
            "DirectionalWords",
            *used.get(country, default),
        ):
            wanted.update(lists[name])
        words = street_words(country)
        for word, short in wanted.items():
            if normalize._DELIMITER.search(word):
                assert word not in words
            else:
                assert words.get(word, word) == short, (country, word)
        assert set(words) <= set(wanted), country
    states = json.loads(
        (AUDIENCE_SPECS / "state-abbreviations.json").read_text(encoding="utf-8")
    )
    for country, names in states.items():
        assert state_codes(country) == names


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Jane.Doe@Example.COM", "jane.doe@example.com"),
        ("user_name+tag@example.com", "usernametag@example.com"),
        ('"user"@example.com', "user@example.com"),
        ("\u212aate@example.com", "kate@example.com"),
        ("Jane Doe <jane@example.com>", ""),
        ("jane@example.com (Jane)", ""),
        ("mailto:jane@example.com", ""),
        ("a@b@c", ""),
        ("@example.com", ""),
        ("jane@", ""),
        ("no address", ""),
    ],
)
def test_emails(text: str, written: str) -> None:
    assert normalize.email(text).decode() == written


@pytest.mark.parametrize(
    ("text", "country", "written"),
    [
        ("98109-1234", "US", "98109"),
        ("6160", "US", "06160"),
        ("61", "US", ""),
        ("K1A 0B1", "CA", "k1a0b1"),
        ("K1A", "CA", ""),
        ("SW1A 1AA", "GB", "sw1a1aa"),
        ("SW1A 1AA 1", "GB", ""),
        ("1012 AB", "NL", "1012ab"),
        ("01310-100", "BR", "01310100"),
        ("00-950", "PL", "00950"),
        ("１２３-4567", "JP", "1234567"),  # noqa: RUF001 - full width
        ("395003", "IN", "395003"),
        ("39500", "IN", ""),
        ("8109.0", "US", "08109"),
        ("8109,0", "US", "08109"),
        ("98109.00", "US", "98109"),
        ("2134-1234", "US", "02134"),
        ("21341234", "US", "02134"),
        ("501", "US", "00501"),
        ("9.8109E+4", "US", "98109"),
        ("9.81E+4", "US", ""),
        ("1067.0", "DE", "01067"),
        ("106", "DE", ""),
        ("118", "IT", "00118"),
        ("600001", "JP", "0600001"),
        ("18956", "SG", "018956"),
        ("950", "PL", "00950"),
        ("1310100", "BR", "01310100"),
        ("800", "AU", "0800"),
        ("00000", "US", ""),
        ("00000-0000", "US", ""),
    ],
)
def test_postal_codes(text: str, country: str, written: str) -> None:
    assert normalize.postal(text, country).decode() == written


def test_uploaders_postal_codes_are_in_capitals_where_letters_are() -> None:
    assert normalize.postal_as_uploader("k1a 0b1", "CA") == b"K1A0B1"
    assert normalize.postal_as_uploader("1012 ab", "NL") == b"1012ab"


@pytest.mark.parametrize(
    ("text", "country", "written"),
    [
        ("123 North Main Street, Apt. #5", "US", "123nmainstaptnumber5"),
        ("12-B Oak Lane", "US", "12boakln"),
        ("12-14 Oak Lane", "US", "12-14oakln"),
        # Amazon's walk ends where the list ended before it grew
        ("12-B 14-C", "US", "12b14-c"),
        ("5#6", "US", "number6"),
        ("#", "US", "number"),
        ("C/O Acme, 10 Oak St.", "US", "acme10oakst"),
        ("Soho House", "GB", "sohohouse"),
        ("Plaza Mayor 1", "ES", "plazamayor1"),
        ("Plaza 1", "NL", "plz1"),
        ("12 rue de l\u2019Église", "FR", "12ruedel\u2019église"),
        ("Straße 1", "DE", "strasse1"),
    ],
)
def test_addresses(text: str, country: str, written: str) -> None:
    assert normalize.address(text, country).decode() == written


@pytest.mark.parametrize("field", PII_FIELDS)
@given(text=st.text(max_size=40), country=st.sampled_from([*COUNTRIES, "NL", None]))
def test_no_text_breaks_a_hasher_and_decomposed_twins_agree(
    field: str, text: str, country: str | None
) -> None:
    hasher = hashers("recommended", {})[field]
    composed = unicodedata.normalize("NFC", text)
    decomposed = unicodedata.normalize("NFD", text)
    found = hasher(composed, country)
    assert found is None or found == "" or len(found) == 64
    if unicodedata.normalize("NFC", decomposed) == composed:
        assert hasher(decomposed, country) == found


@given(text=st.text(max_size=40), country=st.sampled_from([*COUNTRIES, "NL"]))
def test_written_values_stay_what_they_are(text: str, country: str) -> None:
    for write in (normalize.email, normalize.name, normalize.city):
        once = write(text)
        assert write(once.decode()) == once
    once = normalize.postal(text, country)
    assert normalize.postal(once.decode(), country) == once
    number = phone(text, country)
    assert not number or phone(f"+{number.decode()}", country) == number
