"""The streams of the catalogue's reports, and whose windows they read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from singer_sdk import Tap

from singer_amazon.documents.json_array import unpacked
from singer_amazon.documents.spool import SpoolFile
from singer_amazon.records.columns import ColumnType, Nested
from singer_amazon.records.row_encoder import AddedFields, RowEncoder, TypedRowEncoder
from singer_amazon.report_log.coverage import Coverage, period_starts
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import ReportRequest, Window, text_of
from singer_amazon.sync.partition import Partition
from singer_amazon.tap.stream import ReportStream
from tap_amazon_sp.catalogue import (
    EXTRA,
    ColumnDefinition,
    ReportDefinition,
    StreamDefinition,
)
from tap_amazon_sp.catalogue.descriptions import described
from tap_amazon_sp.documents.json_sections import SectionReader
from tap_amazon_sp.reports.options import Choice

OnRows = Callable[[ReportRequest, RowEncoder, list[Any]], None]
"""Hears of the rows of a document."""


class CatalogueStream(ReportStream):
    """One array of one report's document, over all accounts that can have it."""

    unknown_advice = "unknown_fields: keep takes it in"
    on_rows: OnRows | None = None
    """Hears of every row, where another stream needs what is in them."""

    def __init__(
        self,
        tap: Tap,
        report: ReportDefinition,
        stream: StreamDefinition,
        choice: Choice,
    ) -> None:
        self.report_definition = report
        self.stream_definition = stream
        self.choice = choice
        self.replication_key = stream.replication_key
        self._keeps_unknown = tap.config["unknown_fields"] == "keep"
        self._encoder: TypedRowEncoder | None = None
        key = stream.primary_key(c.context(stream) for c in choice.of_stream(stream))
        schema = stream.schema(key, keeps_unknown=self._keeps_unknown)
        super().__init__(
            tap=tap, name=stream.name, schema=described(schema, report.report_type)
        )
        self.primary_keys = key
        if self._keeps_unknown:
            self.unknown_advice = ""

    # --- what documents bring ----------------------------------------------

    def replaced_by(self) -> tuple[str, ...]:
        """Return account, marketplace, options and period; nothing for offers.

        A document of offers lacks those that ended long ago.
        """
        stream = self.stream_definition
        if self.report_definition.dates == "offers":
            return ()
        names = ("account_name", "marketplace_id", *stream.options)
        if stream.is_dated:
            return (*names, stream.period_column) if stream.period_column else ()
        return (*names, "window_start", "window_end")

    def coverage(self, request: ReportRequest, partition: Partition) -> Coverage:
        """Return each period of account, marketplace and options."""
        names, column = self.replaced_by(), self.stream_definition.period_column
        if not names or not self._are_selected(names):
            return Coverage({}, is_whole=False)
        window = request.window
        values = {**partition.context, "window_start": text_of(window.start)}
        values["window_end"] = text_of(window.end)
        starts = period_starts(window, partition.limits.grid)
        is_periodic = partition.has_bookmark and column is not None
        return Coverage(
            {name: values[name] for name in names if name != column},
            (column,) if column is not None else (),
            tuple((text_of(start),) for start in starts) if is_periodic else (),
            day_column=column,
            currencies={"": _currency(partition)},
        )

    def additive_columns(self, encoder: RowEncoder) -> list[str]:
        """Return the columns that the catalogue marks as additive."""
        del encoder
        return list(self.stream_definition.additive)

    # --- rows --------------------------------------------------------------

    def row_encoder(self, partition: Partition) -> TypedRowEncoder:  # noqa: ARG002
        """Return how rows are read: in one way for all accounts."""
        if self._encoder is None:
            columns = {c.name: column_type(c) for c in self.stream_definition.columns}
            selected = set(self.selected_columns)
            self._encoder = TypedRowEncoder(
                columns,
                [name for name in self.primary_keys if name in columns],
                hidden=[name for name in columns if name not in selected],
                extra=EXTRA if EXTRA in selected else None,
            )
        return self._encoder

    def added_fields(self, partition: Partition, window: Window) -> AddedFields:
        """Return account, marketplace, options, window, currency."""
        options = partition.definition["options"]
        asked = options.get("currencyCode") if isinstance(options, Mapping) else None
        selected = set(self.selected_columns)
        names = [c.name for c in self.stream_definition.added if c.name in selected]
        return window_fields(partition, window, names, currency_code=asked)

    def rows_of(self, report: Report, encoder: RowEncoder) -> Iterator[list[Any]]:
        """Yield the rows of a report's document, and let others hear of them."""
        found = super().rows_of(report, encoder)
        return found if self.on_rows is None else self._heard(found, report, encoder)

    def _heard(
        self, pieces: Iterable[list[Any]], report: Report, encoder: RowEncoder
    ) -> Iterator[list[Any]]:
        assert self.on_rows is not None  # noqa: S101 - looked at before
        for rows in pieces:
            self.on_rows(report.request, encoder, rows)
            yield rows

    def read(
        self, document: SpoolFile, encoder: RowEncoder, report: Report
    ) -> Iterator[list[Any]]:
        """Yield the rows of this stream's array."""
        del report
        assert isinstance(encoder, TypedRowEncoder)  # noqa: S101 - from row_encoder above
        sections = SectionReader({self.stream_definition.array: encoder.parse})
        for _, rows in sections.read(unpacked(document.path)):
            yield rows


def window_fields(
    partition: Partition, window: Window, names: Iterable[str], **more: object
) -> AddedFields:
    """Return these of account, marketplace, options, window, and `more`."""
    values = {
        **partition.context,
        "window_start": text_of(window.start),
        "window_end": text_of(window.end),
        **more,
    }
    return AddedFields.constant({name: values.get(name) for name in names})


def _currency(partition: Partition) -> str | None:
    """Return the currency asked for, else the marketplace's own."""
    options = partition.definition["options"]
    asked = options.get("currencyCode") if isinstance(options, Mapping) else None
    return asked or partition.account_details.currency_code


def column_type(column: ColumnDefinition) -> ColumnType:
    """Return a column of the catalogue as the type its values are read by."""
    if column.kind in {"object", "list"}:
        fields = {field.name: column_type(field) for field in column.fields}
        return Nested(fields, is_list=column.kind == "list")
    found: Any = column.kind  # the other kinds have the same names
    simple: ColumnType = found
    return simple


def selected_of(
    streams: Sequence[ReportStream], definition: ReportDefinition
) -> list[CatalogueStream]:
    """Return the selected streams that read one report's document."""
    return [
        s
        for s in streams
        if isinstance(s, CatalogueStream) and s.report_definition is definition
    ]
