"""Rows of reports as the emulator makes them, without any call."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from amazon_emulator.ads_reporting.contract import report_types
from amazon_emulator.ads_reporting.rows.making import row_batches
from amazon_emulator.ads_reporting.rows.plan import RowPlan
from amazon_emulator.market_model.accounts import MarketAccount

Rows = list[dict[str, Any]]


def plan_of(
    name: str,
    group_by: Sequence[str],
    account: MarketAccount,
    first: date,
    last: date | None = None,
    *,
    time_unit: str = "DAILY",
    today: date | None = None,
    columns: Collection[str] = (),
) -> RowPlan:
    """Return the plan of a report with all columns, or those of some that it has.

    Without `today` everything has come in.
    """
    report_type = report_types()[name]
    every = report_type.allowed_columns(group_by, time_unit)
    return RowPlan(
        report_type,
        group_by,
        [name for name in every if not columns or name in columns],
        time_unit,
        first,
        last or first,
        [_owner(account, today)],
        {},
        account.seed,
        account.campaigns,
        combinations=account.combinations,
        products=account.products,
    )


def rows_of_report(
    name: str,
    group_by: Sequence[str],
    account: MarketAccount,
    first: date,
    last: date | None = None,
    **more: Any,
) -> Rows:
    """Return all rows of a report."""
    plan = plan_of(name, group_by, account, first, last, **more)
    return [json.loads(text) for batch in row_batches(plan) for text in batch]


def _owner(account: MarketAccount, today: date | None) -> dict[str, object]:
    owner: dict[str, object] = {
        "id": account.account_id,
        "kind": account.kind,
        "marketplace": account.marketplace_id,
        "currency": account.currency or "USD",
    }
    return owner if today is None else owner | {"today": today}
