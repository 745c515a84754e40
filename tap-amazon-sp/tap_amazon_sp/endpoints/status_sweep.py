"""Rows that change later under their old time: those still open are read again.

Amazon's search goes by when a row was posted; that its status changed afterwards no
window of new rows shows. So the state keeps the time of the oldest row that is still
open, and each run reads from there again, up to where its new rows begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tap_amazon_sp.endpoints.time_slices import TimeSlice, TimeSlicer
from tap_amazon_sp.timestamps import format_instant, parse_instant


@dataclass(frozen=True, slots=True)
class StatusSweep:
    """Which rows of a table are open, and how they are searched for.

    `passes` are parameters of one search after the other. The open rows come first:
    a row that is settled between two searches is then found by the later one.
    """

    state_key: str
    time_field: str
    status_field: str
    open_status: str
    passes: tuple[tuple[tuple[str, str], ...], ...] = ((),)
    longest: timedelta = timedelta(days=180)
    """The longest span that one search answers."""

    def is_open(self, record: Mapping[str, Any]) -> bool:
        """Whether a row may still change; Amazon writes a status in either case."""
        status = record.get(self.status_field)
        return isinstance(status, str) and status.casefold() == (
            self.open_status.casefold()
        )


@dataclass(slots=True)
class OpenRows:
    """Since when a table has open rows, for one account."""

    sweep: StatusSweep
    oldest: datetime | None = None
    """As the state says: nothing before it is open."""
    _seen: datetime | None = field(default=None, init=False)
    """The oldest of those that this run has seen."""

    def load(self, entry: Mapping[str, Any]) -> None:
        """Take over an entry of the state.

        Raises:
            ValueError: it is damaged.
        """
        value = entry.get(self.sweep.state_key)
        self.oldest = None if value is None else parse_instant(value)
        if value is not None and self.oldest is None:
            raise ValueError(value)

    def to_state(self) -> dict[str, Any]:
        """Return what the state keeps: until all is read, the older of both."""
        found = _older(self.oldest, self._seen)
        return {} if found is None else {self.sweep.state_key: format_instant(found)}

    def note(self, records: Iterable[Mapping[str, Any]], after: datetime) -> None:
        """Note the open ones among records that a search from `after` on brought."""
        for record in records:
            if self.sweep.is_open(record):
                posted = parse_instant(record.get(self.sweep.time_field))
                self._seen = _older(self._seen, posted or after)

    def complete(self) -> bool:
        """Forget what was open before this run, which has read all of it by now.

        Return whether anything changed.
        """
        before, self.oldest = self.oldest, self._seen
        return before != self.oldest


class SweepSlicer:
    """The slices of the open rows, search by search, and then those of new rows."""

    def __init__(self, sweep: StatusSweep, oldest: datetime, new: TimeSlicer) -> None:
        hours = sweep.longest.total_seconds() / 3600
        self._new = new
        self._passes: Sequence[tuple[tuple[tuple[str, str], ...], TimeSlicer]] = [
            *(
                (params, TimeSlicer(oldest, new.start, hours=hours))
                for params in sweep.passes
            ),
            ((), new),
        ]
        self._at = 0

    @property
    def _current(self) -> TimeSlicer:
        return self._passes[self._at][1]

    def next(self) -> TimeSlice | None:
        """Return the next slice, None after the last."""
        while (entry := self._current.next()) is None:
            if self._at + 1 == len(self._passes):
                return None
            self._at += 1
        return replace(entry, filters=self._passes[self._at][0])

    @property
    def is_last(self) -> bool:
        """Whether the slice handed out last is the last one."""
        return all(slicer.is_last for _, slicer in self._passes[self._at :])

    def took(self, pages: int) -> None:
        """Learn from how many pages a slice took."""
        self._current.took(pages)

    def doubts(self, entry: TimeSlice, records: int) -> bool:
        """Learn from how many records a slice had; say whether to ask it again."""
        return self._current.doubts(entry, records)

    def again(self, entry: TimeSlice) -> bool:
        """Begin with a slice once more; say whether it is a shorter one now."""
        return self._current.again(entry)

    @staticmethod
    def can_shorten(entry: TimeSlice) -> bool:
        """Whether a slice can be asked for in smaller ones."""
        return TimeSlicer.can_shorten(entry)

    def next_hours(self, *, was_too_long: bool) -> float | None:
        """Return the first length of slices of new rows for the next run."""
        return self._new.next_hours(was_too_long=was_too_long)


Slicer = TimeSlicer | SweepSlicer


def swept(new: TimeSlicer, rows: OpenRows | None) -> Slicer:
    """Return slices that begin with the rows before them that may have changed."""
    if rows is None or rows.oldest is None:
        return new
    return SweepSlicer(rows.sweep, rows.oldest, new)


def _older(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)
