"""Data Kiosk's sales and traffic are the numbers of the report, value by value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from amazon_emulator.selling_partner.data_kiosk.schemas import (
    SALES_AND_TRAFFIC,
    schema_of,
)
from support.sp.emulation import CANADA, US, report_body
from support.sp.kiosk import MONEY, KioskCaller, by_asin, by_date, trends

REPORT = "GET_SALES_AND_TRAFFIC_REPORT"


def everything(kind: str) -> str:
    """Return the selection of all fields of a type of ours."""
    found = []
    for name, field in schema_of(SALES_AND_TRAFFIC).type_map[kind].fields.items():  # type: ignore[attr-defined] # an object type
        inner = str(field.type).rstrip("!")
        if inner == "Money":
            found.append(name + MONEY)
        elif inner.endswith(("Sales", "Traffic")):
            found.append(f"{name}{{{everything(inner)}}}")
        else:
            found.append(name)
    return " ".join(found)


def report(
    kiosk: KioskCaller, start: str, end: str, period: str, level: str
) -> dict[str, Any]:
    options = {"dateGranularity": period, "asinGranularity": level}
    found: dict[str, Any] = kiosk.document(
        report_body(REPORT, options, start, end), "acme-us"
    )
    return found


def differing(ours: Mapping[str, Any], reports: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report's values that are others here."""
    return {k: (v, ours.get(k)) for k, v in reports.items() if ours.get(k) != v}


@pytest.mark.parametrize("level", ["PARENT", "CHILD", "SKU"])
@pytest.mark.parametrize("days", [("2026-11-10", "2026-11-10"), ("2026-10-20",) * 2])
def test_by_asin_equals_the_report(
    kiosk: KioskCaller, level: str, days: tuple[str, str]
) -> None:
    rows = report(kiosk, *days, "DAY", level)["salesAndTrafficByAsin"]
    lines = kiosk.lines(by_asin(everything("OfProduct"), *days, level))
    assert len(lines) == len(rows) > 1
    for line, row in zip(lines, rows, strict=True):
        assert (line["startDate"], line["endDate"], line["marketplaceId"]) == (
            *days,
            US,
        )
        assert [line[k] for k in ("parentAsin", "childAsin", "sku")] == [
            row.get(k) for k in ("parentAsin", "childAsin", "sku")
        ]
        assert differing(line["sales"], row["salesByAsin"]) == {}
        assert differing(line["traffic"], row["trafficByAsin"]) == {}


@pytest.mark.parametrize("period", ["DAY", "WEEK", "MONTH"])
def test_by_date_equals_the_report(kiosk: KioskCaller, period: str) -> None:
    # Sunday to Saturday, and whole months: nothing to cut or to widen.
    ends = {"MONTH": ("2026-09-01", "2026-10-31")}.get(
        period, ("2026-10-25", "2026-11-07")
    )
    rows = report(kiosk, *ends, period, "SKU")["salesAndTrafficByDate"]
    lines = kiosk.lines(by_date(everything("OfPeriod"), *ends, period))
    assert [line["startDate"] for line in lines] == [row["date"] for row in rows]
    for line, row in zip(lines, rows, strict=True):
        assert differing(line["sales"], row["salesByDate"]) == {}
        assert differing(line["traffic"], row["trafficByDate"]) == {}


def test_trends_are_the_days_of_by_asin(kiosk: KioskCaller) -> None:
    days = ["2026-11-01", "2026-11-02", "2026-11-03"]
    expected = [
        line
        for day in days
        for line in kiosk.lines(by_asin(everything("OfProduct"), day, day, "CHILD"))
    ]
    asins = list({line["childAsin"] for line in expected})
    lines = kiosk.lines(
        trends([*asins, "B0UNKNOWN1"], everything("OfProductAndPeriod"))
    )

    assert all(line.pop("asinAggregation") == "CHILD" for line in lines)
    by_key = {(line["startDate"], line["childAsin"]): line for line in lines}
    assert len(by_key) == len(lines) == 3 * len(asins)
    assert [by_key[e["startDate"], e["childAsin"]] for e in expected] == expected


def test_weeks_and_months_are_cut_inwards(kiosk: KioskCaller) -> None:
    def periods(period: str, start: str, end: str) -> list[tuple[str, str]]:
        lines = kiosk.lines(by_date("startDate endDate", start, end, period))
        return [(line["startDate"], line["endDate"]) for line in lines]

    # 2026-11-01 is a Sunday.
    assert periods("WEEK", "2026-10-26", "2026-11-15") == [
        ("2026-11-01", "2026-11-07"),
        ("2026-11-08", "2026-11-14"),
    ]
    assert periods("WEEK", "2026-11-02", "2026-11-08") == []
    assert periods("MONTH", "2026-08-02", "2026-10-31") == [
        ("2026-09-01", "2026-09-30"),
        ("2026-10-01", "2026-10-31"),
    ]


def test_several_marketplaces_have_lines_of_their_own(kiosk: KioskCaller) -> None:
    lines = kiosk.lines(
        by_asin(
            "marketplaceId sales{orderedProductSales{currencyCode}}",
            marketplaces=(US, CANADA),
        )
    )
    found = {
        (x["marketplaceId"], x["sales"]["orderedProductSales"]["currencyCode"])
        for x in lines
    }
    assert found == {(US, "USD"), (CANADA, "CAD")}


def test_a_line_holds_the_selected_fields_and_no_others(kiosk: KioskCaller) -> None:
    line = kiosk.lines(by_asin("sku traffic{sessions} sales{unitsOrderedB2B}"))[0]
    assert set(line) == {"sku", "traffic", "sales"}
    assert set(line["traffic"]) == {"sessions"}
    assert set(line["sales"]) == {"unitsOrderedB2B"}


def test_days_to_come_have_no_lines(kiosk: KioskCaller) -> None:
    assert kiosk.lines(by_asin(start="2026-12-01", end="2026-12-01")) == []
    lines = kiosk.lines(by_date(start="2026-11-18", end="2026-12-31"))
    assert [line["startDate"] for line in lines][:1] == ["2026-11-18"]
    assert len(lines) < 5
