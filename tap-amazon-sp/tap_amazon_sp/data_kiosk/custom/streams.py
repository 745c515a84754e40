"""Streams of queries that users write themselves, and whose windows they read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from singer_sdk import Tap

from singer_amazon.documents.spool import SpoolFile
from singer_amazon.records.row_encoder import AddedFields, RowEncoder, TypedRowEncoder
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import Window
from singer_amazon.sync.partition import Partition
from singer_amazon.tap.stream import ReportStream
from tap_amazon_sp.catalogue.descriptions import describe
from tap_amazon_sp.catalogue.model import EXTRA
from tap_amazon_sp.data_kiosk.custom.settings import ADDED, CustomQuery
from tap_amazon_sp.data_kiosk.rows.kiosk_document import KioskDocument
from tap_amazon_sp.data_kiosk.rows.row_encoder import KioskRowEncoder
from tap_amazon_sp.reports.streams import column_type, window_fields

_DATES = {"type": "string", "format": "date"}


class CustomQueryStream(ReportStream):
    """One entry of the setting `data_kiosk`."""

    unknown_advice = ""

    def __init__(self, tap: Tap, custom_query: CustomQuery) -> None:
        self.custom_query = custom_query
        self.replication_key = "window_end" if custom_query.is_windowed else None
        self._encoder: TypedRowEncoder | None = None
        key = custom_query.key
        added = {name: {"type": "string"} for name in ADDED[:2]}
        added |= dict.fromkeys(ADDED[2:], _DATES)
        columns = {
            column.name: column.json_schema(is_key=column.name in key)
            for column in custom_query.columns
        }
        properties = {
            name: {"description": describe(name, custom_query.query.root), **schema}
            for name, schema in {**added, **columns}.items()
        }
        properties[EXTRA] = {"type": ["object", "null"], "description": describe(EXTRA)}
        schema = {"type": "object", "properties": properties}
        super().__init__(tap=tap, name=custom_query.name, schema=schema)
        self.primary_keys = tuple(dict.fromkeys((*ADDED[:2], *key))) if key else ()

    # --- rows --------------------------------------------------------------

    def row_encoder(self, partition: Partition) -> TypedRowEncoder:  # noqa: ARG002
        """Return how rows are read: in one way for all accounts."""
        if self._encoder is None:
            custom, selected = self.custom_query, set(self.selected_columns)
            columns = {c.name: column_type(c) for c in custom.columns}
            self._encoder = KioskRowEncoder(
                columns,
                [name for name in custom.key if name in columns],
                {name: (name,) for name in columns if name not in custom.line},
                hidden=[name for name in columns if name not in selected],
                extra=EXTRA if EXTRA in selected else None,
            )
        return self._encoder

    def added_fields(self, partition: Partition, window: Window) -> AddedFields:
        """Return account, marketplace, window."""
        chosen = [name for name in ADDED if name in self.selected_columns]
        return window_fields(partition, window, chosen)

    def read(
        self, document: SpoolFile, encoder: RowEncoder, report: Report
    ) -> Iterator[list[Any]]:
        """Yield the rows of a document."""
        del report
        assert isinstance(encoder, KioskRowEncoder)  # noqa: S101 - from row_encoder above
        custom = self.custom_query
        query = custom.query
        found = KioskDocument(document.path, query.schema.domain, query.root)

        def begin(line: Mapping[str, Any]) -> None:
            encoder.line_values = {name: line.get(name) for name in custom.line}

        if custom.rows:
            yield from found.nested_rows(custom.rows, custom.line, begin, encoder.parse)
        else:
            yield from found.rows(encoder.parse)
