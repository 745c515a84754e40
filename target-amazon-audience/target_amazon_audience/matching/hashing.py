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
EMPTY_HASH = sha256(b"").hexdigest()
MAX_VALUE_LENGTH = 1000
"""Characters; no match key is longer, whatever a source may hold in its column."""

_HASH_DIGITS = 64
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_EXACT = 2**53  # beyond it a JSON number may have lost digits
_ZIP_DIGITS = 5
_REMEMBERED = {
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
    normalisation: str, modes: Mapping[str, str], *, as_json: bool = False
) -> dict[str, Hasher]:
    """Return the hasher of each field, for ``recommended`` or ``aws_uploader``.

    With ``as_json`` a hash comes with its field, as a member of a JSON object.
    """
    writers = _AS_UPLOADER if normalisation == "aws_uploader" else _RECOMMENDED
    found = {}
    for field in PII_FIELDS:
        form = (f'"{field}":"', '"') if as_json else ("", "")
        made = _hasher(writers[field], modes.get(field, "auto"), form)
        size = _REMEMBERED.get(field)
        found[field] = lru_cache(size)(made) if size else made
    return found


def _hasher(write: Writer, mode: str, form: tuple[str, str]) -> Hasher:
    is_raw, must_be_hashed = mode == "raw", mode == "hashed"
    before, after = form

    def hashed(text: str, country: str | None) -> str | None:
        text = text.strip()
        if not text:
            return ""
        # the test comes before anything that changes the text: a hash that is
        # normalised and hashed again matches nobody
        if len(text) == _HASH_DIGITS and not is_raw and _HASH.fullmatch(text):
            digits = text.lower()
            return None if digits == EMPTY_HASH else f"{before}{digits}{after}"
        if must_be_hashed or len(text) > MAX_VALUE_LENGTH:
            return None
        written = write(text, country)
        return f"{before}{sha256(written).hexdigest()}{after}" if written else None

    return hashed


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


def postal_text(value: object, country: str | None) -> str | None:
    """Return a postal code as text; a US ZIP that came as a number gets its zeros."""
    text = as_text(value)
    if text and country == "US" and not isinstance(value, str) and text.isdigit():
        return text.zfill(_ZIP_DIGITS)
    return text
