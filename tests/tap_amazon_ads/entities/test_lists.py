"""Portfolios, DSP orders and line items, Sponsored TV: lists, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests

from amazon_emulator import EmulatorClient
from support.ads.runs import ADVERTISERS, CANADA, LINKED, NEWEST, NOON, SELLER, Run
from support.core.material import amazons
from support.core.openapi import check_request

SPECS, needs_specs = amazons("amazon-ads")
UNIFIED = "ads-api-v1-merged-2026-07.json"
KEYS = {
    "portfolios": ("profile_id", "portfolioId"),
    "sponsored_tv_campaigns": ("profile_id", "campaignId"),
    "dsp_orders": ("advertiserId", "campaignId"),
    "dsp_line_items": ("advertiserId", "adGroupId"),
}
RunTap = Callable[..., Run]


@pytest.mark.parametrize("stream", KEYS)
def test_every_page_of_every_account(
    run: RunTap, amazon: EmulatorClient, stream: str
) -> None:
    amazon.change(entities_per_page=2, rows_per_day=7)
    ended = run(stream)
    assert ended.code == 0
    rows, key = ended.rows(stream), KEYS[stream]
    assert tuple(ended.key_names()[stream]) == key
    assert len({tuple(row[n] for n in key) for row in rows}) == len(rows) > 7
    assert all(row["name"] and row["snapshot_at"] for row in rows)
    assert not any(row["_extra"] for row in rows)
    assert ended.schema(stream)["schema"]["x-replace-by"] == [key[0]]
    if stream.startswith("dsp"):
        assert {row["advertiserId"] for row in rows} == {*ADVERTISERS, LINKED}
        linked = [row for row in rows if row["advertiserId"] == LINKED]
        assert {row["profile_id"] for row in linked} == {None}


def test_ids_join_to_the_reports(run: RunTap) -> None:
    joins = {
        "amazon_dsp_tech_by_order": ("dsp_orders", "campaignId", "orderId"),
        "amazon_dsp_tech_by_line_item": ("dsp_line_items", "adGroupId", "lineItemId"),
        "sponsored_television_campaign_by_campaign": (
            *("sponsored_tv_campaigns", "campaignId", "campaignId"),
        ),
    }
    ended = run(*KEYS, *joins, start_date=NEWEST)
    for stream, (entity, key, column) in joins.items():
        names = {row[key]: row["name"] for row in ended.rows(entity)}
        rows = ended.rows(stream)
        assert rows
        for row in rows:
            name = column.replace("Id", "Name")
            assert names[row[column]] == row.get(name, names[row[column]])
    portfolios = {row["portfolioId"] for row in ended.rows("portfolios")}
    used = {row["portfolioId"] for row in ended.rows("sponsored_tv_campaigns")}
    assert used - {None} <= portfolios


def test_a_second_run_on_the_same_day_asks_nothing(
    run: RunTap, amazon: EmulatorClient
) -> None:
    first = run(*KEYS)
    before = amazon.statistics()
    again = run(*KEYS, state=first.state, now=NOON + timedelta(hours=19))
    after = amazon.statistics()
    assert again.code == 0
    for operation in ("portfolios", "query_campaigns", "query_ad_groups"):
        assert after.count(operation) == before.count(operation) > 0
    later = run(*KEYS, state=again.state, now=NOON + timedelta(hours=21))
    assert len(later.rows("dsp_orders")) == len(first.rows("dsp_orders"))


def test_reports_are_asked_for_before_lists_are_read(
    run: RunTap, sent: list[requests.PreparedRequest]
) -> None:
    report = "sponsored_television_campaign_by_campaign"
    ended = run("portfolios", report, start_date=NEWEST)
    assert ended.code == 0
    assert ended.rows(report)
    assert ended.rows("portfolios")
    paths = [str(call.path_url).partition("?")[0] for call in sent]
    assert paths.index("/reporting/reports") < paths.index("/portfolios/list")


def test_half_a_list_is_none(run: RunTap, amazon: EmulatorClient) -> None:
    amazon.change(entities_per_page=1, rows_per_day=12)
    amazon.add_fault("status", operation="portfolios", code=403, account=SELLER, skip=1)
    ended = run("portfolios", profile_ids=[SELLER, CANADA])
    assert ended.code == 1
    assert {row["profile_id"] for row in ended.rows("portfolios")} == {CANADA}
    assert ended.said("portfolios", SELLER, "The next run asks again")
    amazon.clear_faults()
    again = run("portfolios", profile_ids=[SELLER, CANADA], state=ended.state)
    assert {row["profile_id"] for row in again.rows("portfolios")} == {SELLER}


def test_throttled_lists_are_waited_for(run: RunTap, amazon: EmulatorClient) -> None:
    amazon.add_fault("throttle", operation="portfolios", times=2, retry_after=1)
    assert run("portfolios", profile_ids=[SELLER], speed=30).code == 0


def test_no_account_is_a_failure(run: RunTap) -> None:
    ended = run("portfolios", region="NA", profile_ids=["1"])
    assert ended.code == 1
    assert len(ended.said("ERROR", "no usable profile")) == 1


@needs_specs
def test_every_query_is_as_amazons_file_has_it(
    run: RunTap, sent: list[requests.PreparedRequest]
) -> None:
    run("dsp_orders", "dsp_line_items", "sponsored_tv_campaigns")
    calls = [s for s in sent if "/query/" in str(s.path_url)]
    assert len(calls) > 3
    for call in calls:
        check_request(SPECS / UNIFIED, (), call)


@pytest.mark.parametrize("stream", KEYS)
def test_report_days_says_whose_list_is_whole(run: RunTap, stream: str) -> None:
    ended = run(stream, "report_days")
    owner, days = KEYS[stream][0], ended.rows("report_days")
    counts = Counter(row[owner] for row in ended.rows(stream))
    assert {row["covers"][owner]: row["rows"] for row in days} == dict(counts)
    assert len({(row["report_id"], row["date"]) for row in days}) == len(days)


def test_a_list_without_end_is_refused(run: RunTap, amazon: EmulatorClient) -> None:
    body: Any = {"portfolios": [], "nextToken": "again"}
    amazon.add_fault("status", operation="portfolios", code=200, body=body)
    ended = run("portfolios", profile_ids=[SELLER])
    assert ended.code == 1
    assert ended.said("the same next page twice")
