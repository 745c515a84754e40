"""What each report type takes: who may ask, options, periods, span, delay, history.

`report_types.json` has the rules by name, in the fields of `SpReportType`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

ANY_TEXT: Sequence[str] = ()
"""An option whose value may be any text; in the file, an empty list."""
Options = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class SpReportType:
    """The rules of one report type."""

    name: str
    kinds: Sequence[str]
    """`seller`, `vendor` or both."""
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


def _read() -> dict[str, SpReportType]:
    text = files(__package__).joinpath("report_types.json").read_text(encoding="utf-8")
    return {
        name: SpReportType(name, **rules) for name, rules in json.loads(text).items()
    }


REPORT_TYPES: Mapping[str, SpReportType] = _read()
"""Report type name -> its rules."""
SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
SALES_AND_TRAFFIC = "GET_SALES_AND_TRAFFIC_REPORT"
ALL_ORDERS = tuple(name for name in REPORT_TYPES if "ALL_ORDERS_DATA_BY" in name)
MAX_ORDER_DAYS = 30
"""A longer request for all orders comes back empty."""
