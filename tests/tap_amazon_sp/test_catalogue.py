from __future__ import annotations

import json
import re
import shutil
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator

from support.core.material import SPECS, needs_facts, needs_specs, report_facts, spec
from tap_amazon_sp.catalogue import (
    EXTRA,
    CatalogueError,
    ColumnDefinition,
    ReportDefinition,
    StreamDefinition,
    load_reports,
    read_catalogue,
)
from tap_amazon_sp.catalogue.descriptions import describe
from tap_amazon_sp.documents.json_sections import SectionReader
from tap_amazon_sp.periods import Period

FILES = (
    Path(__file__).resolve().parents[2]
    / "tap-amazon-sp/tap_amazon_sp/catalogue/reports"
)
CATALOGUE = load_reports()
SEEDS = {
    "BrandAnalyticsMarketBasketReport": ["brand_analytics_market_basket"],
    "BrandAnalyticsSearchTermsReport": ["brand_analytics_search_terms"],
    "BrandAnalyticsRepeatPurchaseReport": ["brand_analytics_repeat_purchase"],
    "VendorRealTimeInventoryReport": ["vendor_real_time_inventory"],
    "VendorRealTimeSalesReport": ["vendor_real_time_sales"],
    "VendorRealTimeTrafficReport": ["vendor_real_time_traffic"],
    "VendorSalesReport": ["vendor_sales_aggregate", "vendor_sales_by_asin"],
    "VendorNetPureProductMarginReport": [
        "vendor_net_pure_product_margin_aggregate",
        "vendor_net_pure_product_margin_by_asin",
    ],
    "VendorTrafficReport": ["vendor_traffic_aggregate", "vendor_traffic_by_asin"],
    "VendorForecastingReport": ["vendor_forecasting"],
    "VendorInventoryReport": ["vendor_inventory_aggregate", "vendor_inventory_by_asin"],
    "CouponPerformanceReport": ["coupon_performance", "coupon_performance_by_campaign"],
    "PromotionPerformanceReport": ["promotion_performance"],
}
MORE = {"sales_and_traffic_by_date", "sales_and_traffic_by_asin"}
FORGOTTEN_DATES = {"vendor_traffic_by_asin": ("startDate", "endDate")}
# in Amazon's example documents, but in no schema
ONLY_IN_EXAMPLES = {
    "vendor_inventory_by_asin": {
        "procurableProductOutOfStockRate",
        "uft",
        "receiveFillRate",
    }
}
STREAMS = [
    pytest.param(report, stream, id=stream.name)
    for report in CATALOGUE.reports
    for stream in report.streams
]


def report(name: str) -> ReportDefinition:
    found = CATALOGUE.report(name)
    assert found is not None
    return found


def stream(name: str) -> StreamDefinition:
    return CATALOGUE.streams[name]


# ---------------------------------------------------------------- every entry


@pytest.mark.parametrize("entry", CATALOGUE.reports, ids=lambda r: r.name)
def test_report_is_sound(entry: ReportDefinition) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", entry.name)
    assert re.fullmatch(r"GET_[A-Z]+(_[A-Z]+)*", entry.report_type)
    assert entry.source.startswith("https://")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", entry.checked)
    assert set(entry.accounts) <= {"seller", "vendor"}
    assert entry.accounts
    assert entry.streams

    assert bool(entry.periods) == (entry.dates == "periods")
    assert (entry.offer_days is not None) == (entry.dates == "offers")
    assert len(entry.offer_options) == (2 if entry.dates == "offers" else 0)
    assert (entry.period_option is not None) == (len(entry.periods) > 1)
    for rules in entry.periods.values():
        assert 0 <= rules.holdback <= rules.expected
        assert rules.lookback >= 0
        assert rules.per_request is None or rules.per_request > 0
        assert rules.history is None or rules.history > rules.holdback
    for option in entry.options:
        assert option.is_currency or option.default in option.values
        assert (
            option.name
            == re.sub("[A-Z]", lambda m: f"_{m[0]}", option.amazon_name).lower()
        )


