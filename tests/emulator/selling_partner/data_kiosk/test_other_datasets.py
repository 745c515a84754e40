"""Economics, vendor and seller analytics: by the schema, and true to the market."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
)

from amazon_emulator.selling_partner.data_kiosk.query_text import MAX_CHARACTERS
from amazon_emulator.selling_partner.data_kiosk.schemas import (
    ECONOMICS,
    SELLER,
    VENDOR,
    rights_of,
    schema_of,
)
from support.sp.emulation import CANADA, US
from support.sp.kiosk import KioskCaller, by_asin

DAY = 'startDate:"2026-11-10" endDate:"2026-11-10"'
ROOTS = {
    "economics": (ECONOMICS, "acme-us", f'{DAY} marketplaceIds:["{US}"]'),
    "sourcingView": (VENDOR, "vega-us", f"{DAY} aggregateBy:DAY"),
    "manufacturingView": (VENDOR, "vega-us", f"{DAY} aggregateBy:DAY"),
    "sellerAnalyticsView": (
        SELLER,
        "acme-us",
        f'{DAY} aggregateBy:DAY marketplaceId:["{US}"]',
    ),
}


def root_field(root: str) -> GraphQLField:
    domain = schema_of(ROOTS[root][0])
    assert domain.query_type is not None
    (top,) = domain.query_type.fields.values()
    kind = get_named_type(top.type)
    assert isinstance(kind, GraphQLObjectType)
    found: GraphQLField = kind.fields[root]
    return found


def selected(kind: Any, *, without: frozenset[str] = frozenset()) -> str:
    """Return the selection of all fields a plain seller may see."""
    found = []
    for name, field in kind.fields.items():
        if name in without or rights_of(field) == {"lending"}:
            continue
        inner = get_named_type(field.type)
        is_object = isinstance(inner, GraphQLObjectType)
        more = f"{{{selected(inner, without=without)}}}" if is_object else ""
        found.append(name + more)
    return " ".join(found)


def query(root: str, fields: str, arguments: str | None = None) -> str:
    known = "economics" if root in {"economicsPreview", "economicsSimulation"} else root
    domain, _, usual = ROOTS[known]
    return f"query{{{domain}{{{root}({arguments or usual}){{{fields}}}}}}}"


def misfits(kind: Any, value: Any, path: str) -> list[str]:
    """Return where a value is none of its type; null is allowed for everything."""
    if value is None:
        return []
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLList) and isinstance(value, list):
        return [m for each in value for m in misfits(inner.of_type, each, path)]
    if isinstance(inner, GraphQLObjectType) and isinstance(value, Mapping):
        unknown = [f"{path}.{name}" for name in set(value) - set(inner.fields)]
        return unknown or [
            m
            for name, each in value.items()
            for m in misfits(inner.fields[name].type, each, f"{path}.{name}")
        ]
    if isinstance(inner, GraphQLEnumType):
        return [] if value in inner.values else [path]
    kinds: dict[str, Any] = {"Float": (int, float), "Long": int, "Int": int}
    name = getattr(inner, "name", "a list")
    return [] if isinstance(value, kinds.get(name, str)) else [path]


@pytest.mark.parametrize("root", ROOTS)
def test_every_field_has_a_value_of_its_type(kiosk: KioskCaller, root: str) -> None:
    kind = get_named_type(root_field(root).type)
    account = ROOTS[root][1]
    lines: list[dict[str, Any]] = []
    if root == "sellerAnalyticsView":
        groups = ("sales", "traffic", "promotion", "accountHealth", "reviews", "search")
        others = frozenset(groups[:-1]) | {"lending"}
        assert len(query(root, selected(kind))) > MAX_CHARACTERS
        assert "8000" in kiosk.refused(query(root, selected(kind)))
        search = frozenset(("search", "totals"))
        for without in (search, others | {"totals"}):
            text = query(root, selected(kind, without=without))
            lines += kiosk.lines(text, account)
    else:
        lines = kiosk.lines(query(root, selected(kind)), account)
    assert lines
    found = [m for line in lines for m in misfits(kind, line, root)]
    assert found == []


def test_economics_sell_what_sales_and_traffic_say(kiosk: KioskCaller) -> None:
    fields = (
        "parentAsin childAsin msku sales{unitsOrdered unitsRefunded "
        "orderedProductSales{amount currencyCode}}"
    )
    found = kiosk.lines(query("economics", fields))
    expected = kiosk.lines(
        by_asin(
            "parentAsin childAsin sku sales{unitsOrdered unitsRefunded "
            "orderedProductSales{amount currencyCode}}"
        )
    )
    assert [x["sales"] for x in found] == [x["sales"] for x in expected]
    assert [x["msku"] for x in found] == [x["sku"] for x in expected]


def test_economics_add_up(kiosk: KioskCaller) -> None:
    money = "{amount currencyCode}"
    fields = (
        f"sales{{netProductSales{money}}} "
        f"fees{{feeTypeName charges{{identifier components{{name "
        f"aggregatedDetail{{totalAmount{money}}}}} "
        f"aggregatedDetail{{amount{money} promotionAmount{money} taxAmount{money} "
        f"totalAmount{money}}}}}}} ads{{charge{{totalAmount{money}}}}} "
        f"netProceeds{{total{money}}}"
    )
    arguments = (
        f'startDate:"2026-10-01" endDate:"2026-10-31" marketplaceIds:["{US}"] '
        "aggregateBy:{date:MONTH productId:CHILD_ASIN} "
        "includeComponentsForFeeTypes:[FBA_FULFILLMENT_FEE]"
    )
    lines = kiosk.lines(query("economics", fields, arguments))
    assert len(lines) == 5
    for line in lines:
        details = [c for fee in line["fees"] for c in fee["charges"]]
        for charge in details:
            detail = {k: v["amount"] for k, v in charge["aggregatedDetail"].items()}
            assert detail["totalAmount"] == pytest.approx(
                detail["amount"] - detail["promotionAmount"] + detail["taxAmount"]
            )
            for parts in filter(None, [charge["components"]]):
                total = sum(
                    p["aggregatedDetail"]["totalAmount"]["amount"] for p in parts
                )
                assert total == pytest.approx(detail["totalAmount"])
        charged = sum(c["aggregatedDetail"]["totalAmount"]["amount"] for c in details)
        ads = sum(a["charge"]["totalAmount"]["amount"] for a in line["ads"] or ())
        net = line["sales"]["netProductSales"]["amount"] - charged - ads
        assert line["netProceeds"]["total"]["amount"] == pytest.approx(net)
    # A fee that changes within the month has two charges of its own.
    names = [c["identifier"] for fee in lines[0]["fees"] for c in fee["charges"]]
    assert len(names) == len(set(names)) == 4
    assert any(line["ads"] is None for line in lines)


def test_economics_need_a_role(kiosk: KioskCaller) -> None:
    accounts = kiosk.emulation.selling.accounts
    accounts.add({"name": "half-us", "roles": ["brand_analytics"]})
    assert f"[{ECONOMICS}.economics]" in kiosk.refused(
        query("economics", "msku"), 403, "half-us"
    )


def test_fields_of_lenders_need_a_role(kiosk: KioskCaller) -> None:
    text = query(
        "sellerAnalyticsView", "startDate sellerAttributes{sellerTenure{value}}"
    )
    said = kiosk.refused(text, 403)
    assert said.endswith(f"[{SELLER}.sellerAnalyticsView.sellerAttributes]")
    accounts = kiosk.emulation.selling.accounts
    accounts.add({"name": "lent-us", "roles": ["brand_analytics", "lending"]})
    assert kiosk.lines(text, "lent-us")[0]["sellerAttributes"]["sellerTenure"]["value"]


def vendor_units(line: dict[str, Any]) -> list[int]:
    return [
        each["metrics"]["shippedOrders"]["shippedUnitsWithRevenue"]["units"]
        for each in line["metrics"]
    ]


def test_vendor_groups_add_up_to_the_totals(kiosk: KioskCaller) -> None:
    units = "shippedOrders{shippedUnitsWithRevenue{units}} costs{shippedCogs{amount}}"
    found = {}
    for keys in ("asin", "brand", "asin brand", "shipToCity productGroup"):
        fields = f"totals{{{units}}} metrics{{groupByKey{{{keys}}} metrics{{{units}}}}}"
        (line,) = kiosk.lines(query("manufacturingView", fields), "vega-us")
        total = line["totals"]["shippedOrders"]["shippedUnitsWithRevenue"]["units"]
        assert sum(vendor_units(line)) == total
        found[keys] = [each["groupByKey"] for each in line["metrics"]]
        assert len({json.dumps(key) for key in found[keys]}) == len(found[keys])
    assert len(found["asin"]) == len(found["asin brand"]) == 5
    assert len(found["brand"]) == 3


def test_vendor_amounts_are_dollars_unless_asked_for_otherwise(
    kiosk: KioskCaller,
) -> None:
    fields = (
        "marketplaceId totals{shippedOrders{averageSellingPrice{amount currencyCode}}}"
    )

    def codes(arguments: str) -> dict[str, str]:
        text = query("sourcingView", fields, f"{DAY} aggregateBy:DAY {arguments}")
        return {
            line["marketplaceId"]: line["totals"]["shippedOrders"][
                "averageSellingPrice"
            ]["currencyCode"]
            for line in kiosk.lines(text, "alba-eu")
        }

    assert set(codes("").values()) == {"USD"}
    assert len(codes("")) == 2
    assert set(codes('currencyCode:"EUR"').values()) == {"EUR"}


def test_vendor_stock_by_day_is_one_day_a_query(kiosk: KioskCaller) -> None:
    stock = "metrics{groupByKey{asin} metrics{productAvailability{sellThroughRate}}}"
    two = 'startDate:"2026-11-10" endDate:"2026-11-11" aggregateBy:DAY'
    said = kiosk.problem(query("sourcingView", stock, two), "vega-us")
    assert said.startswith(f"Exception while fetching data (/{VENDOR}/sourcingView) : ")
    assert "the same start and end date must be requested" in said
    assert len(kiosk.lines(query("sourcingView", stock), "vega-us")) == 1
    other = stock.replace("productAvailability{sellThroughRate}", "costs{netPPM}")
    assert len(kiosk.lines(query("sourcingView", other, two), "vega-us")) == 2


def test_a_day_of_nulls_has_one_element(kiosk: KioskCaller) -> None:
    kiosk.fault("null_days", operation="create_query", days=["2026-11-10"])
    fields = "metrics{groupByKey{asin} metrics{costs{netPPM}}}"
    (line,) = kiosk.lines(query("sourcingView", fields), "vega-us")
    assert line["metrics"] == [
        {"groupByKey": {"asin": None}, "metrics": {"costs": {"netPPM": None}}}
    ]


def test_a_line_goes_on_on_the_next_page(kiosk: KioskCaller) -> None:
    fields = "startDate metrics{groupByKey{asin} metrics{costs{netPPM}}}"
    text = query("sourcingView", fields)
    (whole,) = kiosk.lines(text, "vega-us")
    kiosk.change(sp_kiosk_lines_per_page=2, sp_kiosk_split_lines=True)

    pages = kiosk.pages(text, "vega-us")

    assert [len(page[0]["metrics"]) for page in pages] == [2, 2, 1]
    assert {page[0]["startDate"] for page in pages} == {"2026-11-10"}
    assert [e for page in pages for e in page[0]["metrics"]] == whole["metrics"]


def test_seller_lines_name_no_marketplace(kiosk: KioskCaller) -> None:
    both = f'{DAY} aggregateBy:DAY marketplaceId:["{US}","{CANADA}"]'
    fields = (
        "totals{sales{unitsOrdered{value}}} "
        "metrics{groupByKey{asin marketplaceId} metrics{sales{unitsOrdered{value}}}}"
    )
    (line,) = kiosk.lines(query("sellerAnalyticsView", fields, both))
    keys = {
        (e["groupByKey"]["asin"], e["groupByKey"]["marketplaceId"])
        for e in line["metrics"]
    }
    assert len(keys) == len(line["metrics"]) == 10
    total = line["totals"]["sales"]["unitsOrdered"]["value"]
    assert total == sum(
        e["metrics"]["sales"]["unitsOrdered"]["value"] for e in line["metrics"]
    )


def test_seller_numbers_are_those_of_sales_and_traffic(kiosk: KioskCaller) -> None:
    fields = (
        "metrics{groupByKey{asin} metrics{sales{unitsOrdered{value}} "
        "traffic{sessions{value}}}}"
    )
    (line,) = kiosk.lines(query("sellerAnalyticsView", fields))
    rows = kiosk.lines(by_asin("childAsin sales{unitsOrdered} traffic{sessions}"))
    assert [
        (
            e["groupByKey"]["asin"],
            e["metrics"]["sales"]["unitsOrdered"]["value"],
            e["metrics"]["traffic"]["sessions"]["value"],
        )
        for e in line["metrics"]
    ] == [
        (r["childAsin"], r["sales"]["unitsOrdered"], r["traffic"]["sessions"])
        for r in rows
    ]


@pytest.mark.parametrize(
    ("period", "start", "shown"),
    [
        ("DAY", "2026-11-07", set()),
        ("WEEK", "2026-11-01", {"weekOverWeek", "yearOverYear"}),
        ("MONTH", "2026-10-01", {"monthOverMonth", "yearOverYear"}),
    ],
)
def test_benchmarks_by_period(
    kiosk: KioskCaller, period: str, start: str, shown: set[str]
) -> None:
    names = "weekOverWeek monthOverMonth yearOverYear"
    fields = f"totals{{sales{{unitsOrdered{{timeRangeBenchmarking{{{names}}}}}}}}}"
    arguments = (
        f'startDate:"{start}" endDate:"2026-11-07" aggregateBy:{period} '
        f'marketplaceId:["{US}"]'
    )
    line = kiosk.lines(query("sellerAnalyticsView", fields, arguments))[0]
    found = line["totals"]["sales"]["unitsOrdered"]["timeRangeBenchmarking"]
    assert {name for name, value in found.items() if value is not None} == shown


AHEAD = 'startDate:"2026-11-20" endDate:"2026-12-19"'
ESTIMATED = "startDate endDate msku fees{feeTypeName} ads{adTypeName}"


def test_a_preview_has_every_product_and_the_fees_it_asks_for(
    kiosk: KioskCaller,
) -> None:
    asked = "feeTypes:[REFERRAL_FEES AGED_INVENTORY_SURCHARGE]"
    arguments = f'{AHEAD} marketplaceIds:["{US}"] {asked}'
    lines = kiosk.lines(query("economicsPreview", ESTIMATED, arguments))
    past = kiosk.lines(
        query("economics", "msku", f'{DAY} marketplaceIds:["{US}"] aggregateBy:{{}}')
    )
    assert {line["msku"] for line in lines} == {line["msku"] for line in past}
    for line in lines:
        assert (line["startDate"], line["endDate"]) == ("2026-11-20", "2026-12-19")
        assert [fee["feeTypeName"] for fee in line["fees"]] == ["ReferralFee"]
        assert line["ads"] is None


def test_a_simulation_has_the_products_it_names(kiosk: KioskCaller) -> None:
    (first, *_) = kiosk.lines(
        query("economics", "msku", f'{DAY} marketplaceIds:["{US}"]')
    )
    named = [f'{{identifier:{{type:MSKU value:"{n}"}}}}' for n in (first["msku"], "?")]
    arguments = (
        f'{AHEAD} marketplaceId:"{US}" actionTypes:[AWD] products:[{" ".join(named)}]'
    )
    (line,) = kiosk.lines(query("economicsSimulation", ESTIMATED, arguments))
    assert line["msku"] == first["msku"]
    assert len(line["fees"]) == 3


@pytest.mark.parametrize(
    ("root", "days", "words"),
    [
        ("economicsPreview", ("2026-11-19", "2026-11-25"), "not earlier than today"),
        ("economicsPreview", ("2026-11-20", "2027-03-21"), "no more than 120 days"),
        ("economicsSimulation", ("2026-11-20", "2027-02-19"), "no more than 90 days"),
    ],
)
def test_estimates_are_of_days_to_come(
    kiosk: KioskCaller, root: str, days: tuple[str, str], words: str
) -> None:
    more = f'marketplaceIds:["{US}"] feeTypes:[REFERRAL_FEES]'
    if root == "economicsSimulation":
        product = '{identifier:{type:MSKU value:"x"}}'
        more = f'marketplaceId:"{US}" actionTypes:[SIPP] products:[{product}]'
    span = f'startDate:"{days[0]}" endDate:"{days[1]}"'
    assert words in kiosk.problem(query(root, "msku", f"{span} {more}"))
