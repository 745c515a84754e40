"""What a report request is made of, beside account and window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from singer_amazon.reports.model import ReportRequest, Window, step_on, text_of
from tap_amazon_sp.marketplaces import Marketplace
from tap_amazon_sp.periods import GRACE_DAYS, Period, PeriodRules, covering
from tap_amazon_sp.reports.period_grid import may_come
from tap_amazon_sp.timestamps import format_instant, midnight

LATE_DAYS = 2
"""How late a report of a type we do not know may be before we wonder."""

_DATE_LENGTH = len("2026-11-20")

Dates = Literal["days", "hours", "offers", "instants", "fixed", "none"]


@dataclass(frozen=True, slots=True)
class RequestSpec:
    """What is requested of one report type, the window left open.

    `dates` says how a window is written: as `days`, as `hours` or as `instants` of
    UTC; as the two options of `offers`; `fixed` are the user's own; `none` are sent.
    `is_checked`: options and dates passed our own checks, so that Amazon's general
    complaint about them cannot be meant literally.
    """

    report_type: str
    marketplaces: tuple[str, ...]
    options: Mapping[str, str]
    dates: Dates
    offer_options: tuple[str, ...] = ()
    fixed: tuple[str | None, str | None] = (None, None)
    is_checked: bool = True
    period: Period | None = None
    rules: PeriodRules | None = None
    marketplace: Marketplace | None = None

    def definition(self) -> dict[str, Any]:
        """Return what decides the rows apart from the window."""
        found: dict[str, Any] = {
            "report_type": self.report_type,
            "marketplace_ids": list(self.marketplaces),
            "options": dict(self.options),
            "dates": self.dates,
        }
        return found | ({"fixed": list(self.fixed)} if any(self.fixed) else {})

    def body(self, request: ReportRequest, now: datetime) -> dict[str, Any]:
        """Return the body of createReport."""
        options = dict(self.options)
        start, end = self._times(request.window)
        if self.dates == "offers":
            # the first and last start of offers: none in the future
            bounds = midnight(request.window.start), now
            texts = map(format_instant, bounds)
            options |= zip(self.offer_options, texts, strict=True)
        body: dict[str, Any] = {
            "reportType": self.report_type,
            "marketplaceIds": list(self.marketplaces),
        }
        if start:
            body["dataStartTime"] = start
        if end:
            body["dataEndTime"] = end
        return body | ({"reportOptions": options} if options else {})

    def may_come(self, window: Window, now: datetime) -> bool:
        """Whether what is not there may still be published.

        A snapshot may always: nothing is lost, each run requests it anew.
        """
        today = self.marketplace.today(now) if self.marketplace else now.date()
        if self.dates == "fixed":
            return today < step_on(window.end, LATE_DAYS + GRACE_DAYS)
        if self.period is None or self.rules is None:
            return True
        return may_come(self.period, self.rules, window, today=today, now=now)

    def _times(self, window: Window) -> tuple[str | None, str | None]:
        if self.dates == "fixed":
            start, end = self.fixed
            return _instant(start), _instant(end)
        if self.dates == "instants":
            start, end = text_of(window.start), text_of(window.end)
            return f"{start}T00:00:00Z", f"{end}T23:59:59Z"
        if self.dates == "hours":
            return covering(Period.HOUR, window).request_dates()
        if self.dates == "days":
            return _instant(text_of(window.start)), _instant(text_of(window.end))
        return None, None


def _instant(text: str | None) -> str | None:
    """Return a date as the instant that Amazon's model wants."""
    return f"{text}T00:00:00Z" if text and len(text) == _DATE_LENGTH else text


def spec_of(request: ReportRequest) -> RequestSpec:
    """Return what a request is made of."""
    assert isinstance(request.spec, RequestSpec)  # noqa: S101 - our partitions set it
    return request.spec
