"""The streams of the catalogue's reports, and whose windows they read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from singer_sdk import Tap

from singer_amazon.documents.json_array import unpacked
from singer_amazon.documents.spool import SpoolFile
from singer_amazon.records.columns import ColumnType, Nested
from singer_amazon.records.row_encoder import AddedFields, RowEncoder, TypedRowEncoder
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import Window, text_of
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


class CatalogueStream(ReportStream):
    """One array of one report's document, over all accounts that can have it."""

    unknown_advice = "unknown_fields: keep takes it in"

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
        values: dict[str, object] = dict(partition.context)
        values["window_start"] = text_of(window.start)
        values["window_end"] = text_of(window.end)
        options = partition.definition["options"]
        if isinstance(options, Mapping):
            values["currency_code"] = options.get("currencyCode")
        selected = set(self.selected_columns)
        names = [c.name for c in self.stream_definition.added if c.name in selected]
        return AddedFields.constant({name: values.get(name) for name in names})

    def read(
        self, document: SpoolFile, encoder: RowEncoder, report: Report
    ) -> Iterator[list[Any]]:
        """Yield the rows of this stream's array."""
        del report
        assert isinstance(encoder, TypedRowEncoder)  # noqa: S101 - from row_encoder above
        sections = SectionReader({self.stream_definition.array: encoder.parse})
        for _, rows in sections.read(unpacked(document.path)):
            yield rows


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
