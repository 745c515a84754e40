"""Streams of the user's own reports: rows of any document, or one row about a file."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from singer_sdk import Tap
from singer_sdk.helpers.conform import TypeConformanceLevel

from singer_amazon.documents.spool import SpoolFile
from singer_amazon.records.row_encoder import KEYS_CHECKED, AddedFields, RowEncoder
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import Window, text_of
from singer_amazon.sync.partition import Partition
from singer_amazon.tap.stream import ReportStream
from tap_amazon_sp.documents.charsets import Charset
from tap_amazon_sp.endpoints.rows import RowShape, first_page
from tap_amazon_sp.learning import learn_schema
from tap_amazon_sp.reports.own.files import Place, Saver, place_of
from tap_amazon_sp.reports.own.rows import DocumentRows, Row
from tap_amazon_sp.reports.own.settings import OwnReport

_ACCOUNT = ("account_name", "marketplace_id")
_WINDOW = ("window_start", "window_end")
_TEXT: Mapping[str, Any] = {"type": ["string", "null"]}
_FILE_COLUMNS: Mapping[str, Mapping[str, Any]] = {
    "report_id": _TEXT,
    "report_type": _TEXT,
    "file": _TEXT,
    "bytes": {"type": ["integer", "null"]},
}


class OwnLayout:
    """How the rows of one own report look; a RowEncoder."""

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
        """See Layout."""
        self._seen.clear()
        self.repeats, self.repeated_key = 0, None

    def lines(
        self,
        rows: Iterable[Row],
        added_fields: AddedFields,
        before: bytes,
        after: bytes,
    ) -> bytearray:
        """See Layout."""
        out = bytearray()
        for record in self.records(rows, added_fields):
            out += before
            out += msgspec.json.encode(record)
            out += after + b"\n"
        return out

    def records(
        self, rows: Iterable[Row], added_fields: AddedFields
    ) -> Iterator[dict[str, Any]]:
        """See Layout."""
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


class OwnStream(ReportStream):
    """One entry of `reports`, read as rows.

    Its columns are those of the first document of a run; what later ones have more
    goes into `_extra`.
    """

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # RowShape has done it
    unknown_advice = ""

    def __init__(self, tap: Tap, own: OwnReport, saver: Saver) -> None:
        self.own = own
        self._saver = saver
        self.replication_key = "window_end" if own.dates == "window" else None
        self._is_open = own.output_file is None
        """Whether the first document has still to say what the columns are."""
        self._keeps_unknown = tap.config.get("unknown_fields", "keep") == "keep"
        self.added = [*_ACCOUNT, *(() if self._has_no_dates else _WINDOW)]
        own_key = [name for name in own.key if name not in self.added]
        columns = _FILE_COLUMNS if own.output_file else dict.fromkeys(own_key, _TEXT)
        self._row_key = ["report_id"] if own.output_file else own_key
        self._layout = OwnLayout(self._shape(columns), ())
        super().__init__(tap=tap, name=own.name, schema=self._columns_schema())
        keys = [*_ACCOUNT, *(own.key or ())]
        if own.output_file:
            keys = [*_ACCOUNT, "report_id"]
        self.primary_keys = (
            tuple(dict.fromkeys(keys)) if own.key or own.output_file else ()
        )
        self._layout = OwnLayout(self._layout.shape, self.primary_keys)

    @property
    def _has_no_dates(self) -> bool:
        return self.own.dates == "none" and not self.own.is_listed

    # --- columns -----------------------------------------------------------

    def _shape(self, columns: Mapping[str, Any]) -> RowShape:
        return RowShape(columns, self._row_key, keeps_unknown=self._keeps_unknown)

    def _columns_schema(self) -> dict[str, Any]:
        return self._layout.shape.schema(self.added)

    def _learn(self, names: Iterable[str], rows: Iterable[Row]) -> None:
        """Take the columns from the first document that has rows, if need be."""
        if not self._is_open:
            return
        self._is_open = False
        columns = dict.fromkeys(names, _TEXT) or first_page(rows)
        mask = self.mask
        self._layout.shape = self._shape(
            {n: c for n, c in columns.items() if mask.get(("properties", n), True)}
        )
        learn_schema(self, self._columns_schema())
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

    # --- rows --------------------------------------------------------------

    def row_encoder(self, partition: Partition) -> OwnLayout:  # noqa: ARG002 - one for all
        """See ReportStream."""
        return self._layout

    def added_fields(self, partition: Partition, window: Window) -> AddedFields:
        """See ReportStream: account, marketplace, window."""
        values = dict(partition.context)
        if not self._has_no_dates:
            values["window_start"] = text_of(window.start)
            values["window_end"] = text_of(window.end)
        return AddedFields.constant({name: values[name] for name in self.added})

    def read(
        self, document: SpoolFile, layout: RowEncoder, report: Report
    ) -> Iterator[list[Row]]:
        """See ReportStream."""
        del layout
        subscriber = next(t for t in report.subscribers if t.stream == self.name)
        context = self.tap.session.partition(subscriber).context
        if self.own.output_file:
            yield [self._saved(document, report, subscriber.window, context)]
            return
        place = context["marketplace_id"].partition(",")[0]
        rows = DocumentRows(
            document.path,
            report_type=self.own.report_type,
            claimed=self.own.file_format,
            records_path=self.own.records_path,
            charset=Charset.of(document.content_type, place),
            warn=lambda words: self.tap.warn_once(f"{self.name}: {words}"),
        )
        for some in rows:
            self._learn(rows.columns(), some)
            yield some

    # --- files -------------------------------------------------------------

    def place(
        self, window: Window, context: Mapping[str, str], report_id: str
    ) -> Place:
        """Return where the document of a window is saved."""
        values = {
            "name": self.name,
            "account": context["account_name"],
            "marketplace_id": context["marketplace_id"],
            "start": text_of(window.start),
            "end": text_of(window.end),
            "report_id": report_id,
        }
        return place_of(self.own.output_file or "", values)

    def _saved(
        self,
        document: SpoolFile,
        report: Report,
        window: Window,
        context: Mapping[str, str],
    ) -> Row:
        place = self.place(window, context, report.report_id or "")
        size = self._saver.save(document.path, place)
        return {
            "report_id": report.report_id,
            "report_type": self.own.report_type,
            "file": place.address,
            "bytes": size,
        }
