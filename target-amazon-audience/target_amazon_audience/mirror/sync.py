"""MIRROR: at the end of the input the audience becomes what the input said.

Order of the uploads: members sent again, members that go, old hashes of changed
members, new members. A member is sent only while Amazon works on no other batch of
theirs: changed members are created anew once the job that deletes their old hashes has
ended, and a member whom an earlier run has just created is deleted once that is done.
So the uploads are worked out again each time the jobs in the way have ended, until
nothing is left to do or time is up; the next run goes on from what the database says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from target_amazon_audience.delivery.batches import Batch, Batcher
from target_amazon_audience.delivery.uploader import Upload
from target_amazon_audience.matching.consent import is_granted
from target_amazon_audience.matching.member import CREATE, DELETE, Reason
from target_amazon_audience.mirror.diff import Counts, Difference, DiffQuery
from target_amazon_audience.mirror.held import MAX_JOB_SECONDS, AgeLimits, HeldMembers
from target_amazon_audience.mirror.staging import Staged
from target_amazon_audience.sink import AudienceSink

if TYPE_CHECKING:
    from target_amazon_audience.delivery.jobs import Ended
    from target_amazon_audience.delivery.uploader import Outcome
    from target_amazon_audience.matching.member import Member, Refusal

_PERCENT = 100


def age_limits(now: float, ttl: int, last_run: float | None) -> AgeLimits:
    """Return the times before which a member was sent, or a job taken, too long ago.

    A member is sent again before half its time to live has passed; the next run is
    taken to be as far away as the last one is.
    """
    gap = 0.0 if last_run is None else max(now - last_run, 0.0)
    return AgeLimits(now + gap - ttl / 2, now - MAX_JOB_SECONDS)


def held_back(counts: Counts, max_percent: float) -> str | None:
    """Return why nobody may be removed, None where the removals are in order."""
    if not counts.gone:
        return None
    if not counts.wanted:
        return (
            f"the input held no usable record, so none of {counts.known:,} members "
            "was removed"
        )
    if counts.gone * _PERCENT > counts.known * max_percent:
        return (
            f"{counts.gone:,} of {counts.known:,} members are missing from the input, "
            f"more than mirror_max_delete_percent ({max_percent:g}), so nobody was "
            "removed: check the input, or raise the setting for one run"
        )
    return None


class MirrorSink(AudienceSink):
    """One audience that becomes what the input says, once that was read."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._without_grant: set[str] = set()
        """Members who cannot be removed: Amazon would ignore it."""
        self._staged = Staged(self.store, self.number, merges=self.settings.merges)
        # an input that is read again from the middle would remove the rest
        self._number = self.states.opened()
        self._difference: Difference | None = None
        self._removes = False
        """Whether members that the input does not name are removed."""
        self._in_the_way: set[int] = set()
        """Batches Amazon still works on that members wait for."""
        self._is_held_up = False
        """Whether there were such batches when last asked."""
        self._has_ended = False
        """Whether a batch has ended since then: members may have waited for it."""
        self._is_whole = False
        """Whether the input is taken to be all there is."""
        self._nameless = 0
        self._unread = 0

    # Records

    def refuse(
        self, refusal: Refusal, stream: str, record: Mapping[str, object]
    ) -> None:
        """Note a record that could not even be read."""
        self._unread += 1
        super().refuse(refusal, stream, record)

    def _refused(
        self,
        refusal: Refusal,
        stream: str,
        record: Mapping[str, object],
        number: int,
    ) -> None:
        super()._refused(refusal, stream, record, number)
        if refusal.external_id is None:
            self._nameless += 1
        elif refusal.must_go:
            self._staged.deny(refusal.external_id)
        else:
            self._staged.keep(refusal.external_id)

    def _opened(self) -> int | None:
        return self._number

    def flush(self) -> None:
        """Stage the open batch."""
        batch = self.batcher.close()
        if batch is not None:
            self._send(batch)

    @property
    def opened_at(self) -> float | None:
        """Nothing is sent early."""
        return None

    def _send(self, batch: Batch) -> None:
        self._count(batch)
        self._staged.add(batch.members.values())

    # What comes of batches

    def _uploaded(self, outcome: Outcome) -> None:
        super()._uploaded(outcome)
        old = outcome.upload.replaces
        if outcome.failure is None and old in self._in_the_way:
            self._in_the_way.remove(old)
            self._in_the_way.update(batch.id for batch in outcome.batches)

    def _ended(self, ended: Ended) -> None:
        super()._ended(ended)
        self._in_the_way.discard(ended.batch.id)
        self._has_ended = True

    # The end

    def last_uploads(self, why_not: str | None) -> Iterable[Upload]:
        """Compare the input with what Amazon holds; return what is to be sent."""
        too_many = self._end_records()
        why_not = self._doubts() or why_not or self._missing_stream() or too_many
        self._is_whole = why_not is None
        held = self._held_members()
        self._staged.settle(held)
        self._left_out(self._staged.cut(self.settings.rules.api.max_objects))
        if self.failure is not None:
            return ()
        if self.members is None and not self._staged.count():
            return ()
        if not self.is_usable():
            return ()
        if held := held or self._held_members():
            self._compare(held, why_not)
        return self._uploads()

    def _held_members(self) -> HeldMembers | None:
        """Return the members that Amazon holds, once it is known of which audience."""
        if self.members is None:
            return None
        ages = age_limits(self._time(), self.resolver.ttl, self.members.last_run())
        audience_id = self.members.audience_id
        return HeldMembers(self.store, audience_id, self.number, ages)

    def _compare(self, held: HeldMembers, why_not: str | None) -> None:
        """Report the difference; decide whether missing members may be removed."""
        report = self.report
        if self._nameless:
            report.note(
                f"{self._nameless:,} rejected records have no usable external id: if "
                "they are of members, these count as missing"
            )
        self._difference = Difference(held)
        counts = self._difference.counts(self._staged.count())
        reason = held_back(counts, self.settings.max_delete_percent)
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
        elif why_not:
            report.note(f"MIRROR passes no STATE on: {why_not}")
        self._removes = reason is None

    def _doubts(self) -> str | None:
        """Return why it is not known whom the input would keep, None where it is."""
        if not self._unread:
            return None
        return (
            f"{self._unread:,} records could not be read (a key column is missing, or "
            "an expression of stream_maps failed), so it is not known whom they would "
            "keep"
        )

    def _missing_stream(self) -> str | None:
        if self.members is None or self.settings.is_dry:
            return None
        before = self.store.mirrored_streams(self.members.audience_id)
        missing = sorted(before - self.sources - self.left_out)
        if not missing:
            return None
        return (
            f"stream {missing[0]}, which the last mirror was made of, did not come; to "
            "leave it out for good, set it to null in stream_maps"
        )

    def _of_deleted(self) -> str:
        return (
            f"{self.report.skipped[Reason.DELETED]:,} records are marked as deleted "
            "(_sdc_deleted_at): these people are not wanted"
        )

    def end_input(self) -> None:
        """Note that everything was sent; STATE may pass unless something failed."""
        if self.failure is not None or self._number is None or not self._is_whole:
            return
        self.states.complete(self._number)
        self._number = None
        if self.members is not None and not self.settings.is_dry:
            self.members.ran(self._time())
            self.store.mirrored(self.members.audience_id, self.sources)

    def watch(self) -> None:
        """Find out which jobs are in the way, once all uploads are accepted."""
        is_sending = self.failure is None and not self.settings.is_dry
        if self._difference is not None and is_sending:
            self._in_the_way = self._difference.in_the_way(removes=self._removes)
            self._is_held_up = bool(self._in_the_way) or self._has_ended
            self._has_ended = False

    def later_uploads(self, *, is_last: bool = False) -> Iterable[Upload]:
        """Return what was held up, once the jobs in its way have ended."""
        is_free = is_last or not self._in_the_way
        if self.failure is not None or not self._is_held_up or not is_free:
            return ()
        self._is_held_up = False
        return self._uploads()

    def wait_until(self) -> float | None:
        """Jobs in the way are waited for in any case."""
        if self.failure is not None:
            return None
        return self.jobs.wait_until(self._in_the_way)

    def finish(self) -> None:
        """Complete the report, with what is left to the next run."""
        super().finish()
        if self._without_grant:
            self.report.fail(
                f"{len(self._without_grant):,} members were to be removed and were "
                f"not ({Reason.NO_GRANT}): Amazon ignores a removal without it, and "
                "theirs says no GRANTED. They are still in the audience"
            )
        if self._in_the_way:
            self.report.note(
                f"{len(self._in_the_way)} batches that Amazon still works on hold up "
                "other changes of their members; the next run completes them"
            )

    # What differs

    def _uploads(self) -> Iterator[Upload]:
        """Yield what can be sent now and this run has not sent yet."""
        yield from self._part(CREATE, DiffQuery.AGAIN)
        if self._removes:
            yield from self._part(DELETE, DiffQuery.GONE)
        yield from self._part(DELETE, DiffQuery.CHANGED)
        yield from self._part(CREATE, DiffQuery.NEW)

    def _part(self, action: str, query: str) -> Iterator[Upload]:
        for batch in self._batches(query, held=action == DELETE):
            self._staged.try_once(action, batch.members)
            upload = Upload(
                action, batch.request(action, self.destination), self.stream or ""
            )
            del batch  # megabytes, while the next one is filled
            yield upload
            del upload

    def _batches(self, query: str, *, held: bool) -> Iterator[Batch]:
        if self._difference is None:
            return
        batcher = Batcher(self.limits, self.destination.format)
        for page in self._difference.pages(query, held=held):
            members = list(self._removable(page)) if held else page
            for _, full in batcher.add_all(members, 0.0):
                yield full
                del full  # megabytes, while the next one is filled
        last = batcher.close()
        if last is not None:
            yield last

    def _removable(self, page: Sequence[Member]) -> Iterator[Member]:
        """Yield whom Amazon removes; note the others, each once."""
        if not self.settings.rules.api.removal_needs_grant:
            yield from page
            return
        ignored = {m.external_id for m in page if not is_granted(m.consent)}
        for external_id in sorted(ignored - self._without_grant):
            self.rejects.add(external_id, self.stream or "", None, Reason.NO_GRANT)
        self._without_grant |= ignored
        yield from (m for m in page if m.external_id not in ignored)
