"""Keeps windows open whose zeros look wrong, in whatever order documents come."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date

from singer_amazon.report_log.coverage import period_starts
from singer_amazon.reports.model import ReportRequest, text_of
from singer_amazon.tap.context import RunContext
from tap_amazon_sp.data_kiosk.null_rows import NullRows
from tap_amazon_sp.data_kiosk.zero_sales import SalesWatch, may_still_change

_MOST_NAMED = 5


class SalesCheck:
    """The windows of one stream; for the main thread only."""

    def __init__(self, run: RunContext, *, has_sales: bool) -> None:
        self._has_sales = has_sales
        """Whether a column is read that says what was sold."""
        self.watch = SalesWatch()
        self.nulls = NullRows()
        self._run = run
        self._held: dict[Hashable, list[ReportRequest]] = {}
        """Windows without sales, while earlier ones are still to come."""

    def is_final(self, request: ReportRequest) -> bool:
        """Whether a window is done whose rows are written."""
        found = self._decide(request, request)
        if found is None:
            self._held.setdefault(request.partition_key, []).append(request)
        self._decide_held(request)
        return found is True

    def _decide_held(self, current: ReportRequest) -> None:
        key = current.partition_key
        held, self._held[key] = self._held.get(key, []), []
        for request in held:
            found = self._decide(request, current)
            if found is None:
                self._held[key].append(request)
            elif found and request is not current:
                self._run.session.settle(request)

    def _decide(self, request: ReportRequest, current: ReportRequest) -> bool | None:
        """Say whether a window is done; None while that cannot be said."""
        if self.nulls.are_all(request.identity):
            days = text_of(request.window.start)
            end = max(self._starts(request), default=request.window.end)
            return self._warned(request, end, f"only nulls on {days}")
        if not self._has_sales:
            return True
        key, starts = request.partition_key, self._starts(request)
        found = self.watch.suspicious(key, starts)
        if found:
            days = ", ".join(map(text_of, found[:_MOST_NAMED]))
            what = f"no sales at all on {days}, though days before had some"
            return self._warned(request, found[-1], what)
        has_zeros = bool(self.watch.without_sales(key, starts))
        return None if has_zeros and self._is_earlier_due(request, current) else True

    def _starts(self, request: ReportRequest) -> list[date]:
        grid = self._run.session.partition(request).limits.grid
        return list(period_starts(request.window, grid))

    def _is_earlier_due(self, request: ReportRequest, current: ReportRequest) -> bool:
        """Whether a window before it is still to come in this run."""
        return any(
            not report.state.is_final
            and subscriber.partition_key == request.partition_key
            and subscriber.window.end < request.window.start
            and subscriber is not current
            for report in self._run.session.engine.reports
            for subscriber in report.subscribers
        )

    def _warned(self, request: ReportRequest, last: date, what: str) -> bool:
        today = self._run.clock.now().date()
        is_open = may_still_change(last, today)
        label = self._run.session.partition(request).label
        then = "the next run reads them again" if is_open else "they are taken as final"
        self._run.warn_once(
            f"{request.stream} of {label}: {what}. Amazon has sent such days before "
            f"its data were whole: {then}"
        )
        return not is_open
