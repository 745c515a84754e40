"""What is read of which endpoint: lists, the streams made of them, ready-made ones.

A *listing* is a list of the API and how it is requested; a *table* is a stream made of
its records. The pages of a listing are read once for all of its tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from singer_amazon.rate_limits import Rate
from singer_amazon.reports.model import fingerprint
from tap_amazon_sp.catalogue.model import Schema
from tap_amazon_sp.endpoints.expansions import Expansion, read_expansions
from tap_amazon_sp.endpoints.pages.known_paths import KnownPath, known
from tap_amazon_sp.endpoints.pages.pagination import Pagination
from tap_amazon_sp.endpoints.schemas import RecordSchema, record_schemas
from tap_amazon_sp.endpoints.status_sweep import StatusSweep
from tap_amazon_sp.marketplaces import AccountKind

MARKETPLACE = "{marketplace_id}"
"""Stands in a parameter for the marketplace of each request."""

_NEW_ORDERS, _OLD_ORDERS = "/orders/2026-01-01/orders", "/orders/v0/orders"
_FREE_OF_PERSONAL_DATA = (
    *("PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT"),
    *("PACKAGES", "FULFILLMENT_ORDERS"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """A list of the API and how it is requested.

    `updated_at` and `updated_before` are the parameters that take the bounds of a
    slice of time; without the first everything is read each time, without the second
    a slice ends now. `marketplace_param` names the marketplaces meant; its value is
    ours to set where `is_by_marketplace`. `documented` is what Amazon says of the path.

    A run reads from `lookback` before the bookmark, up to `holdback` before now:
    records turn up late.
    """

    path: str
    params: Mapping[str, Any]
    list_path: str
    pagination: Pagination | None
    rate: Rate | None
    updated_at: str | None
    updated_before: str | None
    last_modified: str | None
    slice_hours: float | None = None
    marketplace_param: str | None = None
    is_by_marketplace: bool = False
    kinds: tuple[AccountKind, ...] = ()
    """Which accounts have it; empty: all."""
    documented: KnownPath | None = None
    lookback: timedelta = timedelta(0)
    holdback: timedelta = timedelta(0)

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

    def params_for(self, marketplaces: Sequence[str]) -> dict[str, Any]:
        """Return the parameters of a request for some marketplaces, or for one."""
        of_bounds = self.documented.with_bounds if self.documented else {}
        more = of_bounds if self.updated_at is not None else {}
        params, name = {**more, **self.params}, self.marketplace_param
        if self.is_by_marketplace:
            if name is not None:
                params.setdefault(name, MARKETPLACE)
            return {k: _filled(v, marketplaces[0]) for k, v in params.items()}
        return params if name is None else {**params, name: list(marketplaces)}


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A stream made of a listing's records, or of the rows `nested` in each of them.

    `key` are Amazon's fields; `columns` are None where the first page has to say them.
    `parent` are fields of the record that go into each nested row. `complete` makes
    the row of a record; `sweep` says which rows change under their old time.
    """

    name: str
    listing: Listing
    key: tuple[str, ...]
    columns: Mapping[str, Schema] | None
    id_field: str = ""
    expansions: tuple[Expansion, ...] = ()
    nested: str | None = None
    parent: tuple[str, ...] = ()
    is_default: bool = True
    complete: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    sweep: StatusSweep | None = None
    made_key: Callable[[Mapping[str, Any]], str | None] | None = None
    """The key of a record that Amazon has given none; None where it has."""

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
                "subs": [s.definition() for s in self.expansions],
            }
        )

    def rows(self, record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the rows of this table in a record whose expansions are read."""
        if self.nested is None:
            return [record if self.complete is None else self.complete(record)]
        above = {name: record.get(name) for name in self.parent}
        rows = record.get(self.nested)
        rows = [rows] if isinstance(rows, Mapping) else rows
        found = rows if isinstance(rows, list) else []
        return [{**above, **row} for row in found if isinstance(row, Mapping)]


# --- ready-made ----------------------------------------------------------------


def ready_made() -> Iterable[Table]:
    """Yield the streams of orders, of both versions, with their items."""
    new = _orders(
        record_schemas()["orders"],
        {"includedData": list(_FREE_OF_PERSONAL_DATA), "maxResultsPerPage": 100},
        ("lastUpdatedAfter", "lastUpdatedBefore"),
    )
    yield _whole("orders", new, record_schemas()["orders"], is_default=True)
    yield _items(
        "order_items",
        new,
        record_schemas()["order_items"],
        record_schemas()["orders"],
        parent=("orderId", "createdTime", "lastUpdatedTime"),
    )
    old = _orders(
        record_schemas()["orders_v0"],
        {"MaxResultsPerPage": 100},
        ("LastUpdatedAfter", "LastUpdatedBefore"),
    )
    yield _whole("orders_v0", old, record_schemas()["orders_v0"], is_default=False)
    yield _items(
        "order_items_v0",
        old,
        record_schemas()["order_items_v0"],
        record_schemas()["orders_v0"],
        parent=("AmazonOrderId", "PurchaseDate", "LastUpdateDate"),
        expansions=read_expansions(
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
    record_schema: RecordSchema, params: Mapping[str, Any], bounds: tuple[str, str]
) -> Listing:
    path = known(record_schema.path)
    assert path is not None  # noqa: S101 - one of our own files
    return Listing(
        path=record_schema.path,
        params=params,
        list_path=record_schema.rows,
        pagination=path.pagination,
        rate=path.rate,
        updated_at=bounds[0],
        updated_before=bounds[1],
        last_modified=record_schema.last_modified,
        marketplace_param=path.marketplace,
        is_by_marketplace=True,
        kinds=("seller",),
        documented=path,
    )


def _whole(
    name: str, listing: Listing, record_schema: RecordSchema, *, is_default: bool
) -> Table:
    return Table(
        name=name,
        listing=listing,
        key=record_schema.key,
        columns=record_schema.columns,
        id_field=record_schema.key[0],
        is_default=is_default,
    )


def _items(
    name: str,
    listing: Listing,
    record_schema: RecordSchema,
    above: RecordSchema,
    *,
    parent: tuple[str, ...],
    expansions: tuple[Expansion, ...] = (),
) -> Table:
    return Table(
        name=name,
        listing=listing,
        key=(parent[0], *record_schema.key),
        columns={**{n: above.columns[n] for n in parent}, **record_schema.columns},
        id_field=parent[0],
        expansions=expansions,
        nested=expansions[0].new_field
        if expansions
        else record_schema.rows.rpartition(".")[2],
        parent=parent,
        is_default=not expansions,
    )


def _filled(value: Any, marketplace_id: str) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return value.replace(MARKETPLACE, marketplace_id)
    if isinstance(value, (list, tuple)):
        return [_filled(entry, marketplace_id) for entry in value]
    return value