@pytest.mark.parametrize(("entry", "made"), STREAMS)
def test_stream_is_sound(entry: ReportDefinition, made: StreamDefinition) -> None:
    names = [column.name for column in made.columns]
    added = [column.name for column in made.added]
    key = made.primary_key([])

    assert made.name.startswith(entry.name)
    assert len(set(names)) == len(names)
    assert not set(names) & {*added, EXTRA}, "an added column hides one of Amazon's"
    assert key[:2] == ("account_name", "marketplace_id")
    assert "currency_code" not in key
    assert set(made.options) < set(key)
    kinds = {column.name: column.kind for column in made.columns}
    assert {kinds[name] for name in made.key} <= {"string", "date", "date-time"}
    assert made.is_dated != ({"window_start", "window_end"} <= set(key))
    # what a bookmark follows must be there in every row
    assert (made.replication_key is None) == (entry.dates != "periods")
    assert made.replication_key is None or made.replication_key in key


@pytest.mark.parametrize(("entry", "made"), STREAMS)
def test_the_schema_takes_a_row_of_nothing_but_its_key(
    entry: ReportDefinition, made: StreamDefinition
) -> None:
    key = made.primary_key([])
    schema = made.schema(key)
    Draft7Validator.check_schema(schema)
    nothing = dict.fromkeys(schema["properties"])
    validator = Draft7Validator(schema)

    assert validator.is_valid(nothing | dict.fromkeys(key, "2026-11-01"))
    assert [e.path[0] for e in validator.iter_errors(nothing)] == list(key)
    assert list(schema["properties"])[: len(key)] == list(key)
    assert entry.streams


def test_the_13_names_of_the_user_are_there_with_their_streams() -> None:
    found: dict[str, list[str]] = {}
    for entry in CATALOGUE.reports:
        if entry.seed_name:
            found.setdefault(entry.seed_name, []).extend(s.name for s in entry.streams)

    assert found == SEEDS
    seeded = {name for names in SEEDS.values() for name in names}
    assert set(CATALOGUE.streams) == seeded | MORE


# ------------------------------------------------------------ what is decided


def test_what_a_user_cannot_ask_for_is_not_offered() -> None:
    def values(name: str, option: str) -> tuple[str, ...]:
        found = report(name).option(option)
        assert found is not None
        return found.values

    assert "BUSINESS" in values("vendor_sales", "selling_program")
    assert values("vendor_inventory", "selling_program") == ("RETAIL", "FRESH")
    assert values("vendor_forecasting", "sellingProgram") == ("RETAIL", "FRESH")
    assert "DAY" not in values("brand_analytics_repeat_purchase", "report_period")
    assert "YEAR" not in values("brand_analytics_search_terms", "report_period")
    assert report("vendor_traffic").option("distributor_view") is None


def test_defaults_are_days_for_vendors_and_weeks_for_brands() -> None:
    defaults = {
        (entry.name, option.name): option.default
        for entry in CATALOGUE.reports
        for option in entry.options
    }

    assert defaults["vendor_sales", "report_period"] == "DAY"
    assert defaults["brand_analytics_market_basket", "report_period"] == "WEEK"
    assert defaults["vendor_sales", "distributor_view"] == "MANUFACTURING"
    assert defaults["vendor_inventory", "selling_program"] == "RETAIL"
    assert defaults["vendor_real_time_sales", "currency_code"] is None


def test_rows_without_dates_get_their_window_into_the_key() -> None:
    assert stream("brand_analytics_search_terms").primary_key([]) == (
        "account_name",
        "marketplace_id",
        "report_period",
        "window_start",
        "window_end",
        "departmentName",
        "searchTerm",
        "clickedAsin",
    )
    assert "window_start" not in stream("vendor_sales_by_asin").primary_key([])


def test_a_key_leaves_out_what_a_granularity_makes_null() -> None:
    by_asin = stream("sales_and_traffic_by_asin")

    def key_of(*granularities: str) -> tuple[str, ...]:
        asked = [{"asin_granularity": value} for value in granularities]
        return by_asin.primary_key(asked)[6:]

    assert key_of("PARENT") == ("parentAsin",)
    assert key_of("CHILD") == ("parentAsin", "childAsin")
    assert key_of("SKU") == ("parentAsin", "childAsin", "sku")
    assert key_of("PARENT", "CHILD") == ("parentAsin", "childAsin")


