"""Whole periods: what can be requested, and from when on.

Every period of a kind has a number, and neighbours have neighbouring numbers; so
spans of periods are spans of integers, and nothing can be skipped or counted twice.
Weeks run from Sunday to Saturday, hours are hours of UTC. Days are dates of the
marketplace: what "today" is there, the caller says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import Enum

from singer_amazon.reports.model import DateOrHour, Window
from tap_amazon_sp.timestamps import format_instant, midnight

START_DAYS = 30
"""How far back a first run reads without start_date."""

GRACE_DAYS = 7
"""How long past its expected day a report may still be "not yet available"."""

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Period(str, Enum):
    """A kind of period, as Amazon names it."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


CUSTOM_PERIODS = ("DAY", "WEEK", "MONTH", "QUARTER")
"""What a custom report may count in."""

_MAX_DAYS = {
    Period.DAY: 1,
    Period.WEEK: 7,
    Period.MONTH: 31,
    Period.QUARTER: 92,
    Period.YEAR: 366,
}
_DAYS = {Period.DAY: 1, Period.WEEK: 7}
_MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}


@dataclass(frozen=True, slots=True)
class PeriodRules:
    """What Amazon allows for one kind of period of one report.

    `per_request` counts periods (None: any number), and so does `lookback`. `holdback`
    says how long after a period's end asking makes sense, `expected` until when Amazon
    usually has published it, `history` how far back it can be had (None: not known);
    these are days, for hours they are hours.
    """

    per_request: int | None
    holdback: int
    expected: int
    history: int | None
    lookback: int


@dataclass(frozen=True, slots=True, order=True)
class Periods:
    """Neighbouring periods of one kind, by the numbers of the first and the last."""

    period: Period
    first: int
    last: int

    def __post_init__(self) -> None:
        if self.first > self.last:
            msg = f"no periods from number {self.first} to {self.last}"
            raise ValueError(msg)

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        start, end = self.request_dates()
        return start if start == end else f"{start}..{end}"

    @property
    def window(self) -> Window:
        """The days from the first to the last, or the hours."""
        start, end = start_of(self.period, self.first), end_of(self.period, self.last)
        return Window(start, end)

    @property
    def instants(self) -> tuple[datetime, datetime]:
        """The first instant in it and the first one after it, for hours."""
        return hour_start(self.first), hour_start(self.last + 1)

    def request_dates(self) -> tuple[str, str]:
        """Return dataStartTime and dataEndTime of a request, as Amazon reads them.

        The end of days is the last day itself, the end of hours the instant after.
        """
        if self.period is Period.HOUR:
            start, end = self.instants
            return format_instant(start), format_instant(end)
        return self.window.start.isoformat(), self.window.end.isoformat()


# --- numbers of periods --------------------------------------------------------


def number_of(period: Period, day: date) -> int:
    """Return the number of the period that contains a day; ValueError for hours."""
    if period in _DAYS:
        return day.toordinal() // _DAYS[period]  # ordinal 7 was a Sunday
    return (day.year * 12 + day.month - 1) // _months(period)


def first_day(period: Period, number: int) -> date:
    """Return the first day of a period."""
    if period in _DAYS:
        return date.fromordinal(number * _DAYS[period])
    year, month = divmod(number * _months(period), 12)
    return date(year, month + 1, 1)


def last_day(period: Period, number: int) -> date:
    """Return the last day of a period."""
    return first_day(period, number + 1) - _DAY


def hour_number(instant: datetime) -> int:
    """Return the number of the UTC hour that contains an instant."""
    return (instant - _EPOCH) // _HOUR


def hour_start(number: int) -> datetime:
    """Return the first instant of an hour, in UTC."""
    return _EPOCH + number * _HOUR


def _months(period: Period) -> int:
    if period is Period.HOUR:
        raise ValueError("hours have no days: use hour_number and hour_start")
    return _MONTHS[period]


def number_at(period: Period, moment: DateOrHour) -> int:
    """Return the number of the period that contains a day, or an hour's start."""
    if isinstance(moment, datetime):
        return hour_number(moment)
    return number_of(period, moment)


def start_of(period: Period, number: int) -> DateOrHour:
    """Return the first day of a period, or the hour itself."""
    return hour_start(number) if period is Period.HOUR else first_day(period, number)


def end_of(period: Period, number: int) -> DateOrHour:
    """Return the last day of a period, or the hour itself."""
    return hour_start(number) if period is Period.HOUR else last_day(period, number)


# --- spans of periods ----------------------------------------------------------


