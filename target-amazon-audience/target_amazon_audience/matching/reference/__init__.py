"""Facts that normalisation and consent rest on, as data beside the code.

- ``streets.json``: words of a street line by their short form: for every country,
  for one country on top, or (``elsewhere``) where a country has no list of its own.
- ``states.json``: names of states and provinces by their code, letters only.
- ``countries.json``: codes Amazon knows, those it matches hashed data in, and those
  whose law wants consent.

Words that hold a delimiter of the street line can never match and are left out.
"""

from __future__ import annotations

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


def as_country(text: str) -> str | None:
    """Return the code Amazon knows for a code in any case, None if there is none."""
    code = text.strip().upper()
    code = country_aliases().get(code, code)
    return code if code in country_codes() else None
