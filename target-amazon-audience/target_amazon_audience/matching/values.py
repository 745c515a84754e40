"""What a value in a column is before it is read as a name, a number or a hash.

Exports and spreadsheets write words where nothing is, numbers as fractions, and hashes
in forms of their own. Each of them, hashed, would be another person's hash.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable

_NULL_WORDS = frozenset(
    {"null", "none", "nil", "nan", "nat", "n/a", "n.a.", "n.a", "n. a.", "n/d"}
    | {"<na>", "<null>", "<none>", "(null)", "(none)", "(blank)", "(empty)", "[null]"}
    | {"\\n", "\\\\n", "undefined", "not available", "not applicable", "no value"}
)
_PLACEHOLDERS = frozenset(
    {"unknown", "(unknown)", "unbekannt", "missing", "k.a.", "k. a.", "keine angabe"}
)
NO_VALUES = _NULL_WORDS | _PLACEHOLDERS
_PUNCTUATION = f"{string.punctuation}{string.whitespace}\u2013\u2014\u2026"
LONGEST_WORD = max(map(len, NO_VALUES))
# errors of spreadsheets, as they are called in several languages
_SHEET_ERROR = re.compile(r"#(?:[^\W_]+(?:/\d)?[!?]|n/?[avd])")

NO_IDS = frozenset(
    form
    for word in (*NO_VALUES, "na", "-", "--", "---", "_", "__")
    for form in (word, word.upper(), word.capitalize())
) | {"NaN", "NaT"}
"""Ids that look allowed and are nobody's."""

# Three zeros may be thousands: 8.000, 8,000.
_WHOLE = re.compile(r"([+-]?\d+)(?:[.,]0{1,2}|\.0{4,})")
_SCIENTIFIC = re.compile(r"([+-]?\d)(?:[.,](\d*))?[eE]\+?(\d{1,2})")

SHORTEST_HASH = 22
"""Characters; what is shorter is not looked at as a hash."""
_HEX_DIGITS = 20
_HEX_RUN = re.compile(rf"[0-9a-fA-F]{{{_HEX_DIGITS},}}")
_PREFIXES = frozenset({"sha", "SHA", "md5", "MD5"})
_OTHER_HASH = re.compile(
    r"\W*(?:sha-?\d{1,3}|md5|hmac)\W.*|\$(?:2[abxy]?|argon2\w*|[156])\$.*"
    r"|[\w+/-]{43}=|[\w+/-]{27}=|[\w+/-]{22}==",
    re.IGNORECASE,
)
_BETWEEN_DIGITS = str.maketrans(dict.fromkeys(":-"))


class Flaw:
    """Why a value cannot be used; these texts stand in reports."""

    HASH_DAMAGED = "looks like a damaged or foreign hash"
    DIGITS_LOST = "a number in scientific notation, which has lost digits"
    TOO_LONG = "too long"
    NOT_TEXT = "neither text nor number"
    NOT_HASHED = "no SHA-256 hash"
    EMPTY_HASH = "the hash of nothing"
    EMAIL = "no e-mail address"
    PHONE = "no possible phone number"
    POSTAL = "no postal code of its country"
    NOTHING_LEFT = "without letters and digits"


def is_null_word(text: str) -> bool:
    """Whether a text only says that there is no value."""
    word = text.strip().lower()
    return word in _NULL_WORDS or _is_mark(word)


def is_no_value(text: str) -> bool:
    """Whether a text stands where a person's data is not known.

    A state may be called ``NA``, everything else in these capitals is not there.
    """
    if len(text) > LONGEST_WORD:
        return False
    word = text.lower()
    if word in NO_VALUES or text == "NA":
        return True
    return not word.isalnum() and _is_mark(word)


def _is_mark(word: str) -> bool:
    """Whether there is nothing but signs, or an error of a spreadsheet."""
    return not word.strip(_PUNCTUATION) or _SHEET_ERROR.fullmatch(word) is not None


def is_set(value: object) -> bool:
    """Whether a mark such as ``_sdc_deleted_at`` says yes: true, or a date."""
    if not isinstance(value, str):
        return bool(value)
    return not is_null_word(value) and value.strip().lower() not in {"false", "no", "0"}


def as_digits(text: str) -> str | None:
    """Return a number without its ``.0``; None where digits are lost for good.

    Any other text stays as it is.
    """
    if found := _WHOLE.fullmatch(text):
        return found[1]
    found = _SCIENTIFIC.fullmatch(text)
    if not found:
        return text
    first, rest, exponent = found[1], found[2] or "", int(found[3])
    if len(rest) < exponent or rest[exponent:].strip("0"):
        return None
    return first + rest[:exponent]


def like_hashes(texts: Iterable[str]) -> list[str]:
    """Return those of many texts that `is_like_hash` may say yes to."""
    return [
        text
        for text in texts
        if len(text) >= SHORTEST_HASH
        and (text.find(" ", 0, _HEX_DIGITS) < 0 or text[:3] in _PREFIXES)
    ]


def is_like_hash(text: str) -> bool:
    """Whether a text is no name, street or number, but something hashed."""
    if len(text) < SHORTEST_HASH:
        return False
    if text.find(" ", 0, _HEX_DIGITS) >= 0:  # the everyday street
        return text[:3] in _PREFIXES
    if found := _HEX_RUN.search(text):
        return not found[0].isdigit()
    plain = text.translate(_BETWEEN_DIGITS)[:_HEX_DIGITS]
    return bool(_OTHER_HASH.fullmatch(text) or _HEX_RUN.fullmatch(plain))
