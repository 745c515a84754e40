"""Which selling partners exist: sellers and vendors, each with its refresh token."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from amazon_emulator.market_model.products import catalogue_of
from amazon_emulator.selling_partner.marketplaces import MARKETPLACES, Marketplace

Json = dict[str, object]
KINDS = ("seller", "vendor")
BRAND_ANALYTICS = "brand_analytics"
PII = "pii"
SELLING_PARTNER_INSIGHTS, LENDING = "selling_partner_insights", "lending"
ROLES = (BRAND_ANALYTICS, PII, SELLING_PARTNER_INSIGHTS)
"""Brand Analytics with Brand Registry; personal data of buyers; Selling Partner
Insights, which Data Kiosk's economics need. `lending` opens its lenders' fields."""


_RESTOCK = "GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT"


class PartnerError(ValueError):
    """An account that cannot be; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Partner:
    """One selling partner: one authorisation in one region."""

    name: str
    account_type: str
    region: str
    partner_id: str
    refresh_token: str
    marketplace_ids: Sequence[str]
    roles: Sequence[str] = ROLES
    without_data: Sequence[str] = ()
    """Report types for which this account has nothing."""
    quoted_types: Sequence[str] = ()
    """Report types whose files this account gets quoted, others without quotes."""
    is_revoked: bool = False
    """Whether the partner has withdrawn the authorisation."""

    @property
    def marketplaces(self) -> list[Marketplace]:
        """The marketplaces this account may ask about."""
        return [MARKETPLACES[marketplace_id] for marketplace_id in self.marketplace_ids]

    def catalogue(self, seed: int, marketplace_id: str) -> str:
        """Return the word that this account's products in a marketplace follow from."""
        return catalogue_of(seed, self.account_type, marketplace_id)


def _named(name: str, kind: str, region: str, countries: str, **more: object) -> Json:
    ids = [m.marketplace_id for c in countries.split() for m in _of(c, region)]
    return {
        "name": name,
        "account_type": kind,
        "region": region,
        "marketplace_ids": ids,
        **more,
    }


def _of(country: str, region: str) -> list[Marketplace]:
    everyone = MARKETPLACES.values()
    return [m for m in everyone if m.country == country and m.region == region]


DEFAULT_PARTNERS: Sequence[Json] = (
    _named("acme-us", "seller", "NA", "US CA"),
    _named("nordwind-eu", "seller", "EU", "DE FR GB", quoted_types=[_RESTOCK]),
    _named("sakura-jp", "seller", "FE", "JP"),
    _named("plain-us", "seller", "NA", "US", roles=[]),
    _named("gone-us", "seller", "NA", "US", is_revoked=True),
    _named("vega-us", "vendor", "NA", "US"),
    _named("alba-eu", "vendor", "EU", "DE GB"),
)


class SellingPartners:
    """All selling partners of one emulator, by name; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Return to the default accounts."""
        self.replace(DEFAULT_PARTNERS)

    def replace(self, partners: Sequence[Mapping[str, object]]) -> None:
        """Take other accounts."""
        found = [_complete(partner) for partner in partners]
        with self._lock:
            self._partners = {partner.name: partner for partner in found}

    def add(self, partner: Mapping[str, object]) -> Partner:
        """Add or replace an account; only `name` is required."""
        made = _complete(partner)
        with self._lock:
            self._partners[made.name] = made
        return made

    def remove(self, name: str) -> bool:
        """Take an account away; False when there is none of this name."""
        with self._lock:
            return self._partners.pop(name, None) is not None

    def partner(self, name: str) -> Partner | None:
        """Return one account."""
        return self._partners.get(name)

    def partners(self) -> list[Partner]:
        """Return all accounts."""
        with self._lock:
            return list(self._partners.values())

    def of_token(self, refresh_token: str) -> Partner | None:
        """Return the account that this refresh token stands for, revoked or not."""
        everyone = self.partners()
        return next((p for p in everyone if p.refresh_token == refresh_token), None)

    def as_json(self) -> list[Json]:
        """Return all accounts in the form `replace` reads."""
        return [asdict(partner) for partner in self.partners()]


def _complete(given: Mapping[str, object]) -> Partner:
    known = {item.name for item in fields(Partner)}
    unknown = set(given) - known
    if unknown:
        message = f"An account has no {', '.join(sorted(unknown))}. Known: {known}."
        raise PartnerError(message)
    name = given.get("name")
    if not isinstance(name, str) or not name:
        raise PartnerError("An account needs a name.")
    defaults = {
        "account_type": "seller",
        "region": "NA",
        "partner_id": f"A{name.upper().replace('-', '')}SP",
        "refresh_token": f"Atzr|sp-{name}",
        "marketplace_ids": ["ATVPDKIKX0DER"],
    }
    partner = Partner(**defaults | dict(given))  # type: ignore[arg-type] # checked next
    _check(partner)
    return partner


def _check(partner: Partner) -> None:
    if partner.account_type not in KINDS:
        message = f"account_type must be one of {', '.join(KINDS)}."
        raise PartnerError(message)
    for marketplace_id in partner.marketplace_ids:
        found = MARKETPLACES.get(marketplace_id)
        if found is None or found.region != partner.region:
            message = f"{marketplace_id} is no marketplace of {partner.region}."
            raise PartnerError(message)
