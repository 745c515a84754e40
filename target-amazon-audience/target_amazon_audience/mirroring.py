"""MIRROR: at the end of the input the audience becomes what the input said.

Order of the uploads: members sent again, members that go, old hashes of changed
members, new members. A member is sent only while Amazon works on no other batch of
theirs: changed members are created anew once the job that deletes their old hashes has
ended, and a member whom an earlier run has just created is deleted once that is done.
So the uploads are worked out again each time the jobs in the way have ended, until
nothing is left to do or time is up; the next run goes on from what the database says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_amazon_audience import wire
from target_amazon_audience.batching import Batch, Batcher, Limits
from target_amazon_audience.difference import STUCK_SECONDS, Ages, Counts, Part
from target_amazon_audience.members import Members
from target_amazon_audience.staging import Staged
from target_amazon_audience.uploader import Upload

if TYPE_CHECKING:
    from target_amazon_audience.member import Member
    from target_amazon_audience.place import Place, Request
    from target_amazon_audience.report import Report
    from target_amazon_audience.store import Draft
    from target_amazon_audience.uploader import Keep

HELD_UP_SECONDS = 5400.0
"""How long jobs in the way are waited for where max_wait_time says nothing."""

_PERCENT = 100


def ages(now: float, ttl: int, last_run: float | None) -> Ages:
    """Return the times before which a member was sent, or a job taken, too long ago.

    A member is sent again before half its time to live has passed; the next run is
    taken to be as far away as the last one is.
    """
    gap = 0.0 if last_run is None else max(now - last_run, 0.0)
    return Ages(now + gap - ttl / 2, now - STUCK_SECONDS)


def held_back(counts: Counts, most_percent: float) -> str | None:
    """Return why nobody may be removed, None where the removals are in order."""
    if not counts.gone:
        return None
    if not counts.wanted:
        return (
            f"the input held no usable record, so none of {counts.known:,} members "
            "was removed"
        )
    if counts.gone * _PERCENT > counts.known * most_percent:
        return (
            f"{counts.gone:,} of {counts.known:,} members are missing from the input, "
            f"more than mirror_max_delete_percent ({most_percent:g}), so nobody was "
            "removed: check the input, or raise the setting for one run"
        )
    return None


def doubts(unreadable_lines: int, unreadable_records: int) -> str | None:
    """Return why it is not known whom the input would keep, None where it is."""
    if unreadable_records:
        return (
            f"{unreadable_records:,} records could not be read (a key column is "
            "missing, or an expression of stream_maps failed), so it is not known whom "
            "they would keep"
        )
    if unreadable_lines:
        return f"{unreadable_lines} lines of the input could not be read"
    return None


@dataclass(slots=True)
class Mirror:
    """The end of one audience's mirror run."""

    members: Members
    staged: Staged
    limits: Limits
    place: Place
    stream: str
    ages: Ages
    removes: bool = False
    """Whether members that the input does not name are removed."""
    in_the_way: set[int] = field(default_factory=set)
    """Batches Amazon still works on that members wait for."""
    is_held_up: bool = False
    """Whether there were such batches when last asked."""

    def compare(self, report: Report, most_percent: float, why_not: str | None) -> None:
        """Report how the input compares with what Amazon holds.

        Decides for the run whether members that are missing may be removed.
        """
        counts = self.members.counts(self.staged, self.ages)
        reason = held_back(counts, most_percent)
        if counts.gone:
            reason = why_not or reason
        report.mirror = {
            "known": counts.known,
            "wanted": counts.wanted,
            "new": counts.new,
            "changed": counts.changed,
            "sent_again": counts.again,
            "missing": counts.gone,
            "removed": 0 if reason else counts.gone,
        }
        if not counts.known:
            report.note(
                "first mirror of this audience with this database: members that "
                "Amazon has from elsewhere are not known and not removed"
            )
        if reason:
            report.fail(f"MIRROR removed nobody: {reason}")
        self.removes = reason is None

    def uploads(self) -> Iterator[Upload]:
        """Yield what can be sent now and this run has not sent yet."""
        yield from self._creating(Part.AGAIN)
        if self.removes:
            yield from self._removing(Part.GONE)
        yield from self._removing(Part.CHANGED)
        yield from self._creating(Part.NEW)

    def watch(self) -> None:
        """Find out which batches are in the way, once all uploads are accepted."""
        self.in_the_way = self.members.in_the_way(
            self.staged, self.ages, removes=self.removes
        )
        self.is_held_up = bool(self.in_the_way)

    def later_uploads(self, *, is_last: bool) -> Iterator[Upload]:
        """Yield what was held up, once the jobs in its way have ended.

        With ``is_last`` members whose own jobs have ended do not wait for the others.
        """
        if self.is_held_up and (is_last or not self.in_the_way):
            self.is_held_up = False
            yield from self.uploads()

    def finish(self, report: Report) -> None:
        """Note what is left to the next run."""
        if self.in_the_way:
            report.note(
                f"{len(self.in_the_way)} batches that Amazon still works on hold up "
                "other changes of their members; the next run completes them"
            )

    def sent_again(self, old: int, new: Iterable[int]) -> None:
        """Note that a batch in the way was sent a second time."""
        if old in self.in_the_way:
            self.in_the_way.remove(old)
            self.in_the_way.update(new)

    def _creating(self, part: str) -> Iterator[Upload]:
        for batch in self._batches(part, held=False):
            yield self._upload(wire.CREATE, batch, self._keep_created)

    def _removing(self, part: str) -> Iterator[Upload]:
        for batch in self._batches(part, held=True):
            yield self._upload(wire.DELETE, batch, self._keep_removed)

    def _upload(self, action: str, batch: Batch, keep: Keep) -> Upload:
        return Upload(action, batch.request(action, self.place), self.stream, keep)

    def _batches(self, part: str, *, held: bool) -> Iterator[Batch]:
        batcher = Batcher(self.limits)
        pages = self.members.pages(self.staged, part, self.ages, held=held)
        for member in _flat(pages):
            full = batcher.add(member, 0.0)
            if full is not None:
                yield full
        last = batcher.close()
        if last is not None:
            yield last

    def _keep_created(self, now: float, draft: Draft, part: Request) -> int:
        members = wire.members_of(part.rows)
        self.staged.try_once(draft.action, [who.external_id for who in members])
        return self.members.creating(draft, members, now)

    def _keep_removed(self, _now: float, draft: Draft, part: Request) -> int:
        external_ids = wire.ids_of(part.rows)
        self.staged.try_once(draft.action, external_ids)
        return self.members.removing(draft, external_ids)


def _flat(pages: Iterable[list[Member]]) -> Iterator[Member]:
    for page in pages:
        yield from page
