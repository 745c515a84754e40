"""From a field's value to the SHA-256 that Amazon matches, or to the reason why not.

A hasher takes the text of one field and the record's country. It answers with 64
hex digits, with an empty text where the field is empty, and with None where there is
something that cannot be used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256

from target_amazon_audience.matching import normalize
from target_amazon_audience.matching.phones import phone
from target_amazon_audience.matching.values import (
    LONGEST_WORD,
    SHORTEST_HASH,
    Flaw,
    as_digits,
    is_like_hash,
    is_no_value,
)

PII_FIELDS = (
    "address",
    "city",
    "email",
    "firstname",
    "lastname",
    "phone",
    "postal",
    "state",
)
MODES = ("auto", "raw", "hashed")
NORMALISATIONS = ("recommended", "aws_uploader", "both")
MAX_VALUE_LENGTH = 1000
"""Characters; no match key is longer, whatever a source may hold in its column."""

EMPTY_HASHES = frozenset(
    sha256(word.encode()).hexdigest()
    for word in ("", " ", "null", "NULL", "none", "None", "nan", "NaN", "n/a", "N/A")
) | {digit * 64 for digit in "0123456789abcdef"}
_FLAWS = {"email": Flaw.EMAIL, "phone": Flaw.PHONE, "postal": Flaw.POSTAL}
HASH_DIGITS = 64
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_EXACT = 2**53  # beyond it a JSON number may have lost digits
SELDOM_EMPTY = frozenset({"email", "phone"})
"""Fields that no word for nothing and no hash passes as; they are asked afterwards."""
REMEMBERED = {
    "city": 8192,
    "firstname": 8192,
    "lastname": 8192,
    "postal": 8192,
    "state": 1024,
}
"""Values kept with their hash, per field: these repeat from record to record."""

Hasher = Callable[[str, "str | None"], "str | None"]
Writer = Callable[[str, "str | None"], bytes]

_RECOMMENDED: Mapping[str, Writer] = {
    "address": normalize.address,
    "city": lambda text, _: normalize.city(text),
    "email": lambda text, _: normalize.email(text),
    "firstname": lambda text, _: normalize.name(text),
    "lastname": lambda text, _: normalize.name(text),
    "phone": phone,
    "postal": normalize.postal,
    "state": normalize.state,
}
_AS_UPLOADER: Mapping[str, Writer] = {
    **_RECOMMENDED,
    "email": lambda text, _: normalize.email_as_uploader(text),
    "postal": normalize.postal_as_uploader,
}
DISPUTED = tuple(f for f in PII_FIELDS if _AS_UPLOADER[f] is not _RECOMMENDED[f])
"""Fields that the two ways of writing treat differently."""


def hashers(
    normalisation: str,
    modes: Mapping[str, str],
    names: Mapping[str, str] | None = None,
) -> dict[str, Hasher]:
    """Return the hasher of each field, for ``recommended`` or ``aws_uploader``.

    With ``names`` a hash comes with its field's name, as a member of a JSON object.
    """
    writers = _AS_UPLOADER if normalisation == "aws_uploader" else _RECOMMENDED
    found = {}
    for field in PII_FIELDS:
        form = ("", "") if names is None else (f'"{names[field]}":"', '"')
        made = _hasher(field, writers[field], modes.get(field, "auto"), form)
        size = REMEMBERED.get(field)
        found[field] = lru_cache(size)(made) if size else made
    return found


def _hasher(field: str, write: Writer, mode: str, form: tuple[str, str]) -> Hasher:
    is_raw, must_be_hashed = mode == "raw", mode == "hashed"
    is_asked_before = field not in SELDOM_EMPTY
    may_be_hash = field != "email"
    before, after = form

    def hashed(text: str, country: str | None) -> str | None:  # noqa: PLR0911 - a check a line
        text = text.strip()
        if not text:
            return ""
        size = len(text)
        if size <= LONGEST_WORD and is_asked_before and _is_empty(field, text):
            return ""
        # the test comes before anything that changes the text: a hash that is
        # normalised and hashed again matches nobody
        if size >= SHORTEST_HASH and not is_raw:
            if size == HASH_DIGITS and _HASH.fullmatch(text):
                digits = text.lower()
                is_nobodys = digits in EMPTY_HASHES
                return None if is_nobodys else f"{before}{digits}{after}"
            if may_be_hash and is_like_hash(text):
                return None
        if must_be_hashed or size > MAX_VALUE_LENGTH:
            return "" if _is_empty(field, text) else None
        written = write(text, country)
        if written:
            return f"{before}{sha256(written).hexdigest()}{after}"
        return "" if _is_empty(field, text) else None

    return hashed


def _is_empty(field: str, text: str) -> bool:
    return is_no_value(text) and (field != "state" or text != "NA")


def flaw(field: str, value: object, mode: str) -> str:  # noqa: PLR0911 - a check a line
    """Return why a value of a field, which no hasher takes, cannot be used."""
    text = as_text(value)
    if text is None:
        return Flaw.NOT_TEXT
    text = text.strip()
    if text.lower() in EMPTY_HASHES:
        return Flaw.EMPTY_HASH
    if is_like_hash(text):
        return Flaw.HASH_DAMAGED
    if mode == "hashed":
        return Flaw.NOT_HASHED
    if len(text) > MAX_VALUE_LENGTH:
        return Flaw.TOO_LONG
    if as_digits(text) is None:
        return Flaw.DIGITS_LOST
    return _FLAWS.get(field, Flaw.NOTHING_LEFT)


def as_text(value: object) -> str | None:
    """Return a JSON value as the text it was meant as; None for what is no text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, float | Decimal) or not -_EXACT < value < _EXACT:
        return None  # not a number at all, or one that may have lost digits
    return str(int(value)) if value == int(value) else format(value, "f")
