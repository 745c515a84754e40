"""Windows, gaps and pending reports as entries of a Singer state, both ways.

Whatever is not as this version writes it raises ValueError with a few words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import TypeVar

from singer_amazon.reports.model import (
    ClosedGap,
    DateOrHour,
    Delivery,
    Gap,
    Members,
    PendingReport,
    ResultPage,
    TakenReport,
    Window,
    is_report_id,
    text_of,
)

T = TypeVar("T")
Entry = dict[str, object]

# --- writing ---------------------------------------------------------------


def of_delivery(delivery: Delivery) -> Entry:
    """Return the entry of a delivered window."""
    return _of_window(delivery.window) | of_members(delivery.members)


def of_pending(report: PendingReport) -> Entry:
    """Return the entry of a report Amazon works on."""
    rest: Entry = {
        "fingerprint": report.fingerprint,
        "requested_at": report.requested_at.isoformat(),
    }
    if report.seen_empty:
        rest["seen_empty"] = True
    if report.page is not None:
        rest["next_page" if report.is_read else "page"] = {
            "number": report.page.number,
            "token": report.page.token,
            "text": report.page.text,
            "after": report.page.after,
        } | ({"part": report.page.part} if report.page.part > 1 else {})
    if report.before:
        rest["before"] = list(report.before)
    return (
        {"report_id": report.report_id}
        | _of_window(report.window)
        | rest
        | of_members(report.members)
    )


def of_taken(report: TakenReport) -> Entry:
    """Return the entry of a report that was there already."""
    return {"report_id": report.report_id, "created_at": report.created_at.isoformat()}


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
    return {"start": text_of(window.start), "end": text_of(window.end)}


# --- reading ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads entries of a stream that counts in days, or in hours of UTC."""

    in_hours: bool = False

    def entries_of(
        self,
        entry: Mapping[str, object],
        name: str,
        read: Callable[[Mapping[str, object]], T],
    ) -> list[T]:
        """Read all entries of one list; a list that is not there is empty."""
        items = entry.get(name) or []
        if not isinstance(items, list) or not all(isinstance(i, dict) for i in items):
            msg = f"{name} is not a list of objects"
            raise ValueError(msg)
        return [read(item) for item in items]

    def delivery(self, item: Mapping[str, object]) -> Delivery:
        """Read what `of_delivery` wrote."""
        return Delivery(self._window(item), read_members(item))

    def pending(self, item: Mapping[str, object]) -> PendingReport:
        """Read what `of_pending` wrote."""
        return PendingReport(
            report_id=_report_id(_text(item, "report_id")),
            window=self._window(item),
            fingerprint=_text(item, "fingerprint"),
            requested_at=_read_instant(_text(item, "requested_at")),
            members=read_members(item),
            seen_empty=bool(item.get("seen_empty")),
            page=_read_page(item.get("next_page") or item.get("page")),
            is_read=bool(item.get("next_page")),
            before=_read_before(item.get("before") or []),
        )

    def gap(self, item: Mapping[str, object]) -> Gap:
        """Read what `of_gap` wrote."""
        return Gap(
            self._window(item),
            _text(item, "reason"),
            int(_text(item, "attempts")),
            read_members(item),
        )

    def closed_gap(self, item: Mapping[str, object]) -> ClosedGap:
        """Read what `of_closed_gap` wrote."""
        return ClosedGap(
            self._window(item),
            _text(item, "reason"),
            int(_text(item, "attempts")),
            _read_instant(_text(item, "closed_at")),
            read_members(item),
        )

    def moment(self, value: object) -> DateOrHour | None:
        """Read a bookmark; one of another tap may be an instant where we count days."""
        return self._moment(str(value)) if value else None

    def _window(self, item: Mapping[str, object]) -> Window:
        return Window(
            self._moment(_text(item, "start")), self._moment(_text(item, "end"))
        )

    def _moment(self, text: str) -> DateOrHour:
        if not self.in_hours:
            return date.fromisoformat(text[:10])
        if len(text) == len("2026-11-18"):
            text += "T00:00:00Z"
        try:
            instant = _read_instant(text).astimezone(timezone.utc)
        except OverflowError:
            msg = f"{text} is no time"
            raise ValueError(msg) from None
        return instant.replace(minute=0, second=0, microsecond=0)


def read_taken(item: Mapping[str, object]) -> TakenReport:
    """Read what `of_taken` wrote."""
    return TakenReport(
        _text(item, "report_id"), _read_instant(_text(item, "created_at"))
    )


def read_members(item: Mapping[str, object]) -> Members:
    """Read the list of advertisers."""
    people = item.get("advertiser_ids") or []
    if not isinstance(people, list):
        msg = "advertiser_ids is not a list"
        raise ValueError(msg)  # noqa: TRY004 - callers catch ValueError for any damage
    return frozenset(str(p) for p in people)


def read_instant(value: object) -> datetime | None:
    """Read an instant that need not be there."""
    return _read_instant(str(value)) if value else None


def _read_page(entry: object) -> ResultPage | None:
    if entry is None:
        return None
    if not isinstance(entry, dict):
        msg = "a page of a result is no object"
        raise ValueError(msg)  # noqa: TRY004 - callers catch ValueError for any damage
    number = int(_text(entry, "number"))
    token, text = _text(entry, "token"), _text(entry, "text")
    after, part = _text(entry, "after"), int(str(entry.get("part") or 1))
    return ResultPage(number, token, text, after, part)


def _read_before(ids: object) -> tuple[str, ...]:
    if not isinstance(ids, list):
        msg = "before is not a list of reports"
        raise ValueError(msg)  # noqa: TRY004 - callers catch ValueError for any damage
    return tuple(_report_id(str(report_id)) for report_id in ids)


def _report_id(text: str) -> str:
    if not is_report_id(text):
        msg = f"{text[:40]!r} is no report id"
        raise ValueError(msg)
    return text


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
