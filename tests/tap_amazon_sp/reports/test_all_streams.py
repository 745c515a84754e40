"""Every report stream, from the emulator's documents to records and bookmarks."""

from __future__ import annotations

from collections import Counter

import pytest

from amazon_emulator import Emulator
from support.ads.runs import Run, next_day
from support.sp.runs import (
    BY_ASIN,
    CANADA,
    NOON,
    REAL_TIME,
    SALES,
    SALES_BY_ASIN,
    SEARCH_TERMS,
    SELLER,
    US,
    VENDOR,
    account,
    asked,
    partitions,
    run,
)
from tap_amazon_sp.catalogue import load_reports

CATALOGUE = load_reports()
STREAMS = sorted(CATALOGUE.streams)
# asked for by the start of an offer: the emulator has one every 30 days
START = "2026-09-01"


@pytest.fixture(scope="module")
def everything() -> tuple[Run, dict[str, int]]:
    """Run all streams once; return what came and how many rows the documents hold."""
    with Emulator(now=NOON, frozen=True, sp_asins=3) as emulator:
        ended = run(
            emulator,
            *STREAMS,
            start_date=START,
            max_runtime_seconds=10**7,
            report_options={"sales_and_traffic": {"date_granularity": "MONTH"}},
        )
        rows: Counter[str] = Counter()
        of_array = {
            (report.report_type, stream.array): stream.name
            for report in CATALOGUE.reports
            for stream in report.streams
        }
        for report in emulator.client.statistics().sp_reports:
            counts = emulator.client.sp_row_counts(report.account, report.report_id)
            for section, count in counts.items():
                rows[of_array[report.report_type, section]] += count
        assert emulator.client.statistics().alarms == []
    return ended, rows


@pytest.mark.parametrize("stream", STREAMS)
def test_every_row_of_every_document_comes_out_once(
    everything: tuple[Run, dict[str, int]], stream: str
) -> None:
    ended, rows = everything
    assert ended.code == 0
    assert len(ended.rows(stream)) == rows[stream] > 0


@pytest.mark.parametrize("stream", STREAMS)
def test_keys_are_complete_and_unique(
    everything: tuple[Run, dict[str, int]], stream: str
) -> None:
    ended, _ = everything
    (schema,) = [
        m for m in ended.messages if m["type"] == "SCHEMA" and m["stream"] == stream
    ]
    records = ended.rows(stream)
    names = schema["key_properties"]
    keys = Counter(tuple(record[name] for name in names) for record in records)
    assert all(count == 1 for count in keys.values())
    assert all(value for key in keys for value in key)
    assert {"account_name", "marketplace_id"} <= set(names)
    assert all(set(record) <= set(schema["schema"]["properties"]) for record in records)


def test_each_stream_is_read_for_the_accounts_that_can_have_it(
    everything: tuple[Run, dict[str, int]],
) -> None:
    ended, _ = everything

    def accounts(stream: str) -> set[object]:
        return {record["account_name"] for record in ended.rows(stream)}

    assert accounts(SALES) == {VENDOR}
    assert accounts("coupon_performance") == {SELLER}
    assert accounts(SEARCH_TERMS) == {SELLER, VENDOR}
    (line,) = ended.said("INFO", VENDOR, "they are skipped")
    assert "coupon_performance" in line


def test_amounts_and_sections_keep_their_shape(
    everything: tuple[Run, dict[str, int]],
) -> None:
    ended, _ = everything
    sale = ended.rows(SALES_BY_ASIN)[0]
    assert set(sale["orderedRevenue"]) == {"amount", "currencyCode"}
    assert sale["distributor_view"] == "MANUFACTURING"
    campaign = ended.rows("coupon_performance_by_campaign")[0]
    assert isinstance(campaign["coupons"], list)
    traffic = ended.rows(BY_ASIN)[0]
    assert traffic["window_start"] < traffic["window_end"]
    assert isinstance(traffic["salesByAsin"], dict)


def test_a_second_run_on_the_same_day_asks_for_snapshots_only(
    emulator: Emulator,
) -> None:
    streams = [s for s in STREAMS if "sales_and_traffic" not in s]
    first = run(emulator, *streams)
    before = len(asked(emulator))
    second = run(emulator, *streams, state=first.state)
    snapshots = {
        "GET_VENDOR_FORECASTING_REPORT",
        "GET_COUPON_PERFORMANCE_REPORT",
        "GET_PROMOTION_PERFORMANCE_REPORT",
    }
    assert {name for (name,) in asked(emulator, "reportType")[before:]} == snapshots
    assert second.code == 0


