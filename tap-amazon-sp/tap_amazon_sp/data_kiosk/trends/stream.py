"""Trends of products that another stream of the same run finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from singer_amazon.sync.partition import Partition
from tap_amazon_sp.data_kiosk.streams import KioskStream
from tap_amazon_sp.data_kiosk.trends.products import Products
from tap_amazon_sp.reports.streams import CatalogueStream


class TrendsStream(KioskStream):
    """Reads single products; those nobody has named it takes from rows by ASIN."""

    _source: CatalogueStream | None = None
    _later: Callable[[Products], Iterable[Partition]]

    def take_products_of(
        self, source: CatalogueStream, later: Callable[[Products], Iterable[Partition]]
    ) -> None:
        """Wait for the rows of a stream, then read the partitions `later` gives."""
        self._source, self._later, self._products = source, later, Products()
        source.on_rows = self._products.take

    def deliver_all(self) -> None:
        """Deliver documents until this stream has all of its own."""
        session = self.run_context.session
        if self._source is not None:
            for report in session.documents(self._source.name):
                session.deliver(report)
            session.plan(self._later(self._products))
        super().deliver_all()
