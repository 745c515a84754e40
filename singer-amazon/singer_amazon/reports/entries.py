"""Windows, gaps and pending reports as entries of a Singer state, both ways.

Whatever is not as this version writes it raises ValueError with a few words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TypeVar

from singer_amazon.reports.model import (
    ClosedGap,
    Delivery,
    Gap,
    Members,
    PendingReport,
    Window,
)

T = TypeVar("T")
Entry = dict[str, object]

# --- writing ---------------------------------------------------------------


def of_delivery(delivery: Delivery) -> Entry:
    """Return the entry of a delivered window."""
    return _of_window(delivery.window) | of_members(delivery.members)


def of_pending(report: PendingReport) -> Entry:
    """Return the entry of a report Amazon works on."""
    rest = {
        "fingerprint": report.fingerprint,
        "requested_at": report.requested_at.isoformat(),
    }
    return (
        {"report_id": report.report_id}
        | _of_window(report.window)
        | rest
        | of_members(report.members)
    )


def of_gap(gap: Gap) -> Entry:
    """Return the entry of an open gap."""
    rest = {"reason": gap.reason, "attempts": gap.attempts}
    return _of_window(gap.window) | rest | of_members(gap.members)


def of_closed_gap(gap: ClosedGap) -> Entry:
    """Return the entry of a gap given up."""
    rest = {
        "reason": gap.reason,
        "attempts": gap.attempts,
        "closed_at": gap.closed_at.isoformat(),
    }
    return _of_window(gap.window) | rest | of_members(gap.members)


def of_members(members: Members) -> Entry:
    """Return the list of advertisers, if it is about any."""
    return {"advertiser_ids": sorted(members)} if members else {}


def _of_window(window: Window) -> Entry:
    return {"start": window.start.isoformat(), "end": window.end.isoformat()}


# --- reading ---------------------------------------------------------------


def read_list(
    entry: Mapping[str, object], name: str, read: Callable[[Mapping[str, object]], T]
) -> list[T]:
    """Read all entries of one list; a list that is not there is empty."""
    items = entry.get(name) or []
    if not isinstance(items, list) or not all(isinstance(i, dict) for i in items):
        msg = f"{name} is not a list of objects"
        raise ValueError(msg)
    return [read(item) for item in items]


def read_delivery(item: Mapping[str, object]) -> Delivery:
    """Read what `of_delivery` wrote."""
    return Delivery(_read_window(item), read_members(item))


def read_pending(item: Mapping[str, object]) -> PendingReport:
    """Read what `of_pending` wrote."""
    return PendingReport(
        report_id=_text(item, "report_id"),
        window=_read_window(item),
        fingerprint=_text(item, "fingerprint"),
        requested_at=_read_instant(_text(item, "requested_at")),
        members=read_members(item),
    )


def read_gap(item: Mapping[str, object]) -> Gap:
    """Read what `of_gap` wrote."""
    return Gap(
        _read_window(item),
        _text(item, "reason"),
        int(_text(item, "attempts")),
        read_members(item),
    )


def read_closed_gap(item: Mapping[str, object]) -> ClosedGap:
    """Read what `of_closed_gap` wrote."""
    return ClosedGap(
        _read_window(item),
        _text(item, "reason"),
        int(_text(item, "attempts")),
        _read_instant(_text(item, "closed_at")),
        read_members(item),
    )


def read_members(item: Mapping[str, object]) -> Members:
    """Read the list of advertisers."""
    people = item.get("advertiser_ids") or []
    if not isinstance(people, list):
        msg = "advertiser_ids is not a list"
        raise ValueError(msg)  # noqa: TRY004 - callers catch ValueError for any damage
    return frozenset(str(p) for p in people)


def read_day(value: object) -> date | None:
    """Read a day, also from an instant as other taps write bookmarks."""
    return date.fromisoformat(str(value)[:10]) if value else None


def _read_window(item: Mapping[str, object]) -> Window:
    return Window(
        date.fromisoformat(_text(item, "start")),
        date.fromisoformat(_text(item, "end")),
    )


def _read_instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if instant.tzinfo is None:
        msg = f"{text} has no time zone"
        raise ValueError(msg)
    return instant


def _text(item: Mapping[str, object], name: str) -> str:
    value = item.get(name)
    if value is None:
        msg = f"an entry without {name}"
        raise ValueError(msg)
    return str(value)