def test_the_next_day_brings_one_window_with_the_days_amazon_restates(
    emulator: Emulator,
) -> None:
    first = run(emulator, SALES, SALES_BY_ASIN)
    before = len(asked(emulator))
    next_day(emulator)
    second = run(emulator, SALES, SALES_BY_ASIN, state=first.state)
    (report,) = asked(emulator)[before:]
    days = ("2026-11-03T00:00:00Z", "2026-11-17T00:00:00Z")
    assert report == ("GET_VENDOR_SALES_REPORT", *days)
    read = [r["startDate"] for r in second.rows(SALES)]
    assert read == sorted(read)
    (partition,) = partitions(second.state, SALES)
    assert partition["replication_key_value"] == "2026-11-17"


def test_a_year_without_reports_is_a_sentence(emulator: Emulator) -> None:
    ended = run(emulator, SALES, start_date="9999-12-31")
    assert ended.code == 1
    assert ended.said("ERROR", "start_date", "a year without reports")


@pytest.mark.parametrize(
    ("lookback", "first"),
    [(3, "2026-11-14"), ({SALES: 1}, "2026-11-16"), (0, "2026-11-17")],
)
def test_the_users_look_back_goes_before_each_reports_own(
    emulator: Emulator, lookback: object, first: str
) -> None:
    one = run(emulator, SALES, lookback_days=lookback)
    next_day(emulator)
    run(emulator, SALES, state=one.state, lookback_days=lookback)
    assert asked(emulator)[-1][1:] == (f"{first}T00:00:00Z", "2026-11-17T00:00:00Z")


def test_the_users_hold_backs_go_before_each_reports_own(emulator: Emulator) -> None:
    run(emulator, SALES, holdback_days={SALES: 5}, start_date="2026-11-10")
    assert asked(emulator)[-1][2] == "2026-11-14T00:00:00Z"
    run(emulator, REAL_TIME, holdback_hours=4, start_date="2026-11-20")
    assert asked(emulator)[-1][2] == "2026-11-20T08:00:00Z"


def test_a_setting_for_a_stream_that_is_not_there_is_refused(
    emulator: Emulator,
) -> None:
    ended = run(emulator, SALES, lookback_days={"vendor_sale": 3})
    assert ended.code == 1
    assert ended.said("ERROR", "lookback_days", "no report stream 'vendor_sale'")


def test_hours_of_utc(emulator: Emulator) -> None:
    """The bookmark is an hour; the next run goes on after it, with its look-back."""
    first = run(emulator, REAL_TIME, start_date="2026-11-19")
    (partition,) = partitions(first.state, REAL_TIME)
    assert partition["replication_key"] == "endTime"
    assert partition["replication_key_value"] == "2026-11-20T10:00:00Z"
    assert asked(emulator)[-1][2] == "2026-11-20T11:00:00Z"
    hours = {record["startTime"] for record in first.rows(REAL_TIME)}
    next_day(emulator, 2 / 24)
    second = run(emulator, REAL_TIME, state=first.state, start_date="2026-11-19")
    (window,) = asked(emulator)[2:]
    assert window[1:] == ("2026-11-20T08:00:00Z", "2026-11-20T13:00:00Z")
    assert {r["startTime"] for r in second.rows(REAL_TIME)} - hours
    assert all(r["currency_code"] == "USD" for r in second.rows(REAL_TIME))


def test_a_start_before_what_amazon_keeps_says_so(emulator: Emulator) -> None:
    stream = "vendor_real_time_inventory"
    ended = run(emulator, stream, start_date="2026-10-01")
    assert ended.code == 0
    assert ended.said("WARNING", "start_date 2026-10-01T00:00:00Z is older than Amazon")
    first = min(str(start) for _, start, _ in asked(emulator))
    assert first == "2026-11-13T14:00:00Z"


def test_no_period_is_open_yet(emulator: Emulator) -> None:
    ended = run(emulator, SEARCH_TERMS, start_date="2026-11-15")
    assert ended.code == 0
    assert asked(emulator) == []
    assert "no WEEK of the days wanted is complete" in str(ended.summary["notices"])
    assert "2026-11-24" in str(ended.summary["notices"])


