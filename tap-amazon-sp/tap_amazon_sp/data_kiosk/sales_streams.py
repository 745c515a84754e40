"""Sales and traffic from Data Kiosk, in the columns, keys and types of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from singer_sdk import Tap

from tap_amazon_sp.catalogue.model import ReportDefinition, StreamDefinition
from tap_amazon_sp.data_kiosk.query_shape import QueryShape
from tap_amazon_sp.data_kiosk.schema import load_schemas
from tap_amazon_sp.data_kiosk.streams import KioskStream
from tap_amazon_sp.reports.options import Choice

DOMAIN = "analytics_salesAndTraffic_2024_04_24"
REPORT = "sales_and_traffic"

_ROOTS: Mapping[str, tuple[str, str]] = {
    "sales_and_traffic_by_date": ("salesAndTrafficByDate", "date_granularity"),
    "sales_and_traffic_by_asin": ("salesAndTrafficByAsin", "asin_granularity"),
}
"""Stream to the root it reads and the option that is its argument aggregateBy."""
_NAMES: Mapping[str, str] = {
    "date": "startDate",
    "salesByDate": "sales",
    "trafficByDate": "traffic",
    "salesByAsin": "sales",
    "trafficByAsin": "traffic",
}
"""Columns that Data Kiosk names otherwise."""
_SALES = ("unitsOrdered", "orderedProductSales.amount")


def sales_stream(
    tap: Tap, report: ReportDefinition, stream: StreamDefinition, choice: Choice
) -> KioskStream:
    """Return one of the two streams of sales and traffic, read from Data Kiosk."""
    root, argument = _ROOTS[stream.name]
    names = [column.name for column in stream.columns]
    group = next(name for name in names if name.startswith("salesBy"))
    shape = QueryShape(
        schema=load_schemas()[DOMAIN],
        root=root,
        sources={name: (_NAMES.get(name, name),) for name in names},
        marketplace_argument="marketplaceIds",
        sales=tuple(f"{group}.{name}" for name in _SALES),
        day="date" if "date" in names else None,
    )
    return KioskStream(tap, report, stream, _as_queries(choice, argument), shape)


def _as_queries(choice: Choice, argument: str) -> Choice:
    """Return the same combinations, of whose options one is an argument."""
    return replace(
        choice,
        combinations=tuple(
            replace(
                combination,
                report=replace(
                    combination.report,
                    options=tuple(
                        replace(
                            option,
                            amazon_name="aggregateBy"
                            if option.name == argument
                            else "",
                        )
                        for option in combination.report.options
                    ),
                ),
            )
            for combination in choice.combinations
        ),
    )
