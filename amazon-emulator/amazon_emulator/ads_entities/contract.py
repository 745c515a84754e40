"""What the calls of exports allow: paths, media types, filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amazon_emulator.http import RefusalError
from amazon_emulator.market_model.entities import STATES

PRODUCTS = ("SPONSORED_PRODUCTS", "SPONSORED_BRANDS", "SPONSORED_DISPLAY")
TARGET_TYPES = (
    *("AUDIENCE", "AUTO", "KEYWORD", "PRODUCT", "PRODUCT_AUDIENCE"),
    *("PRODUCT_CATEGORY", "PRODUCT_CATEGORY_AUDIENCE", "THEME"),
)
_LISTS: Mapping[str, Sequence[object]] = {
    "adProductFilter": PRODUCTS,
    "stateFilter": STATES,
}
_TARGET_LISTS: Mapping[str, Sequence[object]] = {
    "targetTypeFilter": TARGET_TYPES,
    "targetLevelFilter": ("AD_GROUP", "CAMPAIGN"),
    "negativeFilter": (False, True),
}
DEFAULT_STATES = ("ENABLED", "PAUSED")
MAX_RUNNING = 5
"""Exports of one kind that may be under way at once, of all profiles."""
LIFE_HOURS = 24
"""How long after its completion an export has addresses."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entity that can be exported."""

    name: str
    media_type: str


KINDS: Mapping[str, Kind] = {
    name: Kind(name, f"application/vnd.{name.lower()}export.v1+json")
    for name in ("campaigns", "adGroups", "targets", "ads")
}
"""By the name in the path."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What an export holds."""

    kind: Kind
    ad_products: Sequence[str]
    states: Sequence[str]
    target_types: Sequence[str] = TARGET_TYPES
    levels: Sequence[str] = ("AD_GROUP", "CAMPAIGN")
    negatives: Sequence[bool] = (False, True)

    @property
    def has_all_targets(self) -> bool:
        """Whether the plain targets, positive ones of ad groups, are asked for."""
        return "AD_GROUP" in self.levels and False in self.negatives


def read_request(kind: Kind, body: object) -> ExportRequest:
    """Read the body of a create.

    Raises:
        RefusalError: 400, a filter is not as the file has it.
    """
    if not isinstance(body, Mapping):
        raise RefusalError(400, "The request body is missing or no JSON object")
    lists = {**_LISTS, **(_TARGET_LISTS if kind.name == "targets" else {})}
    unknown = sorted(set(body) - set(lists))
    if unknown:
        raise RefusalError(400, f"Unknown fields: {', '.join(unknown)}")
    found = {name: _filter(name, body, allowed) for name, allowed in lists.items()}
    states = found["stateFilter"] if "stateFilter" in body else DEFAULT_STATES
    return ExportRequest(
        kind,
        tuple(map(str, found["adProductFilter"])),
        tuple(map(str, states)),
        tuple(map(str, found.get("targetTypeFilter", TARGET_TYPES))),
        tuple(map(str, found.get("targetLevelFilter", ("AD_GROUP", "CAMPAIGN")))),
        tuple(bool(value) for value in found.get("negativeFilter", (False, True))),
    )


def _filter(
    name: str, body: Mapping[str, object], allowed: Sequence[object]
) -> Sequence[object]:
    given = body.get(name, allowed)
    if not isinstance(given, list | tuple) or not 1 <= len(given) <= len(allowed):
        raise RefusalError(400, f"{name} must be a list of 1 to {len(allowed)} values")
    wrong = [value for value in given if value not in allowed]
    if wrong:
        raise RefusalError(400, f"{name} has invalid values: {wrong}")
    return given