@pytest.mark.parametrize(
    ("period", "first"), [("QUARTER", "2026-07-01"), ("YEAR", "2025-01-01")]
)
def test_without_a_start_the_newest_whole_period_is_read(
    emulator: Emulator, period: str, first: str
) -> None:
    options = {"vendor_sales": {"report_period": period}}
    ended = run(emulator, SALES, start_date=None, report_options=options)
    assert [record["startDate"] for record in ended.rows()] == [first]


def test_offers_are_asked_for_by_their_start_up_to_now(emulator: Emulator) -> None:
    """All that Amazon keeps; a bookmark narrows nothing, only the user's start does."""
    everything = run(emulator, "promotion_performance", start_date=None)
    run(emulator, "promotion_performance", state=everything.state)
    spans = [
        (options["promotionStartDateFrom"], options["promotionStartDateTo"])
        for (options,) in asked(emulator, "reportOptions")
    ]
    starts = {start for start, _ in spans}
    assert starts == {"2024-11-21T00:00:00Z", "2026-11-01T00:00:00Z"}
    assert all(end.startswith("2026-11-20T12:0") for _, end in spans)


# --- options -------------------------------------------------------------------


def test_from_days_to_weeks_the_days_keep_their_bookmark(emulator: Emulator) -> None:
    first = run(emulator, SALES)
    weekly = {"vendor_sales": {"report_period": "WEEK"}}
    second = run(emulator, SALES, state=first.state, report_options=weekly)
    weeks = [r for r in second.rows(SALES) if r["report_period"] == "WEEK"]
    assert [r["startDate"] for r in weeks] == ["2026-11-01", "2026-11-08"]
    bookmarks = {
        p["context"]["report_period"]: p["replication_key_value"]
        for p in partitions(second.state, SALES)
    }
    assert bookmarks == {"DAY": "2026-11-16", "WEEK": "2026-11-14"}
    third = run(emulator, SALES, state=second.state)
    assert third.rows() == []


def test_a_second_view_starts_at_the_beginning_and_the_first_goes_on(
    emulator: Emulator,
) -> None:
    first = run(emulator, SALES)
    both = {"vendor_sales": {"distributorView": ["MANUFACTURING", "SOURCING"]}}
    second = run(emulator, SALES, state=first.state, report_options=both)
    views = Counter(r["distributor_view"] for r in second.rows(SALES))
    assert views == {"SOURCING": 16}
    assert len(partitions(second.state, SALES)) == 2


def test_a_value_that_one_report_has_not_is_skipped_with_a_line(
    emulator: Emulator,
) -> None:
    options = {"vendor_inventory": {"selling_program": ["RETAIL", "BUSINESS"]}}
    ended = run(emulator, "vendor_inventory_aggregate", report_options=options)
    assert ended.code == 0
    assert ended.said("vendor_inventory has no BUSINESS: skipped")
    assert {r["selling_program"] for r in ended.rows()} == {"RETAIL"}


def test_each_marketplace_is_a_partition_of_its_own(emulator: Emulator) -> None:
    ended = run(
        emulator, SEARCH_TERMS, accounts=[account(SELLER, account_type="seller")]
    )
    assert {r["marketplace_id"] for r in ended.rows()} == {US, CANADA}
    assert len(partitions(ended.state, SEARCH_TERMS)) == 2


@pytest.mark.parametrize("keeps", [True, False])
def test_fields_amazon_adds_are_kept_beside_the_columns_or_left_out(
    emulator: Emulator, keeps: bool
) -> None:
    emulator.client.change(sp_unknown_fields=True)
    ended = run(emulator, SALES_BY_ASIN, unknown_fields="keep" if keeps else "drop")
    assert ended.code == 0
    extra = [record.get("_extra") for record in ended.rows()]
    assert all(extra) if keeps else not any(extra)
    assert bool(ended.said("WARNING", "unknown_fields")) is not keeps


def test_columns_that_are_not_selected_stay_away(emulator: Emulator) -> None:
    ended = run(emulator, SALES_BY_ASIN, without=["orderedRevenue", "_extra"])
    assert ended.rows()
    assert not any("orderedRevenue" in record for record in ended.rows())
