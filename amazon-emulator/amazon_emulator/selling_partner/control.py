"""The control calls about selling partners, their reports and orders."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.clock import format_instant, parse_instant
from amazon_emulator.control import ControlError, removed
from amazon_emulator.http import Json, Routed, route
from amazon_emulator.selling_partner.reports.documents import section_rows
from amazon_emulator.selling_partner.rows.contents import content_of
from amazon_emulator.selling_partner.rows.plan import (
    FlatContent,
    JsonContent,
    XmlContent,
)

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.access.authorization import Authorization
    from amazon_emulator.selling_partner.accounts import Partner, SellingPartners
    from amazon_emulator.selling_partner.endpoints.custom import CustomService
    from amazon_emulator.selling_partner.orders.book import Order, OrderBook
    from amazon_emulator.selling_partner.reports.downloads import SpDownloadService
    from amazon_emulator.selling_partner.reports.lifecycle import SpReport
    from amazon_emulator.selling_partner.reports.store import SpReportStore

_ACCOUNT = "/sp/accounts/<name>"
_REPORT = f"{_ACCOUNT}/reports/<report_id>"
_EMPTYING = ("empty", "document", "without_array", "error_details", "truncated_gzip")


class SpControl(Routed):
    """Shows and sets accounts, shows expected rows, adds orders."""

    def __init__(
        self,
        accounts: SellingPartners,
        authorization: Authorization,
        reports: SpReportStore,
        orders: OrderBook,
        downloads: SpDownloadService,
        custom: CustomService,
    ) -> None:
        self._custom = custom
        self._accounts, self._authorization = accounts, authorization
        self._reports, self._orders, self._downloads = reports, orders, downloads

    def statistics(self) -> dict[str, object]:
        """Return `sp_reports`, `sp_refusals` and the alarms of downloads."""
        return {
            "sp_reports": self._reports.as_json(),
            "sp_refusals": self._authorization.refusals(),
            "sp_alarms": list(self._downloads.alarms),
        }

    @route("GET", "/sp/accounts")
    def _show(self) -> object:
        return self._accounts.as_json()

    @route("PUT", "/sp/accounts")
    def _replace(self, body: Json) -> object:
        listed = body["accounts"]
        if not isinstance(listed, list):
            raise ControlError("accounts must be a list of objects.")
        self._accounts.replace(listed)
        return self._accounts.as_json()

    @route("POST", "/sp/accounts")
    def _add(self, body: Json) -> object:
        self._accounts.add(body)
        return self._accounts.as_json()

    @route("DELETE", _ACCOUNT)
    def _remove(self, name: str) -> Response:
        return removed(self._accounts.remove(name))

    @route("POST", "/sp/paths")
    def _add_path(self, body: Json) -> object:
        return self._custom.add(body)

    @route("GET", f"{_REPORT}/rows")
    def _rows(self, name: str, report_id: str) -> Response:
        report = self._report(name, report_id)
        return Response(_sections(report), content_type="application/json")

    @route("GET", f"{_REPORT}/row-counts")
    def _counts(self, name: str, report_id: str) -> object:
        document = self._report(name, report_id).document
        with document.lock:  # held while the document is written
            return dict(document.counts)

    @route("GET", f"{_ACCOUNT}/orders")
    def _listed_orders(self, name: str) -> object:
        partner, now = self._partner(name), self._authorization.state.clock.now()
        since = now.replace(year=now.year - 1, day=1)
        found = self._orders.created(partner, partner.marketplaces, since, now)
        return [_order(order) for order in found]

    @route("POST", f"{_ACCOUNT}/orders")
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
            parse_instant(str(body["visible_at"])) if body.get("visible_at") else None,
        )
        return _order(order)

    def _partner(self, name: str) -> Partner:
        partner = self._accounts.partner(name)
        if partner is None:
            message = f"There is no account {name}."
            raise ControlError(message)
        return partner

    def _report(self, name: str, report_id: str) -> SpReport:
        report = self._reports.find(name, report_id)
        if report is None:
            message = f"The account {name} has no report {report_id}."
            raise ControlError(message)
        return report


def _sections(report: SpReport) -> Iterator[bytes]:
    """Yield `{"section": [rows]}` of a report; `rows` for files without sections."""
    if report.rule(*_EMPTYING) is not None or report.final_status is not None:
        yield b"{}"
        return
    content = content_of(report.plan)
    if not isinstance(content, JsonContent):
        yield json.dumps({"rows": list(_plain_rows(content))}).encode()
        return
    for number, section in enumerate(content.sections):
        yield (b", " if number else b"{") + f'"{section.name}": '.encode()
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
