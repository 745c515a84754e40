"""What a document covers whole: which days of which account.

A table that replaces what it holds for these values loses rows that Amazon has dropped
and none of another document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from singer_amazon.reports.model import DateOrHour, Window, step_on, text_of
from singer_amazon.reports.periods import Grid

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the rows of one document share, and which groups of them are expected.

    `shared` are columns with one value in all rows, `columns` those that divide them
    into groups; a document has every row there is of such values. `expected` are the
    groups that are said even without rows.
    """

    shared: Mapping[str, str]
    columns: tuple[str, ...] = ()
    expected: tuple[Key, ...] = ()
    is_whole: bool = True
    """Whether no other document has rows with the same values."""
    day_column: str | None = None
    """The one of `columns` that has the day, or a period's first."""
    member_column: str | None = None
    """The one of `columns` that has the DSP advertiser."""
    currencies: Mapping[str, str | None] = field(default_factory=dict)
    """Currency by advertiser; "" for all others."""

    @property
    def replaced_by(self) -> tuple[str, ...]:
        """The columns whose values a document has whole; none where it has not."""
        return (*self.shared, *self.columns) if self.is_whole else ()

    def value(self, key: Key, column: str | None) -> str:
        """Return the value of one of `columns` in a group; "" where it is none."""
        return key[self.columns.index(column)] if column in self.columns else ""

    def covers(self, key: Key) -> dict[str, str]:
        """Return the values that stand for a group."""
        return {**self.shared, **dict(zip(self.columns, key, strict=True))}

    def currency(self, key: Key) -> str | None:
        """Return the currency of a group's money."""
        member = self.value(key, self.member_column)
        return self.currencies.get(member, self.currencies.get(""))


def period_starts(window: Window, grid: Grid) -> Iterator[DateOrHour]:
    """Yield the first day (or hour) of each period of a window, oldest first."""
    starts = [window.start]
    count = 1
    while (start := grid.back(window.end, count)) > window.start:
        starts.append(start)
        count += 1
    yield from sorted(starts)


def days_of(window: Window) -> list[str]:
    """Return each day (or hour) of a window as it stands in rows."""
    days, moment = [], window.start
    while moment <= window.end:
        days.append(text_of(moment))
        moment = step_on(moment)
    return days
