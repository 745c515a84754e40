"""Looking after the jobs of one audience: what came of batches Amazon has accepted.

Only the main thread is in here. A batch leaves the database when its job has ended;
a failed job is sent again once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from singer_amazon.errors import AmazonError, AuthError, TransientError
from target_amazon_audience import wire
from target_amazon_audience.jobs import ENDED, Look, Schedule
from target_amazon_audience.member import Reason
from target_amazon_audience.mirroring import HELD_UP_SECONDS
from target_amazon_audience.packing import carried
from target_amazon_audience.ports import JobState
from target_amazon_audience.uploader import Upload

if TYPE_CHECKING:
    from target_amazon_audience.lane import Lane
    from target_amazon_audience.place import Request
    from target_amazon_audience.store import Draft, OpenBatch
    from target_amazon_audience.uploader import Outcome

MOST_ATTEMPTS = 2
"""How often a batch is sent before a failed job is final."""


class Aftercare:
    """The jobs of one audience, of this run and of earlier ones."""

    def __init__(self, lane: Lane) -> None:
        settings = lane.settings
        self._lane = lane
        self.schedule = Schedule(settings.poll_seconds, settings.poll_seconds_max)
        self.waited_from = 0.0
        self._earlier: set[int] = set()
        self._given_up: set[int] = set()

    def begin(self, batches: Iterable[OpenBatch], now: float) -> None:
        """Take over the batches of earlier runs; they are looked at first."""
        for batch in batches:
            self._earlier.add(batch.id)
            self.schedule.add(batch, now, at_once=True)

    def supersede(self) -> None:
        """Give up sending again what this run may undo, now that it begins.

        A CREATE of an earlier run that is repeated after this run's DELETE would bring
        a person back.
        """
        lane = self._lane
        audience_id = lane.report.audience_id
        if audience_id is None or lane.failure is not None:
            return
        for batch in lane.hands.store.open_batches(audience_id):
            is_other = lane.staged is not None or batch.action != lane.action
            if batch.id in self._earlier and is_other:
                self._given_up.add(batch.id)
        lane.hands.store.give_up(self._given_up, MOST_ATTEMPTS)

    def uploaded(self, outcome: Outcome) -> None:
        """Take what came of an upload."""
        lane, upload = self._lane, outcome.upload
        for external_id, words in outcome.refused:
            lane.report.skipped[Reason.REFUSED] += 1
            reason = f"{Reason.REFUSED}: {words}"
            lane.rejects.add(external_id, upload.stream, None, reason)
        if outcome.refused:
            self._forget_refused(upload, [row[0] for row in outcome.refused])
        now = lane.hands.clock.now().timestamp()
        for batch in outcome.batches:
            self.schedule.add(batch, now)
            if upload.replaces is None:
                lane.report.batches += 1
                lane.report.sent += batch.rows
        if outcome.failure is not None:
            lane.fail(outcome.failure)
            return
        if upload.replaces is not None:
            lane.hands.store.forget(upload.replaces)
            if lane.mirror is not None:
                lane.mirror.sent_again(
                    upload.replaces, [batch.id for batch in outcome.batches]
                )
        if upload.number is not None:
            lane.hands.ledger.settled(upload.number)

    def _forget_refused(self, upload: Upload, external_ids: Sequence[str]) -> None:
        lane = self._lane
        lane.report.fail(
            f"Amazon refused {len(external_ids):,} records of a batch; the rest of "
            "it went through"
        )
        if lane.is_tracked and lane.members is not None:
            lane.members.refused(upload.action, external_ids)

    def looked(self, look: Look) -> None:
        """Take a look at a job."""
        batch, job = look.batch, look.job
        now = self._lane.hands.clock.now().timestamp()
        if job is None:
            self._unseen(batch, look.failure, now)
        elif job.state in ENDED:
            self._ended(batch, job.invalid, job.state)
        elif job.state is JobState.FAILED:
            self._failed(batch, job.word)
        else:
            if job.state is JobState.UNKNOWN:
                self._lane.report.fail(
                    f"Amazon calls a job {job.word!r}, a word this release does not "
                    "know: the job is taken as not ended"
                )
            self.schedule.looked(batch.id, now)

    def _unseen(
        self, batch: OpenBatch, failure: AmazonError | None, now: float
    ) -> None:
        if isinstance(failure, TransientError):
            self.schedule.looked(batch.id, now)
            return
        self.schedule.drop(batch.id)
        sentence = f"A job could not be looked at: {failure}"
        if isinstance(failure, AuthError):
            self._lane.report.fail(sentence)
        else:
            self._lane.report.note(sentence)

    def _ended(
        self,
        batch: OpenBatch,
        invalid: Iterable[tuple[str, str]],
        state: JobState,
    ) -> None:
        bad = set()
        for external_id, words in invalid:
            bad.add(external_id)
            hidden = words.replace(external_id, "***") if external_id else words
            self._lane.report.count_invalid(hidden or "no reason given")
        if state is JobState.PARTIAL:
            self._lane.report.note(
                "Amazon took a batch in part only (PARTIALLYSUCCEEDED): at least one "
                "target has it, another has not"
            )
        self._lane.report.completed += 1
        if self._lane.is_tracked:
            self._note_ended(batch, bad)
        self._close(batch)

    def _note_ended(self, batch: OpenBatch, bad: set[str]) -> None:
        """Note what became of the members that a batch was about."""
        members = self._lane.members
        assert members is not None  # noqa: S101 - an audience with jobs is known
        data = carried(self._lane.hands.store.payload(batch.id))
        good = {name: pii for name, pii in data.items() if name not in bad}
        if batch.action == wire.CREATE:
            members.created(batch.id, good)
        else:
            members.removed(batch.id, good)
            members.not_removed(batch.id, bad & data.keys())

    def _failed(self, batch: OpenBatch, word: str) -> None:
        """Send a batch again whose job has failed; the second time it is final."""
        lane = self._lane
        if batch.id in self._earlier and lane.staged is not None:
            # its members count as not confirmed: this run compares them anew
            self._note_failed(batch)
        elif (
            batch.attempts < MOST_ATTEMPTS
            and batch.id not in self._given_up
            and lane.is_usable()
        ):
            self._send_again(batch)
        else:
            for external_id in self._note_failed(batch):
                lane.rejects.add(external_id, batch.stream, None, Reason.FAILED)
            lane.report.failed += 1
            lane.report.fail(
                f"Amazon's job for {batch.rows:,} records failed ({word}): their "
                f"{batch.action} was not carried out"
            )

    def _note_failed(self, batch: OpenBatch) -> Sequence[str]:
        """Close a batch whose job has failed; return whom it was about."""
        ids = wire.ids_of(self._lane.hands.store.payload(batch.id))
        if self._lane.members is not None and batch.action == wire.DELETE:
            self._lane.members.not_removed(batch.id, ids)
        self._close(batch)
        return ids

    def _send_again(self, batch: OpenBatch) -> None:
        lane, uploader = self._lane, self._lane.uploader
        members = lane.members
        assert members is not None  # noqa: S101 - an audience with jobs is known
        assert uploader is not None  # noqa: S101 - made before this is called

        def keep(_now: float, draft: Draft, part: Request) -> int:
            return members.sending_again(draft, wire.ids_of(part.rows), batch.id)

        self.schedule.drop(batch.id)
        payload = lane.hands.store.payload(batch.id)
        upload = Upload(
            batch.action,
            uploader.place.again(payload, batch.rows),
            batch.stream,
            keep,
            attempts=batch.attempts + 1,
            replaces=batch.id,
        )
        lane.hands.submit(lane, upload)

    def _close(self, batch: OpenBatch) -> None:
        self._lane.hands.store.forget(batch.id)
        self.schedule.drop(batch.id)
        if self._lane.mirror is not None:
            self._lane.mirror.in_the_way.discard(batch.id)

    # Waiting

    def wait_until(self) -> float | None:
        """Return until when this audience waits for jobs; None if it does not."""
        if self._lane.failure is not None or not len(self.schedule):
            return None
        start = self.waited_from
        minutes = self._lane.settings.wait_minutes
        if minutes is not None:
            return start + minutes * 60
        mirror = self._lane.mirror
        if mirror is not None and any(n in self.schedule for n in mirror.in_the_way):
            return start + HELD_UP_SECONDS
        return None
