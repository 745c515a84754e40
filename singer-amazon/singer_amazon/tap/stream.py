"""A stream whose rows come from reports of many accounts.

The SDK's private hook `Stream._generate_record_messages` is held by a test.
"""

from __future__ import annotations

import abc
import logging
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property
from typing import Any

from singer_amazon.documents.spool import SpoolFile
from singer_amazon.errors import DocumentError
from singer_amazon.records.columns import ColumnType, Nested
from singer_amazon.records.row_encoder import (
    KEYS_CHECKED,
    AddedFields,
    RowEncoder,
    TypedRowEncoder,
)
from singer_amazon.report_log.coverage import Coverage
from singer_amazon.report_log.day_sums import DaySums
from singer_amazon.report_log.document_days import DocumentDays
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import ReportRequest, Window
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.session import RowBatch, WrittenDocument
from singer_amazon.sync.summary import Problem
from singer_amazon.tap.record_writers import (
    BatchFiles,
    WriteRows,
    batch_config,
    batch_files,
    is_plain,
    keeps_rows,
    lines,
    records,
)
from singer_amazon.tap.run_stream import RunStream

logger = logging.getLogger(__name__)

MAX_UNKNOWN_NAMED = 20


class ReportStream(RunStream, abc.ABC):
    """One report type as a stream, over all accounts of the tap."""

    replication_key: str | None = "date"
    _more_unknown_said = False
    _limit_said = False
    _hands_rows_out = False
    """Whether rows are taken by `get_records`, not written."""

    unknown_advice = "extra_columns takes it in"
    """What to do about a column that nobody asked for; empty: it is taken in."""

    @abc.abstractmethod
    def row_encoder(self, partition: Partition) -> RowEncoder:
        """Return how the rows of this account's documents are read."""

    @abc.abstractmethod
    def read(
        self, document: SpoolFile, encoder: RowEncoder, report: Report
    ) -> Iterator[list[Any]]:
        """Yield the rows of a document in lists, as the encoder takes them.

        Raises:
            DocumentError: it is damaged.
        """

    @abc.abstractmethod
    def added_fields(self, partition: Partition, window: Window) -> AddedFields:
        """Return what is added to each row of this account's document of a window."""

    def added_to_document(
        self,
        report: Report,  # noqa: ARG002 - for those that say when it was asked for
        request: ReportRequest,
        partition: Partition,
    ) -> AddedFields:
        """Return what is added to each row of this very document."""
        return self.added_fields(partition, request.window)

    @cached_property
    def _unknown_named(self) -> set[str]:
        """Columns nobody asked for that were named already."""
        return set()

    @cached_property
    def _nulls_named(self) -> set[tuple[str, str]]:
        """Columns with values made null that were named already."""
        return set()

    def hand_rows_out(self) -> None:
        """Let rows be taken from the session: nothing of this stream is written."""
        self._hands_rows_out = True

    # --- the SDK's hooks ---------------------------------------------------

    def get_records(
        self,
        context: Any,  # noqa: ANN401 - the SDK's signature
    ) -> Iterable[dict[str, Any]]:
        """Yield the rows of its reports, for callers that take them one by one.

        A document counts as delivered once the row after its last has been asked for.
        The SDK does not come here: see `deliver_all`.
        """
        del context
        self.hand_rows_out()
        session = self.run_context.session
        for report in session.documents(self.name):
            for batch in session.row_batches(report):
                if batch.stream == self.name:
                    yield from batch.records()

    def deliver_all(self) -> None:
        """Deliver documents until this stream has all of its own."""
        session = self.run_context.session
        try:
            for report in session.documents(self.name):
                session.deliver(report)
        finally:
            self._log_count()

    def _log_count(self) -> None:
        """Log how many rows there were: once, for those of all accounts."""
        with self.get_record_counter() as counter:
            counter.increment(self.run_context.stats.rows[self.name])

    def _write_schema_message(self) -> None:
        if not self._hands_rows_out:
            super()._write_schema_message()

    # --- writing documents -------------------------------------------------

    def write_document(
        self, report: Report, subscriber: ReportRequest, partition: Partition
    ) -> Generator[RowBatch, None, WrittenDocument]:
        """Write every row of a fetched document; return how many.

        Raises:
            DocumentError: it is damaged; rows before the damage are out.
        """
        self._write_schema_message()
        encoder = self.row_encoder(partition)
        added_fields = self.added_to_document(report, subscriber, partition)
        encoder.begin_document()
        days = self._open_days(encoder, subscriber, partition)
        count = 0
        try:
            with self._open_writer(encoder, added_fields) as write:
                for rows in self._rows(report, encoder):
                    write(rows)
                    count += len(rows)
                    if days is not None:
                        days.add(rows)
                    self.run_context.session.advance()
                    yield self._batch(encoder, rows, added_fields)
        except DocumentError:
            self._write_days(days, report, subscriber, is_whole=False)
            raise
        self._warn_about_values(encoder, partition)
        self._write_days(days, report, subscriber)
        return WrittenDocument(
            count, encoder.repeats, self.is_final(report, subscriber)
        )

    def _batch(
        self, encoder: RowEncoder, rows: list[Any], added_fields: AddedFields
    ) -> RowBatch:
        return RowBatch(self.name, lambda: encoder.records(rows, added_fields))

    # --- what documents bring ----------------------------------------------

    def is_final(self, report: Report, request: ReportRequest) -> bool:
        """Whether a window is done once its rows are written.

        If not, its days stay missing in the state, and a later run reads them again.
        """
        del report, request
        return True

    def coverage(self, request: ReportRequest, partition: Partition) -> Coverage:
        """Return what the rows of a document share, and which days it covers."""
        del request, partition
        return Coverage({}, is_whole=False)

    def additive_columns(self, encoder: RowEncoder) -> Iterable[str]:
        """Return the columns whose values may be added up over rows."""
        del encoder
        return ()

    def _open_days(
        self, encoder: RowEncoder, request: ReportRequest, partition: Partition
    ) -> DocumentDays | None:
        """Return what counts the rows of a document, if anybody wants them counted."""
        if self.run_context.days() is None or self.run_context.is_test:
            return None
        coverage = self.coverage(request, partition)
        if not keeps_rows(self):
            coverage = replace(coverage, is_whole=False)
        sums = DaySums(
            [encoder.getter(name) for name in coverage.columns],
            {name: encoder.getter(name) for name in self.additive_columns(encoder)},
        )
        return DocumentDays(coverage, sums, self.account_values(partition))

    def account_values(self, partition: Partition) -> Mapping[str, str | None]:
        """Return what `report_days` says of the account."""
        return dict(partition.context)

    def _write_days(
        self,
        days: DocumentDays | None,
        report: Report,
        request: ReportRequest,
        *,
        is_whole: bool = True,
    ) -> None:
        """Write what a document has brought, behind its rows."""
        stream = self.run_context.days()
        if days is None or stream is None:
            return
        context = self.run_context
        now = context.clock.now()
        stream.write_rows(
            days.rows(context.stats.run_id, report, request, now, is_whole=is_whole)
        )

    def columns_asked(self, partition: Partition) -> tuple[str, ...]:
        """Return the columns its reports ask for; none where there is no choice."""
        del partition
        return ()

    def columns_refused(self, partition: Partition) -> tuple[str, ...]:
        """Return those of them that Amazon refuses an account."""
        del partition
        return ()

    def _rows(self, report: Report, encoder: RowEncoder) -> Iterator[list[Any]]:
        """Yield the rows of a document in lists, up to the limit of `--test`."""
        left = self.ABORT_AT_RECORD_COUNT
        for rows in self.rows_of(report, encoder):
            if left is None:
                yield rows
            else:
                yield rows[:left]
                left -= len(rows)
                if left <= 0:
                    return

    def rows_of(self, report: Report, encoder: RowEncoder) -> Iterator[list[Any]]:
        """Yield the rows of a report's document; none where it has none.

        Raises:
            DocumentError: it is damaged.
        """
        if report.document is None:
            return iter(())
        assert isinstance(report.document, SpoolFile)  # noqa: S101 - our fetcher's
        return self.read(report.document, encoder, report)

    @property
    def is_plain(self) -> bool:
        """Whether rows go out as they are: no stream maps, no flattening."""
        return is_plain(self)

    def _open_writer(
        self, encoder: RowEncoder, added_fields: AddedFields
    ) -> AbstractContextManager[WriteRows]:
        writer = self.run_context.writer
        if self._hands_rows_out:
            return nullcontext(lambda _: None)
        if not self.is_plain:
            return records(writer, self, encoder, added_fields)
        config = batch_config(self.config)
        if config is not None:
            return batch_files(
                BatchFiles(writer, self.name, config, encoder, added_fields)
            )
        return lines(
            writer, self.name, encoder, added_fields, self.run_context.clock.now()
        )

    def _warn_about_values(self, encoder: RowEncoder, partition: Partition) -> None:
        """Warn once per stream about columns, and per document about keys."""
        warn_once = self.run_context.warn_once
        if self.unknown_advice:
            self._warn_about_unknown(encoder)
        if isinstance(encoder, TypedRowEncoder):
            self._warn_about_nulls(encoder, partition)
        for name in sorted(encoder.odd):
            warn_once(
                f"{self.name}: column {name!r} has values that are no "
                f"{_type_name(encoder.columns[name])}; what does not fit is null there"
            )
        if encoder.repeats:
            self.run_context.stats.repeats[self.name] += encoder.repeats
            warn_once(
                f"{self.name} of {partition.label}: {encoder.repeats} rows repeat a "
                f"key, e.g. {encoder.repeated_key}; a merging target would keep one "
                "of them. stream_maps can set another key: "
                f'{{"{self.name}": {{"__key_properties__": [{self._other_key()}]}}}}'
            )

    def _other_key(self) -> str:
        """Return the columns of a key that repeats less, as in a JSON list."""
        return ", ".join(f'"{n}"' for n in self.distinguishing_key()) or "..."

    def distinguishing_key(self) -> tuple[str, ...]:
        """Return a longer key for those whose rows repeat the usual one, if known."""
        return ()

    def _warn_about_unknown(self, encoder: RowEncoder) -> None:
        """Name a few columns nobody asked for, and say how many more there are."""
        names = sorted(encoder.unknown - self._unknown_named)
        shown = names[: max(MAX_UNKNOWN_NAMED - len(self._unknown_named), 0)]
        self._unknown_named |= set(shown)
        for name in shown:
            self.run_context.warn_once(
                f"{self.name}: Amazon sends a column {name[:100]!r} that nobody asked "
                f"for; it is left out ({self.unknown_advice})"
            )
        if len(shown) < len(names) and not self._more_unknown_said:
            self._more_unknown_said = True
            is_more = isinstance(encoder, TypedRowEncoder) and encoder.has_more_unknown
            self.run_context.warn_once(
                f"{self.name}: {'more than ' if is_more else ''}"
                f"{len(names) - len(shown)} other columns that nobody asked for are "
                f"left out, too ({self.unknown_advice})"
            )

    def _warn_about_nulls(self, encoder: TypedRowEncoder, partition: Partition) -> None:
        """Warn once per stream and column about values that became null."""
        for name, text in encoder.blanks.items():
            if ("blank", name) not in self._nulls_named:
                self._nulls_named.add(("blank", name))
                self.run_context.warn_once(
                    f"{self.name}: column {name!r} has words for no value, e.g. "
                    f"{text!r}; they are null"
                )
        for name, text in encoder.misfits.items():
            if ("misfit", name) not in self._nulls_named:
                self._nulls_named.add(("misfit", name))
                kept = "they are kept beside it" if not self.unknown_advice else "null"
                reason = (
                    f"column {name!r} has values that are no "
                    f"{_type_name(encoder.columns[name])}, e.g. {text!r}: {kept}"
                )
                self.run_context.warn_once(f"{self.name}: {reason}")
                self.run_context.stats.add(
                    Problem(partition.label, self.name, "", reason, is_failure=False)
                )
        if encoder.rows_unchecked and not self._limit_said:
            self._limit_said = True
            logger.warning(
                "%s: keys are compared for the first %s rows of each document; %s of "
                "one have more",
                self.name,
                f"{KEYS_CHECKED:,}",
                partition.label,
            )


def _type_name(column_type: ColumnType) -> str:
    if not isinstance(column_type, Nested):
        return column_type
    return "list of objects" if column_type.is_list else "object of that shape"
