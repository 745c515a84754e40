"""The written form of each match key that Amazon hashes, field by field.

Every function takes text and returns the bytes to hash, empty where nothing usable
is left. Rules and evidence: docs/target-amazon-audience.md, "How values are written".
All text is brought to NFC first, so that a letter and its decomposed twin agree.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Mapping

from target_amazon_audience.matching.reference import state_codes, street_words
from target_amazon_audience.matching.values import as_digits

_ALL = bytes(range(256))
_LETTERS = string.ascii_lowercase.encode()
_DIGITS = string.digits.encode()
_AT = ord("@")


def _all_but(kept: bytes) -> bytes:
    return bytes(byte for byte in _ALL if byte not in kept)


_LOWER = bytes.maketrans(string.ascii_uppercase.encode(), _LETTERS)
_UPPER = bytes.maketrans(_LETTERS, string.ascii_uppercase.encode())
_PLAIN = _LETTERS + string.ascii_uppercase.encode() + _DIGITS
_NOT_EMAIL = _all_but(_PLAIN + b".@-")
_NOT_EMAIL_LINES = _all_but(_PLAIN + b".@-\n")
_NOT_PLAIN = _all_but(_PLAIN)
_NOT_PLAIN_LINES = _all_but(_PLAIN + b"\n")
_NOT_LETTER = _all_but(_LETTERS + string.ascii_uppercase.encode())
_NOT_DIGIT = _all_but(_DIGITS)

# Amazon's uploader spells these out in names; all other accented letters vanish.
_SPELT_OUT = str.maketrans(
    {"ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue", "ø": "o", "æ": "ae"}
)
DISPLAY_NAME = re.compile(r"[<>()]|mailto:", re.IGNORECASE)
_NOT_WORD = re.compile(r"[^\w.@-]")
_NOT_WORD_LINES = re.compile(r"[^\w.@\n-]")
_GB_POSTAL = re.compile(rb"[a-z]{1,2}(?:[0-9]{2,3}[a-z]{2}|[0-9][a-z][0-9][a-z]{2})")
_CA_POSTAL = re.compile(rb"(?:[a-z][0-9]){3}")
FIVE_DIGITS = frozenset({"US", "DE", "ES", "FR", "IT"})
_OTHER_DIGITS = {"IN": 6, "JP": 7}
_LOST_ZEROS = {
    **dict.fromkeys(("US", "IT", "PL"), (3, 5)),
    **dict.fromkeys(("DE", "ES", "FR", "MX", "TR"), (4, 5)),
    **dict.fromkeys(("AU", "NO"), (3, 4)),
    "SG": (5, 6),
    "JP": (6, 7),
    "BR": (7, 8),
}
"""Digits that a code keeps as a number at least, and digits it is written with."""
_ZIP_PLUS_4 = re.compile(r"(\d{3,5})-?(\d{4})")


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _lowered(text: str) -> bytes:
    """Lower-case by the rules of Unicode: a Kelvin sign becomes a plain k."""
    return _composed(text).lower().encode("utf-8", "replace")


def email(text: str) -> bytes:
    """Lower case, only ``a-z 0-9 . @ -``; one ``@`` with text on both sides.

    An address with a display name is empty: its name would become part of it.
    """
    found = email_characters(text, _NOT_EMAIL)
    if not is_address(found):
        return b""
    # nothing is taken for a display name that has not lost a character above
    return b"" if len(found) != len(text) and DISPLAY_NAME.search(text) else found


def email_characters(text: str, others: bytes = _NOT_EMAIL_LINES) -> bytes:
    """Return what stays of e-mails, a line each; ``others`` is what does not."""
    if text.isascii():
        return text.encode().translate(_LOWER, others)
    return _lowered(text).translate(None, others)


def email_as_uploader(text: str) -> bytes:
    """Write an e-mail as Amazon's AMC uploader does: ``_`` and other letters stay."""
    found = _NOT_WORD.sub("", _composed(text).lower()).encode("utf-8", "replace")
    return found if is_address(found) and not DISPLAY_NAME.search(text) else b""


def uploader_characters(joined: str) -> bytes:
    """Return what stays of e-mails for Amazon's uploader, a line each."""
    found = _NOT_WORD_LINES.sub("", _composed(joined).lower())
    return found.encode("utf-8", "replace")


def is_address(text: bytes) -> bool:
    """Whether what stays of an e-mail is one: one ``@`` with text on both sides."""
    return text.count(b"@") == 1 and text[0] != _AT and text[-1] != _AT


def name(text: str, others: bytes = _NOT_PLAIN) -> bytes:
    """Lower case, six letters spelt out (``ß`` as ``ss``), then only ``a-z 0-9``."""
    if text.isascii():
        return text.encode().translate(_LOWER, others)
    spelt = _composed(text).lower().translate(_SPELT_OUT)
    return spelt.encode("utf-8", "replace").translate(None, others)


def names(joined: str) -> list[bytes]:
    """Write many names, a line each."""
    return name(joined, _NOT_PLAIN_LINES).split(b"\n")


