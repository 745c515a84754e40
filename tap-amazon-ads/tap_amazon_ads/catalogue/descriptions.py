"""What a column means, in one sentence: exact words, or composed from its name.

Amazon's names follow a grammar: a measure, whom or what it counts, how it is
attributed, and within how many days. ``column_words.json`` has the words:
``columns`` are whole sentences, ``measures`` the plural of what is counted. A name
that neither knows gets a sentence that says where it comes from.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import msgspec


class _Words(msgspec.Struct, forbid_unknown_fields=True):
    columns: dict[str, str]
    measures: dict[str, str]


class _Affix(NamedTuple):
    """A part of a name and the words it stands for."""

    text: str
    words: str


_RATIOS = (
    _Affix("ValueAverage", "Average value of {}"),
    _Affix("ValueSum", "Total value of {}"),
    _Affix("CPA", "Cost divided by {}"),
    _Affix("CVR", "Rate of {}"),
    _Affix("ERPM", "Sales for a thousand impressions, {}"),
    _Affix("ECPP", "Cost divided by purchases, {}"),
    _Affix("ROAS", "Sales divided by cost, {}"),
    _Affix("Rate", "Rate of {}"),
)
_COST_PREFIX = re.compile("eCP|ECP(?!P$)")
_COST = "Cost divided by {}"
_ATTRIBUTIONS = (
    _Affix("FromClicks", "attributed to clicks on the ads"),
    _Affix("FromViews", "attributed to views of the ads without a click"),
    _Affix("Clicks", "attributed to clicks on the ads"),
    _Affix("Views", "attributed to views of the ads without a click"),
)
_PRODUCTS = (
    _Affix("BrandHalo", "for other products of the promoted product's brand"),
    _Affix("SameSku", "for the advertised SKU itself"),
    _Affix("OtherSku", "for other SKUs than the advertised one"),
    _Affix("Promoted", "for the promoted products themselves"),
)
_CUSTOMERS = (
    _Affix("total", "for the promoted products and others of the brand"),
    _Affix("combined", "on and outside Amazon together"),
    _Affix("offAmazon", "outside Amazon"),
    _Affix("newToBrand", "among customers new to the brand"),
)
_DAYS = re.compile(r"(\d+)d$")


@lru_cache(maxsize=1)
def _words() -> _Words:
    file = resources.files("tap_amazon_ads.catalogue") / "column_words.json"
    return msgspec.json.decode(file.read_bytes(), type=_Words)


def describe(name: str, report_type_id: str = "") -> str:
    """Return one sentence about a column, for whichever report it is in."""
    found = _words().columns.get(name) or _composed(name)
    if found is not None:
        return f"{found}."
    where = f" of report type {report_type_id}" if report_type_id else ""
    return f"Amazon column {name}{where}; no description of it is known."


@lru_cache(maxsize=1024)
def _composed(name: str) -> str | None:
    """Return the words of a measure with its affixes; None where a part is unknown."""
    rest, days = _without_days(name)
    rest, customers = _customers(rest)
    rest, ratio = _ratio(rest)
    rest, attribution = _attribution(rest)
    rest, product = _suffix(rest, _PRODUCTS)
    measure = _measure(rest)
    if measure is not None:
        counted = " ".join(filter(None, (measure, product, customers)))
        return _sentence(ratio.format(counted), attribution, days)
    if not rest and customers and ratio.endswith(", {}"):  # such as totalROAS
        return _sentence(ratio.format(customers), attribution, days)
    return None


def _customers(name: str) -> tuple[str, str]:
    """Cut off what stands before a measure: whose and where it is counted."""
    found: list[str] = []
    for affix in _CUSTOMERS:
        if name.lower().startswith(affix.text.lower()):
            name = name[len(affix.text) :]
            found.append(affix.words)
    return name, " ".join(found)


def _ratio(name: str) -> tuple[str, str]:
    """Cut off what a measure is divided by; as a pattern of words."""
    if _COST_PREFIX.match(name):
        return _COST_PREFIX.sub("", name, count=1), _COST
    rest, ratio = _suffix(name, _RATIOS)
    return rest, ratio or "{}"


def _attribution(name: str) -> tuple[str, str]:
    """Cut the attribution off, unless the word belongs to the measure itself."""
    if _measure(name) is not None:
        return name, ""
    return _suffix(name, _ATTRIBUTIONS)


def _measure(name: str) -> str | None:
    measures = _words().measures
    return measures.get(name) or measures.get(name[:1].lower() + name[1:])


def _without_days(name: str) -> tuple[str, str]:
    match = _DAYS.search(name)
    if match is None:
        return name, ""
    days = int(match[1])
    return name[: match.start()], f"within {days} day{'s' if days > 1 else ''}"


def _suffix(name: str, affixes: tuple[_Affix, ...]) -> tuple[str, str]:
    for affix in affixes:
        if name.endswith(affix.text):
            return name.removesuffix(affix.text), affix.words
    return name, ""


def _sentence(words: str, attribution: str, days: str) -> str:
    ending = " ".join(filter(None, (attribution, days)))
    text = f"{words[0].upper()}{words[1:]}"
    return f"{text}, {ending}" if ending else text
