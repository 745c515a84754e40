"""The documents of windows that several queries ask for, read before any row is out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from singer_amazon.documents.spool import SpoolFile
from singer_amazon.reports.engine import Report
from tap_amazon_sp.data_kiosk.queries.query_spec import QuerySpec
from tap_amazon_sp.data_kiosk.query_shape import QueryShape
from tap_amazon_sp.data_kiosk.rows.kiosk_document import KioskDocument
from tap_amazon_sp.data_kiosk.rows.row_join import RowJoin
from tap_amazon_sp.data_kiosk.schema import Path

T = TypeVar("T")
Begin = Callable[[Mapping[str, Any]], None]


class JoinedDocuments:
    """The windows of one stream, each with what has been read of it."""

    def __init__(self, shape: QueryShape) -> None:
        self._shape = shape
        self._joins: dict[object, RowJoin] = {}

    def take(self, report: Report, spec: QuerySpec) -> Iterator[None]:
        """Read one document of a window; yields where other work may go on.

        Raises:
            DocumentError: it is damaged.
        """
        request = report.request
        if request.page is None:
            self._drop(request.identity)
        if report.document is None:
            return
        assert isinstance(report.document, SpoolFile)  # noqa: S101 - our fetcher's
        path = report.document.path
        join = self._joins.get(request.identity)
        if join is None:
            # beside the documents: the folder goes with this process
            join = RowJoin(path.with_suffix(".joined"), self._key(spec))
            self._joins[request.identity] = join
        number = request.page.number if request.page is not None else 1
        join.begin(number)
        header: dict[str, Any] = {}

        def begin(line: Mapping[str, Any]) -> None:
            header.update({name: line.get(name) for name in self._shape.line})

        def parse(array: bytes) -> None:
            join.take(number, header, array)

        document = KioskDocument(path, self._shape.schema.domain, self._shape.root)
        yield from self._shape.pieces(document, begin, parse)

    def rows(
        self, report: Report, begin: Begin, parse: Callable[[bytes], T]
    ) -> Iterator[T]:
        """Yield the rows of a window whose documents are read, and forget them."""
        join = self._joins.get(report.request.identity)
        if join is not None:
            yield from join.joined(begin, parse)
            self._drop(report.request.identity)

    def _drop(self, window: object) -> None:
        join = self._joins.pop(window, None)
        if join is not None:
            join.close()

    def _key(self, spec: QuerySpec) -> list[Path]:
        """Return the paths of the key within a row; a line's own are its header."""
        above = (self._shape.rows,) if self._shape.rows else ()
        start = len(above)
        return sorted(path[start:] for path in spec.keys if path[:start] == above)
