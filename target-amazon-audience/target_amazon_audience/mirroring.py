"""MIRROR: at the end of the input the audience becomes what the input said.

Order of the uploads: members sent again, members that go, old hashes of changed
members, new members. Changed members are created anew once the job that deletes their
old hashes has ended: until then they look like members that Amazon still holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from target_amazon_audience import wire
from target_amazon_audience.batching import Batch, Batcher, Limits
from target_amazon_audience.members import Counts, Members, Part, Staged
from target_amazon_audience.uploader import Upload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_amazon_audience.record import Member
    from target_amazon_audience.report import Report
    from target_amazon_audience.store import Draft

REPLACE_WAIT_SECONDS = 5400.0
"""How long changed members are waited for where max_wait_time says nothing."""

_PERCENT = 100


def resend_before(now: float, ttl: int, last_run: float | None) -> float:
    """Return the time before which a member was sent too long ago.

    A member is sent again before half its time to live has passed; the next run is
    taken to be as far away as the last one is.
    """
    gap = 0.0 if last_run is None else max(now - last_run, 0.0)
    return now + gap - ttl / 2


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


@dataclass(slots=True)
class Mirror:
    """The end of one audience's mirror run."""

    members: Members
    staged: Staged
    limits: Limits
    stream: str
    resend_before: float
    replacing: set[int] = field(default_factory=set)
    """Batches that delete the old hashes of changed members, not ended yet."""
    has_replaced: bool = False
    """Whether there were such batches whose members are not created anew yet."""

    def tell(self, report: Report, most_percent: float, why_not: str | None) -> bool:
        """Report how the input compares with what Amazon holds.

        Return whether members that are missing may be removed.
        """
        counts = self.members.counts(self.staged, self.resend_before)
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
        return reason is None

    def uploads(self, *, removes: bool) -> Iterator[Upload]:
        """Yield all uploads but the creation of changed members."""
        yield from self._creating(Part.AGAIN)
        if removes:
            yield from self._removing(Part.GONE)
        yield from self._removing(Part.CHANGED, is_replacing=True)
        yield from self._creating(Part.NEW)

    def replacements(self) -> Iterator[Upload]:
        """Yield the creation of changed members whose old hashes are gone."""
        yield from self._creating(Part.NEW)

    def _creating(self, part: str) -> Iterator[Upload]:
        for batch in self._batches(part, held=False):
            keep = partial(self._keep_created, batch)
            yield Upload(wire.CREATE, batch.records(wire.CREATE), self.stream, keep)

    def _removing(self, part: str, *, is_replacing: bool = False) -> Iterator[Upload]:
        for batch in self._batches(part, held=True):
            yield Upload(
                wire.DELETE,
                batch.records(wire.DELETE),
                self.stream,
                self._keep_removed,
                is_replacing=is_replacing,
            )

    def _batches(self, part: str, *, held: bool) -> Iterator[Batch]:
        batcher = Batcher(self.limits)
        pages = self.members.pages(self.staged, part, self.resend_before, held=held)
        for member in _flat(pages):
            full = batcher.add(member, 0.0)
            if full is not None:
                yield full
        last = batcher.close()
        if last is not None:
            yield last

    def _keep_created(
        self, batch: Batch, now: float, draft: Draft, part: Sequence[wire.Record]
    ) -> int:
        members = [batch.members[row.external_id] for row in part]
        return self.members.creating(draft, members, now)

    def _keep_removed(
        self, _now: float, draft: Draft, part: Sequence[wire.Record]
    ) -> int:
        return self.members.removing(draft, [row.external_id for row in part])


def _flat(pages: Iterable[list[Member]]) -> Iterator[Member]:
    for page in pages:
        yield from page
