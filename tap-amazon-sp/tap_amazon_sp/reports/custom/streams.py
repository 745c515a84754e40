"""Streams of custom reports: rows of any document, or one row about a file."""

from __future__ import annotations

import itertools
from collections.abc import (
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import Any

import msgspec
from singer_sdk import Tap
from singer_sdk.helpers.conform import TypeConformanceLevel

from singer_amazon.documents.spool import SpoolFile
from singer_amazon.errors import DocumentError
from singer_amazon.records.row_encoder import KEYS_CHECKED, AddedFields, RowEncoder
from singer_amazon.report_log.coverage import Coverage
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import ReportRequest, Window, text_of
from singer_amazon.sync.partition import Partition
from singer_amazon.tap.stream import ReportStream
from tap_amazon_sp.catalogue.descriptions import described
from tap_amazon_sp.catalogue.model import Schema
from tap_amazon_sp.documents.charsets import Charset
from tap_amazon_sp.documents.row_shape import RowShape
from tap_amazon_sp.reports.custom.document_rows import TEXT, DocumentRows, Row
from tap_amazon_sp.reports.custom.files import (
    FileSaver,
    OutputLocation,
    output_location,
)
from tap_amazon_sp.reports.custom.settings import CustomReport
from tap_amazon_sp.reports.request_spec import spec_of
from tap_amazon_sp.reports.streams import window_fields
from tap_amazon_sp.schema_inference import apply_schema, infer_columns

_MAX_NAMED = 60
_ACCOUNT = ("account_name", "marketplace_id")
_WINDOW = ("window_start", "window_end")
_FILE_COLUMNS: Mapping[str, Mapping[str, Any]] = {
    "report_id": TEXT,
    "report_type": TEXT,
    "file": TEXT,
    "bytes": {"type": ["integer", "null"]},
}


class CustomRowEncoder:
    """Writes the rows of one custom report; a RowEncoder."""

    def __init__(self, shape: RowShape, key: Sequence[str]) -> None:
        self.shape = shape
        self.columns: Mapping[str, Any] = {}
        self.unknown: set[str] = set()
        self.odd: set[str] = set()
        self.repeats = 0
        self.repeated_key: dict[str, object] | None = None
        self._key = tuple(key)
        self._seen: set[tuple[object, ...]] = set()

    def begin_document(self) -> None:
        """Forget the keys of the last document."""
        self._seen.clear()
        self.repeats, self.repeated_key = 0, None

    def getter(self, name: str) -> Callable[[Row], Any]:
        """Return what reads one column of a row."""
        return lambda row: row.get(name)

    def lines(
        self,
        rows: Iterable[Row],
        added_fields: AddedFields,
        before: bytes,
        after: bytes,
    ) -> bytearray:
        """Return RECORD messages, a line each."""
        out = bytearray()
        for record in self.records(rows, added_fields):
            out += before
            out += msgspec.json.encode(record)
            out += after + b"\n"
        return out

    def records(
        self, rows: Iterable[Row], added_fields: AddedFields
    ) -> Iterator[dict[str, Any]]:
        """Yield records, and count those that repeat a key."""
        added = msgspec.json.decode(b"{" + added_fields.by_member[""] + b"}")
        for row in rows:
            record = self.shape.row(row, added)
            self._check_key(record)
            yield record

    def _check_key(self, record: Mapping[str, Any]) -> None:
        if not self._key or len(self._seen) >= KEYS_CHECKED:
            return
        key = tuple(record.get(name) for name in self._key)
        if key in self._seen:
            self.repeats += 1
            self.repeated_key = self.repeated_key or dict(
                zip(self._key, key, strict=True)
            )
        self._seen.add(key)


class CustomReportStream(ReportStream):
    """One entry of `reports`, read as rows.

    Its columns are those of the first document of a run; what later ones have more
    goes into `_extra`.
    """

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # RowShape has done it
    unknown_advice = ""

    def __init__(self, tap: Tap, report: CustomReport, saver: FileSaver) -> None:
        self.custom_report = report
        self.saver = saver
        self.replication_key = "window_end" if report.dates == "window" else None
        self._is_open = report.output_file is None
        """Whether the first document has still to say what the columns are."""
        self._keeps_unknown = tap.config.get("unknown_fields", "keep") == "keep"
        self.added = [*_ACCOUNT, *(() if self._has_no_dates else _WINDOW)]
        key = ("report_id",) if report.output_file else report.key
        self._row_key = [name for name in key if name not in self.added]
        columns = _FILE_COLUMNS if report.output_file else dict.fromkeys(key, TEXT)
        columns = {n: c for n, c in columns.items() if n not in self.added}
        self._encoder = CustomRowEncoder(self._shape(columns), ())
        super().__init__(tap=tap, name=report.name, schema=self._columns_schema())
        self.primary_keys = tuple(dict.fromkeys((*_ACCOUNT, *key))) if key else ()
        self._encoder = CustomRowEncoder(self._encoder.shape, self.primary_keys)

    @property
    def _has_no_dates(self) -> bool:
        return self.custom_report.dates == "none" and not self.custom_report.is_listed

    # --- columns -----------------------------------------------------------

    def _shape(self, columns: Mapping[str, Any]) -> RowShape:
        return RowShape(columns, self._row_key, keeps_unknown=self._keeps_unknown)

    def _columns_schema(self) -> dict[str, Any]:
        schema = self._encoder.shape.schema(self.added)
        report = self.custom_report
        return described(
            schema, report.report_type, is_known=report.output_file is not None
        )

    def _infer_schema(self, columns: Mapping[str, Schema], rows: Iterable[Row]) -> None:
        """Take the columns from the first document that has rows, if need be."""
        if not self._is_open:
            return
        self._is_open = False
        columns = columns or infer_columns(rows)
        mask = self.mask
        self._encoder.shape = self._shape(
            {n: c for n, c in columns.items() if mask.get(("properties", n), True)}
        )
        apply_schema(self, self._columns_schema())
        self._write_schema_message()

    def _write_schema_message(self) -> None:
        """Write the SCHEMA once, as soon as the columns are known."""
        if not self._is_open:
            super()._write_schema_message()

    def _sync_records(
        self,
        context: Any = None,  # noqa: ANN401 - the SDK's signature
        *,
        write_messages: bool = True,
    ) -> Generator[dict[str, Any], Any, Any]:
        """Deliver documents until this stream has all of its own."""
        yield from super()._sync_records(context, write_messages=write_messages)
        self._is_open = False
        self._write_schema_message()

    # --- what documents bring ----------------------------------------------

    def replaced_by(self) -> tuple[str, ...]:
        """Return account and window, where each window is asked for in one report."""
        is_windowed = self.custom_report.dates == "window"
        has_rows = not self.custom_report.output_file and not self._has_no_dates
        return tuple(self.added) if is_windowed and has_rows else ()

    def coverage(self, request: ReportRequest, partition: Partition) -> Coverage:
        """Return account and window."""
        window = request.window
        values = {
            "window_start": text_of(window.start),
            "window_end": text_of(window.end),
        }
        names = self.replaced_by()
        is_whole = bool(names) and self._are_selected(names)
        shared = {**partition.context, **values}
        return Coverage({n: shared[n] for n in names}, is_whole=is_whole)

    # --- rows --------------------------------------------------------------

    def row_encoder(self, partition: Partition) -> CustomRowEncoder:  # noqa: ARG002
        """Return how rows are written: in one way for all accounts."""
        return self._encoder

    def added_fields(self, partition: Partition, window: Window) -> AddedFields:
        """Return account, marketplace, window."""
        return window_fields(partition, window, self.added)

    def read(
        self, document: SpoolFile, encoder: RowEncoder, report: Report
    ) -> Iterator[list[Row]]:
        """Yield the rows of a document, or the one about the file it is saved as."""
        del encoder
        subscriber = next(s for s in report.subscribers if s.stream == self.name)
        if self.custom_report.output_file:
            yield [self._saved(document, report, subscriber)]
            return
        marketplace_id = spec_of(subscriber).marketplaces[0]
        rows = DocumentRows(
            document.path,
            claimed=self.custom_report.file_format,
            records_path=self.custom_report.records_path,
            charset=Charset.of(document.content_type, marketplace_id),
            warn=lambda text: self.run_context.warn_once(f"{self.name}: {text}"),
        )
        found = iter(rows)
        first = next(found, [])
        columns = rows.columns()
        self._check_key_columns(columns or {n: TEXT for row in first for n in row})
        if columns or first:
            self._infer_schema(columns, first)
        for some in itertools.chain([first] if first else [], found):
            yield rows.fitted(some, self._encoder.shape.columns)

    def _check_key_columns(self, names: Iterable[str]) -> None:
        """Refuse a document without a key column: its rows could not be told apart.

        Raises:
            DocumentError: one is missing.
        """
        found = list(names)
        missing = [name for name in self._row_key if name not in found]
        if found and missing:
            msg = (
                f"the document has no column {', '.join(missing)}, which key names; it "
                f"has {', '.join(found[:_MAX_NAMED])}. Where the header is in another "
                "language, set preferredReportDocumentLocale to en_US in "
                "report_spec.reportOptions, or leave out the marketplace"
            )
            raise DocumentError(msg)

    # --- files -------------------------------------------------------------

    def location(self, request: ReportRequest, report_id: str) -> OutputLocation:
        """Return where the document of a request is saved."""
        values = {
            "name": self.name,
            "account": request.account,
            "marketplace_id": ",".join(spec_of(request).marketplaces),
            "start": text_of(request.window.start),
            "end": text_of(request.window.end),
            "report_id": report_id,
        }
        return output_location(self.custom_report.output_file or "", values)

    def _saved(
        self, document: SpoolFile, report: Report, request: ReportRequest
    ) -> Row:
        location = self.location(request, report.report_id or "")
        size = self.saver.save(document.path, location)
        return {
            "report_id": report.report_id,
            "report_type": self.custom_report.report_type,
            "file": location.uri,
            "bytes": size,
        }
