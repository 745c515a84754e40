"""docs/lake.md: each of its SQL blocks runs on a lake that the commands have filled."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import duckdb

from support.dbt.lake import CAMPAIGNS, SETTLED_DAYS, Lake, days_ago
from support.docs.blocks import ROOT

PAGE = ROOT / "docs" / "lake.md"
_BLOCK = re.compile(r"(<!-- not run[^>]*-->\n)?```sql\n(.*?)```", re.DOTALL)
_BUCKET = "s3://my-bucket/amazon"


def test_the_page_leads_from_the_bucket_to_a_chart(
    new_lake: Callable[[int], Lake],
) -> None:
    lake = new_lake(2)
    lake.streams = (CAMPAIGNS, "campaigns")
    first = days_ago(2 + SETTLED_DAYS)
    lake.load_ads(first, days_ago(SETTLED_DAYS + 1))
    lake.emulator.client.change(restate=SETTLED_DAYS + 1)
    lake.load_ads(first, lookback_days=8)
    folder = str(lake.download())
    with duckdb.connect() as connection:
        found = [
            connection.execute(text.replace(_BUCKET, folder)).fetchall()
            for skipped, text in _BLOCK.findall(PAGE.read_text())
            if not skipped
        ]
        days = 2 + SETTLED_DAYS
        views, newest, numbers, chart, today, names, documents, missing = found
        assert (views, newest, today, missing) == ([], [], [], [])
        assert len(names) == 2 * 2  # two campaigns each, on the newest day
        assert all(0 < spend <= budget for *_, spend, budget, _ in names)
        assert len(numbers) == len(chart) == 2 * days  # two accounts, two currencies
        assert all("█" in bar for *_, bar in chart)
        read_twice = [row for row in documents if row[0] == first.isoformat()]
        assert len(read_twice) == 2 * 2
        [(rows, keys)] = connection.execute(
            "select count(*), count(distinct (profile_id, date, campaignId))"
            " from campaigns_now"
        ).fetchall()
        assert rows == keys == 2 * 2 * days
        spent = sum(Decimal(str(row[2])) for row in numbers)
        newest_costs = {(row[0], row[1]): row for row in documents}
        assert spent > 0
        assert newest_costs
