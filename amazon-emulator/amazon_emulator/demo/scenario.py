"""The three runs of the demo, and the report types it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

# Stream of tap-amazon-ads -> reportTypeId and groupBy of the reports it asks for.
STREAMS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "sponsored_products_campaign_by_campaign": ("spCampaigns", ("campaign",)),
    "sponsored_products_search_term_by_search_term": ("spSearchTerm", ("searchTerm",)),
    "sponsored_products_advertised_by_advertiser": (
        "spAdvertisedProduct",
        ("advertiser",),
    ),
    "sponsored_brands_campaign_by_campaign": ("sbCampaigns", ("campaign",)),
    "sponsored_display_campaign_by_campaign": ("sdCampaigns", ("campaign",)),
    "sponsored_television_campaign_by_campaign": ("stCampaigns", ("campaign",)),
    "amazon_dsp_campaign_by_campaign": ("dspCampaign", ("campaign",)),
    "amazon_dsp_geo_by_country": ("dspGeo", ("country",)),
    "amazon_dsp_tech_by_device_type": ("dspTech", ("deviceType",)),
}
FIRST_DAYS = 10
LOOKBACK_DAYS = 5
DAYS_BACK = 3
DAYS_LATER = 7
"""From one run to the next, as far as Amazon's numbers are concerned."""


@dataclass(frozen=True, slots=True)
class Run:
    """One `meltano run`: its number, its last day, and why it does what it does."""

    number: int
    end_date: date | None
    title: str
    reason: str


def start_date(today: date) -> date:
    """Return the first day the demo reads."""
    return today - timedelta(days=DAYS_BACK + FIRST_DAYS - 1)


def runs(today: date) -> tuple[Run, Run, Run]:
    """Return the three runs."""
    end = today - timedelta(days=DAYS_BACK)
    return (
        Run(
            1,
            end,
            f"{start_date(today)} to {end} (end_date: {DAYS_BACK} days ago)",
            "Nothing was read before: each report type is asked for all days at once,\n"
            "one report for each account.",
        ),
        Run(
            2,
            None,
            "no end_date, so up to yesterday where the account is",
            "A bookmark says what is there. The newer days are asked for, and with\n"
            f"them, in the same report, the {LOOKBACK_DAYS} days before: Amazon has "
            "changed their\nnumbers since, as it does when late sales come in "
            "(lookback_days).",
        ),
        Run(
            3,
            None,
            "the same again",
            "No day has ended since the second run, so there is nothing to ask for.",
        ),
    )


def zones(accounts: Mapping[str, Any]) -> set[str]:
    """Return the time zones of all accounts of a world."""
    lists: list[Iterable[Mapping[str, Any]]] = [accounts["profiles"]]
    lists += accounts["advertisers"].values()
    lists += [manager["linkedAccounts"] for manager in accounts["managerAccounts"]]
    return {item["timezone"] for items in lists for item in items}


def seconds_to_midnight(now: datetime, names: Iterable[str]) -> float:
    """Return how long no day ends in any of the time zones."""
    return min(_to_midnight(now.astimezone(ZoneInfo(name))) for name in names)


def _to_midnight(local: datetime) -> float:
    tomorrow = datetime.combine(
        local.date() + timedelta(days=1), datetime.min.time(), local.tzinfo
    )
    # Both in UTC: a difference inside one zone would not count a changed clock.
    return tomorrow.timestamp() - local.timestamp()
