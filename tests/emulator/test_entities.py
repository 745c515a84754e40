"""Exports, portfolios and queries of the emulator, against Amazon's own files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from amazon_emulator.ads_entities.contract import KINDS
from amazon_emulator.ads_entities.portfolios import MEDIA_TYPE
from support.ads.emulation import (
    ACCOUNT,
    ADVERTISERS,
    AGENCY,
    CANADA,
    LINKED,
    SCOPE,
    SELLER,
    AdsCaller,
    report_body,
)
from support.core.material import amazons
from support.core.openapi import check_exchange

SPECS, needs_specs = amazons("amazon-ads")
EXPORTS, UNIFIED = "exports-2025-12.json", "ads-api-v1-merged-2026-07.json"
EVERY_STATE = {"stateFilter": ["ENABLED", "PAUSED", "ARCHIVED"]}
IDS = {"campaigns": "campaignId", "adGroups": "adGroupId", "ads": "adId"}
IDS["targets"] = "targetId"


@pytest.fixture
def ads() -> Iterator[AdsCaller]:
    caller = AdsCaller()
    caller.sign_in()
    yield caller
    caller.emulation.close()


def post(
    ads: AdsCaller, path: str, body: object, media_type: str, account: Mapping[str, str]
) -> TestResponse:
    headers = ads.headers() | dict(account) | {"Accept": media_type}
    headers["Amazon-Ads-ClientId"] = headers["Amazon-Advertising-API-ClientId"]
    return ads.api.post(
        path, headers=headers, data=json.dumps(body), content_type=media_type
    )


def ask(
    ads: AdsCaller, kind: str, body: object = EVERY_STATE, profile: str = SELLER
) -> TestResponse:
    media_type = KINDS[kind].media_type
    return post(ads, f"/{kind}/export", body, media_type, {SCOPE: profile})


def look(ads: AdsCaller, kind: str, created: TestResponse) -> TestResponse:
    path = f"/exports/{quote(created.get_json()['exportId'], safe='')}"
    more = {SCOPE: SELLER, "Accept": KINDS[kind].media_type}
    return ads.api.get(path, headers=ads.headers() | more)


def rows_of(ads: AdsCaller, kind: str, body: object = EVERY_STATE) -> list[Any]:
    url = look(ads, kind, ask(ads, kind, body)).get_json()["url"]
    found: list[Any] = json.loads(gzip.decompress(ads.download(url).data))
    return found


def check_export(response: TestResponse, status: int, sent: object = None) -> None:
    assert response.status_code == status, response.data
    media = tuple(kind.media_type for kind in KINDS.values())
    check_exchange(
        SPECS / EXPORTS, media, response, sent=sent, wrong_request=status == 400
    )


@needs_specs
@pytest.mark.parametrize("kind", KINDS)
def test_an_export_is_as_amazons_file_has_it(ads: AdsCaller, kind: str) -> None:
    ads.emulation.state.change({"ready_after_seconds": 60})
    created = ask(ads, kind)
    check_export(created, 202, EVERY_STATE)
    check_export(look(ads, kind, created), 200)
    ads.advance(60)
    ready = look(ads, kind, created)
    check_export(ready, 200)
    assert ready.get_json()["status"] == "COMPLETED"
    ads.fault("failed", "export", reason="TIMED_OUT")
    failed = look(ads, kind, created)
    check_export(failed, 200)
    assert failed.get_json()["error"]["errorCode"] == "TIMED_OUT"


@needs_specs
def test_refusals_of_exports(ads: AdsCaller) -> None:
    check_export(ask(ads, "campaigns", {"stateFilter": []}), 400)
    check_export(ask(ads, "campaigns", {"negativeFilter": [True]}), 400)
    check_export(ask(ads, "campaigns", profile="1"), 401, EVERY_STATE)
    created = ask(ads, "ads")
    check_export(look(ads, "targets", created), 406)
    ads.advance(25 * 3600)
    ads.sign_in()
    check_export(look(ads, "ads", created), 404)


def test_asking_again_gives_another_export(ads: AdsCaller) -> None:
    first, second = (ask(ads, "ads").get_json()["exportId"] for _ in range(2))
    assert first != second


def test_five_exports_of_a_kind_at_once(ads: AdsCaller) -> None:
    ads.emulation.state.change({"ready_after_seconds": 60})
    answers = [ask(ads, "ads", profile=p).status_code for p in [SELLER, CANADA] * 3]
    assert answers == [202] * 5 + [429]
    assert ask(ads, "targets").status_code == 202
    ads.advance(60)
    assert ask(ads, "ads").status_code == 202


def test_only_what_is_filtered_for_is_exported(ads: AdsCaller) -> None:
    everything = rows_of(ads, "targets")
    assert {row["adProduct"] for row in everything} == {
        *("SPONSORED_PRODUCTS", "SPONSORED_BRANDS", "SPONSORED_DISPLAY"),
    }
    usual = rows_of(ads, "targets", {})
    assert usual == [row for row in everything if row["state"] != "ARCHIVED"]
    keywords = {"targetTypeFilter": ["KEYWORD"], **EVERY_STATE}
    assert rows_of(ads, "targets", keywords) == [
        row for row in everything if row["targetType"] == "KEYWORD"
    ]
    assert rows_of(ads, "targets", {"negativeFilter": [True]}) == []


@pytest.mark.parametrize("kind", KINDS)
def test_ids_are_unique_and_lead_to_their_parents(ads: AdsCaller, kind: str) -> None:
    rows = rows_of(ads, kind)
    assert len({row[IDS[kind]] for row in rows}) == len(rows) > 0
    campaigns = {row["campaignId"] for row in rows_of(ads, "campaigns")}
    assert {row.get("campaignId") for row in rows} - {None} <= campaigns


def test_an_export_has_the_campaigns_of_the_reports(ads: AdsCaller) -> None:
    names = {row["campaignId"]: row["name"] for row in rows_of(ads, "campaigns")}
    columns = ("date", "campaignId", "campaignName")
    for row in ads.rows(report_body(columns=columns)):
        assert names[str(row["campaignId"])] == row["campaignName"]


# --- lists ------------------------------------------------------------------


def test_portfolios_come_in_pages(ads: AdsCaller) -> None:
    ads.emulation.state.change({"entities_per_page": 1, "rows_per_day": 12})
    found: list[Any] = []
    body: dict[str, str] = {}
    while True:
        account = {SCOPE: SELLER}
        page = post(ads, "/portfolios/list", body, MEDIA_TYPE, account).get_json()
        found += page["portfolios"]
        if "nextToken" not in page:
            break
        body = {"nextToken": page["nextToken"]}
    assert len({row["portfolioId"] for row in found}) == page["totalResults"] == 3
    used = {row.get("portfolioId") for row in rows_of(ads, "campaigns")} - {None}
    assert used == {row["portfolioId"] for row in found}


@needs_specs
@pytest.mark.parametrize("kind", ["campaigns", "adGroups"])
@pytest.mark.parametrize(
    ("product", "account"),
    [
        ("AMAZON_DSP", {ACCOUNT: ADVERTISERS[0]}),
        ("AMAZON_DSP", {ACCOUNT: LINKED}),
        ("SPONSORED_TELEVISION", {SCOPE: SELLER}),
    ],
)
def test_queries_are_as_amazons_file_has_them(
    ads: AdsCaller, kind: str, product: str, account: dict[str, str]
) -> None:
    ads.emulation.state.change({"entities_per_page": 3})
    body = {"adProductFilter": {"include": [product]}, "maxResults": 100}
    path = f"/adsApi/v1/query/{kind}"
    answer = post(ads, path, body, "application/json", account)
    assert answer.status_code == 200, answer.data
    assert len(answer.get_json()[kind]) == 3
    check_exchange(SPECS / UNIFIED, (), answer, sent=body, wrong_request=False)
    body |= {"nextToken": answer.get_json()["nextToken"]}
    rest = post(ads, path, body, "application/json", account)
    check_exchange(SPECS / UNIFIED, (), rest, sent=body, wrong_request=False)
    assert rest.get_json()[kind] != answer.get_json()[kind]


@needs_specs
def test_refusals_of_queries(ads: AdsCaller) -> None:
    path = "/adsApi/v1/query/campaigns"
    wrong = {"adProductFilter": {"include": ["SPONSORED_PRODUCTS"]}}
    right = {"adProductFilter": {"include": ["AMAZON_DSP"]}}
    for body, account, status in [
        (wrong, {SCOPE: SELLER}, 400),
        (right, {SCOPE: AGENCY}, 400),
        (right, {ACCOUNT: "1"}, 401),
    ]:
        answer = post(ads, path, body, "application/json", account)
        assert answer.status_code == status
        check_exchange(SPECS / UNIFIED, (), answer, sent=body, wrong_request=False)


def test_orders_are_those_of_the_reports(ads: AdsCaller) -> None:
    body = {"adProductFilter": {"include": ["AMAZON_DSP"]}}
    account = {ACCOUNT: ADVERTISERS[0]}
    path = "/adsApi/v1/query/campaigns"
    orders = post(ads, path, body, "application/json", account).get_json()
    names = {row["campaignId"]: row["name"] for row in orders["campaigns"]}
    report = report_body(
        "dspCampaign",
        columns=("date", "advertiserId", "orderId", "orderName"),
        ad_product="DEMAND_SIDE_PLATFORM",
        filters=[{"field": "advertiserId", "values": [ADVERTISERS[0]]}],
    )
    for row in ads.rows(report, AGENCY):
        assert names[str(row["orderId"])] == row["orderName"]
