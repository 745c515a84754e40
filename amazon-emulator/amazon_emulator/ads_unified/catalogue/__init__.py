"""The fields of unified reporting, as data; written from the public facts about them.

dimensions.json  field -> type, fields it needs, column(s) of reporting v3 with the
                 same meaning: of all ad products, or [sponsored ads, DSP]
metrics.json     classes: class -> dimensions that its metrics `never` go with, or
                 the `only` ones they go with; metrics: name -> type, class,
                 whether there is one in another currency, columns of reporting v3
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

METRIC, CONVERTED = "metric.", "Converted"
CURRENCY, CONVERTED_CURRENCY = "budgetCurrency.value", "convertedCurrency.value"
PRODUCT, COUNTRY, ACCOUNT = (
    "adProduct.value",
    "campaign.country",
    "advertiserAccount.id",
)
_OF_MONEY = re.compile(r".*[cC]ostPer.*|c(pc|pm)|vcpm|.*[rR]eturnPerThousand.*")
_MONEY_TOO = ("percentOfPurchasesNewToBrand",)
_MORE_NEEDS: Mapping[str, Sequence[str]] = {
    "topOfSearchImpressionShare": (PRODUCT, ACCOUNT),
    "impressionShare": (PRODUCT, ACCOUNT, "searchTerm.value"),
    "impressionShareRank": (PRODUCT, ACCOUNT, "searchTerm.value"),
    "exclusiveUserReachRate": ("supplySource.name",),
}
_SEGMENT = ("audienceSegment", "audienceSegmentTargetingStatus")
_NOT_WITH_SEGMENTS = (
    *("ad", "target", "searchTerm", "matchedTarget", "advertisedProduct", "flight"),
    *("convertedProduct", "convertedProductMarketplace", "productRelevance", "hour"),
    *("supplySource", "siteApp", "placement", "placementClassification", "deal"),
    *("deviceType", "operatingSystem", "browserName", "browserVersion"),
    *("environment", "country", "region", "city", "postalCode", "dma"),
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a query: a dimension, an attribute of one, or a metric."""

    name: str
    kind: str
    """`string`, `long`, `currency`, `decimal` or `percentage`."""
    needs: Sequence[str]
    sponsored: Sequence[str]
    """Columns of reporting v3 with the same meaning, of the sponsored ad products."""
    dsp: str | None
    never: frozenset[str] = frozenset()
    """Dimensions that it does not go with."""
    only: frozenset[str] | None = None
    """The only dimensions that it goes with; None: any other."""

    @property
    def is_metric(self) -> bool:
        """Whether it is counted or added up; else it tells rows apart."""
        return self.name.startswith(METRIC)

    @property
    def dimension(self) -> str:
        """The dimension of a field: `campaign` of `campaign.name`."""
        return self.name.split(".")[0]

    def clashes(self, others: Sequence[Field]) -> list[str]:
        """Return those of the other fields that this one does not go with."""
        only = self.only
        return [
            other.name
            for other in others
            if not other.is_metric
            and (
                other.dimension in self.never
                or (only is not None and other.dimension not in only)
            )
        ]


@cache
def known_fields() -> Mapping[str, Field]:
    """Return all fields by name."""
    dimensions = map(_dimension, *zip(*_read("dimensions").items(), strict=True))
    content = _read("metrics")
    metrics = [
        field
        for name, entry in content["metrics"].items()
        for field in _metrics(name, entry, content["classes"][entry["class"]])
    ]
    return {field.name: field for field in (*dimensions, *metrics)}


def _dimension(name: str, entry: Mapping[str, Any]) -> Field:
    columns = entry.get("columns", ())
    never = _NOT_WITH_SEGMENTS if name.split(".", maxsplit=1)[0] in _SEGMENT else ()
    return Field(
        name,
        entry["type"],
        entry.get("needs", ()),
        columns[:1],
        columns[-1] if columns else None,
        frozenset(never),
    )


def _metrics(
    name: str, entry: Mapping[str, Any], goes: Mapping[str, Sequence[str]]
) -> list[Field]:
    """Return a metric, and the same in another currency if there is one."""
    kind, only = entry["type"], goes.get("only")
    has_money = kind == "currency" or name in _MONEY_TOO or _OF_MONEY.fullmatch(name)
    needs = (*([CURRENCY] if has_money else []), *_MORE_NEEDS.get(name, ()))
    never, known = frozenset(goes.get("never", ())), entry.get("sponsored", ())
    allowed = None if only is None else frozenset(only)
    dsp = entry.get("dsp")
    made = [Field(f"{METRIC}{name}", kind, needs, known, dsp, never, allowed)]
    if entry.get("converted"):
        other, needs = f"{METRIC}{name}{CONVERTED}", (CONVERTED_CURRENCY,)
        made.append(Field(other, kind, needs, known, dsp, never, allowed))
    return made


def _read(name: str) -> dict[str, Any]:
    text = files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content
