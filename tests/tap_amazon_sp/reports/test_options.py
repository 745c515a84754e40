from __future__ import annotations

from datetime import date, datetime, timezone

import pytest

from singer_amazon.errors import ConfigError
from support.core.cases import table
from tap_amazon_sp.catalogue import ReportDefinition, load_reports
from tap_amazon_sp.marketplaces import find
from tap_amazon_sp.periods import Period
from tap_amazon_sp.reports.options import Choice, choices, offers_since

CATALOGUE = load_reports()
NOW = datetime(2026, 11, 21, 7, 5, 3, 700_000, tzinfo=timezone.utc)


def choice(name: str, **options: object) -> Choice:
    return choices(CATALOGUE, {name: options} if options else None)[name]


def sent(name: str, **options: object) -> list[dict[str, str]]:
    found = choice(name, **options).combinations
    return [combination.request_options(find("DE")) for combination in found]


def complaint(name: str, **options: object) -> str:
    with pytest.raises(ConfigError) as raised:
        choice(name, **options)
    return str(raised.value)


# reportOptions exactly as they go out, without any setting of the user's
DEFAULTS = table(__file__, "default_options")


@pytest.mark.parametrize("report", CATALOGUE.reports, ids=lambda r: r.name)
def test_what_is_sent_where_the_user_sets_nothing(report: ReportDefinition) -> None:
    (only,) = choices(CATALOGUE, {})[report.name].combinations
    offers = offers_since(report, NOW, None) if report.offer_days else None

    assert only.request_options(find("DE"), offers) == DEFAULTS[report.name]


def test_lists_are_all_their_combinations() -> None:
    assert sent(
        "vendor_sales",
        report_period=["DAY", "WEEK"],
        distributor_view=["MANUFACTURING", "SOURCING"],
    ) == [
        {"reportPeriod": period, "distributorView": view, "sellingProgram": "RETAIL"}
        for period in ("DAY", "WEEK")
        for view in ("MANUFACTURING", "SOURCING")
    ]


def test_amazons_spelling_and_small_letters_are_taken_too() -> None:
    assert sent("vendor_traffic", reportPeriod="week") == [{"reportPeriod": "WEEK"}]


def test_names_with_dots_are_nested_as_meltano_writes_them() -> None:
    dotted = {
        "vendor_sales.report_period": "WEEK",
        "vendor_sales.sellingProgram": "FRESH",
    }
    nested = {"vendor_sales": {"report_period": "WEEK", "sellingProgram": "FRESH"}}
    assert choices(CATALOGUE, dotted) == choices(CATALOGUE, nested)


def test_a_value_written_twice_is_asked_for_once() -> None:
    assert len(sent("vendor_traffic", report_period=["DAY", "day", "DAY"])) == 1


def test_what_one_report_lacks_is_skipped_from_a_list_with_a_line() -> None:
    inventory = choice("vendor_inventory", selling_program=["RETAIL", "BUSINESS"])
    repeat = choice("brand_analytics_repeat_purchase", reportPeriod=["DAY", "MONTH"])

    assert [c.values["selling_program"] for c in inventory.combinations] == ["RETAIL"]
    assert " ".join(inventory.notes) == (
        "report_options.vendor_inventory.selling_program: vendor_inventory has no "
        "BUSINESS: skipped (it has RETAIL, FRESH)"
    )
    assert [c.period for c in repeat.combinations] == [Period.MONTH]
    assert "has no DAY" in repeat.notes[0]


def test_a_single_value_that_is_wrong_stops_the_run() -> None:
    assert complaint("vendor_inventory", selling_program="BUSINESS") == (
        "report_options.vendor_inventory.selling_program: vendor_inventory has no "
        "BUSINESS. Choose from RETAIL, FRESH"
    )
    assert "has no X, Y" in complaint("vendor_traffic", report_period=["X", "Y"])
    assert "is an empty list" in complaint("vendor_traffic", report_period=[])
    assert "15 is not text" in complaint("vendor_traffic", report_period=15)


