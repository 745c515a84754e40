"""A selling partner's transactions as Amazon keeps them, with sales that it defers.

Written from the facts about the API alone; nothing of the tap is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]
MAX_SPAN = timedelta(days=180)
PATH = "/finances/2024-06-19/transactions"
GROUPS = "/finances/v0/financialEventGroups"


@dataclass(frozen=True)
class Posting:
    """Money that is posted; `late`: how long after that Amazon's search finds it."""

    name: str
    posted: datetime
    late: timedelta = timedelta(0)
    released: datetime | None = None
    """When a deferred sale is released."""
    is_deferred: bool = False
    amount: float = 10.0


class Finances:
    """What a seller's account answers; `now` is the time at Amazon."""

    def __init__(self, now: Callable[[], datetime], *postings: Posting) -> None:
        self._now = now
        self.postings = list(postings)
        self.rows_a_page = 2
        self.has_empty_page = False
        self.on_page: Callable[[Json], None] = lambda _: None

    def __call__(self, params: Json) -> Json:
        """Answer listTransactions."""
        self.on_page(params)
        after, before = _time(params["postedAfter"]), _time(params["postedBefore"])
        assert after <= before <= self._now() - timedelta(minutes=2)
        status = params.get("transactionStatus")
        rows = [] if before - after > MAX_SPAN else self._rows()
        found = [
            row
            for row in rows
            if after <= _time(row["postedDate"]) < before
            and status in {None, row["transactionStatus"]}
        ]
        first, is_empty = _position(params.get("nextToken"))
        if self.has_empty_page and first == 0 and not is_empty and found:
            return _page([], f"{after}:0:empty")
        last = first + self.rows_a_page
        token = f"{after}:{last}:" if last < len(found) else None
        return _page(found[first:last], token)

    def _rows(self) -> list[Json]:
        now = self._now()
        visible = [p for p in self.postings if p.posted + p.late <= now]
        return [row for posting in visible for row in _rows_of(posting, now)]


def _rows_of(posting: Posting, now: datetime) -> Iterable[Json]:
    released = posting.released
    is_released = released is not None and released <= now
    if not posting.is_deferred:
        yield _row(posting, posting.name, posting.posted, "RELEASED", {})
        return
    first, second = f"{posting.name}-1", f"{posting.name}-2"
    status = "DEFERRED_RELEASED" if is_released else "DEFERRED"
    link = {"RELEASE_TRANSACTION_ID": second} if is_released else {}
    yield _row(posting, first, posting.posted, status, link)
    if released is not None and is_released:
        link = {"DEFERRED_TRANSACTION_ID": first}
        yield _row(posting, second, released, "RELEASED", link)


def _row(
    posting: Posting, name: str, posted: datetime, status: str, ids: dict[str, str]
) -> Json:
    named = {"ORDER_ID": posting.name, **ids}
    charge = {"breakdownType": "Tax", "breakdownAmount": money(2), "breakdowns": None}
    sale = {
        "breakdownType": "Sales",
        "breakdownAmount": money(posting.amount),
        "breakdowns": [
            {**charge, "breakdownType": "Principal"}
            | {"breakdownAmount": money(posting.amount - 2)},
            charge,
        ],
    }
    return {
        "sellingPartnerMetadata": {"sellingPartnerId": "A1SELLER"},
        "transactionId": name,
        "transactionType": "Shipment",
        "transactionStatus": status,
        "postedDate": f"{posted:%Y-%m-%dT%H:%M:%SZ}",
        "totalAmount": money(posting.amount),
        "relatedIdentifiers": [
            {"relatedIdentifierName": kind, "relatedIdentifierValue": value}
            for kind, value in named.items()
        ],
        "breakdowns": [sale],
        "items": [],
        "contexts": [],
    }


def money(amount: float) -> Json:
    """Return an amount as Amazon writes it."""
    return {"currencyAmount": amount, "currencyCode": "USD"}


def _page(rows: list[Json], token: str | None) -> Json:
    return {"payload": {"transactions": rows, "nextToken": token}}


def _position(token: str | None) -> tuple[int, bool]:
    if token is None:
        return 0, False
    *_, position, kind = token.split(":")
    return int(position), kind == "empty"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def by_sale_date(rows: Iterable[Json]) -> float:
    """Add up as the documentation says: releases of deferred sales are left out."""
    return sum(
        _amount(row)
        for row in _newest(rows)
        if not _names(row, "DEFERRED_TRANSACTION_ID")
    )


def by_cash_date(rows: Iterable[Json]) -> float:
    """Add up as the documentation says: only what is released, once it is."""
    return sum(
        _amount(row)
        for row in _newest(rows)
        if row["transactionStatus"].upper() == "RELEASED"
    )


def _newest(rows: Iterable[Json]) -> Iterable[Json]:
    return {(r["sellingPartnerId"], r["transactionId"]): r for r in rows}.values()


def _amount(row: Json) -> float:
    return float(row["totalAmount"]["currencyAmount"])


def _names(row: Json, name: str) -> bool:
    return any(e["relatedIdentifierName"] == name for e in row["relatedIdentifiers"])
