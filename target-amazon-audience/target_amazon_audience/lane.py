"""One audience of a run: its records on the way in, its batches on the way out.

Only the main thread is in here. Uploads and looks at jobs go out by ``Hands`` and come
back by ``uploaded`` and to ``Aftercare``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from singer_amazon.errors import AmazonError
from target_amazon_audience import wire
from target_amazon_audience.aftercare import Aftercare
from target_amazon_audience.batching import Batch, Batcher, Limits
from target_amazon_audience.members import Members
from target_amazon_audience.mirroring import Mirror, ages
from target_amazon_audience.ports import StoppedError
from target_amazon_audience.record import Member, Reason, RecordReader, Refusal
from target_amazon_audience.rejects import Rejects
from target_amazon_audience.report import Report
from target_amazon_audience.staging import Staged
from target_amazon_audience.uploader import Outcome, Upload, Uploader

if TYPE_CHECKING:
    from singer_amazon.clock import Clock
    from target_amazon_audience.ledger import StateLedger
    from target_amazon_audience.opening import Opening
    from target_amazon_audience.settings import Mapped
    from target_amazon_audience.store import Draft, OpenBatch, Store

logger = logging.getLogger(__name__)

_PERCENT = 100


@dataclass(slots=True)
class Hands:
    """What a lane works with; shared by the lanes of a run but for the uploader."""

    store: Store
    ledger: StateLedger
    clock: Clock
    submit: Callable[[Lane, Upload], None]
    make_uploader: Callable[[Lane], Uploader]
    claim: Callable[[Lane, int], None]
    """Makes sure that nobody else works on an audience."""


@dataclass
class Lane:
    """Everything about one audience in one run."""

    number: int
    stream: str | None
    settings: Mapped
    opening: Opening
    hands: Hands
    now: float = 0.0
    """The time as of the block of lines being read."""
    failure: AmazonError | None = None
    uploader: Uploader | None = None
    mirror: Mirror | None = None
    members: Members | None = None
    is_tracked: bool = False
    """Whether the database has to know all members: the audience is mirrored."""
    _number: int | None = field(default=None, repr=False)
    _unread: int = 0
    _nameless: int = 0

    def __post_init__(self) -> None:
        settings = self.settings
        self.limits = Limits(settings.batch_rows, settings.batch_bytes)
        self.reader = RecordReader(settings.rules)
        self.batcher = Batcher(self.limits, merges=settings.merges)
        self.rejects = Rejects(None if settings.is_dry else settings.rejects_path)
        self.aftercare = Aftercare(self)
        self.report = Report(
            stream=self.stream,
            action=settings.action,
            upload_mode=settings.upload_mode,
            target=settings.target,
            external_audience_id=settings.external_audience_id,
        )
        self.action = wire.DELETE if settings.upload_mode == "DELETE" else wire.CREATE
        self.staged: Staged | None = None
        if settings.upload_mode == "MIRROR":
            self.staged = Staged(self.hands.store, self.number, merges=settings.merges)
            # an input that is read again from the middle would remove the rest
            self._number = self.hands.ledger.opened()

    # The start

    def open(self) -> list[OpenBatch]:
        """Look everything up; return the batches of earlier runs to look after."""
        store = self.hands.store
        self.opening.check()
        for note in self.opening.notes:
            self.report.note(note)
        audience_id = self.report.audience_id = self.opening.audience_id
        if audience_id is None:
            return []
        self.hands.claim(self, audience_id)
        self._know(audience_id)
        store.forget_drafts(audience_id)
        found = list(store.open_batches(audience_id))
        self.report.earlier_batches = len(found)
        return found

    def open_dry(self) -> None:
        """Find what is known without asking anybody."""
        found = self.settings.audience_id
        if self.settings.action == "CREATE":
            found = self.hands.store.audience(self.opening.key)
        self.report.audience_id = found
        if found is not None:
            self._know(found)

    def _know(self, audience_id: int) -> None:
        self.members = Members(self.hands.store, audience_id)
        self.is_tracked = self.staged is not None or self.members.is_mirrored()

    def fail(self, error: AmazonError) -> None:
        """Give this audience up; others go on. Its records come again next time."""
        if self.failure is not None:
            return
        self.failure = error
        if isinstance(error, StoppedError):
            self.report.note(str(error))
        else:
            self.report.fail(str(error))
        if self._number is None:
            self._number = self.hands.ledger.opened()

    # Records

    def take(
        self,
        records: Sequence[dict[str, Any]],
        stream: str,
        breathe: Callable[[], None],
    ) -> None:
        """Take records that came in a row; ``breathe`` after each batch they fill."""
        self.report.records += len(records)
        read, add = self.reader.read, self.batcher.add
        if self.action == wire.DELETE and self.is_tracked:
            read = self._read_with_held
        for record in records:
            if self.failure is not None:
                self.report.skipped[f"not sent: {type(self.failure).__name__}"] += 1
                continue
            found = read(record)
            if found.__class__ is not Member:
                assert isinstance(found, Refusal)  # noqa: S101 - the only other answer
                self._refused(found, stream)
                continue
            full = add(found, self.now)
            if full is not None:
                self._send(full)
                self._number = self._opened()
                breathe()
            elif self._number is None:
                self._number = self._opened()

    def _read_with_held(self, record: dict[str, Any]) -> Member | Refusal:
        """Read a record that is deleted; what a mirror has created of it goes too."""
        found = self.reader.read(record)
        if self.members is None or not isinstance(found, Member):
            return found
        return self.members.with_held(found)

    def refuse(self, refusal: Refusal, stream: str) -> None:
        """Note a record that could not even be read."""
        self.report.records += 1
        self._unread += 1
        self._refused(refusal, stream)

    def _opened(self) -> int | None:
        return self._number if self.staged else self.hands.ledger.opened()

    def _refused(self, refusal: Refusal, stream: str) -> None:
        self.report.skipped[refusal.reason] += 1
        self.rejects.add(refusal.external_id, stream, refusal.field, refusal.reason)
        if refusal.external_id is None:
            self._nameless += 1
            return
        if refusal.is_denied:
            self.batcher.drop(refusal.external_id)
        if self.staged is not None:
            stage = self.staged.deny if refusal.is_denied else self.staged.keep
            stage(refusal.external_id)

    # Batches

    def flush(self) -> None:
        """Send the open batch."""
        batch = self.batcher.close()
        if batch is not None:
            self._send(batch)
        elif self._number is not None and not self.staged and self.failure is None:
            self.hands.ledger.settled(self._number)
        if not self.staged and self.failure is None:
            self._number = None

    @property
    def opened_at(self) -> float | None:
        """When the open batch got its first row, if there is one to send early."""
        batch = self.batcher.open
        return None if batch is None or self.staged else batch.opened_at

    def _send(self, batch: Batch) -> None:
        self.report.merged += batch.merged
        if self.staged is not None:
            self.staged.want(batch.members.values())
            return
        if self.is_usable():
            upload = Upload(
                self.action,
                batch.records(self.action),
                self.stream or "",
                partial(self._keep, batch),
                self._number,
            )
            self.hands.submit(self, upload)

    def is_usable(self) -> bool:
        """Make the audience and the uploader when they are needed first."""
        if self.settings.is_dry or self.uploader is not None:
            return True
        try:
            uploader = self.hands.make_uploader(self)
            audience_id = uploader.place.audience_id
            if self.members is None:
                self.hands.claim(self, audience_id)
        except AmazonError as error:
            self.fail(error)
            return False
        self.uploader = uploader
        self.report.audience_id = audience_id
        self.report.is_created = self.opening.is_created
        if self.members is None:
            self._know(audience_id)
        return True

    def _keep(
        self, batch: Batch, now: float, draft: Draft, part: Sequence[wire.Record]
    ) -> int:
        """Keep a batch; a later mirror has to know what it does to members."""
        if not self.is_tracked or self.members is None:
            return self.hands.store.draft(draft)
        external_ids = [row.external_id for row in part]
        if draft.action == wire.DELETE:
            return self.members.removing(draft, external_ids)
        members = [batch.members[external_id] for external_id in external_ids]
        return self.members.creating(draft, members, now)

    # The end of the input

    def last_uploads(self, *, unreadable: int) -> Iterator[Upload]:
        """Yield what is sent once the input has ended."""
        self.flush()
        if self.failure is not None:
            return
        too_many = self._too_many_rejected()
        if too_many:
            self.report.fail(too_many)
        if self.staged is None:
            return
        if self.members is None and not self.staged.wanted():
            return
        if not self.is_usable() or self.members is None:
            return
        if unreadable:
            too_many = f"{unreadable} lines of the input could not be read"
        if self._unread:
            too_many = (
                f"{self._unread:,} records could not be read (a key column is missing, "
                "or an expression of stream_maps failed), so it is not known whom they "
                "would keep"
            )
        if self._nameless:
            self.report.note(
                f"{self._nameless:,} rejected records have no usable external id: if "
                "they are of members, these count as missing"
            )
        yield from self._mirrored(self.members, self.staged, too_many)

    def _mirrored(
        self, members: Members, staged: Staged, why_not: str | None
    ) -> Iterator[Upload]:
        now = self.hands.clock.now().timestamp()
        old = ages(now, self.opening.ttl, members.last_run())
        mirror = Mirror(members, staged, self.limits, self.stream or "", old)
        mirror.compare(self.report, self.settings.max_delete_percent, why_not)
        self.mirror = mirror
        yield from mirror.uploads()

    def _too_many_rejected(self) -> str | None:
        report = self.report
        denied = report.skipped["consent denied"]
        rejected = sum(report.skipped.values()) - denied
        most = self.settings.max_rejected_percent
        if not report.records or rejected * _PERCENT <= report.records * most:
            return None
        return (
            f"{rejected:,} of {report.records:,} records were rejected, more than "
            f"max_rejected_percent ({most:g}) allows"
        )

    def end_input(self) -> None:
        """Note that everything was sent; STATE may pass unless something failed."""
        if self.failure is not None:
            return
        if self.staged is not None and self._number is not None:
            self.hands.ledger.settled(self._number)
            self._number = None
            if self.members is not None and not self.settings.is_dry:
                self.members.ran(self.hands.clock.now().timestamp())

    # What comes back

    def uploaded(self, outcome: Outcome) -> None:
        """Take what came of an upload."""
        upload, report = outcome.upload, self.report
        for external_id, words in outcome.refused:
            report.skipped[Reason.REFUSED] += 1
            reason = f"{Reason.REFUSED}: {words}"
            self.rejects.add(external_id, upload.stream, None, reason)
        if outcome.refused:
            self._forget_refused(upload, [row[0] for row in outcome.refused])
        now = self.hands.clock.now().timestamp()
        for batch in outcome.batches:
            self.aftercare.schedule.add(batch, now)
            if upload.replaces is None:
                report.batches += 1
                report.sent += batch.rows
        if outcome.failure is not None:
            self.fail(outcome.failure)
            return
        if upload.replaces is not None:
            self.hands.store.forget(upload.replaces)
            if self.mirror is not None:
                self.mirror.sent_again(
                    upload.replaces, [batch.id for batch in outcome.batches]
                )
        if upload.number is not None:
            self.hands.ledger.settled(upload.number)

    def _forget_refused(self, upload: Upload, external_ids: Sequence[str]) -> None:
        self.report.fail(
            f"Amazon refused {len(external_ids):,} records of a batch; the rest of "
            "it went through"
        )
        if self.is_tracked and self.members is not None:
            self.members.refused(upload.action, external_ids)

    # After the input

    def watch(self) -> None:
        """Find out which jobs the rest of a mirror waits for."""
        is_sending = self.failure is None and not self.settings.is_dry
        if self.mirror is not None and is_sending:
            self.mirror.watch()

    def later_uploads(self, *, is_last: bool = False) -> Iterator[Upload]:
        """Yield the rest of a mirror once the jobs in its way have ended.

        With ``is_last`` members whose own jobs have ended do not wait for the others.
        """
        mirror = self.mirror
        if mirror is None or self.failure is not None or not mirror.is_held_up:
            return
        if mirror.in_the_way and not is_last:
            return
        mirror.is_held_up = False
        yield from mirror.uploads()

    def finish(self) -> None:
        """Complete the report."""
        report, reader = self.report, self.reader
        report.unusable = dict(reader.unusable)
        report.consent_missing = reader.consent_missing
        if self.report.audience_id is not None and not self.settings.is_dry:
            found = self.hands.store.open_batches(self.report.audience_id)
            report.pending = len(found)
        if self.mirror is not None and self.mirror.in_the_way:
            report.note(
                f"{len(self.mirror.in_the_way)} batches that Amazon still works on "
                "hold up other changes of their members; the next run completes them"
            )
        self.rejects.close()
