"""Validates a createReport: refused at once, or a report that ends FATAL or CANCELLED.

Amazon refuses little at once. Options and dates that do not fit a report type are
taken, and the report is FATAL with a document that says why, more or less clearly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeGuard

from amazon_emulator.clock import parse_instant
from amazon_emulator.http import RefusalError
from amazon_emulator.selling_partner.access.refusals import (
    OVER_QUOTA,
    denied,
    invalid,
)
from amazon_emulator.selling_partner.accounts import BRAND_ANALYTICS
from amazon_emulator.selling_partner.marketplaces import MARKETPLACES
from amazon_emulator.selling_partner.report_types import REPORT_TYPES
from amazon_emulator.selling_partner.reports.content_validation import (
    ReportRequest,
    final_status_of,
)

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.marketplaces import Marketplace
    from amazon_emulator.selling_partner.report_types import ReportType

MAX_MARKETPLACES = 25
FORBIDDEN = "Access to the resource is forbidden"


def validate(
    body: Mapping[str, object], partner: Partner, now: datetime, extra_hours: float = 0
) -> ReportRequest:
    """Return what is asked for, or refuse it (400, 403, 429)."""
    name, ids = body.get("reportType"), body.get("marketplaceIds")
    if not isinstance(name, str) or not name:
        raise invalid("Missing required parameter: reportType.")
    if not _are_texts(ids) or not 1 <= len(ids) <= MAX_MARKETPLACES:
        raise invalid("marketplaceIds must be a list of 1 to 25 marketplace ids.")
    start = _instant(body, "dataStartTime", now)
    end = _instant(body, "dataEndTime", now)
    options = _options(body.get("reportOptions"))
    report_type = _report_type(name, partner)
    marketplaces = _marketplaces(ids, partner)
    request = ReportRequest(report_type, marketplaces, options, start, end)
    return replace(
        request, final_status=final_status_of(request, partner, now, extra_hours)
    )


def _report_type(name: str, partner: Partner) -> ReportType:
    report_type = REPORT_TYPES.get(name)
    if report_type is None:
        raise invalid("Invalid Report Type: the report type is unknown.", name)
    if not report_type.is_requestable:
        # Seen live: a type that Amazon makes by itself is answered so for ever.
        raise RefusalError(429, OVER_QUOTA)
    has_role = BRAND_ANALYTICS in partner.roles or not report_type.is_brand_analytics
    if partner.account_type not in report_type.kinds or not has_role:
        raise RefusalError(403, FORBIDDEN)
    return report_type


def _marketplaces(ids: Sequence[str], partner: Partner) -> list[Marketplace]:
    for marketplace_id in ids:
        if marketplace_id not in MARKETPLACES:
            raise invalid("Invalid Marketplace id.", marketplace_id)
        if marketplace_id not in partner.marketplace_ids:
            raise denied()
    return [MARKETPLACES[marketplace_id] for marketplace_id in ids]


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _instant(body: Mapping[str, object], name: str, now: datetime) -> datetime:
    value = body.get(name)
    if value is None:
        return now
    try:
        return parse_instant(str(value))
    except ValueError:
        text = f"{name} is not an ISO 8601 date-time."
        raise invalid(text, str(value)) from None


def _options(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}  # seen live: a list is ignored, not refused
    for name, text in value.items():
        if not isinstance(text, str):
            raise invalid("reportOptions must hold texts only.", str(name))
    return value
