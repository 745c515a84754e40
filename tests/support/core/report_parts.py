"""Small makers of the engine's values, so that tests read as what they say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from singer_amazon.reports.model import (
    NO_MEMBERS,
    Members,
    PendingReport,
    ReportRequest,
    Window,
)
from support.core.emulation import NOON

__all__ = ["NOON"]

DAY_ONE = date(2026, 10, 1)


def day(number: int) -> date:
    """Return the n-th day of the tests' calendar; day 1 is 1 October 2026."""
    return DAY_ONE + timedelta(days=number - 1)


def window(first: int, last: int | None = None) -> Window:
    return Window(day(first), day(first if last is None else last))


def numbers(windows: Iterable[Window]) -> set[int]:
    """Return all days of these windows as numbers."""
    return {
        (item.start - DAY_ONE).days + 1 + offset
        for item in windows
        for offset in range(item.length)
    }


def spans_of(windows: Iterable[Window]) -> list[tuple[int, int]]:
    return [((w.start - DAY_ONE).days + 1, (w.end - DAY_ONE).days + 1) for w in windows]


def people(names: Sequence[str] = ()) -> Members:
    """Return advertisers by one letter each."""
    return frozenset(names) if names else NO_MEMBERS


def pending(
    first: int, last: int | None = None, report_id: str = "r1", names: str = ""
) -> PendingReport:
    return PendingReport(report_id, window(first, last), "f" * 16, NOON, people(names))


def request(
    first: int = 1,
    last: int | None = None,
    *,
    stream: str = "campaigns",
    account: str = "1",
    report_type: str = "spCampaigns",
    waiting_since: int | None = None,
    fingerprint: str | None = None,
) -> ReportRequest:
    return ReportRequest(
        stream=stream,
        account=account,
        report_type=report_type,
        window=window(first, last),
        definition={"stream": stream},
        fingerprint=fingerprint or stream,
        waiting_since=day(first if waiting_since is None else waiting_since),
    )
