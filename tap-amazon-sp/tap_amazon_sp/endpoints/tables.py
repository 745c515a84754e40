"""What is read of which endpoint: lists, the streams made of them, ready-made ones.

A *listing* is a list of the API and how it is asked; a *table* is a stream made of its
records. Two tables of one listing cost one walk over its pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from singer_amazon.rate_limits import Rate
from singer_amazon.reports.model import fingerprint
from tap_amazon_sp.endpoints.models import Model, Schema, models
from tap_amazon_sp.endpoints.paging import Paging, known
from tap_amazon_sp.endpoints.sub_requests import SubRequest, sub_requests

AccountKind = Literal["seller", "vendor"]

MARKETPLACE = "{marketplace_id}"
"""Stands in a parameter for the marketplace of each request."""

_NEW_ORDERS, _OLD_ORDERS = "/orders/2026-01-01/orders", "/orders/v0/orders"
_FREE_OF_PERSONAL_DATA = (
    *("PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT"),
    *("PACKAGES", "FULFILLMENT_ORDERS"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """A list of the API and how it is asked.

    `updated_at` and `updated_before` are the parameters that take the bounds of a
    slice of time; without the first everything is read each time, without the second
    a slice ends now. `marketplace_param` names the marketplaces meant; its value is
    ours to set where `is_by_marketplace`.
    """

    path: str
    params: Mapping[str, Any]
    list_path: str
    paging: Paging | None
    rate: Rate | None
    updated_at: str | None
    updated_before: str | None
    last_modified: str | None
    slice_hours: float | None = None
    marketplace_param: str | None = None
    is_by_marketplace: bool = False
    kinds: tuple[AccountKind, ...] = ()
    """Which accounts have it; empty: all."""

    @property
    def has_marketplace(self) -> bool:
        """Whether a request says which marketplaces are meant."""
        return self.is_by_marketplace or self.marketplace_param is not None

    def definition(self) -> dict[str, Any]:
        """Return what decides which records come; where it begins does not."""
        left_out = {self.updated_at, self.updated_before}
        return {
            "path": self.path,
            "params": {k: v for k, v in self.params.items() if k not in left_out},
            "list_path": self.list_path,
            "updated": [self.updated_at, self.updated_before, self.last_modified],
        }

    def params_for(self, marketplace_id: str | None) -> dict[str, Any]:
        """Return the parameters of a request for one marketplace."""
        params = dict(self.params)
        if marketplace_id is None:
            return params
        if self.is_by_marketplace and self.marketplace_param is not None:
            params.setdefault(self.marketplace_param, MARKETPLACE)
        return {k: _filled(v, marketplace_id) for k, v in params.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A stream made of a listing's records, or of the rows `nested` in each of them.

    `key` are Amazon's fields; `columns` are None where the first page has to say them.
    `parent` are fields of the record that go into each nested row.
    """

    name: str
    listing: Listing
    key: tuple[str, ...]
    columns: Mapping[str, Schema] | None
    id_field: str = ""
    subs: tuple[SubRequest, ...] = ()
    nested: str | None = None
    parent: tuple[str, ...] = ()
    is_default: bool = True

    @property
    def replication_key(self) -> str | None:
        """The column that a bookmark follows; None where it lies inside another."""
        listing = self.listing
        is_column = listing.updated_at is not None and "." not in (
            listing.last_modified or "."
        )
        return listing.last_modified if is_column else None

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns there are whatever the records hold: key and time."""
        time = self.listing.last_modified
        is_column = time is not None and "." not in time
        return (*self.key, *((time,) if is_column and time else ()))

    def fingerprint(self) -> str:
        """Return the digest of the definition: another one begins anew."""
        return fingerprint(
            {
                **self.listing.definition(),
                "key": list(self.key),
                "nested": self.nested,
                "subs": [[s.new_field, s.path, s.list_path] for s in self.subs],
            }
        )

    def rows(self, record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the rows of this table in a record whose sub-requests are answered."""
        if self.nested is None:
            return [record]
        above = {name: record.get(name) for name in self.parent}
        rows = record.get(self.nested)
        found = rows if isinstance(rows, list) else []
        return [{**above, **row} for row in found if isinstance(row, Mapping)]


# --- ready-made ----------------------------------------------------------------


def ready_made() -> Iterable[Table]:
    """Yield the streams of orders, of both versions, with their items."""
    new = _orders(
        models()["orders"],
        {"includedData": list(_FREE_OF_PERSONAL_DATA), "maxResultsPerPage": 100},
        ("lastUpdatedAfter", "lastUpdatedBefore"),
    )
    yield _whole("orders", new, models()["orders"], is_default=True)
    yield _items(
        "order_items",
        new,
        models()["order_items"],
        models()["orders"],
        parent=("orderId", "createdTime", "lastUpdatedTime"),
    )
    old = _orders(
        models()["orders_v0"],
        {"MaxResultsPerPage": 100},
        ("LastUpdatedAfter", "LastUpdatedBefore"),
    )
    yield _whole("orders_v0", old, models()["orders_v0"], is_default=False)
    yield _items(
        "order_items_v0",
        old,
        models()["order_items_v0"],
        models()["orders_v0"],
        parent=("AmazonOrderId", "PurchaseDate", "LastUpdateDate"),
        subs=sub_requests(
            [
                {
                    "new_field_name": "OrderItems",
                    "path": f"{_OLD_ORDERS}/{{orderId}}/orderItems",
                    "path_variable_name": "orderId",
                }
            ]
        ),
    )


def _orders(
    model: Model, params: Mapping[str, Any], bounds: tuple[str, str]
) -> Listing:
    path = known(model.path)
    assert path is not None  # noqa: S101 - one of our own files
    return Listing(
        path=model.path,
        params=params,
        list_path=model.rows,
        paging=path.paging,
        rate=path.rate,
        updated_at=bounds[0],
        updated_before=bounds[1],
        last_modified=model.last_modified,
        marketplace_param=path.marketplace,
        is_by_marketplace=True,
        kinds=("seller",),
    )


def _whole(name: str, listing: Listing, model: Model, *, is_default: bool) -> Table:
    return Table(
        name=name,
        listing=listing,
        key=model.key,
        columns=model.columns,
        id_field=model.key[0],
        is_default=is_default,
    )


def _items(
    name: str,
    listing: Listing,
    model: Model,
    above: Model,
    *,
    parent: tuple[str, ...],
    subs: tuple[SubRequest, ...] = (),
) -> Table:
    return Table(
        name=name,
        listing=listing,
        key=(parent[0], *model.key),
        columns={**{n: above.columns[n] for n in parent}, **model.columns},
        id_field=parent[0],
        subs=subs,
        nested=subs[0].new_field if subs else model.rows.rpartition(".")[2],
        parent=parent,
        is_default=not subs,
    )


def _filled(value: Any, marketplace_id: str) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return value.replace(MARKETPLACE, marketplace_id)
    if isinstance(value, (list, tuple)):
        return [_filled(entry, marketplace_id) for entry in value]
    return value