def covering(period: Period, days: Window) -> Periods:
    """Return the periods that have a day in a window."""
    return Periods(period, number_at(period, days.start), number_at(period, days.end))


def cut(span: Periods, per_request: int | None) -> tuple[Periods, ...]:
    """Cut a span into what requests may hold, oldest first, on a fixed grid.

    None: a request may hold any number, nothing is cut.

    The cuts depend on the numbers only, never on where the span begins: two
    streams that read one document come to the same requests where they overlap.
    """
    if per_request is None:
        return (span,)
    cells = range(span.first // per_request, span.last // per_request + 1)
    return tuple(
        Periods(
            span.period,
            max(span.first, cell * per_request),
            min(span.last, (cell + 1) * per_request - 1),
        )
        for cell in cells
    )


def lookback_of(period: Period, days: int) -> int:
    """Return how many periods a look-back of so many days re-reads at most."""
    if period is Period.HOUR:
        return days * 24
    return -(-days // _MAX_DAYS[period])


def periods_in(period: Period, days: int) -> int:
    """Return how many periods surely fit into so many days; at least one."""
    return max(days // _MAX_DAYS[period], 1)


# --- what to request today -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Availability:
    """What can be requested: `periods`, None while nothing is open.

    `lost` are the wanted periods that Amazon keeps no longer. `opens` is the day
    (the instant, for hours) from which one more can be requested; None when the
    end the user set comes before it.
    """

    periods: Periods | None
    lost: Periods | None
    opens: date | datetime | None
    newest: int
    """The number of the newest period that can be requested, wanted or not."""
    oldest: int | None
    """The number of the oldest period that Amazon keeps, where that is known."""


def open_days(
    period: Period,
    rules: PeriodRules,
    *,
    today: date,
    start: date,
    end: date | None = None,
    holdback: int | None = None,
) -> Availability:
    """Return the periods from the one with `start` to the newest one to be had.

    `today` is the date in the marketplace, `end` the last day wanted: only periods
    that end by then count. `holdback` in days goes before the rules' own.
    """
    held = rules.holdback if holdback is None else holdback
    first = number_of(period, start)
    newest = today - timedelta(days=1 + held)
    last = last_closed(period, newest)
    if end is not None:
        last = min(last, last_closed(period, end))
    oldest = None
    if rules.history is not None:
        kept = today - timedelta(days=rules.history - 1)
        oldest = number_of(period, kept)
        oldest += first_day(period, oldest) < kept
    following = last_day(period, max(last + 1, first, oldest or first))
    opens = following + timedelta(days=1 + held)
    is_over = end is not None and following > end
    return _availability(period, (first, last, oldest), None if is_over else opens)


def open_hours(
    rules: PeriodRules,
    *,
    now: datetime,
    start: date,
    end: date | None = None,
    holdback: int | None = None,
) -> Availability:
    """Return the full UTC hours from the start of a day to the newest to be had.

    The oldest hour stays one hour inside what Amazon keeps: by the time it looks
    at the request, the clock has moved on.
    """
    held = rules.holdback if holdback is None else holdback
    first = hour_number(midnight(start))
    last = hour_number(now) - 1 - held
    after_end = None
    if end is not None:
        after_end = hour_number(midnight(end + timedelta(days=1)))
        last = min(last, after_end - 1)
    oldest = None
    if rules.history is not None:
        oldest = hour_number(now) - (rules.history - 2)
    following = max(last + 1, first, oldest or first)
    is_over = after_end is not None and following >= after_end
    opens = None if is_over else hour_start(following + 1 + held)
    return _availability(Period.HOUR, (first, last, oldest), opens)


def gives_up_on(span: Periods, rules: PeriodRules) -> date | datetime:
    """Return when "not yet available" stops being a reason to wait.

    That is 7 days after the newest period is expected; a date of the marketplace,
    for hours an instant.
    """
    if span.period is Period.HOUR:
        ended = span.instants[1] + timedelta(hours=rules.expected)
        return ended + timedelta(days=GRACE_DAYS)
    days = 1 + rules.expected + GRACE_DAYS
    return span.window.end + timedelta(days=days)


def last_closed(period: Period, newest: date) -> int:
    """Return the newest period that ends by a day."""
    number = number_of(period, newest)
    return number - (last_day(period, number) > newest)


def _availability(
    period: Period, bounds: tuple[int, int, int | None], opens: date | datetime | None
) -> Availability:
    first, last, oldest = bounds
    lost = None
    if oldest is not None and first < oldest:
        lost = Periods(period, first, oldest - 1)
        first = oldest
    found = Periods(period, first, last) if first <= last else None
    return Availability(found, lost, opens, last, oldest)
