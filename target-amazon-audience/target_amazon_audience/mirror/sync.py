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
from typing import TYPE_CHECKING

from target_amazon_audience.delivery.batches import Batch, Batcher, BatchLimits
from target_amazon_audience.delivery.uploader import Upload
from target_amazon_audience.matching.member import CREATE, DELETE
from target_amazon_audience.mirror.diff import (
    MAX_JOB_SECONDS,
    AgeLimits,
    Counts,
    Difference,
    DiffQuery,
)
from target_amazon_audience.mirror.staging import Staged

if TYPE_CHECKING:
    from target_amazon_audience.amc.payload import Destination
    from target_amazon_audience.matching.member import Refusal
    from target_amazon_audience.report import AudienceReport
    from target_amazon_audience.state.members import Members
    from target_amazon_audience.state.store import AudienceStore

_PERCENT = 100


def age_limits(now: float, ttl: int, last_run: float | None) -> AgeLimits:
    """Return the times before which a member was sent, or a job taken, too long ago.

    A member is sent again before half its time to live has passed; the next run is
    taken to be as far away as the last one is.
    """
    gap = 0.0 if last_run is None else max(now - last_run, 0.0)
    return AgeLimits(now + gap - ttl / 2, now - MAX_JOB_SECONDS)


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


class Mirror:
    """One audience's mirror run: stages the input, at its end sends what differs."""

    def __init__(
        self,
        store: AudienceStore,
        number: int,
        stream: str,
        limits: BatchLimits,
        *,
        merges: bool,
    ) -> None:
        self._store = store
        self._number = number
        self._stream = stream
        self._limits = limits
        self._staged = Staged(store, number, merges=merges)
        self._difference: Difference | None = None
        self._destination: Destination | None = None
        self._removes = False
        """Whether members that the input does not name are removed."""
        self._is_held_up = False
        """Whether there were batches in the way when last asked."""
        self.in_the_way: set[int] = set()
        """Batches Amazon still works on that members wait for."""
        self.unreadable_records = 0
        self._nameless = 0

    # The input

    def stage(self, batch: Batch) -> None:
        """Note members that the input names."""
        self._staged.want(batch.members.values())

    def refuse(self, refusal: Refusal) -> None:
        """Note what a record that is not sent means for its member."""
        if refusal.external_id is None:
            self._nameless += 1
        elif refusal.is_denied:
            self._staged.deny(refusal.external_id)
        else:
            self._staged.keep(refusal.external_id)

    def wanted(self) -> int:
        """Return how many members the input has named."""
        return self._staged.wanted()

    # Its end

    def compare(
        self,
        members: Members,
        destination: Destination,
        ages: AgeLimits,
        report: AudienceReport,
        most_percent: float,
        why_not: str | None,
    ) -> None:
        """Report how the input compares with what Amazon holds.

        Decides for the run whether members that are missing may be removed.
        """
        if self._nameless:
            report.note(
                f"{self._nameless:,} rejected records have no usable external id: if "
                "they are of members, these count as missing"
            )
        self._destination = destination
        self._difference = Difference(
            self._store, members.audience_id, self._number, ages
        )
        counts = self._difference.counts(self.wanted())
        reason = held_back(counts, most_percent)
        if counts.gone:
            reason = why_not or reason
        report.mirror = counts.as_dict(removed=0 if reason else counts.gone)
        if not counts.known:
            report.note(
                "first mirror of this audience with this database: members that "
                "Amazon has from elsewhere are not known and not removed"
            )
        if reason:
            report.fail(f"MIRROR removed nobody: {reason}")
        self._removes = reason is None

    def doubts(self, unreadable_lines: int) -> str | None:
        """Return why it is not known whom the input would keep, None where it is."""
        if self.unreadable_records:
            return (
                f"{self.unreadable_records:,} records could not be read (a key column "
                "is missing, or an expression of stream_maps failed), so it is not "
                "known whom they would keep"
            )
        if unreadable_lines:
            return f"{unreadable_lines} lines of the input could not be read"
        return None

    def uploads(self) -> Iterator[Upload]:
        """Yield what can be sent now and this run has not sent yet."""
        yield from self._part(CREATE, DiffQuery.AGAIN)
        if self._removes:
            yield from self._part(DELETE, DiffQuery.GONE)
        yield from self._part(DELETE, DiffQuery.CHANGED)
        yield from self._part(CREATE, DiffQuery.NEW)

    def watch(self) -> None:
        """Find out which batches are in the way, once all uploads are accepted."""
        if self._difference is not None:
            self.in_the_way = self._difference.in_the_way(removes=self._removes)
            self._is_held_up = bool(self.in_the_way)

    def later_uploads(self, *, is_last: bool) -> Iterator[Upload]:
        """Yield what was held up, once the jobs in its way have ended.

        With ``is_last`` members whose own jobs have ended do not wait for the others.
        """
        if self._is_held_up and (is_last or not self.in_the_way):
            self._is_held_up = False
            yield from self.uploads()

    def replaced(self, old: int, new: Iterable[int]) -> None:
        """Note that a batch in the way was sent a second time."""
        if old in self.in_the_way:
            self.in_the_way.remove(old)
            self.in_the_way.update(new)

    def finish(self, report: AudienceReport) -> None:
        """Note what is left to the next run."""
        if self.in_the_way:
            report.note(
                f"{len(self.in_the_way)} batches that Amazon still works on hold up "
                "other changes of their members; the next run completes them"
            )

    def _part(self, action: str, query: str) -> Iterator[Upload]:
        if self._destination is None:
            return
        for batch in self._batches(query, held=action == DELETE):
            self._staged.try_once(action, batch.members)
            request = batch.request(action, self._destination)
            yield Upload(action, request, self._stream)

    def _batches(self, query: str, *, held: bool) -> Iterator[Batch]:
        if self._difference is None:
            return
        batcher = Batcher(self._limits)
        for page in self._difference.pages(query, held=held):
            for member in page:
                full = batcher.add(member, 0.0)
                if full is not None:
                    yield full
        last = batcher.close()
        if last is not None:
            yield last
