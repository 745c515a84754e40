"""One audience of a run: its records on the way in, its batches on the way out.

Only the main thread is in here. Uploads and looks at jobs go out by ``Hands`` and come
back to ``Aftercare``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from singer_amazon.errors import AmazonError
from target_amazon_audience import wire
from target_amazon_audience.aftercare import Aftercare
from target_amazon_audience.batching import Batch, Batcher, Limits
from target_amazon_audience.member import Member, Refusal
from target_amazon_audience.members import Members
from target_amazon_audience.mirroring import Mirror, ages, doubts
from target_amazon_audience.place import NOWHERE
from target_amazon_audience.ports import StoppedError
from target_amazon_audience.record import RecordReader
from target_amazon_audience.rejects import Rejects
from target_amazon_audience.report import Report
from target_amazon_audience.staging import Staged
from target_amazon_audience.uploader import Upload, Uploader

if TYPE_CHECKING:
    from target_amazon_audience.hands import Hands
    from target_amazon_audience.opening import Opening
    from target_amazon_audience.place import Request
    from target_amazon_audience.settings import Mapped
    from target_amazon_audience.store import Draft, OpenBatch


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
        read, add, now = self.reader.read, self.batcher.add, self.now
        if self.action == wire.DELETE and self.is_tracked:
            read = self._read_with_held
        left = iter(records)
        for record in left if self.failure is None else ():
            found = read(record)
            if isinstance(found, Refusal):
                self._refused(found, stream)
                continue
            full = add(found, now)
            if full is not None:
                self._number = self._numbered()
                self._send(full)
                self._number = self._opened()
                breathe()
                if self.failure is not None:
                    break
        if self.batcher.open is not None:
            self._number = self._numbered()
        if self.failure is not None:
            unsent = f"not sent: {type(self.failure).__name__}"
            self.report.skipped[unsent] += sum(1 for _ in left)

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

    def _numbered(self) -> int | None:
        """Return the number of the open batch: no STATE came since it was opened."""
        return self._opened() if self._number is None else self._number

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
            place = NOWHERE if self.uploader is None else self.uploader.place
            self.hands.wait()
            upload = Upload(
                self.action,
                batch.request(self.action, place),
                self.stream or "",
                self._keep,
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

    def _keep(self, now: float, draft: Draft, part: Request) -> int:
        """Keep a batch; a later mirror has to know what it does to members."""
        if not self.is_tracked or self.members is None:
            return self.hands.store.draft(draft)
        if draft.action == wire.DELETE:
            return self.members.removing(draft, wire.ids_of(part.rows))
        return self.members.creating(draft, wire.members_of(part.rows), now)

    # The end of the input

    def last_uploads(self, *, unreadable: int) -> Iterator[Upload]:
        """Yield what is sent once the input has ended."""
        self.flush()
        if self.failure is not None:
            return
        too_many = self.report.too_many_rejected(self.settings.max_rejected_percent)
        if too_many:
            self.report.fail(too_many)
        if self.staged is None:
            return
        if self.members is None and not self.staged.wanted():
            return
        if not self.is_usable() or self.members is None:
            return
        if self._nameless:
            self.report.note(
                f"{self._nameless:,} rejected records have no usable external id: if "
                "they are of members, these count as missing"
            )
        why_not = doubts(unreadable, self._unread) or too_many
        yield from self._mirrored(self.members, self.staged, why_not)

    def _mirrored(
        self, members: Members, staged: Staged, why_not: str | None
    ) -> Iterator[Upload]:
        now = self.hands.clock.now().timestamp()
        old = ages(now, self.opening.ttl, members.last_run())
        place = NOWHERE if self.uploader is None else self.uploader.place
        mirror = Mirror(members, staged, self.limits, place, self.stream or "", old)
        mirror.compare(self.report, self.settings.max_delete_percent, why_not)
        self.mirror = mirror
        yield from mirror.uploads()

    def end_input(self) -> None:
        """Note that everything was sent; STATE may pass unless something failed."""
        if self.failure is not None:
            return
        if self.staged is not None and self._number is not None:
            self.hands.ledger.settled(self._number)
            self._number = None
            if self.members is not None and not self.settings.is_dry:
                self.members.ran(self.hands.clock.now().timestamp())

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
        if self.mirror is not None and self.failure is None:
            yield from self.mirror.later_uploads(is_last=is_last)

    def finish(self) -> None:
        """Complete the report."""
        report, reader = self.report, self.reader
        report.unusable = dict(reader.unusable)
        report.consent_missing = reader.consent_missing
        if self.report.audience_id is not None and not self.settings.is_dry:
            found = self.hands.store.open_batches(self.report.audience_id)
            report.pending = len(found)
        if self.mirror is not None:
            self.mirror.finish(report)
        self.rejects.close()
