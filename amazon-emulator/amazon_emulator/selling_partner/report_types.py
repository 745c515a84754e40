"""What each report type takes: who may ask, options, periods, span, delay, history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SELLER, VENDOR = ("seller",), ("vendor",)
BOTH = (*SELLER, *VENDOR)
ANY_TEXT: tuple[str, ...] = ()
"""An option whose value may be any text."""

_DAY_TO_YEAR = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
_VIEWS = ("MANUFACTURING", "SOURCING")
_HALF_HOUR, _FOUR_HOURS = 1800, 14400

Options = Mapping[str, Sequence[str]]
NO_OPTIONS: Options = {}


@dataclass(frozen=True, slots=True)
class ReportType:
    """The rules of one report type."""

    name: str
    kinds: Sequence[str]
    shape: str
    """`periods`, `hours`, `snapshot`, `starts` (offers by their start), `days`."""
    file_format: str = "json"
    required: Options = field(default_factory=dict)
    optional: Options = field(default_factory=dict)
    spans: Mapping[str, int] = field(default_factory=dict)
    """Most periods (hours) of one request."""
    history: Mapping[str, int] = field(default_factory=dict)
    """How many periods (hours, days) back a request may begin; none: no limit."""
    delay_hours: float = 0
    """How long after the end of a period its numbers come."""
    is_brand_analytics: bool = False
    is_single: bool = True
    """Whether a request takes one marketplace only."""
    is_requestable: bool = True
    is_restricted: bool = False
    is_quoted: bool = False
    cooldown_seconds: int = 0
    """A repeated request within this time is cancelled."""


_VENDOR_SPANS = {"DAY": 15, "WEEK": 7, "MONTH": 15, "QUARTER": 4, "YEAR": 2}
_VENDOR_HISTORY = {"DAY": 1460, "WEEK": 8, "MONTH": 36, "QUARTER": 8, "YEAR": 3}
_BRAND_HISTORY = {"DAY": 1096, "WEEK": 157, "MONTH": 36, "QUARTER": 12}


def _vendor(name: str, delay: float = 72, **options: Sequence[str]) -> ReportType:
    return ReportType(
        f"GET_VENDOR_{name}_REPORT",
        VENDOR,
        "periods",
        required={"reportPeriod": _DAY_TO_YEAR, **options},
        spans=_VENDOR_SPANS,
        history=_VENDOR_HISTORY,
        delay_hours=delay,
        is_brand_analytics=True,
    )


def _brand(
    name: str,
    periods: Sequence[str],
    kinds: Sequence[str] = BOTH,
    required: Options = NO_OPTIONS,
    optional: Options = NO_OPTIONS,
) -> ReportType:
    return ReportType(
        f"GET_BRAND_ANALYTICS_{name}_REPORT",
        kinds,
        "periods",
        required={"reportPeriod": periods, **required},
        optional=optional,
        spans=dict.fromkeys(periods, 1),
        history=_BRAND_HISTORY,
        delay_hours=48,
        is_brand_analytics=True,
    )


def _real_time(
    name: str,
    delay: float,
    hours: int,
    history: int,
    optional: Options = NO_OPTIONS,
) -> ReportType:
    return ReportType(
        f"GET_VENDOR_REAL_TIME_{name}_REPORT",
        VENDOR,
        "hours",
        optional=optional,
        spans={"HOUR": hours},
        history={"HOUR": history},
        delay_hours=delay,
        is_brand_analytics=True,
    )


def _flat(
    name: str, shape: str = "snapshot", file_format: str = "tsv", **more: object
) -> ReportType:
    return ReportType(name, SELLER, shape, file_format, **more)  # type: ignore[arg-type] # fields of the class


_WEEK_TO_QUARTER = ("WEEK", "MONTH", "QUARTER")
_ANALYTICS = (
    _brand("MARKET_BASKET", ("DAY", *_WEEK_TO_QUARTER)),
    _brand("SEARCH_TERMS", ("DAY", *_WEEK_TO_QUARTER)),
    _brand("REPEAT_PURCHASE", _WEEK_TO_QUARTER),
    _brand(
        "SEARCH_CATALOG_PERFORMANCE",
        _WEEK_TO_QUARTER,
        SELLER,
        optional={"asins": ANY_TEXT},
    ),
    _brand(
        "SEARCH_QUERY_PERFORMANCE",
        _WEEK_TO_QUARTER,
        SELLER,
        required={"asin": ANY_TEXT},
    ),
    _real_time("INVENTORY", 0.1, 24, 168),
    _real_time("SALES", 0.1, 336, 336, {"currencyCode": ANY_TEXT}),
    _real_time("TRAFFIC", 1, 336, 336),
    _vendor(
        "SALES",
        distributorView=_VIEWS,
        sellingProgram=("RETAIL", "BUSINESS", "FRESH"),
    ),
    _vendor("NET_PURE_PRODUCT_MARGIN", 168),
    _vendor("TRAFFIC"),
    _vendor("INVENTORY", distributorView=_VIEWS, sellingProgram=("RETAIL", "FRESH")),
    ReportType(
        "GET_VENDOR_FORECASTING_REPORT",
        VENDOR,
        "snapshot",
        required={"sellingProgram": ("RETAIL", "FRESH")},
        is_brand_analytics=True,
    ),
    ReportType(
        "GET_COUPON_PERFORMANCE_REPORT",
        BOTH,
        "starts",
        history={"DAY": 731},
        is_brand_analytics=True,
        is_single=False,
    ),
    ReportType(
        "GET_PROMOTION_PERFORMANCE_REPORT",
        BOTH,
        "starts",
        history={"DAY": 731},
        is_brand_analytics=True,
        is_single=False,
    ),
    ReportType(
        "GET_SALES_AND_TRAFFIC_REPORT",
        SELLER,
        "days",
        optional={
            "dateGranularity": ("DAY", "WEEK", "MONTH"),
            "asinGranularity": ("PARENT", "CHILD", "SKU"),
        },
        history={"DAY": 731},
        is_brand_analytics=True,
    ),
)
_LEDGER = {"FNSKU": ANY_TEXT, "MSKU": ANY_TEXT, "ASIN": ANY_TEXT}
_ALL_ORDERS = "ALL_ORDERS_DATA_BY"
_OTHER = (
    *(
        _flat(
            f"GET_{kind}_{_ALL_ORDERS}_{by}_GENERAL",
            "days",
            file_format,
            is_single=False,
        )
        for kind, file_format in (("FLAT_FILE", "tsv"), ("XML", "xml"))
        for by in ("LAST_UPDATE", "ORDER_DATE")
    ),
    _flat(
        "GET_MERCHANT_LISTINGS_ALL_DATA",
        optional={"custom": ANY_TEXT, "preferredReportDocumentLocale": ANY_TEXT},
    ),
    _flat("GET_FLAT_FILE_OPEN_LISTINGS_DATA"),
    _flat("GET_AFN_INVENTORY_DATA", cooldown_seconds=_HALF_HOUR),
    _flat(
        "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA",
        cooldown_seconds=_HALF_HOUR,
    ),
    _flat("GET_FBA_INVENTORY_PLANNING_DATA", cooldown_seconds=_FOUR_HOURS),
    _flat(
        "GET_LEDGER_SUMMARY_VIEW_DATA",
        "days",
        is_quoted=True,
        optional={
            "aggregateByLocation": ("COUNTRY", "FC"),
            "aggregatedByTimePeriod": ("DAILY", "WEEKLY", "MONTHLY"),
            **_LEDGER,
        },
        cooldown_seconds=_FOUR_HOURS,
    ),
    _flat(
        "GET_LEDGER_DETAIL_VIEW_DATA",
        "days",
        is_quoted=True,
        optional={"eventType": ANY_TEXT, **_LEDGER},
        cooldown_seconds=_FOUR_HOURS,
    ),
    _flat("GET_B2B_PRODUCT_OPPORTUNITIES_RECOMMENDED_FOR_YOU", file_format="csv"),
    _flat("GET_XML_BROWSE_TREE_DATA", file_format="xml"),
    _flat("GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING", "days", is_restricted=True),
    _flat("SC_VAT_TAX_REPORT", "days", "csv", is_restricted=True),
    _flat("GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2", is_requestable=False),
)
REPORT_TYPES: Mapping[str, ReportType] = {
    report_type.name: report_type for report_type in (*_ANALYTICS, *_OTHER)
}
"""Report type name -> its rules."""
SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
SALES_AND_TRAFFIC = "GET_SALES_AND_TRAFFIC_REPORT"
ALL_ORDERS = tuple(name for name in REPORT_TYPES if _ALL_ORDERS in name)
MAX_ORDER_DAYS = 30
"""A longer request for all orders comes back empty."""
