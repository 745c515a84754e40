"""Custom reports: rows of any format, saved files, reports there already."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from amazon_emulator import Emulator
from singer_amazon.errors import AmazonError
from support.ads.runs import Run, next_day
from support.s3.bucket import Bucket
from support.sp.runs import (
    CANADA,
    SELLER,
    US,
    VENDOR,
    Json,
    account,
    asked,
    partitions,
    run,
)
from tap_amazon_sp.reports.custom import files

ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
LEDGER = "GET_LEDGER_DETAIL_VIEW_DATA"
SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
XML_ORDERS = "GET_XML_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
TRAFFIC = "GET_VENDOR_TRAFFIC_REPORT"
SELLERS = [account(SELLER, account_type="seller", marketplace_ids=[US])]


def mine(report_type: str, spec: Json | None = None, **changes: object) -> Json:
    return {
        "name": "mine",
        "report_spec": {"reportType": report_type, **(spec or {})},
        **changes,
    }


def read(emulator: Emulator, entry: Json, **changes: Any) -> Run:
    settings: Json = {"accounts": SELLERS, "reports": [entry]}
    return run(emulator, "mine", **settings | changes)


# --- formats -------------------------------------------------------------------


def test_a_flat_file_has_the_columns_of_its_header(emulator: Emulator) -> None:
    ended = read(emulator, mine(LISTINGS, key=["seller-sku"]))
    (schema,) = [m for m in ended.messages if m["type"] == "SCHEMA"]
    assert schema["key_properties"] == ["account_name", "marketplace_id", "seller-sku"]
    rows = ended.rows("mine")
    assert len(rows) == 6
    assert set(rows[0]) <= set(schema["schema"]["properties"])
    assert rows[0]["item-note"] == '24" screen'  # a quote sign is a sign


def test_ledger_reports_quote_their_values(emulator: Emulator) -> None:
    dates = {"dataStartTime": "2026-11-01", "dataEndTime": "2026-11-02"}
    ended = read(emulator, mine(LEDGER, dates))
    assert ended.rows("mine")[0]["Title"].endswith('"quoted"')
    days = ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")
    assert asked(emulator) == [(LEDGER, *days)]


def test_xml_rows_keep_their_shape(emulator: Emulator) -> None:
    dates = {"dataStartTime": "2026-11-01", "dataEndTime": "2026-11-02"}
    entry = mine(XML_ORDERS, dates, file_format="XML", records_path="Message.Order")
    rows = read(emulator, entry).rows("mine")
    assert rows
    assert all(isinstance(value, (str, dict, list)) for value in rows[0].values())


@pytest.mark.parametrize("items", [(1, 2), (2, 1), (1,)])
def test_one_or_two_items_an_order_in_xml_has_one_shape(
    emulator: Emulator, items: tuple[int, ...]
) -> None:
    emulator.client.change(sp_orders_per_day=0)
    for days, count in enumerate(items):
        at = datetime(2026, 11, 18 + days, 8, tzinfo=timezone.utc)
        emulator.client.add_sp_order(SELLER, at, items=count)
    entry = mine(
        XML_ORDERS, dates="window", window_days=1, records_path="Message.Order"
    )
    ended = read(emulator, entry, start_date="2026-11-18")
    rows = ended.rows("mine")
    assert sorted(len(row["OrderItem"]) for row in rows) == sorted(items)
    assert not any(row.get("_extra") for row in rows)
    (schema,) = [m for m in ended.messages if m["type"] == "SCHEMA"]
    kind = schema["schema"]["properties"]["OrderItem"]["type"]
    assert kind == ["array", "null"]


@pytest.mark.parametrize("file_format", [None, "JSON", "CSV"])
def test_json_is_known_by_its_bytes(
    emulator: Emulator, file_format: str | None
) -> None:
    spec = {
        "reportOptions": {"reportPeriod": "DAY"},
        "dataStartTime": "2026-11-01",
        "dataEndTime": "2026-11-03",
    }
    entry = mine(TRAFFIC, spec, file_format=file_format)
    if file_format != "CSV":
        entry["records_path"] = "trafficByAsin"
    ended = read(emulator, entry, accounts=[account(VENDOR)])
    if file_format == "CSV":
        assert ended.said("file_format says CSV, but the document is JSON")
        assert "several arrays" in str(ended.summary["failures"])
        return
    assert len(ended.rows("mine")) == 9
    assert {type(r["glanceViews"]) for r in ended.rows("mine")} == {int}


@pytest.mark.parametrize(
    ("name", "country"), [("nordwind-eu", "DE"), ("sakura-jp", "JP")]
)
def test_signs_of_europe_and_japan_come_out_right(
    emulator: Emulator, name: str, country: str
) -> None:
    region = "EU" if country == "DE" else "FE"
    there = account(
        name, account_type="seller", marketplace_ids=[country], region=region
    )
    ended = read(emulator, mine(LISTINGS), accounts=[there])
    (report,) = emulator.client.statistics().sp_reports
    expected = emulator.client.sp_rows(name, report.report_id)["rows"]
    texts = [list(row.values())[2:] for row in ended.rows("mine")]
    assert texts == [list(row.values()) for row in expected]
    assert any(not text.isascii() for row in texts for text in row)


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_gzip_is_known_by_its_bytes(emulator: Emulator, compression: str) -> None:
    emulator.client.change(sp_compression=compression)
    assert len(read(emulator, mine(LISTINGS)).rows("mine")) == 6


@pytest.mark.parametrize(
    "settings",
    [
        {"flattening_enabled": True, "flattening_max_depth": 1},
        {"stream_maps": {"mine": {"twice": "record['price'] + record['price']"}}},
    ],
    ids=["flattening", "stream maps"],
)
def test_maps_and_flattening_see_every_column(
    emulator: Emulator, settings: Json
) -> None:
    rows = read(emulator, mine(LISTINGS, key=["seller-sku"]), **settings).rows("mine")
    assert len(rows) == 6
    assert all(row["item-name"] and row["price"] for row in rows)
    if "stream_maps" in settings:
        assert rows[0]["twice"] == rows[0]["price"] * 2


# --- dates ---------------------------------------------------------------------


def test_windows_follow_start_date_and_bookmark(emulator: Emulator) -> None:
    entry = mine(ORDERS, dates="window", window_days=10, key=["amazon-order-id", "sku"])
    first = read(emulator, entry)
    assert [window[1:] for window in asked(emulator)] == [
        ("2026-11-01T00:00:00Z", "2026-11-10T23:59:59Z"),
        ("2026-11-11T00:00:00Z", "2026-11-19T23:59:59Z"),
    ]
    next_day(emulator)
    second = read(emulator, entry, state=first.state)
    assert asked(emulator)[2][1:] == ("2026-11-20T00:00:00Z", "2026-11-20T23:59:59Z")
    assert {r["window_start"] for r in second.rows()} == {"2026-11-20"}


def test_another_definition_begins_anew_and_says_so(emulator: Emulator) -> None:
    first = read(emulator, mine(ORDERS, dates="window"))
    spec = {"reportOptions": {"ShowSalesChannel": "true"}}
    second = read(emulator, mine(ORDERS, spec, dates="window"), state=first.state)
    assert second.said("WARNING", "mine", "defined otherwise", "from the beginning")
    assert asked(emulator)[0][1] == asked(emulator)[1][1] == "2026-11-01T00:00:00Z"
    third = read(emulator, mine(ORDERS, spec, dates="window"), state=second.state)
    assert not third.said("defined otherwise")
    assert third.rows() == []


def test_without_dates_each_run_asks_once(emulator: Emulator) -> None:
    first = read(emulator, mine(LISTINGS))
    second = read(emulator, mine(LISTINGS), state=first.state)
    assert len(second.rows()) == 6
    assert asked(emulator) == [(LISTINGS, None, None)] * 2


def test_several_marketplaces_go_in_one_request(emulator: Emulator) -> None:
    spec = {
        "marketplaceIds": ["US", "CA"],
        "dataStartTime": "2026-11-01",
        "dataEndTime": "2026-11-02",
    }
    entry = mine(ORDERS, spec)
    accounts = [account(SELLER, account_type="seller")]
    ended = read(emulator, entry, accounts=accounts)
    assert asked(emulator, "marketplaceIds") == [([US, CANADA],)]
    assert {r["marketplace_id"] for r in ended.rows()} == {f"{US},{CANADA}"}


def test_a_custom_report_is_read_for_the_accounts_that_can_have_it(
    emulator: Emulator,
) -> None:
    accounts = [*SELLERS, account(VENDOR)]
    ended = read(emulator, mine(LISTINGS), accounts=accounts)
    assert (ended.code, len(asked(emulator))) == (0, 1)
    both = mine(LISTINGS, accounts=[VENDOR])
    assert read(emulator, both, accounts=accounts).code == 1  # the user insists


def test_restricted_reports_get_a_token_of_their_own(emulator: Emulator) -> None:
    dates = {"dataStartTime": "2026-11-01", "dataEndTime": "2026-11-02"}
    name = "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING"
    ended = read(emulator, mine(name, dates))
    assert ended.code == 0
    statistics = emulator.client.statistics()
    assert statistics.count("create_restricted_data_token", 200) == 1


# --- whole periods ---------------------------------------------------------------

QUERIES = "GET_BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE_REPORT"
ASIN = {"reportOptions": {"asin": "B000000001"}}


def test_a_weekly_report_is_read_by_whole_weeks(emulator: Emulator) -> None:
    """The start date is a Wednesday, today a Friday."""
    entry = mine(QUERIES, ASIN, period="WEEK")
    first = read(emulator, entry, start_date="2026-10-28")
    assert first.code == 0
    weeks = [window[1:] for window in asked(emulator)]
    assert weeks == [
        ("2026-10-25T00:00:00Z", "2026-10-31T00:00:00Z"),
        ("2026-11-01T00:00:00Z", "2026-11-07T00:00:00Z"),
        ("2026-11-08T00:00:00Z", "2026-11-14T00:00:00Z"),
    ]
    (options,) = {str(o) for (o,) in asked(emulator, "reportOptions")}
    assert "'reportPeriod': 'WEEK'" in options
    (bookmark,) = partitions(first.state, "mine")
    assert bookmark["replication_key_value"] == "2026-11-14"
    second = read(emulator, entry, state=first.state, start_date="2026-10-28")
    assert (second.code, second.rows(), len(asked(emulator))) == (0, [], 3)
    next_day(emulator, 7)
    third = read(emulator, entry | {"lookback_days": 7}, state=second.state)
    assert third.code == 0
    assert sorted(window[1][:10] for window in asked(emulator)[3:]) == [
        "2026-11-08",
        "2026-11-15",
    ]


@pytest.mark.parametrize(
    ("period", "start", "windows"),
    [
        ("MONTH", "2026-09-20", ["2026-09-01..2026-09-30", "2026-10-01..2026-10-31"]),
        ("QUARTER", "2026-05-05", ["2026-04-01..2026-06-30", "2026-07-01..2026-09-30"]),
    ],
)
def test_months_and_quarters_are_whole_too(
    emulator: Emulator, period: str, start: str, windows: list[str]
) -> None:
    spec = {"reportOptions": {"asin": "B000000001", "reportPeriod": period}}
    entry = mine(QUERIES, spec, dates="window")  # the option alone says it, too
    assert read(emulator, entry, start_date=start).code == 0
    found = [f"{s[:10]}..{e[:10]}" for _, s, e in asked(emulator)]
    assert found == windows


def test_another_period_is_another_definition(emulator: Emulator) -> None:
    first = read(emulator, mine(QUERIES, ASIN, period="WEEK"), start_date="2026-11-01")
    second = read(
        emulator,
        mine(QUERIES, ASIN, period="MONTH"),
        state=first.state,
        start_date="2026-10-01",
    )
    assert second.said("WARNING", "defined otherwise")
    assert asked(emulator)[-1][1:] == ("2026-10-01T00:00:00Z", "2026-10-31T00:00:00Z")


def test_while_no_period_is_complete_it_says_when_one_is(emulator: Emulator) -> None:
    ended = read(emulator, mine(QUERIES, ASIN, period="MONTH"), start_date="2026-11-01")
    assert (ended.code, asked(emulator)) == (0, [])
    assert ended.said("no MONTH", "the first opens on 2026-12-01")


# --- documents that are not as they should be --------------------------------------


@pytest.mark.parametrize("country", ["DE", "FR"])
def test_a_document_without_the_key_column_is_a_gap_and_takes_nobodys_key(
    emulator: Emulator, country: str
) -> None:
    there = account(
        "nordwind-eu",
        account_type="seller",
        marketplace_ids=[country, "GB"],
        region="EU",
    )
    ended = read(emulator, mine(LISTINGS, key=["seller-sku"]), accounts=[there])
    assert ended.code == 1
    failures = str(ended.summary["failures"])
    assert "has no column seller-sku, which key names" in failures
    assert "preferredReportDocumentLocale" in failures
    rows = ended.rows("mine")
    assert rows
    assert all(row["seller-sku"] for row in rows)
    spec = {"reportOptions": {"preferredReportDocumentLocale": "en_US"}}
    both = read(emulator, mine(LISTINGS, spec, key=["seller-sku"]), accounts=[there])
    assert both.code == 0
    assert len({row["marketplace_id"] for row in both.rows("mine")}) == 2


def test_rows_that_do_not_fit_are_a_gap_with_the_line_and_no_data(
    emulator: Emulator,
) -> None:
    emulator.client.add_fault(
        "flat_file", operation="create_report", extra_cell_every=3
    )
    ended = read(emulator, mine(LISTINGS))
    assert (ended.code, ended.rows("mine")) == (1, [])
    assert "line 4 has 30 values where the header has 29" in str(
        ended.summary["failures"]
    )


@pytest.mark.parametrize("quoting", ["all", "unescaped"])
@pytest.mark.parametrize("report_type", [LEDGER, LISTINGS])
def test_quoted_or_not_the_rows_are_the_same(
    emulator: Emulator, report_type: str, quoting: str
) -> None:
    dates = {"dataStartTime": "2026-11-01", "dataEndTime": "2026-11-02"}
    entry = mine(report_type, dates if report_type == LEDGER else {})
    plain = read(emulator, entry).rows("mine")
    emulator.client.add_fault("flat_file", operation="create_report", quoting=quoting)
    quoted = read(emulator, entry).rows("mine")
    assert [row.keys() for row in quoted] == [row.keys() for row in plain]
    inches = [v for row in quoted for v in row.values() if str(v).endswith('19"')]
    assert len(inches) == -(-len(quoted) // 2)


def test_an_odd_charset_is_a_warning(emulator: Emulator) -> None:
    emulator.client.add_fault("flat_file", operation="create_report", charset="x-own")
    ended = read(emulator, mine(LISTINGS))
    assert (ended.code, len(ended.rows("mine"))) == (0, 6)
    assert ended.said("WARNING", "'x-own', which is not known here")


# --- reports that are there ------------------------------------------------------


def test_settlements_are_listed_and_each_is_taken_once(emulator: Emulator) -> None:
    entry = mine(SETTLEMENT, mode="existing")
    settings = {"start_date": "2026-09-01"}
    first = read(emulator, entry, **settings)
    settlements = {r["settlement-id"] for r in first.rows()}
    assert len(settlements) >= 4
    assert asked(emulator) == []
    second = read(emulator, entry, state=first.state, **settings)
    assert (second.code, second.rows()) == (0, [])
    next_day(emulator, 15)
    third = read(emulator, entry, state=second.state, **settings)
    new = {r["settlement-id"] for r in third.rows()}
    assert new
    assert not new & settlements


def test_a_run_cut_before_the_last_settlement_goes_on_with_it(
    emulator: Emulator,
) -> None:
    entry = mine(SETTLEMENT, mode="existing")
    settings = {"start_date": "2026-09-01"}
    emulator.client.add_fault("status", operation="get_report_document", code=503)
    first = read(emulator, entry, **settings, max_attempts=1)
    assert first.code == 1
    assert first.rows() == []
    emulator.client.clear_faults()
    second = read(emulator, entry, state=first.state, **settings)
    assert len({r["settlement-id"] for r in second.rows()}) >= 4


# --- files ---------------------------------------------------------------------


def test_a_document_is_saved_and_one_row_says_so(
    emulator: Emulator, tmp_path: Path
) -> None:
    emulator.client.change(sp_compression="gzip")
    name = "{name}-{account}-{marketplace_id}.tsv"
    ended = read(emulator, mine(LISTINGS, output_file=str(tmp_path / "deep" / name)))
    (row,) = ended.rows("mine")
    file = tmp_path / "deep" / f"mine-{SELLER}-{US}.tsv"
    assert (row["file"], row["bytes"]) == (str(file), file.stat().st_size)
    (report,) = emulator.client.statistics().sp_reports
    assert row["report_id"] == report.report_id
    assert len(file.read_bytes().splitlines()) == 7
    assert file.read_bytes().startswith(b"item-name\t")


def test_a_document_is_saved_in_s3(emulator: Emulator, bucket: Bucket) -> None:
    ended = read(
        emulator,
        mine(LISTINGS, output_file=f"s3://{bucket.name}/amazon/{{name}}.tsv"),
        aws_endpoint_override=bucket.endpoint,
        aws_access_key_id="emulator",
        aws_secret_access_key="emulator-secret",
        aws_region="us-east-1",
    )
    (row,) = ended.rows("mine")
    assert row["file"] == f"s3://{bucket.name}/amazon/mine.tsv"
    assert bucket.read("amazon/mine.tsv").startswith(b"item-name\t")


def test_two_documents_of_one_name_are_refused_before_the_first_call(
    emulator: Emulator, tmp_path: Path
) -> None:
    entry = mine(LISTINGS, output_file=str(tmp_path / "listings.tsv"))
    accounts = [account(SELLER, account_type="seller", marketplace_ids=["US", "CA"])]
    ended = read(emulator, entry, accounts=accounts)
    assert ended.code == 1
    assert ended.said("ERROR", "reports.mine.output_file", "written twice")
    assert asked(emulator) == []


def test_a_folder_that_cannot_be_written_is_refused_before_the_first_call(
    emulator: Emulator, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    ended = read(emulator, mine(LISTINGS, output_file=str(tmp_path / "file" / "x.tsv")))
    assert ended.code == 1
    assert ended.said("ERROR", "output_file", "cannot be written")
    assert asked(emulator) == []


def test_a_disk_that_is_full_leaves_one_document_for_the_next_run(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(document: Path) -> Iterator[bytes]:  # noqa: ARG001
        yield b"item-name\t"
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "listings.tsv"
    entries = [
        mine(LISTINGS, output_file=str(file)),
        mine("GET_AFN_INVENTORY_DATA") | {"name": "rest"},
    ]
    settings: dict[str, Any] = {"accounts": SELLERS, "reports": entries}
    with monkeypatch.context() as patch:
        patch.setattr(files, "unpacked", no_space)
        cut = run(emulator, "mine", "rest", **settings)
    assert cut.code == 1
    assert cut.rows("rest")
    assert cut.rows("mine") == []
    words = ["No space left on device", str(file), "spool_dir", "stays pending"]
    assert cut.said("ERROR", *words)
    assert not cut.said("unhandled error")
    assert not file.exists()
    calls = len(asked(emulator))
    healed = run(emulator, "mine", state=cut.state, **settings)
    assert (healed.code, len(healed.rows("mine"))) == (0, 1)
    assert file.stat().st_size
    assert len(asked(emulator)) == calls


# --- settings ------------------------------------------------------------------

BAD: list[tuple[Json, list[str]]] = [
    (mine(SETTLEMENT), ["settlement reports", "mode to existing"]),
    (
        mine(LISTINGS, {"reportSpecification": {}}),
        ["report_spec.reportSpecification", "none of Amazon's names"],
    ),
    (mine(LISTINGS, {"reportOptions": ["a"]}), ["reportOptions is no object"]),
    (mine(LISTINGS, {"reportOptions": {"a": [1]}}), ["reportOptions.a is no text"]),
    (mine(LISTINGS, {"dataStartTime": "soon"}), ["dataStartTime 'soon' is no time"]),
    (
        mine(LISTINGS, {"dataStartTime": "2026-11-01"}),
        ["needs both dataStartTime and dataEndTime"],
    ),
    (
        mine(LISTINGS, {"dataStartTime": "2026-11-02", "dataEndTime": "2026-11-01"}),
        ["dataEndTime 2026-11-01 is before dataStartTime 2026-11-02"],
    ),
    (
        mine(
            LISTINGS,
            {"dataStartTime": "2026-11-01", "dataEndTime": "2026-11-01"},
            dates="window",
        ),
        ["contradict each other"],
    ),
    (mine(LISTINGS, mode="existing", dates="none"), ["mode existing takes no dates"]),
    (mine(LISTINGS, window_days=3), ["window_days works with dates window only"]),
    (mine(LISTINGS, {"marketplaceIds": ["Mars"]}), ["'Mars' is no marketplace"]),
    (mine(LISTINGS, output_file="{folder}/x"), ["output_file", "{folder} is none of"]),
    (mine(LISTINGS, output_file="{start:%Y}/x"), ["output_file", "is none of"]),
    (mine(LISTINGS, output_file="{}/x"), ["output_file", "is none of"]),
    (mine(LISTINGS, period="WEEK", dates="none"), ["period works with dates window"]),
    (
        mine(QUERIES, {"reportOptions": {"reportPeriod": "MONTH"}}, period="WEEK"),
        ["period WEEK", "reportPeriod MONTH", "contradict"],
    ),
    (mine(LISTINGS, perod="WEEK"), ["reports.mine.perod", "did you mean period?"]),
    (mine(LISTINGS, {"reportOption": {}}), ["did you mean reportOptions?"]),
    (mine(LISTINGS, window_days=10**40), ["window_days"]),
    (mine(LISTINGS, output_file="a\0b"), ["output_file", "cannot be printed"]),
    ({**mine(LISTINGS), "name": "a\0b"}, ["cannot be printed"]),
    (mine(LISTINGS, output_file="s3://"), ["output_file", "no bucket or no name"]),
    (mine(LISTINGS, accounts=["nobody"]), ["there is no account 'nobody'"]),
    (
        mine(LISTINGS, file_format="TSV", records_path="a"),
        ["records_path means nothing in a TSV file"],
    ),
    ({"name": "mine", "report_spec": {}}, ["report_spec.reportType is missing"]),
    ({**mine(LISTINGS), "name": "vendor_forecasting"}, ["two streams are called"]),
]


@pytest.mark.parametrize(("entry", "words"), BAD, ids=[json.dumps(b[1]) for b in BAD])
def test_a_wrong_entry_is_one_sentence_before_the_first_call(
    emulator: Emulator, entry: Json, words: list[str]
) -> None:
    try:
        ended = run(emulator, reports=[entry], accounts=SELLERS)
    except (AmazonError, ConfigValidationError) as error:
        said = str(error)
    else:
        assert ended.code == 1
        (said,) = ended.said("ERROR")
    assert all(word in said for word in words)
    assert not emulator.client.statistics().calls


def test_an_entry_without_a_key_is_warned_that_rows_are_appended(
    emulator: Emulator,
) -> None:
    ended = read(emulator, mine(LISTINGS))
    assert ended.said("WARNING", "mine has no key", "append")
    assert partitions(ended.state, "mine")
