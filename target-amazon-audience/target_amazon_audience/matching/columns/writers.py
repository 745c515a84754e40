"""What is hashed of a column's values, as `normalize` writes each of them.

Values come as one text, a line each, so that a call works on all of them. A writer
answers with the bytes of each line; nothing where it is not certain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from target_amazon_audience.matching import normalize, phones
from target_amazon_audience.matching.reference import street_words

Writer = Callable[[str, "str | None"], list[bytes]]

_MARK = "\0"
"""Stands for the end of a line where lines are taken apart."""
_DISPLAY_NAME_SIGNS = "<>():"
_MAX_TOKENS = 20_000
"""Kept for each of the countries met last."""
_MAX_COUNTRIES = 16


def email(joined: str, _country: str | None) -> list[bytes]:
    """Write e-mail addresses; none with a display name."""
    return _addresses(joined, normalize.email_characters(joined))


def email_as_uploader(joined: str, _country: str | None) -> list[bytes]:
    """Write e-mail addresses as Amazon's uploader does."""
    return _addresses(joined, normalize.uploader_characters(joined))


def _addresses(joined: str, characters: bytes) -> list[bytes]:
    found = characters.split(b"\n")
    if any(sign in joined for sign in _DISPLAY_NAME_SIGNS):
        lines = joined.split("\n")
        named = normalize.DISPLAY_NAME.search
        found = [
            b"" if named(line) else text
            for line, text in zip(lines, found, strict=True)
        ]
    if [text.count(b"@") for text in found].count(1) == len(found) and not (
        characters[:1] == b"@"
        or characters[-1:] == b"@"
        or b"\n@" in characters
        or b"@\n" in characters
    ):
        return found
    return [text if text and normalize.is_address(text) else b"" for text in found]


def name(joined: str, _country: str | None) -> list[bytes]:
    """Write names."""
    return normalize.names(joined)


def city(joined: str, _country: str | None) -> list[bytes]:
    """Write names of cities."""
    return normalize.cities(joined)


class _Words(dict[str, str]):
    """What the tokens of street lines become; tokens not met before are worked out."""

    def __init__(self, words: Mapping[str, str]) -> None:
        super().__init__(words)
        self._words = words
        self[_MARK] = _MARK

    def __missing__(self, token: str) -> str:
        found = normalize.street_token(token, self._words)
        if len(self) >= _MAX_TOKENS:
            self.clear()
            self.update(self._words)
            self[_MARK] = _MARK
        self[token] = found
        return found


@lru_cache(_MAX_COUNTRIES)
def _words(country: str | None) -> _Words:
    return _Words(street_words(country))


def address(joined: str, country: str | None) -> list[bytes]:
    """Write street lines, but those where one token decides what others become."""
    raised = normalize.in_capitals(joined)
    if _MARK in raised:
        return [b""] * (joined.count("\n") + 1)
    tokens = raised.translate(normalize.SPACES).replace("\n", f" {_MARK} ").split()
    written = "".join(map(_words(country).__getitem__, tokens)).lower()
    found = written.encode("utf-8", "replace").split(_MARK.encode())
    if "-" in raised or "#" in raised or "C/O" in raised:
        lines = zip(raised.split("\n"), found, strict=True)
        found = [text if _is_simple(line) else b"" for line, text in lines]
    return found


def _is_simple(line: str) -> bool:
    return line.count("#") < 2 and line.count("-") < 2 and "C/O" not in line  # noqa: PLR2004 - one of each


def postal(joined: str, country: str | None) -> list[bytes]:
    """Write postal codes of five digits."""
    codes = joined.encode("ascii", "replace").split(b"\n")
    if country not in normalize.FIVE_DIGITS:
        return [b""] * len(codes)
    return [
        code if len(code) == 5 and code.isdigit() and code != b"00000" else b""  # noqa: PLR2004
        for code in codes
    ]


RECOMMENDED: Mapping[str, Writer] = {
    "address": address,
    "city": city,
    "email": email,
    "firstname": name,
    "lastname": name,
    "phone": phones.written_column,
    "postal": postal,
}
AS_UPLOADER: Mapping[str, Writer] = {**RECOMMENDED, "email": email_as_uploader}
