"""One audience of a run: its records on the way in, its batches on the way out.

Only the main thread is in here. Uploads and looks at jobs go out by the ``Dispatcher``;
what comes of them is a value, which ``apply`` takes.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from singer_amazon.errors import AmazonError
from target_amazon_audience.delivery.batches import Batch, Batcher, BatchLimits
from target_amazon_audience.delivery.dry_run import PayloadPreview
from target_amazon_audience.delivery.held_state import HeldState
from target_amazon_audience.delivery.jobs import (
    SUPERSEDED,
    Ended,
    JobTracker,
    Poll,
    Resend,
)
from target_amazon_audience.delivery.models import (
    StoppedError,
)
from target_amazon_audience.delivery.removals import Removals
from target_amazon_audience.delivery.requests import Destination
from target_amazon_audience.delivery.results import ResultRecorder
from target_amazon_audience.delivery.uploader import Outcome, Upload, Uploader
from target_amazon_audience.matching.columns.blocks import BlockReader, in_a_row
from target_amazon_audience.matching.member import (
    CREATE,
    DELETE,
    MAX_OBJECTS,
    Member,
    Reason,
    Refusal,
)
from target_amazon_audience.matching.outline import outline, shown_names
from target_amazon_audience.matching.record_reader import (
    RecordReader,
)
from target_amazon_audience.reporting.audience_report import AudienceReport
from target_amazon_audience.reporting.record_notes import note_records
from target_amazon_audience.reporting.rejects import Rejects
from target_amazon_audience.state.members import Members

if TYPE_CHECKING:
    from singer_amazon.clock import Clock
    from singer_amazon.target.state_tracker import StateTracker
    from target_amazon_audience.amc.rate_limits import SharedLimiter
    from target_amazon_audience.delivery.dispatcher import Dispatcher
    from target_amazon_audience.delivery.ports import Resolver
    from target_amazon_audience.settings import AudienceSettings
    from target_amazon_audience.state.access import StateAccess
    from target_amazon_audience.state.store import AudienceStore, OpenBatch

logger = logging.getLogger(__name__)


@dataclass
class AudienceSink:
    """Everything about one audience in one run that adds or removes what it reads."""

    number: int
    stream: str | None
    settings: AudienceSettings
    resolver: Resolver
    access: StateAccess
    store: AudienceStore
    dispatcher: Dispatcher
    states: StateTracker
    clock: Clock
    now: float = 0.0
    """The time as of the block of lines being read."""
    failure: AmazonError | None = None
    uploader: Uploader | None = None
    _number: int | None = field(default=None, repr=False)
    """The STATE that the open batch belongs to."""

    def __post_init__(self) -> None:
        settings = self.settings
        self.limits = BatchLimits(settings.batch_rows, settings.batch_bytes)
        self.reader = RecordReader(settings.rules)
        self._read_all = BlockReader(self.reader).read
        self.action = DELETE if settings.upload_mode == "DELETE" else CREATE
        self.batcher = self._make_batcher()
        self.rejects = Rejects(None if settings.is_dry else settings.rejects_path)
        self.report = AudienceReport(
            stream=self.stream,
            action=settings.action,
            upload_mode=settings.upload_mode,
            target=settings.target,
            external_audience_id=settings.external_audience_id,
            has_jobs=self.resolver.has_jobs,
        )
        self.jobs = JobTracker(settings, self.report)
        self.results = ResultRecorder(
            self.store,
            self.states,
            self.report,
            self.rejects,
            self.resolver.preview.format,
        )
        self._preview = PayloadPreview()
        self.sources: set[str] = set()
        """Streams of the input that lead here."""
        self.left_out: frozenset[str] = frozenset()
        """Streams that the user has mapped to nothing."""
        self._described: set[str] = set()
        self._held = HeldState(self.states)

    def _make_batcher(self) -> Batcher:
        # whoever goes is sent with all that Amazon may hold
        api, form = self.settings.rules.api, self.resolver.preview.format
        most = api.max_objects if self.action == CREATE else MAX_OBJECTS
        merges = self.settings.merges
        return Batcher(self.limits, form, merges=merges, max_objects=most)

    @property
    def members(self) -> Members | None:
        """The members of the audience, once it is known which one it is."""
        return self.results.members

    # The start

    def open(self) -> None:
        """Look everything up; take over the batches of earlier runs."""
        if self.settings.is_dry:
            found = self.resolver.known_id()
            self.report.audience_id = self.resolver.shown_id()
            if found is not None:
                self._know(found)
            return
        self.resolver.check()
        for note in self.resolver.notes:
            self.report.note(note)
        audience_id = self.resolver.audience_id
        self.report.audience_id = self.resolver.shown_id()
        if audience_id is None:
            return
        self._claim(audience_id)
        self._know(audience_id)
        self.store.forget_drafts(audience_id)
        batches = self.store.open_batches(audience_id)
        self.report.earlier_batches = len(batches)
        self.jobs.begin(batches, self._time())

    def _claim(self, audience_id: int) -> None:
        """Make sure that nobody else works on the audience."""
        shown = self.resolver.shown_id() or str(audience_id)
        self.access.claim_id(audience_id, self.stream, shown)
        path, label = self.settings.state_path, self.settings.label
        self.access.lock_id(path, audience_id, label)

    def _know(self, audience_id: int) -> Members:
        found = Members(self.store, audience_id, is_mirror=self.settings.is_mirror)
        self.results.members = found
        return found

    def supersede(self) -> None:
        """Give up sending again what this run may undo, now that it begins."""
        audience_id = self.resolver.audience_id
        if audience_id is None or self.failure is not None or self.settings.is_dry:
            return
        batches = self.store.open_batches(audience_id)
        self.store.give_up(self.jobs.give_up(batches, self.action), SUPERSEDED)

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
            self._number = self.states.opened()

    # Records

    def describe(self, stream: str, columns: Iterable[str], source: str) -> None:
        """Log once per stream which of its columns are read, and which are not.

        ``source`` is what the stream is called in the input.
        """
        self.sources.add(source)
        if stream in self._described:
            return
        self._described.add(stream)
        found, ignored = self.reader.fields.fields_of(columns)
        logger.info(
            "Stream %s: fields %s; columns that are ignored: %s",
            stream,
            ", ".join(found) or "none",
            shown_names(ignored),
        )

    def take(self, records: Sequence[dict[str, Any]], stream: str) -> Iterator[None]:
        """Take records that came in a row; yield after each batch they fill."""
        left, first = len(records), self.report.records + 1
        self.report.records += left
        if self.failure is None:
            left = yield from self._deliver(records, stream, first)
        if self.batcher.open is not None:
            self._number = self._numbered()
        if self.failure is not None:
            self.report.skipped[f"not sent: {type(self.failure).__name__}"] += left

    def _deliver(
        self, records: Sequence[dict[str, Any]], stream: str, first: int
    ) -> Generator[None, None, int]:
        """Send the batches that records fill; return how many are left at a failure."""
        for start, found in in_a_row(self._read(records)):
            if isinstance(found, Refusal):
                self._refused(found, stream, records[start], first + start)
                continue
            for taken, full in self.batcher.add_all(found, self.now):
                self._number = self._numbered()
                self._send(full)
                self._number = self._opened()
                yield
                if self.failure is not None:
                    return len(records) - start - taken
        return 0

    def _read(self, records: Sequence[dict[str, Any]]) -> list[Member | Refusal]:
        found = self._read_all(records)
        removals = self._removals() if self.action == DELETE else None
        return found if removals is None else list(map(removals.removal, found))

    def _removals(self) -> Removals | None:
        """Return what completes records that are deleted, where there is anything."""
        members, rules = self.members, self.settings.rules
        if members is not None and not members.is_tracked:
            members = None
        needs_grant = rules.api.removal_needs_grant
        if members is None and not needs_grant:
            return None
        return Removals(self.store, members, rules.country, needs_grant)

    def refuse(
        self, refusal: Refusal, stream: str, record: Mapping[str, object]
    ) -> None:
        """Note a record that could not even be read."""
        self.report.records += 1
        self._refused(refusal, stream, record, self.report.records)

    def _refused(
        self,
        refusal: Refusal,
        stream: str,
        record: Mapping[str, object],
        number: int,
    ) -> None:
        reason = refusal.reason
        is_first = reason not in self.report.examples
        self.report.skip(reason, outline(record) if is_first else None)
        self.rejects.add(
            refusal.external_id, stream, refusal.field, reason, record=number
        )
        if refusal.must_go:
            if refusal.external_id is not None:
                self.batcher.drop(refusal.external_id)
        else:
            self._held.hold()

    def release(self) -> None:
        """Let STATE pass again where not too many records were rejected."""
        if self._too_many_rejected() is None:
            self._held.release()

    def _too_many_rejected(self) -> str | None:
        return self.report.too_many_rejected(self.settings.max_rejected_percent)

    def _opened(self) -> int | None:
        return self.states.opened()

    def _numbered(self) -> int | None:
        """Return the number of the open batch: no STATE came since it was opened."""
        return self._opened() if self._number is None else self._number

    # Batches

    def flush(self) -> None:
        """Send the open batch."""
        batch = self.batcher.close()
        if batch is not None:
            self._send(batch)
        elif self._number is not None and self.failure is None:
            self.states.complete(self._number)
        if self.failure is None:
            self._number = None

    @property
    def opened_at(self) -> float | None:
        """When the open batch got its first row, if there is one to send early."""
        batch = self.batcher.open
        return None if batch is None else batch.opened_at

    def _count(self, batch: Batch) -> None:
        report = self.report
        report.merged += batch.merged
        self._left_out(batch.left_out)
        report.crowded = max(report.crowded, batch.crowded)

    def _send(self, batch: Batch) -> None:
        self._count(batch)
        if self.is_usable():
            self.dispatcher.wait_for_slot()
            request = batch.request(self.action, self.destination)
            self.submit(Upload(self.action, request, self.stream or "", self._number))

    def submit(self, upload: Upload) -> None:
        """Hand an upload to the threads that send; a dry run only counts it."""
        if self.uploader is not None:
            self.dispatcher.upload(self.number, self.uploader, upload)
            return
        self.report.batches += 1
        self.report.sent += upload.request.count
        self._preview.show(upload.request)

    def is_usable(self) -> bool:
        """Make the audience and the uploader when they are needed first."""
        if self.settings.is_dry or self.uploader is not None:
            return True
        try:
            self.uploader = self._make_uploader(self.resolver.destination())
        except AmazonError as error:
            self.fail(error)
            return False
        self.report.audience_id = self.resolver.shown_id()
        self.report.is_created = self.resolver.is_created
        return True

    def _make_uploader(self, destination: Destination) -> Uploader:
        limiter = self.dispatcher.limiter(destination, self.store)
        members = self.members
        if members is None:
            self._claim(destination.audience_id)
            members = self._know(destination.audience_id)
        return Uploader(
            self.resolver.records,
            self.store,
            members,
            destination,
            limiter,
            self.limits,
            self.clock,
        )

    @property
    def destination(self) -> Destination:
        """Where requests lead; nowhere in a dry run."""
        if self.uploader is None:
            return self.resolver.preview
        return self.uploader.destination

    @property
    def limiter(self) -> SharedLimiter:
        """What limits calls on the connection that the records count to."""
        if self.uploader is None:
            return self.dispatcher.no_connection
        return self.uploader.limiter

    def _left_out(self, sets: Mapping[str, int]) -> None:
        """Note sets of personal data that one person had too many of."""
        self.report.sets_left_out += sum(sets.values())
        for external_id, count in sets.items():
            self.rejects.add(
                external_id, self.stream or "", None, Reason.TOO_MANY_SETS, sets=count
            )

    # What comes of them

    def poll_jobs(self) -> Iterator[None]:
        """Look at the jobs that are due; yield before each."""
        for batch in self.jobs.schedule.due(self._time()):
            yield
            until = self.jobs.polls_until(self._time())
            api = self.resolver.records
            self.dispatcher.poll(self.number, api, batch, self.limiter, until)

    def apply(self, value: Outcome | Poll) -> None:
        """Take what came of an upload, or of a look at a job."""
        if isinstance(value, Outcome):
            self._uploaded(value)
            return
        found = self.jobs.polled(value, self._time())
        if isinstance(found, Resend):
            if self.is_usable():
                self._send_again(found.batch)
            else:
                self.jobs.keep(found.batch, found.job)
        elif found is not None:
            self._ended(found)

    def _uploaded(self, outcome: Outcome) -> None:
        ended = [self.jobs.taken(accepted) for accepted in outcome.ended]
        number = None if outcome.failure is not None else outcome.upload.number
        if number is not None and any(e.invalid or e.unlisted for e in ended):
            self._held.hold_of_batch(number)
            outcome.upload = replace(outcome.upload, number=None)
        self.results.uploaded(outcome, self.jobs.schedule, self._time())
        for found in ended:
            self._ended(found)
        if outcome.failure is not None:
            self.fail(outcome.failure)

    def _send_again(self, batch: OpenBatch) -> None:
        request = self.destination.repeat(self.store.payload(batch.id), batch.rows)
        attempts = batch.attempts + 1
        self.submit(
            Upload(batch.action, request, batch.stream, None, attempts, batch.id)
        )

    def _ended(self, ended: Ended) -> None:
        self.results.ended(ended)
        if ended.invalid or ended.unlisted:
            self._held.hold()

    # The end

    def last_uploads(self, why_not: str | None) -> Iterable[Upload]:  # noqa: ARG002
        """Return what is sent once the input has ended, after the open batch.

        ``why_not`` says why the input may not be all there is.
        """
        self._end_records()
        return ()

    def _end_records(self) -> str | None:
        """Send the open batch; return what is wrong with the input as a whole."""
        self.flush()
        if self.failure is not None:
            return None
        return self._too_many_rejected()

    def end_input(self) -> None:
        """Note that everything was sent; STATE may pass unless something failed."""

    def watch(self) -> None:
        """Find out which jobs uploads still wait for."""

    def later_uploads(self, *, is_last: bool = False) -> Iterable[Upload]:  # noqa: ARG002
        """Return uploads that may go now that the jobs in their way have ended.

        With ``is_last`` members whose own jobs have ended do not wait for the others.
        """
        return ()

    def wait_until(self) -> float | None:
        """Return until when this audience waits for jobs; None if it does not."""
        return None if self.failure is not None else self.jobs.wait_until()

    def conclude(self) -> None:
        """Let the audience itself say how it stands, once all is sent."""
        if self.settings.is_dry or self.failure is not None:
            return
        minutes = self.settings.wait_minutes
        until = None if minutes is None else self.jobs.waited_from + minutes * 60
        self.resolver.conclude(self.report, until)

    def finish(self) -> None:
        """Complete the report."""
        report = self.report
        for sentence in (report.not_erased(), self._too_many_rejected()):
            if sentence and self.failure is None:
                report.fail(sentence)
        note_records(report, self.reader)
        if report.skipped[Reason.DELETED] and self.action == CREATE:
            report.note(self._of_deleted())
        audience_id = self.resolver.audience_id
        if audience_id is not None and not self.settings.is_dry:
            self.jobs.report_open(self.store.open_batches(audience_id))
        self.rejects.close()

    def _of_deleted(self) -> str:
        """Say what becomes of records that the source has deleted."""
        return (
            f"{self.report.skipped[Reason.DELETED]:,} records are marked as deleted "
            "(_sdc_deleted_at) and were not added; APPEND removes nobody: remove them "
            "by upload_mode DELETE, or use MIRROR"
        )

    def _time(self) -> float:
        return self.clock.now().timestamp()
