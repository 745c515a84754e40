"""Ready-made streams of money: `transactions` and `financial_event_groups`.

A sale that Amazon defers is a row DEFERRED at first. Once released, that row turns
DEFERRED_RELEASED, and a second row RELEASED with an id of its own has the same money.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec

from tap_amazon_sp.endpoints.definitions import Listing, Table
from tap_amazon_sp.endpoints.pages.known_paths import known
from tap_amazon_sp.endpoints.schemas import RecordSchema, record_schemas
from tap_amazon_sp.endpoints.status_sweep import StatusSweep

UNKNOWN_PARTNER = "unknown"
"""The selling partner of a row that does not say it; account_name does."""

DEFERRED, DEFERRED_RELEASED = "DEFERRED", "DEFERRED_RELEASED"
_STATUS = "transactionStatus"
_DEFERRED_SALES = StatusSweep(
    state_key="oldest_deferred",
    time_field="postedDate",
    status_field=_STATUS,
    open_status=DEFERRED,
    passes=(((_STATUS, DEFERRED),), ((_STATUS, DEFERRED_RELEASED),)),
)
_OPEN_GROUPS = StatusSweep(
    state_key="oldest_open",
    time_field="FinancialEventGroupStart",
    status_field="ProcessingStatus",
    open_status="Open",
)
_RELEASED_BY = "RELEASE_TRANSACTION_ID"
_encoder = msgspec.json.Encoder(order="sorted")

_Record = Mapping[str, Any]


def finance_tables() -> Iterator[Table]:
    """Yield the streams of the Finances API, for sellers."""
    schemas = record_schemas()
    yield replace(
        _table(schemas["transactions"], {}, _DEFERRED_SALES, completed_transaction),
        made_key=made_id,
    )
    yield _table(
        schemas["financial_event_groups"], {"MaxResultsPerPage": 100}, _OPEN_GROUPS
    )


def _table(
    schema: RecordSchema,
    params: Mapping[str, Any],
    sweep: StatusSweep,
    complete: Callable[[_Record], _Record] | None = None,
) -> Table:
    path = known(schema.path)
    assert path is not None  # noqa: S101 - one of our own files
    ((after, before),) = path.bounds.items()
    listing = Listing(
        path=schema.path,
        params=params,
        list_path=schema.rows,
        pagination=path.pagination,
        rate=path.rate,
        updated_at=after,
        updated_before=before,
        last_modified=schema.last_modified,
        kinds=("seller",),
        documented=path,
        lookback=path.lookback,
        holdback=timedelta(0),
    )
    return Table(
        name=schema.name,
        listing=listing,
        key=schema.key,
        columns=schema.columns,
        id_field=schema.key[-1],
        is_default=False,
        complete=complete,
        sweep=sweep,
    )


# --- transactions ----------------------------------------------------------------


def completed_transaction(record: _Record) -> _Record:
    """Return a transaction with its key, and breakdowns in one form on every level."""
    row = _unwrapped(record)
    partner = row.get("sellingPartnerMetadata")
    partner_id = partner.get("sellingPartnerId") if isinstance(partner, dict) else None
    row["sellingPartnerId"] = partner_id or UNKNOWN_PARTNER
    row["transactionId"] = row.get("transactionId") or _digest(row)
    return row


def made_id(record: _Record) -> str | None:
    """Return the id a transaction gets that has none of Amazon's."""
    if record.get("transactionId"):
        return None
    return str(completed_transaction(record)["transactionId"])


def _unwrapped(record: _Record) -> dict[str, Any]:
    """Take the lists out of objects that hold nothing but the list of the same name."""
    return {name: _unwrapped_value(name, value) for name, value in record.items()}


def _unwrapped_value(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        if value.keys() == {name} and isinstance(value[name], list | None):
            return _unwrapped_value(name, value[name])
        return _unwrapped(value)
    if isinstance(value, list):
        return [_unwrapped(v) if isinstance(v, dict) else v for v in value]
    return value


def _digest(row: _Record) -> str:
    """Return an id for a row without one: the same before and after its release."""
    names = row.get("relatedIdentifiers")
    kept = [
        entry
        for entry in (names if isinstance(names, list) else ())
        if not isinstance(entry, dict)
        or entry.get("relatedIdentifierName") != _RELEASED_BY
    ]
    lasting = {n: v for n, v in row.items() if n not in {_STATUS, "transactionId"}}
    data = _encoder.encode({**lasting, "relatedIdentifiers": kept})
    return f"sha256:{hashlib.sha256(data).hexdigest()[:32]}"
