"""How a report must end that Amazon took although it does not fit. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from amazon_emulator.selling_partner.periods import (
    first_day,
    last_day,
    shifted,
    spans,
    start_range,
)
from amazon_emulator.selling_partner.report_types import ANY_TEXT, SALES_AND_TRAFFIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.marketplaces import Marketplace
    from amazon_emulator.selling_partner.report_types import SpReportType

GENERIC = (
    "The report request failed with a client error. Please check that your parameters "
    "are valid for this report type and marketplace."
)
UNAVAILABLE = (
    "The requested data is unavailable. Please try a different date range for this "
    "request."
)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class FinalStatus:
    """The status a report ends with, and the text of its error document (if any)."""

    status: str
    details: str | None = None


@dataclass(frozen=True, slots=True)
class SpReportRequest:
    """A createReport that was taken; `final_status` says how it must end."""

    report_type: SpReportType
    marketplaces: Sequence[Marketplace]
    options: Mapping[str, str]
    start: datetime
    end: datetime
    final_status: FinalStatus | None = None


def final_status_of(
    request: SpReportRequest, partner: Partner, now: datetime, extra_hours: float = 0
) -> FinalStatus | None:
    """Return how the report must end; None: it is made."""
    report_type = request.report_type
    if report_type.name in partner.without_data:
        if report_type.is_brand_analytics and report_type.name != SALES_AND_TRAFFIC:
            return _fatal(GENERIC)
        return FinalStatus("CANCELLED")
    if report_type.is_single and len(request.marketplaces) > 1:
        return _fatal("The report type supports one marketplace per request.")
    problem = _options_problem(request, partner, now)
    if problem is not None:
        return _fatal(problem)
    checks = {"periods": _periods, "hours": _hours, "days": _days}
    check = checks.get(report_type.shape)
    return None if check is None else check(request, now, extra_hours)


def required_options(
    report_type: SpReportType, kind: str
) -> Mapping[str, Sequence[str]]:
    """Return the options a request must have; offers differ by account kind."""
    if report_type.shape != "starts":
        return report_type.required
    word = "promotion"
    if "COUPON" in report_type.name:
        word = "campaign" if kind == "vendor" else "coupon"
    return {f"{word}StartDateFrom": ANY_TEXT, f"{word}StartDateTo": ANY_TEXT}


def _fatal(details: str) -> FinalStatus:
    return FinalStatus("FATAL", details)


def _options_problem(
    request: SpReportRequest, partner: Partner, now: datetime
) -> str | None:
    report_type, options = request.report_type, request.options
    required = required_options(report_type, partner.account_type)
    missing = [name for name in required if name not in options]
    if missing:
        return (
            f"Report type {report_type.name} requires the {', '.join(required)} "
            "reportOption to be specified. Please check your request."
        )
    known = {**required, **report_type.optional}
    for name, value in options.items():
        allowed = known.get(name)
        # Seen live: real-time reports ignore options they do not know.
        if allowed is None and report_type.shape == "hours":
            continue
        if allowed is None or (allowed and value not in allowed):
            return GENERIC
    if report_type.shape == "starts":
        return _starts_problem(request, now)
    return None


def _starts_problem(request: SpReportRequest, now: datetime) -> str | None:
    try:
        first, last = start_range(request.options)
    except (ValueError, KeyError):
        return GENERIC
    days = request.report_type.history["DAY"]
    too_early = first < now - timedelta(days=days)
    return GENERIC if first > last or too_early else None


def _periods(
    request: SpReportRequest, now: datetime, extra_hours: float
) -> FinalStatus | None:
    report_type, period = request.report_type, request.options["reportPeriod"]
    start, end = request.start.date(), request.end.date()
    problem = _alignment(report_type, period, start, end)
    if problem is not None:
        return _fatal(problem)
    marketplace = request.marketplaces[0]
    today = _today(marketplace, now)
    is_vendor = report_type.name.startswith("GET_VENDOR")
    text = UNAVAILABLE if is_vendor else GENERIC
    known = _known_at(marketplace, end, report_type.delay_hours + extra_hours)
    if known > now:
        return _fatal(text)
    earliest = shifted(period, first_day(period, today), -report_type.history[period])
    return _fatal(text) if start < earliest else None


def _alignment(
    report_type: SpReportType, period: str, start: date, end: date
) -> str | None:
    if end < start:
        return GENERIC
    most = report_type.spans[period]
    if period == "DAY" and most == 1 and start != end:
        return (
            "dataStartTime must be the same day as dataEndTime when reportPeriod=DAY."
        )
    if start != first_day(period, start) or end != last_day(period, end):
        return (
            f"dataStartTime and dataEndTime must be the first and the last day of a "
            f"period when reportPeriod={period}."
        )
    if sum(1 for _ in spans(period, start, end)) > most:
        return GENERIC
    return None


def _hours(
    request: SpReportRequest, now: datetime, extra_hours: float
) -> FinalStatus | None:
    report_type = request.report_type
    delay = timedelta(hours=report_type.delay_hours + extra_hours)
    if request.end < request.start:
        return _fatal(GENERIC)
    if request.end + delay > now:
        return _fatal(UNAVAILABLE)
    if request.end - request.start > report_type.spans["HOUR"] * _HOUR:
        return _fatal(GENERIC)
    if request.start < now - report_type.history["HOUR"] * _HOUR:
        return _fatal(UNAVAILABLE)
    return None


def _days(
    request: SpReportRequest, now: datetime, extra_hours: float
) -> FinalStatus | None:
    del extra_hours  # these reports show what there is
    if request.end < request.start:
        return _fatal(GENERIC)
    days = request.report_type.history.get("DAY")
    if days is not None and request.start < now - timedelta(days=days):
        return FinalStatus("CANCELLED")
    is_ahead = request.end.date() > _today(request.marketplaces[0], now)
    return _fatal(GENERIC) if is_ahead else None


def _today(marketplace: Marketplace, now: datetime) -> date:
    return now.astimezone(ZoneInfo(marketplace.timezone)).date()


def _known_at(marketplace: Marketplace, end: date, delay_hours: float) -> datetime:
    """Return when the numbers of a period that ends on a day are there."""
    zone = ZoneInfo(marketplace.timezone)
    midnight = datetime.combine(end + timedelta(days=1), time(), zone)
    return midnight + timedelta(hours=delay_hours)
