"""Sales and traffic from Data Kiosk, in the columns, keys and types of the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from singer_amazon.documents.spool import SpoolFile
from singer_amazon.records.columns import ColumnType, Nested
from singer_amazon.records.row_encoder import AddedFields, RowEncoder
from singer_amazon.report_log.coverage import Coverage
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import ReportRequest, Window, text_of
from singer_amazon.sync.partition import Partition
from tap_amazon_sp.catalogue import EXTRA
from tap_amazon_sp.data_kiosk.queries.query_spec import QuerySpec
from tap_amazon_sp.data_kiosk.rows.kiosk_document import KioskDocument
from tap_amazon_sp.data_kiosk.rows.row_encoder import KioskRowEncoder
from tap_amazon_sp.data_kiosk.sales_check import SalesCheck
from tap_amazon_sp.data_kiosk.schema import KioskSchema, Path, load_schemas
from tap_amazon_sp.marketplaces import Marketplace
from tap_amazon_sp.reports.options import Combination
from tap_amazon_sp.reports.streams import CatalogueStream, column_type

DOMAIN = "analytics_salesAndTraffic_2024_04_24"
SOURCES = ("report", "data_kiosk")

_ROOTS: Mapping[str, tuple[str, str]] = {
    "sales_and_traffic_by_date": ("salesAndTrafficByDate", "date_granularity"),
    "sales_and_traffic_by_asin": ("salesAndTrafficByAsin", "asin_granularity"),
}
"""Stream to the root it reads and the option that is its argument aggregateBy."""
_NAMES: Mapping[str, str] = {
    "date": "startDate",
    "salesByDate": "sales",
    "trafficByDate": "traffic",
    "salesByAsin": "sales",
    "trafficByAsin": "traffic",
}
"""Columns that Data Kiosk names otherwise."""
_LINE = ("startDate", "endDate", "marketplaceId")
_SALES = ("unitsOrdered", "orderedProductSales.amount")


class KioskSalesStream(CatalogueStream):
    """One of the two streams of sales and traffic, read from Data Kiosk.

    A row may come on any page, so a document never replaces the rows of its period.
    """

    _check: SalesCheck | None = None

    # --- what is asked -----------------------------------------------------

    def query_spec(
        self, combination: Combination, marketplace: Marketplace
    ) -> QuerySpec:
        """Return what is asked for one marketplace: the selected columns."""
        schema = load_schemas()[DOMAIN]
        root, option = _ROOTS[self.name]
        values = combination.values
        keys = {(_NAMES.get(n, n),) for n in self.primary_keys if n in self._columns()}
        keys |= {(name,) for name in _LINE}
        fields = keys | {
            (_NAMES.get(path[0], path[0]), *path[1:]) for path in self._selected_paths()
        }
        return QuerySpec(
            schema=schema,
            root=root,
            arguments={
                "aggregateBy": values[option],
                "marketplaceIds": [marketplace.marketplace_id],
            },
            paths=tuple(in_schema_order(schema, schema.roots[root].row, fields)),
            keys=frozenset(keys),
        )

    def _columns(self) -> dict[str, ColumnType]:
        return {c.name: column_type(c) for c in self.stream_definition.columns}

    def _selected_paths(self) -> Iterator[Path]:
        """Yield the selected values of the columns, those inside objects too."""
        mask = self.metadata.resolve_selection()
        for name, kind in self._columns().items():
            if name in self.selected_columns:
                yield from _selected_leaves(mask, kind, (name,))

    def columns_asked(self, partition: Partition) -> tuple[str, ...]:
        """Return the fields its queries ask for."""
        assert isinstance(partition.spec, QuerySpec)  # noqa: S101 - from query_spec above
        return tuple(".".join(path) for path in partition.spec.paths)

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
        if self._check is None or report.next_page is not None:
            return True
        return self._check.is_final(request)

    # --- rows --------------------------------------------------------------

    def row_encoder(self, partition: Partition) -> KioskRowEncoder:  # noqa: ARG002
        """Return how rows are read: in one way for all accounts."""
        if isinstance(self._encoder, KioskRowEncoder):
            return self._encoder
        columns, selected = self._columns(), set(self.selected_columns)
        sources: dict[str, Path] = {n: (_NAMES.get(n, n),) for n in columns}
        taken = {path[0] for path in sources.values()}
        self._encoder = KioskRowEncoder(
            columns,
            [name for name in self.primary_keys if name in columns],
            sources,
            ignored=[name for name in _LINE if name not in taken],
            hidden=[name for name in columns if name not in selected],
            extra=EXTRA if EXTRA in selected else None,
        )
        return self._encoder

    def added_fields(self, partition: Partition, window: Window) -> AddedFields:
        """Return account, marketplace, options, window."""
        values: dict[str, object] = dict(partition.context)
        values["window_start"] = text_of(window.start)
        values["window_end"] = text_of(window.end)
        selected = set(self.selected_columns)
        names = [c.name for c in self.stream_definition.added if c.name in selected]
        return AddedFields.constant({name: values.get(name) for name in names})

    def read(
        self, document: SpoolFile, encoder: RowEncoder, report: Report
    ) -> Iterator[list[Any]]:
        """Yield the rows of a document."""
        assert isinstance(encoder, KioskRowEncoder)  # noqa: S101 - from row_encoder above
        found = KioskDocument(document.path, DOMAIN, _ROOTS[self.name][0])
        subscriber = next(s for s in report.subscribers if s.stream == self.name)
        add = self._counter(encoder, subscriber)
        for rows in found.rows(encoder.parse):
            add(rows)
            yield rows
        for sentence in found.notes:
            self.run_context.warn_once(f"{self.name}: {sentence}")

    def _counter(self, encoder: KioskRowEncoder, request: ReportRequest) -> Any:  # noqa: ANN401 - a function of rows
        """Return what adds up the sales of rows, where any are selected."""
        group = next(n for n in encoder.columns if n.startswith("salesBy"))
        if group not in self.selected_columns:
            return lambda _: None
        if self._check is None:
            self._check = SalesCheck(self.run_context)
        watch = self._check.watch
        getters = [encoder.getter(f"{group}.{name}") for name in _SALES]
        period = encoder.getter("date") if "date" in encoder.columns else None
        start = request.window.start

        def add(rows: Iterable[Any]) -> None:
            for row in rows:
                sales = sum(_number(get(row)) for get in getters)
                day = date.fromisoformat(period(row)) if period else start
                watch.add(request.partition_key, day, sales)

        return add


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


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


def in_schema_order(
    schema: KioskSchema, row: str, fields: Iterable[Path]
) -> Iterator[Path]:
    """Yield the fields that a row type has, in the schema's order."""
    known = set(fields)
    return (path for path in schema.leaves(row) if path in known)