def test_an_option_nobody_knows_stops_the_run() -> None:
    assert complaint("vendor_traffic", sellingProgram="RETAIL").endswith(
        "vendor_traffic has no option sellingProgram; it takes report_period"
    )
    assert "takes none: leave it out" in complaint("vendor_real_time_traffic", x="Y")
    assert "is there twice" in complaint(
        "vendor_traffic", report_period="DAY", reportPeriod="WEEK"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("vendor_sale", "did you mean vendor_sales?"),
        ("vendor_sales_by_asin", "write vendor_sales"),
        (
            "nothing_like_it",
            "no such report: known are brand_analytics_market_basket, ",
        ),
    ],
)
def test_a_report_nobody_knows_stops_the_run(name: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        choices(CATALOGUE, {name: {}})

    assert words in str(raised.value)


def test_options_must_be_an_object() -> None:
    with pytest.raises(ConfigError, match="is not an object: write option and value"):
        choices(CATALOGUE, {"vendor_sales": "WEEK"})


# ------------------------------------------------------------------- currencies


def test_the_currency_is_the_marketplaces_unless_the_user_says_another() -> None:
    (usual,) = choice("vendor_real_time_sales").combinations
    (set_by_user,) = choice("vendor_real_time_sales", currencyCode="usd").combinations

    assert usual.request_options(find("JP")) == {"currencyCode": "JPY"}
    assert usual.request_options(None) == {}
    assert set_by_user.request_options(find("JP")) == {"currencyCode": "USD"}


def test_two_currencies_are_refused_because_their_rows_would_overwrite() -> None:
    words = "write one currency of three letters"

    assert words in complaint("vendor_real_time_sales", currency_code=["EUR", "USD"])
    assert words in complaint("vendor_real_time_sales", currency_code="Euro")


# ---------------------------------------------------------- periods and streams


def test_the_period_is_what_the_options_say_or_the_only_one_there_is() -> None:
    assert (
        choice("vendor_traffic", report_period="QUARTER").combinations[0].period
        is Period.QUARTER
    )
    assert choice("sales_and_traffic").combinations[0].period is Period.DAY
    assert choice("vendor_real_time_traffic").combinations[0].period is Period.HOUR
    assert choice("vendor_forecasting").combinations[0].period is None
    assert choice("coupon_performance").combinations[0].period is None


def test_a_stream_reads_once_what_its_key_does_not_separate() -> None:
    both = choice("sales_and_traffic", asin_granularity=["SKU", "CHILD"])
    by_date = CATALOGUE.streams["sales_and_traffic_by_date"]
    by_asin = CATALOGUE.streams["sales_and_traffic_by_asin"]

    (one,) = both.of_stream(by_date)
    assert one.context(by_date) == {"date_granularity": "DAY"}
    assert one.request_options(None)["asinGranularity"] == "SKU"
    assert [c.context(by_asin) for c in both.of_stream(by_asin)] == [
        {"date_granularity": "DAY", "asin_granularity": "SKU"},
        {"date_granularity": "DAY", "asin_granularity": "CHILD"},
    ]


# ----------------------------------------------------------------------- offers


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (None, "2024-11-22T00:00:00Z"),
        (date(2026, 1, 1), "2026-01-01T00:00:00Z"),
        (date(2020, 1, 1), "2024-11-22T00:00:00Z"),
        (date(2027, 1, 1), "2026-11-21T07:05:03Z"),
    ],
)
def test_offers_reach_730_days_back_unless_the_user_narrows_it(
    start: date | None, expected: str
) -> None:
    report = CATALOGUE.report("promotion_performance")
    assert report is not None
    (only,) = choice("promotion_performance").combinations

    options = only.request_options(None, offers_since(report, NOW, start))

    assert options["promotionStartDateFrom"] == expected
    assert options["promotionStartDateTo"] == "2026-11-21T07:05:03Z"


def test_a_report_without_offers_has_no_start_of_them() -> None:
    report = CATALOGUE.report("vendor_sales")
    assert report is not None
    with pytest.raises(ValueError, match="vendor_sales has no offers"):
        offers_since(report, NOW, None)