def test_rows_by_date_do_not_depend_on_the_granularity_of_products() -> None:
    by_date = stream("sales_and_traffic_by_date")

    assert "asin_granularity" not in by_date.primary_key([])


def test_days_by_product_shorten_the_requests_they_share() -> None:
    sales = report("sales_and_traffic")
    by_date, by_asin = "sales_and_traffic_by_date", "sales_and_traffic_by_asin"

    assert sales.rules(Period.DAY, [by_date]).per_request is None
    assert sales.rules(Period.DAY, [by_asin]).per_request == 1
    assert sales.rules(Period.DAY, [by_date, by_asin]).per_request == 1
    assert report("vendor_sales").rules(Period.DAY).per_request == 15


def test_money_keeps_its_shape_and_everything_may_be_null() -> None:
    schema = stream("vendor_sales_by_asin").schema(["asin"])["properties"]

    assert schema["asin"] == {"type": "string"}
    assert schema["startDate"] == {"type": ["string", "null"], "format": "date"}
    assert schema["orderedRevenue"] == {
        "type": ["object", "null"],
        "properties": {
            "amount": {
                "type": ["number", "null"],
                "description": describe("amount"),
            },
            "currencyCode": {
                "type": ["string", "null"],
                "description": describe("currencyCode"),
            },
        },
    }
    assert schema[EXTRA] == {"type": ["object", "null"]}
    assert (
        EXTRA
        not in stream("vendor_forecasting").schema([], keeps_unknown=False)[
            "properties"
        ]
    )


def test_a_currency_is_added_only_where_money_carries_none() -> None:
    adding = {s.name for s in CATALOGUE.streams.values() if s.adds_currency}

    assert adding == {"vendor_real_time_sales"}


def test_a_report_is_found_by_its_streams() -> None:
    assert CATALOGUE.of_stream("vendor_sales_by_asin") is report("vendor_sales")
    assert CATALOGUE.of_stream("vendor_sales") is None
    assert CATALOGUE.report("vendor_sales_by_asin") is None


def test_nothing_in_it_can_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        report("vendor_sales").name = "x"  # type: ignore[misc]  # that is the point
    with pytest.raises(TypeError):
        report("vendor_sales").periods[Period.HOUR] = None  # type: ignore[index]  # too


# -------------------------------------------------------------- a strict loader


