"""What came of uploads and jobs, noted in database, STATE, report and rejects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_amazon_audience.delivery.jobs import UNLISTED
from target_amazon_audience.matching.member import DELETE, Reason

if TYPE_CHECKING:
    from singer_amazon.target.state_tracker import StateTracker
    from target_amazon_audience.delivery.jobs import Ended, PollSchedule
    from target_amazon_audience.delivery.requests import MemberFormat
    from target_amazon_audience.delivery.uploader import Outcome, Upload
    from target_amazon_audience.reporting.audience_report import AudienceReport
    from target_amazon_audience.reporting.rejects import Rejects
    from target_amazon_audience.state.members import Members
    from target_amazon_audience.state.store import AudienceStore, OpenBatch


@dataclass(slots=True)
class ResultRecorder:
    """Notes results; ``members`` are known as soon as the audience is."""

    store: AudienceStore
    states: StateTracker
    report: AudienceReport
    rejects: Rejects
    format: MemberFormat
    members: Members | None = None

    def uploaded(self, outcome: Outcome, schedule: PollSchedule, now: float) -> None:
        """Note what Amazon has taken of an upload, and what it has refused."""
        upload = outcome.upload
        if outcome.refused:
            self._refused(upload, outcome.refused)
        for batch in outcome.batches:
            schedule.add(batch, now)
            if upload.replaces is None:
                self.report.batches += 1
                self.report.sent += batch.rows
        for accepted in outcome.ended:
            self.report.batches += 1
            self.report.sent += accepted.batch.rows
        if outcome.failure is not None:
            return
        if upload.replaces is not None:
            self.store.forget(upload.replaces)
        if upload.number is not None:
            self.states.complete(upload.number)

    def _refused(self, upload: Upload, refused: Sequence[tuple[str, str]]) -> None:
        for external_id, reason in refused:
            self.report.skip(Reason.REFUSED)
            self.rejects.add(
                external_id, upload.stream, None, f"{Reason.REFUSED}: {reason}"
            )
        self.report.fail(
            f"Amazon refused {len(refused):,} records of a batch; the rest of it went "
            "through"
        )
        if self.members is not None:
            self.members.refused(upload.action, [row[0] for row in refused])

    def ended(self, ended: Ended) -> None:
        """Note what became of the members of a batch, and forget it."""
        batch, members = ended.batch, self.members
        if ended.invalid or ended.unlisted:
            self._invalid(ended)
        if not ended.is_carried_out:
            self._not_carried_out(ended)
        elif members is not None and members.is_tracked:
            with self.store.reading():
                pii = self.format.pii_by_person(self.store.payload(batch.id))
            invalid = {external_id for external_id, _ in ended.invalid}
            if ended.unlisted:  # it may be anybody: nobody is taken as done
                invalid.update(pii)
            members.carried_out(batch.id, batch.action, pii, invalid)
        if batch.is_kept:
            self.store.forget(batch.id)

    def _invalid(self, ended: Ended) -> None:
        """Note which rows of a batch Amazon cannot use, each by its number in it."""
        batch = ended.batch
        rows = ended.rows
        if rows is None:
            rows = {name: n for n, name in enumerate(self._external_ids(batch), 1)}
        for external_id, reason in ended.invalid:
            known = external_id if external_id in rows else None
            where = {"row": rows[known]} if known else {}
            words = f"{Reason.INVALID}: {reason}"
            self.rejects.add(known, batch.stream, None, words, batch=batch.id, **where)
        if ended.unlisted:
            words = f"{Reason.INVALID}: {UNLISTED}"
            self.rejects.add(
                None, batch.stream, None, words, batch=batch.id, rows=ended.unlisted
            )

    def _not_carried_out(self, ended: Ended) -> None:
        batch = ended.batch
        external_ids = self._external_ids(batch)
        if self.members is not None and batch.action == DELETE:
            self.members.not_removed(batch.id, external_ids)
        if ended.is_rejected:
            for external_id in external_ids:
                self.rejects.add(external_id, batch.stream, None, Reason.FAILED)

    def _external_ids(self, batch: OpenBatch) -> list[str]:
        with self.store.reading():  # a damaged payload is the database's fault
            return self.format.ids_of(self.store.payload(batch.id))
