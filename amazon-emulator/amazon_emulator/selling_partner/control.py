"""The control calls about selling partners, their reports and orders."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.clock import format_instant, parse_instant
from amazon_emulator.selling_partner.documents import section_rows
from amazon_emulator.selling_partner.rows.contents import content_of
from amazon_emulator.selling_partner.rows.plan import (
    FlatContent,
    JsonContent,
    XmlContent,
)
from amazon_emulator.wire import json_response

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.downloads import SpDownloadRoom
    from amazon_emulator.selling_partner.guard import Guard
    from amazon_emulator.selling_partner.lifecycle import SpReport
    from amazon_emulator.selling_partner.orders.book import Order, OrderBook
    from amazon_emulator.selling_partner.reports import SpReportStore
    from amazon_emulator.selling_partner.world import Partner, SpWorld

Json = Mapping[str, object]
_EMPTYING = ("empty", "document", "without_array", "error_details", "truncated_gzip")


class SpControl:
    """Shows and sets accounts, shows expected rows, adds orders."""

    def __init__(
        self,
        world: SpWorld,
        guard: Guard,
        reports: SpReportStore,
        orders: OrderBook,
        downloads: SpDownloadRoom,
    ) -> None:
        self._world, self._guard = world, guard
        self._reports, self._orders, self._downloads = reports, orders, downloads

    def table(self) -> Iterable[tuple[str, str, Callable[..., object]]]:
        """Return method, path and handler of each call."""
        account = "/sp/accounts/<name>"
        report = f"{account}/reports/<report_id>"
        return (
            ("GET", "/sp/accounts", self._accounts),
            ("PUT", "/sp/accounts", self._replace),
            ("POST", "/sp/accounts", self._add),
            ("DELETE", account, self._remove),
            ("GET", f"{report}/rows", self._rows),
            ("GET", f"{report}/row-counts", self._counts),
            ("GET", f"{account}/orders", self._listed_orders),
            ("POST", f"{account}/orders", self._add_order),
        )

    def statistics(self) -> dict[str, object]:
        """Return `sp_reports`, `sp_refusals` and the alarms of downloads."""
        return {
            "sp_reports": self._reports.as_json(),
            "sp_refusals": self._guard.refusals(),
            "sp_alarms": list(self._downloads.alarms),
        }

    def _accounts(self, _: Json) -> object:
        return self._world.as_json()

    def _replace(self, body: Json) -> object:
        listed = body["accounts"]
        if not isinstance(listed, list):
            raise TypeError("accounts must be a list of objects.")
        self._world.replace(listed)
        return self._world.as_json()

    def _add(self, body: Json) -> object:
        self._world.add(body)
        return self._world.as_json()

    def _remove(self, _: Json, name: str) -> Response:
        found = self._world.remove(name)
        return json_response({"ok": found}, 200 if found else 404)

    def _rows(self, _: Json, name: str, report_id: str) -> Response:
        report = self._report(name, report_id)
        return Response(_sections(report), content_type="application/json")

    def _counts(self, _: Json, name: str, report_id: str) -> object:
        document = self._report(name, report_id).document
        with document.lock:  # held while the document is written
            return dict(document.counts)

    def _listed_orders(self, _: Json, name: str) -> object:
        partner, now = self._partner(name), self._guard.core.clock.now()
        since = now.replace(year=now.year - 1, day=1)
        found = self._orders.created(partner, partner.marketplaces, since, now)
        return [_order(order) for order in found]

    def _add_order(self, body: Json, name: str) -> object:
        partner = self._partner(name)
        created_at = parse_instant(str(body["created_at"]))
        updated_at = parse_instant(str(body.get("updated_at") or body["created_at"]))
        order = self._orders.add(
            partner,
            str(body.get("marketplace_id") or partner.marketplace_ids[0]),
            created_at,
            updated_at,
            str(body.get("status") or "Shipped"),
            int(str(body.get("items") or 1)),
        )
        return _order(order)

    def _partner(self, name: str) -> Partner:
        partner = self._world.partner(name)
        if partner is None:
            message = f"There is no account {name}."
            raise ValueError(message)
        return partner

    def _report(self, name: str, report_id: str) -> SpReport:
        report = self._reports.find(name, report_id)
        if report is None:
            message = f"The account {name} has no report {report_id}."
            raise ValueError(message)
        return report


def _sections(report: SpReport) -> Iterator[bytes]:
    """Yield `{"section": [rows]}` of a report; `rows` for files without sections."""
    fated = any(report.fate(action) is not None for action in _EMPTYING)
    if fated or report.verdict is not None:
        yield b"{}"
        return
    content = content_of(report.plan)
    if not isinstance(content, JsonContent):
        yield json.dumps({"rows": list(_plain_rows(content))}).encode()
        return
    for place, section in enumerate(content.sections):
        yield (b", " if place else b"{") + f'"{section.name}": '.encode()
        yield from section_rows(section)
    yield b"}"


def _plain_rows(content: FlatContent | XmlContent) -> Iterator[Mapping[str, object]]:
    if isinstance(content, XmlContent):
        yield from content.rows()
        return
    for values in content.rows():
        yield dict(zip(content.columns, values, strict=True))


def _order(order: Order) -> Json:
    return {
        "order_id": order.order_id,
        "marketplace_id": order.marketplace.marketplace_id,
        "created_at": format_instant(order.created_at),
        "updated_at": format_instant(order.updated_at),
        "status": order.status,
        "items": [item.item_id for item in order.items],
    }
