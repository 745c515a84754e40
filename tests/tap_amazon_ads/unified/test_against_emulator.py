"""Reports by Ads API v1: the same streams, keys, columns and bookmarks as v3."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from amazon_emulator import Emulator, EmulatorClient
from support.ads.process import AdsProcess
from support.ads.runs import (
    AGENCY,
    CAMPAIGNS,
    CANADA,
    NEWEST,
    NOON,
    ORDERS,
    SELLER,
    TARGETING,
    VENDOR,
    Json,
    Run,
)
from support.core.material import amazons
from support.core.openapi import check_request
from support.core.runs import pending_reports
from tap_amazon_ads.unified import account_map
from tap_amazon_ads.unified.account_map import AccountMap, read_accounts

SPECS, needs_specs = amazons("amazon-ads")
SEARCH_TERMS = "sponsored_products_search_term_by_search_term"
BRANDS = "sponsored_brands_campaign_by_campaign"
DISPLAY = "sponsored_display_campaign_by_campaign"
PLACEMENTS = "sponsored_products_campaign_by_campaign_placement"
TELEVISION = "sponsored_television_campaign_by_campaign"
NUMBERS = ("impressions", "clicks", "cost")
RunTap = Callable[..., Run]


def numbers(
    rows: list[Json], *names: str
) -> dict[tuple[object, ...], tuple[float, ...]]:
    """Return what is measured by key."""
    names = names or NUMBERS
    found = {
        tuple(r.get(n) for n in ("profile_id", "advertiserId", "date", *KEYS)): r
        for r in rows
    }
    assert len(found) == len(rows)
    return {key: tuple(row[n] for n in names) for key, row in found.items()}


KEYS = ("campaignId", "orderId", "adGroupId", "matchType", "placementClassification")


# --- rows -------------------------------------------------------------------


def test_rows_are_those_of_v3_under_the_same_names(
    run: RunTap, v1: RunTap, amazon: EmulatorClient
) -> None:
    amazon.change(unified_parts=3, unified_json="lines")
    streams = (CAMPAIGNS, BRANDS, DISPLAY, PLACEMENTS)
    by_v1 = v1(*streams)
    by_v3 = run(*streams, profile_ids=[SELLER], start_date="2026-11-10")
    assert by_v1.code == by_v3.code == 0
    for stream in streams:
        assert by_v1.schema(stream) == by_v3.schema(stream)
        rows = by_v1.rows(stream)
        assert numbers(rows) == numbers(by_v3.rows(stream)), stream
        assert {row["country_code"] for row in rows} == {"US"}
        assert set(rows[0]) == set(by_v3.rows(stream)[0])


def test_windows_fit_the_kind_of_account(v1: RunTap) -> None:
    profiles = {"profile_ids": [SELLER, VENDOR]}
    rows = v1(CAMPAIGNS, **profiles).rows(CAMPAIGNS)
    for row in rows:
        is_seller = row["profile_id"] == SELLER
        assert (row["purchases7d"] is None) is not is_seller
        assert (row["purchases14d"] is None) is is_seller
        assert row["purchases1d"] is None
        assert row["kindleEditionNormalizedPagesRead14d"] is not None
    assert {row["profile_id"] for row in rows} == {SELLER, VENDOR}


def test_the_text_of_a_target_stands_in_for_its_id(run: RunTap, v1: RunTap) -> None:
    ended = v1(TARGETING, SEARCH_TERMS)
    by_v3 = run(TARGETING, profile_ids=[SELLER], start_date="2026-11-10")
    for stream in (TARGETING, SEARCH_TERMS):
        rows = ended.rows(stream)
        assert len(set(ended.keys())) == len(ended.keys())
        assert all(row["keywordId"] == row["keyword"] for row in rows)
    assert len(ended.rows(TARGETING)) == len(by_v3.rows(TARGETING))
    one = next(r for r in ended.rows(TARGETING) if r["acosClicks7d"])
    assert one["acosClicks7d"] == pytest.approx(one["cost"] / one["sales7d"] * 100)


def test_dsp_rows_name_their_advertiser(run: RunTap, v1: RunTap) -> None:
    agency = {"profile_ids": [AGENCY]}
    by_v1 = v1(ORDERS, **agency)
    by_v3 = run(ORDERS, **agency, start_date="2026-11-10")
    assert by_v1.code == 0
    names = ("impressions", "totalCost", "addToCart")
    assert numbers(by_v1.rows(ORDERS), *names) == numbers(by_v3.rows(ORDERS), *names)
    assert len({row["advertiserId"] for row in by_v1.rows(ORDERS)}) > 1


def test_two_countries_of_one_account_are_told_apart(v1: RunTap) -> None:
    ended = v1(CAMPAIGNS, profile_ids=[SELLER, CANADA])
    countries = {
        row["profile_id"]: row["country_code"] for row in ended.rows(CAMPAIGNS)
    }
    assert countries == {SELLER: "US", CANADA: "CA"}


def test_a_total_over_a_range_has_its_days(v1: RunTap) -> None:
    days = {"start_date": "2026-11-10", "end_date": "2026-11-12"}
    ended = v1(CAMPAIGNS, time_unit="SUMMARY", **days)
    assert ended.code == 0
    rows = ended.rows(CAMPAIGNS)
    assert {(r["startDate"], r["endDate"]) for r in rows} == {tuple(days.values())}
    assert len({row["campaignId"] for row in rows}) == len(rows)


def test_repeated_rows_are_added_up_and_counted(
    v1: RunTap, amazon: EmulatorClient
) -> None:
    whole = numbers(v1(CAMPAIGNS).rows(CAMPAIGNS))
    amazon.add_fault("duplicate_rows", operation="create_unified_report", split=True)
    ended = v1(CAMPAIGNS)
    assert numbers(ended.rows(CAMPAIGNS)).keys() == whole.keys()
    for key, values in numbers(ended.rows(CAMPAIGNS)).items():
        assert values == pytest.approx(whole[key])
    split = [
        r for r in ended.rows(CAMPAIGNS) if r["costPerClick"] is None and r["clicks"]
    ]
    assert len(split) == ended.summary["repeated_keys"][CAMPAIGNS] > 0
    assert "rates and shares are null there" in str(ended.summary["notices"])
    assert ended.code == 0


# --- what is asked ----------------------------------------------------------


@needs_specs
def test_every_request_is_as_amazons_file_has_it(
    v1: RunTap, sent: list[requests.PreparedRequest]
) -> None:
    v1(CAMPAIGNS, ORDERS, profile_ids=[SELLER, AGENCY])
    calls = [s for s in sent if "/adsApi/v1/" in str(s.url)]
    kinds = {str(s.path_url).split("/")[3] for s in calls}
    assert kinds == {"query", "create", "retrieve"}
    for call in calls:
        check_request(SPECS / "ads-api-v1-merged-2026-07.json", (), call)


def test_a_back_fill_is_cut_into_120_days(v1: RunTap, amazon: EmulatorClient) -> None:
    ended = v1(CAMPAIGNS, start_date="2025-11-20")
    assert ended.code == 0
    periods = [
        create.body["reports"][0]["periods"][0]["datePeriod"]
        for create in amazon.statistics().unified_creates
    ]
    assert sorted((p["startDate"], p["endDate"]) for p in periods) == [
        ("2025-11-20", "2026-03-19"),
        ("2026-03-20", "2026-07-17"),
        ("2026-07-18", "2026-11-14"),
        ("2026-11-15", NEWEST),
    ]
    assert len({row["date"] for row in ended.rows(CAMPAIGNS)}) == 365


def test_history_ends_after_24_months(v1: RunTap, amazon: EmulatorClient) -> None:
    ended = v1(DISPLAY, start_date="2020-01-01", run_mode="ask")
    assert ended.code == 0
    assert ended.said("2024-11-21", "older than Amazon keeps")
    first = amazon.statistics().unified_creates[0].body["reports"][0]["periods"][0]
    assert first["datePeriod"]["startDate"] >= "2024-11-21"


def test_streams_v1_lacks_are_read_by_v3_and_it_is_said(
    v1: RunTap, amazon: EmulatorClient
) -> None:
    ended = v1(TELEVISION, CAMPAIGNS)
    assert ended.code == 0
    assert ended.said("WARNING", TELEVISION, "read by reporting v3", "Sponsored TV")
    found = amazon.statistics()
    assert len(found.creates) == len(found.unified_creates) == 1


def test_single_streams_can_be_moved(run: RunTap, amazon: EmulatorClient) -> None:
    setting = {"default": "v3", CAMPAIGNS: "v1"}
    run(
        *(CAMPAIGNS, BRANDS),
        profile_ids=[SELLER],
        reporting_api=setting,
        allow_unproved=True,
        v1_call_interval_seconds=0,
    )
    found = amazon.statistics()
    assert len(found.creates) == len(found.unified_creates) == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("v2", "reporting_api: 'v2' is neither v3 nor v1"),
        ({"default": "v4"}, "reporting_api: 'v4' is neither v3 nor v1"),
        ({CAMPAIGNS: "yes"}, f"reporting_api of {CAMPAIGNS}: 'yes' is neither"),
        ({"sponsored_product": "v1"}, "there is no report stream 'sponsored_product'"),
    ],
)
def test_a_wrong_choice_stops_before_the_first_call(
    run: RunTap, amazon: EmulatorClient, value: object, words: str
) -> None:
    ended = run(CAMPAIGNS, reporting_api=value)
    assert ended.code == 1
    assert words in "\n".join(ended.errors)
    assert amazon.statistics().count("profiles") == 0


# --- the state --------------------------------------------------------------


def test_a_stream_moved_and_moved_back_has_no_hole(
    run: RunTap, v1: RunTap, amazon: EmulatorClient
) -> None:
    seen: dict[tuple[str, str], set[str]] = {}
    state: Json = {}
    for day, (tap, settings) in enumerate(
        [(run, {"start_date": "2026-11-10"}), (v1, {}), (run, {}), (v1, {})]
    ):
        now = NOON + timedelta(days=2 * day)
        amazon.set_now(now, frozen=True)
        only = {"profile_ids": [SELLER], "lookback_days": 0}
        ended = tap(CAMPAIGNS, state=state, now=now, **only | settings)
        assert ended.code == 0
        state = ended.state
        for row in ended.rows(CAMPAIGNS):
            seen.setdefault((row["profile_id"], row["campaignId"]), set())
            days = seen[row["profile_id"], row["campaignId"]]
            assert row["date"] not in days
            days.add(row["date"])
        expected = (now - timedelta(days=1)).date().isoformat()
        found = ended.partition(CAMPAIGNS, SELLER)
        assert found["replication_key_value"] == expected
        assert found["context"] == {"profile_id": SELLER}
    for days in seen.values():
        assert min(days) == "2026-11-10"
        assert len(days) == 16


def test_an_id_of_one_api_is_not_asked_for_at_the_other(
    run: RunTap, v1: RunTap, amazon: EmulatorClient
) -> None:
    only = {"profile_ids": [SELLER], "start_date": "2026-11-10"}
    waiting = run(CAMPAIGNS, **only, run_mode="ask")
    (old,) = pending_reports(waiting.state)
    ended = v1(CAMPAIGNS, state=waiting.state)
    assert ended.code == 0
    assert not pending_reports(ended.state)
    assert len({row["date"] for row in ended.rows(CAMPAIGNS)}) == 10
    assert ended.said(old[1], "asks for something else")
    asked = v1(CAMPAIGNS, run_mode="ask")
    (new,) = pending_reports(asked.state)
    before = amazon.statistics().count("status")
    back = run(CAMPAIGNS, **only, state=asked.state)
    assert back.code == 0
    assert back.said(new[1], "asks for something else")
    assert amazon.statistics().count("status") - before <= 2
    assert len({row["date"] for row in back.rows(CAMPAIGNS)}) == 10


def test_sigkill_while_a_report_waits_loses_and_doubles_nothing(
    tmp_path: Path, emulator: Emulator, amazon: EmulatorClient
) -> None:
    amazon.change(ready_after_looks=100_000)
    settings: dict[str, Any] = {
        "reporting_api": "v1",
        "allow_unproved": True,
        "v1_call_interval_seconds": 0.05,
        "start_date": "2026-11-18",
        "end_date": NEWEST,
    }
    streams = (CAMPAIGNS, BRANDS)
    with AdsProcess(tmp_path, emulator, streams, **settings) as tap:
        tap.read()
        tap.until_pending(2)
        tap.signal(signal.SIGKILL)
        tap.ended(10)
        state = tap.last_state()
    asked = [create.report_id for create in amazon.statistics().unified_creates]
    assert len(asked) == 2
    for report in emulator.emulation.unified.all():
        report.ready_after_looks = 0
    with AdsProcess(tmp_path, emulator, streams, state=state, **settings) as tap:
        tap.read()
        assert tap.ended(30) == 0
        rows = [m["record"] for m in tap.messages if m["type"] == "RECORD"]
    again = [create.report_id for create in amazon.statistics().unified_creates]
    assert again == asked
    assert len(rows) == 2 * 5 * 2


# --- what goes wrong --------------------------------------------------------


def test_a_lost_answer_to_a_create_is_not_asked_for_again(
    v1: RunTap, amazon: EmulatorClient
) -> None:
    amazon.add_fault("lost_answer", operation="create_unified_report", times=1)
    ended = v1(CAMPAIGNS)
    assert ended.code == 1
    assert "the next run asks for these days" in str(ended.summary["failures"])
    assert len(amazon.statistics().unified_creates) == 1
    assert not ended.rows(CAMPAIGNS)
    later = v1(CAMPAIGNS, state=ended.state)
    assert later.code == 0
    assert len({row["date"] for row in later.rows(CAMPAIGNS)}) == 10


@pytest.mark.parametrize("form", ["multi_status", "bad_request"])
def test_a_refused_field_is_left_out_and_named(
    v1: RunTap, amazon: EmulatorClient, form: str
) -> None:
    amazon.change(unified_refusals=form)
    amazon.add_fault(
        "refuse_columns",
        operation="create_unified_report",
        columns=["metric.unitsSoldPromoted"],
    )
    ended = v1(CAMPAIGNS)
    assert ended.code == 0
    assert ended.said("WARNING", "metric.unitsSoldPromoted", "asked again")
    rows = ended.rows(CAMPAIGNS)
    assert {row["unitsSoldSameSku7d"] for row in rows} == {None}
    assert all(row["unitsSoldClicks7d"] is not None for row in rows)


def test_a_refused_key_field_fails_the_report(
    v1: RunTap, amazon: EmulatorClient
) -> None:
    amazon.add_fault(
        "refuse_columns", operation="create_unified_report", columns=["campaign.id"]
    )
    ended = v1(CAMPAIGNS)
    assert ended.code == 1
    (reason,) = ended.summary["failures"]
    assert "400005" in reason
    assert '"v3"} reads it by reporting v3' in reason
    assert "replication_key_value" not in str(ended.state)


def test_throttled_creates_are_waited_out(v1: RunTap, amazon: EmulatorClient) -> None:
    amazon.change(unified_concurrent=2, unified_retry_after_seconds=0)
    amazon.add_fault(
        "throttle", operation="create_unified_report", times=2, retry_after=0.01
    )
    ended = v1(CAMPAIGNS, BRANDS, DISPLAY, PLACEMENTS)
    assert ended.code == 0
    assert all(ended.rows(s) for s in (CAMPAIGNS, BRANDS, DISPLAY, PLACEMENTS))
    assert len(amazon.statistics().unified_creates) == 4


def test_complete_without_a_part_is_never_empty(
    v1: RunTap, amazon: EmulatorClient
) -> None:
    amazon.add_fault("no_url", operation="retrieve_unified_report", times=2)
    ended = v1(CAMPAIGNS)
    assert ended.code == 0
    assert len(ended.rows(CAMPAIGNS)) == 50
    assert ended.said("WARNING", "COMPLETED without the address")


def test_one_without_a_part_holds_no_other_up(
    v1: RunTap, amazon: EmulatorClient
) -> None:
    for product in ("SPONSORED_BRANDS", "SPONSORED_DISPLAY"):
        amazon.add_fault(
            "no_url", operation="create_unified_report", report_type_id=product
        )
    ended = v1(BRANDS, CAMPAIGNS, DISPLAY, PLACEMENTS, max_runtime_seconds=6)
    assert ended.code == 0
    assert len(amazon.statistics().unified_creates) == 4
    assert len(ended.rows(CAMPAIGNS)) == 50
    assert len(pending_reports(ended.state)) == 2


def test_an_expired_part_is_asked_for_anew(v1: RunTap, amazon: EmulatorClient) -> None:
    amazon.change(unified_parts=4)
    amazon.add_fault("expired", operation="download_unified_report", times=2)
    ended = v1(CAMPAIGNS)
    assert ended.code == 0
    assert len(ended.rows(CAMPAIGNS)) == 50


def test_a_failed_report_is_asked_for_again(v1: RunTap, amazon: EmulatorClient) -> None:
    amazon.add_fault(
        "failed", operation="create_unified_report", times=1, reason="too large"
    )
    ended = v1(CAMPAIGNS)
    assert ended.code == 0
    assert len(ended.rows(CAMPAIGNS)) == 50
    assert len(amazon.statistics().unified_creates) == 2


def test_a_profile_without_an_account_of_v1_is_an_error(
    v1: RunTap, amazon: EmulatorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_seller(read_page: object) -> AccountMap:
        found = read_accounts(read_page)  # type: ignore[arg-type]  # the tap's own
        known = {k: a for k, a in found.by_profile.items() if k != SELLER}
        return AccountMap(known, found.by_advertiser)

    monkeypatch.setattr(account_map, "read_accounts", without_seller)
    ended = v1(CAMPAIGNS, profile_ids=[SELLER, VENDOR])
    assert ended.code == 1
    (failure,) = ended.summary["failures"]
    assert SELLER in failure
    assert "lists no account of Ads API v1" in failure
    assert {row["profile_id"] for row in ended.rows(CAMPAIGNS)} == {VENDOR}
    found = amazon.statistics()
    assert len(found.unified_creates) == 1
    assert not found.creates


def test_other_pages_of_accounts_are_read(v1: RunTap, amazon: EmulatorClient) -> None:
    amazon.change(unified_empty_pages=True)
    assert v1(CAMPAIGNS, profile_ids=[VENDOR]).code == 0
