"""The products that rows of this run name, by account and marketplace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from singer_amazon.records.row_encoder import RowEncoder
from singer_amazon.reports.model import Members, ReportRequest

CHILD = "childAsin"


class Products:
    """Child ASINs as rows bring them."""

    def __init__(self) -> None:
        self._found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

    def take(
        self, request: ReportRequest, encoder: RowEncoder, rows: Iterable[Any]
    ) -> None:
        """Take in the products of some rows."""
        get = encoder.getter(CHILD)
        found = self._found[request.account, request.marketplace]
        found.update(asin for asin in map(get, rows) if isinstance(asin, str) and asin)

    def of(self, account: str, marketplace: str) -> Members:
        """Return those of an account in a marketplace."""
        return frozenset(self._found.get((account, marketplace), ()))