def city(text: str, others: bytes = _NOT_PLAIN) -> bytes:
    """Lower case, then only ``a-z 0-9``: accented letters vanish."""
    if text.isascii():
        return text.encode().translate(_LOWER, others)
    return _lowered(text).translate(None, others)


def cities(joined: str) -> list[bytes]:
    """Write many names of cities, a line each."""
    return city(joined, _NOT_PLAIN_LINES).split(b"\n")


def state(text: str, country: str | None) -> bytes:
    """Code of the state where the country's names are known, else two letters."""
    raised = _composed(text).upper().encode("utf-8", "replace")
    letters = raised.translate(_UPPER, _NOT_LETTER)
    code = state_codes(country).get(letters.decode())
    return (code or letters[:2].decode()).lower().encode()


def postal(text: str, country: str | None) -> bytes:
    """Postal code by the rule of its country; without one ``a-z 0-9``, lower case.

    Zeros in front that a spreadsheet took for those of a number come back.
    """
    plain = unicodedata.normalize("NFKC", text) if not text.isascii() else text
    plain = _with_zeros(plain.strip(), country)
    found = plain.lower().encode("utf-8", "replace").translate(_LOWER, _NOT_PLAIN)
    if country in FIVE_DIGITS or country in _OTHER_DIGITS:
        length = _OTHER_DIGITS.get(country, 5)
        digits = found.translate(None, _NOT_DIGIT)[:length]
        return digits if len(digits) == length and digits.strip(b"0") else b""
    if country == "CA":
        return found[:6] if _CA_POSTAL.fullmatch(found[:6]) else b""
    if country == "GB":
        return found if _GB_POSTAL.fullmatch(found) else b""
    return found


def _with_zeros(text: str, country: str | None) -> str:
    digits = as_digits(text)
    if digits is None or country not in _LOST_ZEROS:
        return digits or ""
    least, full = _LOST_ZEROS[country]
    if country == "US" and (found := _ZIP_PLUS_4.fullmatch(digits)):
        digits = found[1] if "-" in digits or len(digits) > full else digits
    is_short = digits.isascii() and digits.isdigit() and least <= len(digits) < full
    return digits.zfill(full) if is_short else digits


def postal_as_uploader(text: str, country: str | None) -> bytes:
    """Write a postal code as Amazon's AMC uploader does: CA and GB in capitals."""
    found = postal(text, country)
    return found.translate(_UPPER) if country in {"CA", "GB"} else found


# A comma takes the spaces around it along; the word C/O only as a word of its own.
_DELIMITER = re.compile(r"\s*,\s*|\bC/O\b|[!\[\](){}.\s]")
SPACES = str.maketrans(dict.fromkeys(",![](){}.", " "))
_POUND = re.compile(r"([A-Z]*)#([0-9A-Z\-/]*)")


def address(text: str, country: str | None) -> bytes:
    """Street line as Amazon's own code writes it: words shortened, no spaces.

    Accents, apostrophes and inner dashes stay. The steps that split a token walk as
    far as there were tokens before, as Amazon's do: the last ones stay whole then.
    """
    raised = _composed(text).strip().upper()
    if "C/O" in raised:
        tokens = [token for token in _DELIMITER.split(raised) if token]
    else:  # the same, five times faster
        tokens = raised.translate(SPACES).split()
    if "-" in raised:
        tokens = _split(tokens, "-", _dash_parts)
    if "#" in raised:
        tokens = _split(tokens, "#", _pound_parts)
    words: Mapping[str, str] = street_words(country)
    joined = "".join([words.get(token, token) for token in tokens])
    return joined.lower().encode("utf-8", "replace")


def in_capitals(text: str) -> str:
    """Return a text in capitals."""
    return _composed(text).upper()


def street_token(token: str, words: Mapping[str, str]) -> str:
    """Return what a part of a street line is written as, where it is split alone."""
    tokens = _dash_parts(token) if "-" in token else [token]
    parts = [_pound_parts(part) if "#" in part else [part] for part in tokens]
    return "".join([words.get(word, word) for found in parts for word in found])


def _split(
    tokens: list[str], mark: str, parts: Callable[[str], list[str]]
) -> list[str]:
    """Take apart the tokens that hold a mark; those moved past the end stay whole."""
    end, index = len(tokens), 0
    while index < end:
        if mark in tokens[index]:
            tokens[index : index + 1] = parts(tokens[index])
        index += 1
    return tokens


def _dash_parts(token: str) -> list[str]:
    """``12-B`` is number and letter; ``12-14`` and ``A-B`` stay."""
    left, _, right = token.rpartition("-")
    is_pair = left.isdigit() and right and not right.isdigit()
    return [left, right] if is_pair else [token]


def _pound_parts(token: str) -> list[str]:
    """``APT#5`` is three; what is neither letters nor behind ``#`` is lost."""
    found = _POUND.search(token)
    if not found:
        return [token]
    return [part for part in (found[1], "#", found[2]) if part]
