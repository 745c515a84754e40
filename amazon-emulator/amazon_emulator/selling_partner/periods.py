"""Days, weeks, months, quarters and years: where they begin and end. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from amazon_emulator.clock import parse_instant

PERIODS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_SUNDAY = 6


def first_day(period: str, day: date) -> date:
    """Return the day on which the period that contains `day` begins."""
    if period == "DAY":
        return day
    if period == "WEEK":
        return day - timedelta(days=(day.weekday() - _SUNDAY) % 7)
    length = _MONTHS[period]
    return day.replace(month=(day.month - 1) // length * length + 1, day=1)


def shifted(period: str, start: date, count: int) -> date:
    """Return the first day of the period `count` periods after that of `start`."""
    if period in ("DAY", "WEEK"):
        return start + timedelta(days=count * (1 if period == "DAY" else 7))
    months = start.year * 12 + start.month - 1 + count * _MONTHS[period]
    return date(months // 12, months % 12 + 1, 1)


def last_day(period: str, day: date) -> date:
    """Return the day on which the period that contains `day` ends."""
    return shifted(period, first_day(period, day), 1) - timedelta(days=1)


def spans(period: str, start: date, end: date) -> Iterator[tuple[date, date]]:
    """Yield first and last day of each period from that of `start` on, to `end`."""
    first = first_day(period, start)
    while first <= end:
        yield first, last_day(period, first)
        first = shifted(period, first, 1)


def start_range(options: Mapping[str, str]) -> tuple[datetime, datetime]:
    """Return the range of offer starts; a wrong one raises ValueError."""
    ends = {
        name.rpartition("StartDate")[2]: value
        for name, value in options.items()
        if "StartDate" in name
    }
    return parse_instant(ends["From"]), parse_instant(ends["To"])
