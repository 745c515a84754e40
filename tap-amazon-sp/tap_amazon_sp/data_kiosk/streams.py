"""Streams read from Data Kiosk: they ask for what is selected, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any

from singer_sdk import Tap
from singer_sdk.singerlib import Metadata, MetadataMapping

from singer_amazon.documents.spool import SpoolFile
from singer_amazon.records.columns import ColumnType, Nested
from singer_amazon.records.row_encoder import AddedFields, RowEncoder
from singer_amazon.report_log.coverage import Coverage
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import ReportRequest, Window
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.session import RowBatch, WrittenDocument
from tap_amazon_sp.catalogue.model import EXTRA, ReportDefinition, StreamDefinition
from tap_amazon_sp.data_kiosk.joined_documents import JoinedDocuments
from tap_amazon_sp.data_kiosk.queries.query_parts import cut
from tap_amazon_sp.data_kiosk.queries.query_spec import QuerySpec, query_spec_of
from tap_amazon_sp.data_kiosk.queries.query_text import MAX_LENGTH
from tap_amazon_sp.data_kiosk.query_shape import QueryShape, arguments_of
from tap_amazon_sp.data_kiosk.rows.kiosk_document import KioskDocument
from tap_amazon_sp.data_kiosk.rows.metric_rows import Begin
from tap_amazon_sp.data_kiosk.rows.row_encoder import KioskRowEncoder
from tap_amazon_sp.data_kiosk.sales_check import SalesCheck
from tap_amazon_sp.data_kiosk.schema import Path
from tap_amazon_sp.marketplaces import Marketplace
from tap_amazon_sp.reports.options import Choice, Combination
from tap_amazon_sp.reports.streams import (
    CatalogueStream,
    column_type,
    window_fields,
)

_LINE = ("startDate", "endDate", "marketplaceId")


class KioskStream(CatalogueStream):
    """One stream of a root of Data Kiosk.

    A row may come on any page, so a document never replaces the rows of its period.
    """

    def __init__(
        self,
        tap: Tap,
        report: ReportDefinition,
        stream: StreamDefinition,
        choice: Choice,
        shape: QueryShape,
    ) -> None:
        self.shape = shape
        self._joined = JoinedDocuments(shape)
        super().__init__(tap, report, stream, choice)

    @cached_property
    def _check(self) -> SalesCheck:
        return SalesCheck(self.run_context, has_sales=bool(self._sales_columns))

    @property
    def _sales_columns(self) -> list[str]:
        """The selected columns that say what was sold."""
        selected = set(self.selected_columns)
        return [name for name in self.shape.sales if name.split(".")[0] in selected]

    @property
    def metadata(self) -> MetadataMapping:
        """Which columns are selected; without a catalog not those few accounts have."""
        is_made = self._metadata is None
        found = super().metadata
        if is_made:
            for name in self.shape.optional:
                found.setdefault(("properties", name), Metadata())
                if found["properties", name].selected is None:
                    found["properties", name].selected_by_default = False
        return found

    # --- what is asked -----------------------------------------------------

    def query_spec(
        self, combination: Combination, marketplace: Marketplace
    ) -> QuerySpec:
        """Return what is asked for one marketplace: the selected columns."""
        shape, schema = self.shape, self.shape.schema
        line = schema.roots[shape.root].row
        fields = schema.fields(line)
        keys: set[Path] = {(name,) for name in _LINE if name in fields}
        asked = set(self._columns()) - self._other_groups(combination)
        key_columns = [(name,) for name in self.primary_keys if name in asked]
        keys.update(shape.paths(key_columns))
        paths = set(shape.paths(self._selected_paths(asked)))
        period = combination.period
        unknown = shape.without.get(period.value if period else "", frozenset())
        paths = {path for path in paths if unknown.isdisjoint(path)}
        arguments = arguments_of(combination.request_options(marketplace))
        if shape.marketplace_argument:
            arguments[shape.marketplace_argument] = [marketplace.marketplace_id]
        spec = QuerySpec(
            schema=schema,
            root=shape.root,
            arguments=arguments,
            paths=shape.in_order(keys | paths),
            keys=frozenset(keys),
            asin_filter=shape.asin_filter,
            marketplace_id=marketplace.marketplace_id,
        )
        rest = [path for path in spec.paths if path not in keys]
        return replace(spec, parts=cut(shape.groups_of(rest), spec.length, MAX_LENGTH))

    def _columns(self) -> dict[str, ColumnType]:
        return {c.name: column_type(c) for c in self.stream_definition.columns}

    def _other_groups(self, combination: Combination) -> set[str]:
        """Return the group columns that a combination does not group by."""
        chosen = combination.values.get("group_by")
        return {name for name in self.shape.groups if name != chosen}

    def _selected_paths(self, names: Iterable[str]) -> Iterator[Path]:
        """Yield the selected values of columns, those inside objects too."""
        mask, columns = self.metadata.resolve_selection(), self._columns()
        for name in names:
            if name in self.selected_columns:
                yield from _selected_leaves(mask, columns[name], (name,))

    def columns_asked(self, partition: Partition) -> tuple[str, ...]:
        """Return the fields its queries ask for."""
        assert isinstance(partition.spec, QuerySpec)  # noqa: S101 - from query_spec above
        return tuple(".".join(path) for path in partition.spec.paths)

    # --- windows of several queries ----------------------------------------

    def write_document(
        self, report: Report, subscriber: ReportRequest, partition: Partition
    ) -> Generator[RowBatch, None, WrittenDocument]:
        """Write a document; one of several of a window is read only, until the last."""
        assert isinstance(partition.spec, QuerySpec)  # noqa: S101 - from query_spec above
        if partition.spec.part_count > 1:
            for _ in self._joined.take(report, partition.spec):
                self.run_context.session.advance()
            if report.next_page is not None:
                return WrittenDocument(0, is_held=True)
        return (yield from super().write_document(report, subscriber, partition))

    def rows_of(self, report: Report, encoder: RowEncoder) -> Iterator[list[Any]]:
        """Yield the rows of a document, or of all documents of its window."""
        spec = query_spec_of(report.request)
        if spec.part_count == 1:
            return super().rows_of(report, encoder)
        assert isinstance(encoder, KioskRowEncoder)  # noqa: S101 - from row_encoder below
        found = self._joined.rows(report, self._begin(encoder), encoder.parse)
        return self._counted(found, encoder, report)

    # --- what documents bring ----------------------------------------------

    def replaced_by(self) -> tuple[str, ...]:
        """Return nothing: the rows of a period may lie in several documents."""
        return ()

    def coverage(self, request: ReportRequest, partition: Partition) -> Coverage:
        """Return that a document may hold a part of its rows only."""
        del request, partition
        return Coverage({}, is_whole=False)

    def is_final(self, report: Report, request: ReportRequest) -> bool:
        """Whether the window is done: not while its zeros look wrong."""
        return report.next_page is not None or self._check.is_final(request)

    # --- rows --------------------------------------------------------------

    def row_encoder(self, partition: Partition) -> KioskRowEncoder:  # noqa: ARG002
        """Return how rows are read: in one way for all accounts."""
        if isinstance(self._encoder, KioskRowEncoder):
            return self._encoder
        columns, selected = self._columns(), set(self.selected_columns)
        shape = self.shape
        taken = {path[0] for path in shape.sources.values()}
        known = shape.schema.fields(shape.row_type)
        self._encoder = KioskRowEncoder(
            columns,
            [name for name in self.primary_keys if name in columns],
            shape.sources,
            ignored=[name for name in _LINE if name in known and name not in taken],
            hidden=[name for name in columns if name not in selected],
            extra=EXTRA if EXTRA in selected else None,
        )
        return self._encoder

    def added_fields(self, partition: Partition, window: Window) -> AddedFields:
        """Return account, marketplace, options, window, currency."""
        assert isinstance(partition.spec, QuerySpec)  # noqa: S101 - from query_spec above
        asked = partition.spec.arguments.get("currencyCode")
        selected = set(self.selected_columns)
        names = [c.name for c in self.stream_definition.added if c.name in selected]
        return window_fields(partition, window, names, currency_code=asked)

    def read(
        self, document: SpoolFile, encoder: RowEncoder, report: Report
    ) -> Iterator[list[Any]]:
        """Yield the rows of a document."""
        assert isinstance(encoder, KioskRowEncoder)  # noqa: S101 - from row_encoder above
        shape = self.shape
        found = KioskDocument(document.path, shape.schema.domain, shape.root)
        pieces = shape.pieces(found, self._begin(encoder), encoder.parse)
        yield from self._counted(pieces, encoder, report)
        for sentence in found.notes:
            self.run_context.warn_once(f"{self.name}: {sentence}")

    def _begin(self, encoder: KioskRowEncoder) -> Begin:
        def begin(line: Mapping[str, Any]) -> None:
            encoder.line_values = {name: line.get(name) for name in self.shape.line}

        return begin

    def _counted(
        self, pieces: Iterable[list[Any]], encoder: KioskRowEncoder, report: Report
    ) -> Iterator[list[Any]]:
        """Pass rows on, and add up what was sold."""
        subscriber = next(s for s in report.subscribers if s.stream == self.name)
        add = self._counter(encoder, subscriber)
        for rows in pieces:
            add(rows)
            yield rows

    def _counter(
        self, encoder: KioskRowEncoder, request: ReportRequest
    ) -> Callable[[Iterable[Any]], None]:
        """Return what looks at rows: their sales by period, and whether any has values.

        It costs nothing where no such column is selected.
        """
        shape, selected = self.shape, set(self.selected_columns)
        watch, nulls = self._check.watch, self._check.nulls
        getters = [encoder.getter(name) for name in self._sales_columns]
        period = encoder.getter(shape.day) if shape.day else None
        start = request.window.start
        values = [
            encoder.getter(name)
            for name in shape.sources
            if name in selected and name not in (*self.primary_keys, *_LINE)
        ]

        def add(rows: Iterable[Any]) -> None:
            nulls.add(request.identity, rows, values)
            sums: dict[Any, float] = {}
            for row in rows if getters else ():
                day = period(row) if period else ""
                for get in getters:
                    value = get(row)
                    if isinstance(value, (int, float)):
                        sums[day] = sums.get(day, 0.0) + abs(value)
            for day, sales in sums.items():
                of = _day(day) if day else start
                if of is not None:
                    watch.add(request.partition_key, of, sales)

        return add


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def _selected_leaves(
    mask: Mapping[tuple[str, ...], bool], kind: ColumnType, path: Path
) -> Iterator[Path]:
    if not isinstance(kind, Nested):
        yield path
        return
    for name, inner in kind.fields.items():
        here = (*path, name)
        crumbs = tuple(part for step in here for part in ("properties", step))
        if mask[crumbs]:
            yield from _selected_leaves(mask, inner, here)