def edited(folder: Path, name: str, change: dict[str, Any]) -> Path:
    """Copy the catalogue and change one report in it."""
    shutil.copytree(FILES, folder / "reports")
    file = folder / "reports" / f"{name}.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    streams = change.pop("streams", [])
    content.update(change)
    for index, fields in enumerate(streams):
        content["streams"][index].update(fields)
    file.write_text(json.dumps(content), encoding="utf-8")
    return folder / "reports"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "red"}, "unknown field `colour`"),
        ({"accounts": ["agency"]}, "agency"),
        ({"report": "vendor_sale"}, "unlike its name"),
        ({"period_option": None}, "no option chooses one"),
        ({"period_option": "period"}, "no option period"),
        ({"offers": {"options": ["a", "b"], "days": 7}}, "both periods and offers"),
        ({"streams": [{"key": ["asin"]}]}, "its key names asin"),
        ({"streams": [{"replication_key": "day"}]}, "names day"),
        ({"streams": [{"options": ["colour"]}]}, "options name colour"),
        ({"streams": [{"columns": {"startDate": "time"}}]}, "no kind we know: 'time'"),
        ({"streams": [{"null_columns": {"x": {"Y": []}}}]}, "null_columns has options"),
        ({"streams": [{"name": "vendor_sales_by_asin"}]}, "another report has"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_a_file_that_does_not_fit_is_named_with_what_is_wrong(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(CatalogueError) as raised:
        read_catalogue(edited(tmp_path, "vendor_sales", change))

    assert words in str(raised.value)
    assert str(raised.value).startswith("vendor_sales.json of the report catalogue: ")


def test_a_period_without_rules_is_refused(tmp_path: Path) -> None:
    content = json.loads((FILES / "vendor_traffic.json").read_text())
    del content["periods"]["YEAR"]

    with pytest.raises(CatalogueError, match="offers other periods than have rules"):
        read_catalogue(edited(tmp_path, "vendor_traffic", content))


# ------------------------------------------------------------ facts and schemas


def fact_of(
    entry: ReportDefinition, facts: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    is_variant = entry.name == "coupon_performance_by_campaign"
    return facts[entry.report_type + (" (vendor)" if is_variant else "")]


@needs_facts
def test_requests_are_those_of_the_facts() -> None:
    facts = report_facts()
    for entry in CATALOGUE.reports:
        fact = fact_of(entry, facts)
        options = {**fact["required_options"], **fact.get("optional_options", {})}
        ours: dict[str, Any] = {o.amazon_name: list(o.values) for o in entry.options}
        if entry.dates == "offers":
            assert list(options) == list(entry.offer_options)
            assert entry.offer_days == fact["retention_days"]
        elif "currencyCode" in options:
            assert list(ours) == ["currencyCode"]
        else:
            assert ours == options
        assert entry.takes_several_marketplaces == (
            fact["marketplaces_per_request"] != 1
        )
        if entry.seed_name is not None:
            assert entry.seed_name == fact["seed_name"]
            assert [p.value for p in entry.periods] == fact["periods"]
        for kind in ("seller", "vendor"):
            if entry.report_type != "GET_COUPON_PERFORMANCE_REPORT":
                assert (kind in entry.accounts) == (kind in fact["account"])


@needs_facts
def test_spans_delays_and_history_are_those_of_the_facts() -> None:
    facts = report_facts()
    for entry in CATALOGUE.reports:
        fact = fact_of(entry, facts)
        for period, rules in entry.periods.items():
            most = fact.get("max_periods_per_request", {}).get(period.value)
            if most is not None:
                assert rules.per_request == most
            in_hours = period is Period.HOUR
            delay = fact.get("availability_delay_hours")
            if delay is not None:
                assert rules.holdback * (1 if in_hours else 24) >= delay
            kept = fact["retention_days"]
            kept = kept.get(period.value) if isinstance(kept, dict) else kept
            if kept is not None:
                assert rules.history == kept * (24 if in_hours else 1)


@needs_facts
def test_arrays_keys_and_columns_are_those_of_the_facts() -> None:
    facts = report_facts()
    for entry in CATALOGUE.reports:
        sections = fact_of(entry, facts)["sections"]
        assert [s.array for s in entry.streams] == list(sections)
        for made in entry.streams:
            section = sections[made.array]
            assert list(made.key) == section["row_key_fields"]
            ours = {
                **shape(made.columns),
                # Amazon's schema forgets to say here that these are dates
                **dict.fromkeys(FORGOTTEN_DATES.get(made.name, ()), "string"),
            }
            assert {name: ours.pop(name, None) for name in section["fields"]} == {
                name: fact_shape(field) for name, field in section["fields"].items()
            }
            assert set(ours) == ONLY_IN_EXAMPLES.get(made.name, set())


def shape(columns: tuple[ColumnDefinition, ...]) -> dict[str, Any]:
    """Return columns as the facts would write them, names and kinds only."""
    return {
        c.name: {"_": c.kind, **shape(c.fields)} if c.fields else c.kind
        for c in columns
    }


def fact_shape(field: dict[str, Any]) -> object:
    kind = field["type"]
    if kind == "array":
        inner = {n: fact_shape(f) for n, f in field["items"]["fields"].items()}
        return {"_": "list", **inner}
    if kind == "object":
        inner = {name: fact_shape(f) for name, f in field["fields"].items()}
        return {"_": "object", **inner}
    return field["format"] if field.get("format") in {"date", "date-time"} else kind


SCHEMA_OF = {entry.name: entry.source.rpartition("/")[2] for entry in CATALOGUE.reports}


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Follow `$ref` within one file."""
    while "$ref" in schema:
        found = root
        for name in schema["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        schema = found
    return schema


def uncovered(
    theirs: dict[str, Any], ours: dict[str, Any], root: dict[str, Any], where: str
) -> list[str]:
    """Return what Amazon's schema has and ours has not, or of another type."""
    theirs = resolved(theirs, root)
    kind = theirs.get("type")
    if kind not in ours["type"] and not (
        kind == "integer" and "number" in ours["type"]
    ):
        return [f"{where} is {kind}, ours is {ours['type']}"]
    if kind == "array":
        return uncovered(theirs["items"], ours["items"], root, f"{where}[]")
    complaints = []
    if theirs.get("format", "").startswith("date"):
        complaints += [where] if ours.get("format") != theirs["format"] else []
    for name, below in theirs.get("properties", {}).items():
        if name not in ours["properties"]:
            complaints.append(f"{where}.{name} is missing")
        else:
            complaints += uncovered(
                below, ours["properties"][name], root, f"{where}.{name}"
            )
    return complaints


@needs_specs
@pytest.mark.parametrize(("entry", "made"), STREAMS)
def test_every_property_of_amazons_schema_is_in_the_streams(
    entry: ReportDefinition, made: StreamDefinition
) -> None:
    root = spec(f"schemas/reports/{SCHEMA_OF[entry.name]}")
    rows = resolved(root["properties"][made.array], root)["items"]

    assert not uncovered(rows, made.schema(made.key), root, made.name)


@needs_specs
@pytest.mark.parametrize("entry", CATALOGUE.reports, ids=lambda r: r.name)
def test_every_row_of_amazons_examples_comes_out_and_is_valid(
    entry: ReportDefinition,
) -> None:
    examples = sorted(
        (SPECS / "examples").glob(SCHEMA_OF[entry.name].replace(".json", ".ex*.json"))
    )
    assert examples
    for file in examples:
        document = json.loads(file.read_text(encoding="utf-8"))
        reader = SectionReader(
            {
                s.array: msgspec.json.Decoder(list[dict[str, Any]]).decode
                for s in entry.streams
            }
        )
        found: dict[str, list[Any]] = {}
        for array, rows in reader.read([file.read_bytes()]):
            found.setdefault(array, []).extend(rows)
        options = document["reportSpecification"].get("reportOptions", {})
        assert reader.header == {"reportSpecification": document["reportSpecification"]}
        for made in entry.streams:
            assert found[made.array] == document[made.array], "rows were lost"
            check_rows(entry, made, found[made.array], options)


def check_rows(
    entry: ReportDefinition,
    made: StreamDefinition,
    rows: list[Any],
    options: dict[str, str],
) -> None:
    """Check rows against the stream's schema, and their keys against each other."""
    asked = {
        option.name: options[option.amazon_name]
        for option in entry.options
        if option.amazon_name in options
    }
    key = [name for name in made.primary_key([asked]) if name in made.key]
    validator = Draft7Validator(made.schema(key))
    for row in rows:
        assert not list(validator.iter_errors(row))
        assert row.keys() <= {column.name for column in made.columns}
    keys = [tuple(row[name] for name in key) for row in rows]
    assert len(set(keys)) == len(keys)


# --- columns that add up -----------------------------------------------------------

NOT_ADDED = re.compile(
    r"(?i)rate|percent|pct|average|share|rank|unique|margin|onhand|aged|unhealthy"
)
NOTHING_TO_ADD = {
    *("brand_analytics_market_basket", "brand_analytics_search_terms"),
    *("vendor_forecasting", "vendor_real_time_inventory"),
    *("vendor_net_pure_product_margin_aggregate",),
    "vendor_net_pure_product_margin_by_asin",
}
"""Ranks, shares, forecasts, stocks and margins."""


@pytest.mark.parametrize("name", sorted(CATALOGUE.streams))
def test_what_adds_up_is_no_rate_no_share_and_no_stock(name: str) -> None:
    marked = CATALOGUE.streams[name].additive
    assert [column for column in marked if NOT_ADDED.search(column)] == []
    assert bool(marked) is (name not in NOTHING_TO_ADD)
