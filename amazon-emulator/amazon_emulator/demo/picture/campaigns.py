"""Names, states and budgets of today beside the numbers of the reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import click

Row = Mapping[str, Any]
ENTITIES = ("campaigns",)
"""Streams of tap-amazon-ads that are exports, not reports."""
_REPORT = "sponsored_products_campaign_by_campaign"
_SHOWN = 3


class CampaignToday(NamedTuple):
    """A campaign by name, and its newest day; money in `currency`."""

    name: str
    state: str
    budget: Decimal
    cost: Decimal
    currency: str

    @property
    def used_percent(self) -> int:
        """How much of its daily budget that day took."""
        return round(100 * self.cost / self.budget) if self.budget else 0


def split(
    rows: Mapping[str, Sequence[Row]],
) -> tuple[dict[str, Sequence[Row]], Sequence[Row]]:
    """Return the rows of reports, and the campaigns of a snapshot."""
    reports = {name: found for name, found in rows.items() if name not in ENTITIES}
    return reports, rows.get(ENTITIES[0], ())


def beside_numbers(
    reports: Mapping[str, Sequence[Row]], campaigns: Iterable[Row]
) -> list[CampaignToday]:
    """Return the campaigns with a daily budget, the most used one first."""
    known = {(row["profile_id"], row["campaignId"]): row for row in campaigns}
    newest: dict[tuple[str, str], Row] = {}
    for row in sorted(reports.get(_REPORT, ()), key=lambda row: str(row["date"])):
        newest[row["profile_id"], row["campaignId"]] = row
    found = [_today(known[key], row) for key, row in newest.items() if key in known]
    daily = [campaign for campaign in found if campaign is not None]
    return sorted(daily, key=lambda c: (-c.used_percent, c.name))


def _today(campaign: Row, row: Row) -> CampaignToday | None:
    caps = campaign["budgetCaps"]
    if caps["recurrenceTimePeriod"] != "DAILY":
        return None
    money = caps["budgetValue"]["monetaryBudget"]
    return CampaignToday(
        " ".join(str(campaign["name"]).split()),
        campaign["state"],
        Decimal(str(money["amount"])),
        Decimal(str(row["cost"] or 0)),
        str(money["currencyCode"]),
    )


def show_campaigns(campaigns: Sequence[CampaignToday]) -> None:
    """Say by example what entities are for."""
    if campaigns:
        click.echo(
            f"  {len(campaigns)} of these campaigns by name, with state and budget of "
            "a day, from Amazon's\n  entity exports; most of it was used by:"
        )
    for one in campaigns[:_SHOWN]:
        click.echo(
            f"    {one.name[:28]:<28} {one.state:<8} {one.cost:>9,.2f} of "
            f"{one.budget:>7,.0f} {one.currency}  {one.used_percent:>3} %"
        )
