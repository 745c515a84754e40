"""What is delivered, missing and pending for one stream and account.

Rules of this module:

- The bookmark is the last day with everything before it delivered. It moves
  only in `_advance`, and never past a day that is missing for anybody it covers.
- A DSP account is read advertiser by advertiser: every entry carries its
  members. A report without members belongs to the account itself.
- Nothing here knows Singer; `to_state` and `from_state` speak its dictionaries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from singer_amazon.reports import periods
from singer_amazon.reports import state_entries as entries
from singer_amazon.reports.model import (
    NO_MEMBERS,
    ClosedGap,
    DateOrHour,
    Delivery,
    Gap,
    Members,
    PendingReport,
    TakenReport,
    Window,
    step_back,
    step_on,
    text_of,
)
from singer_amazon.reports.periods import covered_by, members_of

CLOSED_GAP_DAYS = 30


@dataclass(slots=True)
class PartitionState:
    """What one stream and account keeps between runs."""

    bookmark: DateOrHour | None = None
    start: DateOrHour | None = None
    """The first day ever asked for: a look-back never reads before it."""
    members: Members = NO_MEMBERS
    delivered: list[Delivery] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    closed_gaps: list[ClosedGap] = field(default_factory=list)
    pending: list[PendingReport] = field(default_factory=list)
    taken: list[TakenReport] = field(default_factory=list)
    """Reports of somebody else's making that are delivered, while Amazon lists them."""
    snapshot_at: datetime | None = None
    """When the newest snapshot was asked for, where its age counts."""
    first_day: DateOrHour | None = None
    """Where this run's plan starts: gives the first bookmark when anything happens."""
    joining: dict[str, DateOrHour] = field(default_factory=dict)
    """Advertisers not covered yet, each with the first day it is owed."""

    # --- questions ---------------------------------------------------------

    @property
    def known_members(self) -> Members:
        """Everybody it says something of."""
        return self.members.union(
            *(d.members for d in self.delivered),
            *(g.members for g in self.gaps),
            *(p.members for p in self.pending),
        )

    def done(self, person: str) -> periods.Spans:
        """Return the days this member (or "" for the account) needs no more."""
        days = [d.window for d in self.delivered if person in covered_by(d.members)]
        if self.bookmark is not None and person in covered_by(self.members):
            days.append(Window.up_to(self.bookmark))
        return periods.union(days)

    def gap_days(self, person: str) -> periods.Spans:
        """Return the days that lie in an open gap of this member."""
        return periods.union(
            g.window for g in self.gaps if person in covered_by(g.members)
        )

    def pending_days(self, person: str) -> periods.Spans:
        """Return the days a live report will bring for this member."""
        return periods.union(
            p.window for p in self.pending if person in covered_by(p.members)
        )

    def missing(self, window: Window) -> periods.Spans:
        """Return days neither delivered nor on their way, for anybody it covers."""
        return periods.union(
            part
            for person, *_ in self.alike(covered_by(self.members))
            for part in periods.subtract(
                [window], [*self.done(person), *self.pending_days(person)]
            )
        )

    def alike(self, people: Members) -> list[list[str]]:
        """Return these members in groups: one may stand for all of a group.

        An agency has thousands, and nearly all of them have the same days.
        """
        lists = [self.members, *map(frozenset, periods.by_value(self.joining).values())]
        lists += [entry.members for entry in self.delivered]
        lists += [entry.members for entry in self.gaps]
        lists += [entry.members for entry in self.pending]
        return sorted(map(sorted, periods.in_the_same(lists, people).values()))

    # --- before a run ------------------------------------------------------

    def cover(self, members: Members, first_day: DateOrHour) -> None:
        """Prepare for a run that reads these members from `first_day` on."""
        self.keep_only(members)
        self.first_day = first_day
        newcomers = members - self.members
        if self.bookmark is None:
            self.members, newcomers = members, covered_by(members)
            self.joining = {}
        else:
            self.joining = dict.fromkeys(newcomers, first_day)
            self._advance()
        if newcomers:  # none of them is owed what lies before the first day
            self.gaps = list(self._outside(self.gaps, _until(first_day), newcomers))

    def keep_only(self, members: Members) -> None:
        """Forget advertisers that are not read any more, their gaps with them."""
        if self.members and not (self.members & members):
            self.bookmark = None
        if not members and not self.members:
            return  # the account itself, which cannot leave
        self.members &= members
        self.delivered = [
            replace(d, members=d.members & members)
            for d in self.delivered
            if d.members & members
        ]
        self.gaps = [
            replace(g, members=g.members & members)
            for g in self.gaps
            if g.members & members
        ]

    def skip_to(self, day: DateOrHour) -> None:
        """Give up everything up to and including this day."""
        if self.bookmark is None or self.bookmark >= day:
            return
        self.bookmark = day
        self.gaps = [
            replace(gap, window=part)
            for gap in self.gaps
            if (part := gap.window.since(step_on(day))) is not None
        ]
        self._advance()

    def close_history(self, oldest_kept: DateOrHour, now: datetime) -> list[ClosedGap]:
        """Close the parts of gaps that Amazon keeps no longer."""
        past = _until(oldest_kept)
        return [
            self._close(replace(gap, window=part), "Amazon keeps it no longer", now)
            for gap in list(self.gaps)
            if (part := gap.window.clip(past.start, past.end)) is not None
        ]

    def forget_closed(self, now: datetime) -> None:
        """Drop closed gaps that have been shown long enough."""
        limit = now - timedelta(days=CLOSED_GAP_DAYS)
        self.closed_gaps = [c for c in self.closed_gaps if c.closed_at >= limit]

    # --- during a run ------------------------------------------------------

    def requested(self, report: PendingReport) -> None:
        """Remember a report Amazon has accepted."""
        self._initialize()
        self.forget(report.report_id)
        self.pending.append(report)

    def forget(self, report_id: str) -> None:
        """Drop a pending report: delivered, dead or unknown to Amazon."""
        self.pending = [
            p for p in self.pending if report_id not in (p.report_id, *p.before)
        ]

    def deliver(self, window: Window, members: Members = NO_MEMBERS) -> None:
        """Record that every row of the window has been written."""
        self._initialize()
        self.gaps = list(self._outside(self.gaps, window, members))
        self.delivered.append(Delivery(window, members))
        self._advance(covered_by(members))

    def fail(
        self,
        window: Window,
        members: Members,
        reason: str,
        *,
        now: datetime,
        max_runs: int,
    ) -> list[ClosedGap]:
        """Record a failed window; return the gaps this closes for good.

        Days delivered by an earlier run need no gap: the look-back reads them
        again anyway.
        """
        self._initialize()
        return [
            self._close(gap, reason, now)
            for gap in self._raise_gaps(window, members, reason)
            if gap.attempts > max_runs
        ]

    def close(
        self, window: Window, members: Members, reason: str, now: datetime
    ) -> None:
        """Give a window up after an answer that will never change."""
        self._initialize()
        for gap in self._raise_gaps(window, members, reason):
            self._close(gap, reason, now)

    # --- the state ---------------------------------------------------------

    def to_state(self) -> dict[str, object]:
        """Return the entry for a Singer state, without empty parts."""
        entry: dict[str, object] = {"version": 1}
        if self.bookmark is not None:
            entry["replication_key_value"] = text_of(self.bookmark)
            if self.start is not None:
                entry["start_date"] = text_of(self.start)
            entry |= entries.of_members(self.members)
        if self.snapshot_at is not None:
            entry["snapshot_at"] = self.snapshot_at.isoformat()
        lists = {
            "delivered": [entries.of_delivery(item) for item in self.delivered],
            "pending_reports": [entries.of_pending(item) for item in self.pending],
            "gaps": [entries.of_gap(item) for item in self.gaps],
            "closed_gaps": [entries.of_closed_gap(c) for c in self.closed_gaps],
            "taken_reports": [entries.of_taken(item) for item in self.taken],
        }
        return entry | {name: items for name, items in lists.items() if items}

    @classmethod
    def from_state(
        cls, entry: Mapping[str, object], *, in_hours: bool = False
    ) -> PartitionState:
        """Read what `to_state` wrote.

        Raises:
            ValueError: if a part is not what this version writes.
        """
        reader = entries.Reader(in_hours)
        read = reader.entries_of
        return cls(
            bookmark=reader.moment(entry.get("replication_key_value")),
            start=reader.moment(entry.get("start_date")),
            members=entries.read_members(entry),
            snapshot_at=entries.read_instant(entry.get("snapshot_at")),
            delivered=read(entry, "delivered", reader.delivery),
            pending=read(entry, "pending_reports", reader.pending),
            gaps=read(entry, "gaps", reader.gap),
            closed_gaps=read(entry, "closed_gaps", reader.closed_gap),
            taken=read(entry, "taken_reports", entries.read_taken),
        )

    # --- inside ------------------------------------------------------------

    def _initialize(self) -> None:
        if self.bookmark is None and self.first_day is not None:
            self.bookmark = step_back(self.first_day)
            self.start = self.first_day
            self._advance()

    def _advance(self, changed: Members | None = None) -> None:
        """Move the bookmark over delivered windows and drop what it covers.

        `changed`: whose deliveries are new; None: anybody's may be. The work is theirs
        alone as long as the bookmark stays, which it does until all have come so far.
        """
        if self.bookmark is None:
            return
        before = self.bookmark
        self._move_bookmark(before)
        if self.bookmark > before:
            changed = None
        joined = self._let_join(self.bookmark, changed)
        self.delivered = periods.compacted(
            self.delivered,
            covered_by(self.members),
            self.bookmark,
            None if changed is None else changed | joined,
        )

    def _move_bookmark(self, bookmark: DateOrHour) -> None:
        covered, first = covered_by(self.members), step_on(bookmark)
        come_so_far = [
            covered_by(entry.members)
            for entry in self.delivered
            if entry.window.start <= first <= entry.window.end
        ]
        if sum(map(len, come_so_far)) < len(covered):
            return
        if not covered <= frozenset[str]().union(*come_so_far):
            return
        groups = self.alike(covered)
        self.bookmark = min(
            periods.reached(self.done(one), bookmark) for one, *_ in groups
        )

    def _let_join(self, bookmark: DateOrHour, changed: Members | None) -> Members:
        """Cover those who lack nothing up to the bookmark; return who they are."""
        waiting = frozenset(self.joining)
        joined: Members = NO_MEMBERS
        for group in self.alike(waiting if changed is None else waiting & changed):
            owed_from = self.joining[group[0]]
            owed = [Window(owed_from, bookmark)] if owed_from <= bookmark else []
            if not periods.subtract(owed, self.done(group[0])):
                joined |= frozenset(group)
        self.members |= joined
        for person in joined:
            del self.joining[person]
        return joined

    def _raise_gaps(self, window: Window, members: Members, reason: str) -> list[Gap]:
        """Make gaps of what is missing; days that were one count an attempt more."""
        people: dict[tuple[Window, int], set[str]] = {}
        for group in self.alike(covered_by(members)):
            person = group[0]
            owed_from = self.joining.get(person)
            owed = window if owed_from is None else window.since(owed_from)
            days = periods.subtract([owed] if owed else [], self.done(person))
            known = [g for g in self.gaps if person in covered_by(g.members)]
            for gap in known:
                for part in periods.intersect(days, [gap.window]):
                    people.setdefault((part, gap.attempts + 1), set()).update(group)
            for part in periods.subtract(days, [gap.window for gap in known]):
                people.setdefault((part, 1), set()).update(group)
        raised = [
            Gap(part, reason, attempts, members_of(frozenset(names)))
            for (part, attempts), names in people.items()
        ]
        for gap in raised:
            self.gaps = [*self._outside(self.gaps, gap.window, gap.members), gap]
        self.gaps.sort(key=lambda g: (g.window, sorted(g.members)))
        return raised

    def _close(self, gap: Gap, reason: str, now: datetime) -> ClosedGap:
        closed = ClosedGap(gap.window, reason, gap.attempts, now, gap.members)
        self.closed_gaps.append(closed)
        self.deliver(gap.window, gap.members)
        return closed

    @staticmethod
    def _outside(
        gaps: Iterable[Gap], window: Window, members: Members
    ) -> Iterable[Gap]:
        """Yield what remains of the gaps once these members have this window."""
        for gap in gaps:
            if gap.window.clip(window.start, window.end) is None:
                yield gap
                continue
            served = covered_by(gap.members) & covered_by(members)
            others = covered_by(gap.members) - served
            if others:
                yield replace(gap, members=members_of(others))
            if served:
                for part in periods.subtract([gap.window], [window]):
                    yield replace(gap, window=part, members=members_of(served))


def _until(day: DateOrHour) -> Window:
    """Return all days before this one."""
    return Window.up_to(step_back(day))
