"""Whose entities are shown: an account of a call as the market model knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from amazon_emulator.market_model.accounts import MarketAccount
from amazon_emulator.market_model.combinations import POSITIONS
from amazon_emulator.selling_partner.marketplaces import MARKETPLACES

if TYPE_CHECKING:
    from amazon_emulator.ads_accounts.scope import Account
    from amazon_emulator.settings import Settings

_DEFAULT_MARKETPLACE = "ATVPDKIKX0DER"


def profile_market(settings: Settings, account: Account) -> MarketAccount:
    """Return the market of a seller's or vendor's profile: that of its reports."""
    return market_account(
        settings,
        account.account_id,
        account.kind,
        account.marketplace_id or _DEFAULT_MARKETPLACE,
        account.currency,
    )


def advertiser_market(
    settings: Settings, advertiser_id: str, advertiser: Mapping[str, object]
) -> MarketAccount:
    """Return the market of an advertiser of the DSP: that of its reports."""
    currency, country = advertiser.get("currency"), str(advertiser.get("country"))
    shops = (m.marketplace_id for m in MARKETPLACES.values() if m.country == country)
    return market_account(
        settings,
        advertiser_id,
        "dsp",
        next(shops, _DEFAULT_MARKETPLACE),
        None if currency is None else str(currency),
    )


def market_account(
    settings: Settings,
    account_id: str,
    kind: str,
    marketplace_id: str,
    currency: str | None,
) -> MarketAccount:
    """Return an account as large as the settings say."""
    return MarketAccount(
        settings.seed,
        account_id,
        kind,
        marketplace_id,
        currency,
        settings.rows_per_day,
        min(max(1, settings.combinations_per_campaign), POSITIONS),
        max(1, settings.sp_asins),
    )
