"""From a field's value to its hash, or to the reason why not."""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256

import pytest

from target_amazon_audience.matching.hashing import as_text, hashers

KNOWN = "9eceb13483d7f187ec014fd6d4854d1420cfc634328af85f51d0323ba8622e21"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_amazons_own_example() -> None:
    assert hashers("recommended", {})["email"]("abc@example.com", "US") == KNOWN


@pytest.mark.parametrize("text", [KNOWN, KNOWN.upper(), f"  {KNOWN}\n"])
def test_what_is_hashed_already_passes_in_lower_case(text: str) -> None:
    for field in ("email", "firstname", "phone"):
        assert hashers("recommended", {})[field](text, "US") == KNOWN


@pytest.mark.parametrize("text", [EMPTY, "0" * 64, "F" * 64])
def test_the_hash_of_nothing_is_dropped(text: str) -> None:
    for mode in ("auto", "hashed"):
        assert hashers("recommended", {"email": mode})["email"](text, "US") is None


def test_raw_hashes_whatever_comes_and_hashed_takes_nothing_else() -> None:
    raw = hashers("recommended", {"firstname": "raw"})["firstname"]
    assert raw(KNOWN, "US") == sha256(KNOWN.encode()).hexdigest()
    hashed = hashers("recommended", {"email": "hashed"})["email"]
    assert hashed("abc@example.com", "US") is None
    assert hashed(KNOWN, "US") == KNOWN
    assert hashed("  ", "US") == ""


def test_empty_and_unusable_differ() -> None:
    email = hashers("recommended", {})["email"]
    assert email("   ", "US") == ""
    assert email("nobody", "US") is None
    assert email("a" * 2000 + "@example.com", "US") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("x", "x"),
        (12065550100, "12065550100"),
        (2134.0, "2134"),
        (1.206555e10, "12065550000"),
        (Decimal("12.5"), "12.5"),
        (Decimal(12065550100), "12065550100"),
        (float(2**53), None),
        (float("nan"), None),
        (True, None),
        ([], None),
        ({"a": 1}, None),
    ],
)
def test_json_values_as_text(value: object, text: str | None) -> None:
    assert as_text(value) == text
