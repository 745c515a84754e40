"""Which field each column comes from, and what is asked for: pure, and as facts say."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.reports.model import Window
from support.core.material import FACTS, needs_facts
from tap_amazon_ads.accounts import Account, Advertiser
from tap_amazon_ads.catalogue import load_catalogue
from tap_amazon_ads.client import Page
from tap_amazon_ads.report_specs import ReportSpec, report_specs
from tap_amazon_ads.unified.account_map import AccountMap, read_accounts
from tap_amazon_ads.unified.answers import Repair, repair_of
from tap_amazon_ads.unified.choice import ReportingChoice, ReportingSettings
from tap_amazon_ads.unified.comparison.proof import Proof
from tap_amazon_ads.unified.mapping import Absence, mapping_of, reason_unserved
from tap_amazon_ads.unified.query import create_body
from tap_amazon_ads.unified.spec import UnifiedSpec

CATALOGUE = load_catalogue()
SPECS = {spec.stream: spec for spec in report_specs(CATALOGUE, {})}
ASKED_FOR = [e.stream for e in CATALOGUE.report_types if e.seed_name]
SERVED = [stream for stream in ASKED_FOR if not reason_unserved(stream)]
WITHOUT_A_FIELD = {
    "sponsored_brands_targeting_by_targeting": {"targetingId"},
    "sponsored_brands_purchased_by_purchased_asin": {"attributionType"},
}
"""Key columns that stay empty: others tell the rows apart."""
FIELD = re.compile(r"[a-zA-Z0-9]+\.[a-zA-Z0-9]+")


def spec_of(stream: str, kind: str = "seller") -> UnifiedSpec:
    report = SPECS[stream]
    if report.is_dsp:
        account = Account("9", "agency", "agency", {}, advertisers=(Advertiser("7"),))
        accounts, country = {"7": "amzn1.ads-account.r.x"}, None
    else:
        account = Account("9", "profile 9", kind, {"profile_id": "9"}, country="US")
        accounts, country = {"9": "amzn1.ads-account.g.x"}, "US"
    mapping = mapping_of(stream, report.columns)
    assert mapping is not None
    return UnifiedSpec(report, account, mapping, accounts, country)


def fields(spec: UnifiedSpec, columns: list[str]) -> list[str]:
    found = spec.request(columns)["fields"]
    assert isinstance(found, list)
    return found


# --- the mapping ------------------------------------------------------------


def test_all_but_six_of_the_59_streams_are_served() -> None:
    assert len(ASKED_FOR) == 59
    reasons = {s: reason_unserved(s) for s in ASKED_FOR if reason_unserved(s)}
    assert len(reasons) == 6
    assert sum("Sponsored TV" in reason for reason in reasons.values()) == 5


@pytest.mark.parametrize("stream", SERVED)
def test_every_column_has_a_field_or_a_reason(stream: str) -> None:
    report = SPECS[stream]
    mapping = mapping_of(stream, report.columns)
    assert mapping is not None
    given_by_the_tap = {*report.time_columns, "advertiserId"}
    for column in set(report.columns) - given_by_the_tap:
        source = mapping.source(column)
        assert bool(source) is not (column in mapping.absent), column
        assert all(FIELD.search(part) for part in source.split(" + ") if part)
    assert set(mapping.absent.values()) <= set(get_args(Absence))
    empty = set(report.key) - given_by_the_tap - WITHOUT_A_FIELD.get(stream, set())
    assert all(mapping.source(column) for column in empty)


@needs_facts
def test_dimensions_are_those_of_the_facts() -> None:
    facts = (FACTS / "amazon-ads-unified-reporting.md").read_text()
    for entry in CATALOGUE.report_types:
        if entry.stream in SERVED:
            row = re.search(
                rf"^\| `{entry.seed_name}` \| ([^|]*) \|", facts, re.MULTILINE
            )
            assert row is not None
            mapping = mapping_of(entry.stream, ())
            assert mapping is not None
            assert re.findall(r"`([^`]+)`", row[1]) == list(mapping.dimensions)


@needs_facts
def test_every_field_is_one_of_amazons() -> None:
    facts = (FACTS / "amazon-ads-unified-reporting.md").read_text()
    for stream in SERVED:
        spec = spec_of(stream)
        for name in fields(spec, list(spec.report.columns)):
            plain = name.removeprefix("metric.")
            assert re.search(rf"\b{re.escape(plain)}\b", facts), name


# --- queries ----------------------------------------------------------------


@given(stream=st.sampled_from(SERVED), data=st.data())
def test_a_query_holds_what_its_fields_need(stream: str, data: st.DataObject) -> None:
    spec = spec_of(stream, data.draw(st.sampled_from(["seller", "vendor"])))
    columns = data.draw(
        st.lists(st.sampled_from(sorted(spec.report.columns)), unique=True)
    )
    asked = set(fields(spec, columns))
    assert spec.needed_fields - {"adProduct.value"} <= asked
    assert {"budgetCurrency.value", "date.value"} <= asked
    prefixes = {name.partition(".")[0] for name in asked} - {"metric"}
    assert all(
        any(other.startswith(f"{prefix}.") for other in asked) for prefix in prefixes
    )
    if "campaign.country" in asked:
        assert "campaign.id" in asked
    body = create_body(
        spec.account_ids({"7"}),
        Window(date(2026, 11, 1), date(2026, 11, 2)),
        asked,
        {"on": {}},
    )
    assert len(body["reports"]) == 1  # type: ignore[arg-type]  # a list of one


def test_a_report_of_one_api_is_never_taken_for_the_others() -> None:
    for stream in SERVED:
        spec = spec_of(stream)
        columns = sorted(spec.report.columns)
        assert spec.request(columns) != spec.report.request(columns)
        assert spec.report_type != spec.report.report_type


# --- accounts ---------------------------------------------------------------


def page(*accounts: dict[str, Any], token: str | None = None) -> Page:
    return Page(list(accounts), token)


def test_global_accounts_win_and_empty_pages_go_on() -> None:
    asked: list[dict[str, Any]] = []

    def read(body: Any) -> Page:
        asked.append(dict(body))
        is_global = body["isGlobalAccountFilter"] == {"include": [True]}
        if is_global and "nextToken" not in body:
            return page(token="more")
        account = "global" if is_global else "regional"
        others: list[dict[str, Any]] = [
            {"countryCode": "US", "profileId": 9},
            {"countryCode": "US", "entityId": "ENTITY1"},
        ]
        if not is_global:
            others.append({"countryCode": "GB", "dspAdvertiserId": "7"})
        return page({"advertiserAccountId": account, "alternateIds": others})

    found = read_accounts(read)
    assert found.by_profile["9"].account_id == "global"
    assert found.by_advertiser["7"].account_id == "regional"
    assert [body.get("nextToken") for body in asked] == [None, "more", None]


def test_a_single_stream_goes_before_the_default() -> None:
    settings = ReportingSettings.read(
        {"reporting_api": {"default": "v1", SERVED[0]: "v3"}}
    )
    assert not settings.wants(SERVED[0])
    assert settings.wants(SERVED[1])
    assert not ReportingSettings.read({}).wants(SERVED[0])


def test_reports_of_your_own_stay_on_v3() -> None:
    said: list[str] = []
    choice = ReportingChoice(
        ReportingSettings("v1", allow_unproved=True),
        accounts=AccountMap,
        proof=Proof,
        warn_once=said.append,
    )
    own = ReportSpec(
        *("mine", "SPONSORED_PRODUCTS", "spCampaigns", ("campaign",), "DAILY", {}, ()),
        is_custom=True,
    )
    account = Account("9", "profile 9", "seller", {})
    assert choice.spec_of(own, account, None) is None  # type: ignore[arg-type]  # no time
    assert "reports of your own are written for v3" in said[0]


# --- what Amazon refuses ----------------------------------------------------

ALONG = "cannot be used along with fields:"
WITHOUT = "cannot be used without also including fields:"
NEEDED = frozenset({"campaign.id", "date.value"})
ASKED = {*NEEDED, "metric.a", "metric.b", "placement.size"}


@pytest.mark.parametrize(
    ("message", "repair"),
    [
        ("400005: field metric.a is unknown", Repair(frozenset({"metric.a"}))),
        (
            "400013: field metric.a has an invalid format",
            Repair(frozenset({"metric.a"})),
        ),
        ("400005: field campaign.id is unknown", Repair()),
        (
            f"400004: field metric.a {ALONG} campaign.id",
            Repair(frozenset({"metric.a"})),
        ),
        (
            f"400004: field campaign.id {ALONG} metric.a, metric.b",
            Repair(frozenset({"metric.a", "metric.b"})),
        ),
        (
            f"400006: field placement.size {WITHOUT} placement.name",
            Repair(frozenset({"placement.size"})),
        ),
        (
            f"400006: field campaign.id {WITHOUT} campaign.country",
            Repair(frozenset(), frozenset({"campaign.country"})),
        ),
        ("400000: startDate is too old", Repair()),
    ],
)
def test_a_query_is_mended_as_amazon_says(message: str, repair: Repair) -> None:
    assert repair_of([message], ASKED, NEEDED) == repair


def test_all_errors_of_an_answer_count() -> None:
    messages = [
        "400005: field metric.a is unknown",
        f"400006: field placement.size {WITHOUT} x.y",
    ]
    found = repair_of(messages, ASKED, NEEDED)
    assert found.dropped == {"metric.a", "placement.size"}
