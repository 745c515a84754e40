"""Validates a createReport: refused at once, or a report that ends FATAL or CANCELLED.

Amazon refuses little at once. Options and dates that do not fit a report type are
taken, and the report is FATAL with a document that says why, more or less clearly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

from amazon_emulator.http import RefusalError
from amazon_emulator.selling_partner.access.refusals import (
    OVER_QUOTA,
    invalid,
)
from amazon_emulator.selling_partner.accounts import BRAND_ANALYTICS
from amazon_emulator.selling_partner.queries import read_instant, read_marketplaces
from amazon_emulator.selling_partner.report_types import REPORT_TYPES
from amazon_emulator.selling_partner.reports.content_validation import (
    SpReportRequest,
    final_status_of,
)

if TYPE_CHECKING:
    from datetime import datetime

    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.report_types import SpReportType

MAX_MARKETPLACES = 25
FORBIDDEN = "Access to the resource is forbidden"


def validate(
    body: Mapping[str, object], partner: Partner, now: datetime, extra_hours: float = 0
) -> SpReportRequest:
    """Return what is asked for, or refuse it (400, 403, 429)."""
    name, ids = body.get("reportType"), body.get("marketplaceIds")
    if not isinstance(name, str) or not name:
        raise invalid("Missing required parameter: reportType.")
    if not _are_texts(ids) or not 1 <= len(ids) <= MAX_MARKETPLACES:
        raise invalid("marketplaceIds must be a list of 1 to 25 marketplace ids.")
    start = read_instant(body, "dataStartTime", now)
    end = read_instant(body, "dataEndTime", now)
    options = _options(body.get("reportOptions"))
    report_type = _report_type(name, partner)
    marketplaces = read_marketplaces(ids, partner)
    request = SpReportRequest(report_type, marketplaces, options, start, end)
    return replace(
        request, final_status=final_status_of(request, partner, now, extra_hours)
    )


def _report_type(name: str, partner: Partner) -> SpReportType:
    report_type = REPORT_TYPES.get(name)
    if report_type is None:
        raise invalid("Invalid Report Type: the report type is unknown.", name)
    if not report_type.is_requestable:
        # Seen live: a type that Amazon makes by itself is refused so for ever.
        raise RefusalError(429, OVER_QUOTA)
    has_role = BRAND_ANALYTICS in partner.roles or not report_type.is_brand_analytics
    if partner.account_type not in report_type.kinds or not has_role:
        raise RefusalError(403, FORBIDDEN)
    return report_type


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _options(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}  # seen live: a list is ignored, not refused
    for name, text in value.items():
        if not isinstance(text, str):
            raise invalid("reportOptions must hold texts only.", str(name))
    return value
