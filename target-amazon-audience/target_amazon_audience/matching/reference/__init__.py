"""Facts that normalisation and consent rest on, as data beside the code.

- ``streets.json``: words of a street line by their short form: for every country,
  for one country on top, or (``elsewhere``) where a country has no list of its own.
- ``states.json``: names of states and provinces by their code, letters only.
- ``countries.json``: codes Amazon knows, those it matches hashed data in, those
  whose law wants consent, and names and three-letter codes that mean one country only
  (from Unicode's CLDR and ISO 3166: in English, in the country's own languages, and in
  nine others for the countries of the two lists before), letters and digits only.

Words that hold a delimiter of the street line can never match and are left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

_OWN_LISTS = frozenset({"US", "GB"})
"""Countries whose street words replace the general ones instead of adding to them."""


def _load(name: str) -> Any:  # noqa: ANN401 - each file has its own shape
    return msgspec.json.decode(files(__name__).joinpath(name).read_bytes())


def _by_word(section: Mapping[str, str]) -> dict[str, str]:
    return {word: short for short, words in section.items() for word in words.split()}


@cache
def street_words(country: str | None) -> Mapping[str, str]:
    """Return word -> short form for the street lines of a country, in capitals."""
    sections = _load("streets.json")
    own = _by_word(sections.get(country, {}))
    general = {} if country in _OWN_LISTS else _by_word(sections["elsewhere"])
    return _by_word(sections["everywhere"]) | general | own


@cache
def state_codes(country: str | None) -> Mapping[str, str]:
    """Return name -> code of a country's states, both in capitals, letters only."""
    return _by_word(_load("states.json").get(country, {}))


@cache
def country_codes() -> frozenset[str]:
    """Return the two-letter codes Amazon accepts."""
    return _codes("codes")


@cache
def country_aliases() -> Mapping[str, str]:
    """Return codes in common use that mean another code."""
    found: dict[str, str] = _load("countries.json")["aliases"]
    return found


@cache
def consent_countries() -> frozenset[str]:
    """Return the 32 countries whose law wants consent: EEA, GB and CH."""
    return _codes("consent")


@cache
def matched_countries() -> frozenset[str]:
    """Return the countries in which Amazon matches hashed personal data."""
    return _codes("matched")


def _codes(part: str) -> frozenset[str]:
    return frozenset(" ".join(_load("countries.json")[part]).split())


@cache
def _country_names() -> Mapping[str, str]:
    names = _load("countries.json")["names"]
    return {name: code for code, found in names.items() for name in found.split()}


def as_country(text: str) -> str | None:
    """Return the code Amazon knows for a country, None where it is not certain.

    A code may come in any case, with two or three letters, with dots; a name in English
    or in the country's own language.
    """
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(filter(str.isalnum, folded))
    code = country_aliases().get(plain.upper(), plain.upper())
    return code if code in country_codes() else _country_names().get(plain)
