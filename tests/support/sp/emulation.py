"""Raw Selling Partner calls to an emulation without sockets; knows only the wire."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

from werkzeug.test import TestResponse

from support.core.emulation import NOON, EmulationCaller

__all__ = ["NOON"]
US, CANADA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
GERMANY, JAPAN = "A1PA6795UKMFR9", "A1VC38T7YXB528"
AGENT = "emulator-tests/1.0 (Language=Python/3.12)"
REPORTS = "/reports/2021-06-30/reports"
DOCUMENTS = "/reports/2021-06-30/documents"
ORDERS_V0, ORDERS = "/orders/v0/orders", "/orders/2026-01-01/orders"
PARTICIPATIONS = "/sellers/v1/marketplaceParticipations"
RESTRICTED = "/tokens/2021-03-01/restrictedDataToken"
RATE = "x-amzn-RateLimit-Limit"
VENDOR_SALES = {
    "reportPeriod": "DAY",
    "distributorView": "MANUFACTURING",
    "sellingProgram": "RETAIL",
}


class SpCaller(EmulationCaller):
    """Every call names the account it is for."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)
        self.tokens: dict[str, str] = {}

    def sign_in(self, account: str, **changes: str) -> TestResponse:
        """Exchange an account's refresh token, with some form fields changed."""
        response = self.exchange(f"Atzr|sp-{account}", **changes)
        if response.status_code == 200:
            self.tokens[account] = response.get_json()["access_token"]
        return response

    def headers(self, account: str, **more: str) -> dict[str, str]:
        if account not in self.tokens:
            self.sign_in(account)
        return {
            "x-amz-access-token": self.tokens.get(account, ""),
            "user-agent": AGENT,
            **more,
        }

    def get(self, path: str, account: str = "acme-us", **query: str) -> TestResponse:
        headers = self.headers(account)
        return self.api.get(path, query_string=query, headers=headers)

    def create(self, body: object, account: str = "vega-us") -> TestResponse:
        return self.api.post(REPORTS, json=body, headers=self.headers(account))

    def created(self, body: object, account: str = "vega-us") -> str:
        response = self.create(body, account)
        assert response.status_code == 202, response.text
        report_id: str = response.get_json()["reportId"]
        return report_id

    def poll(self, report_id: str, account: str = "vega-us") -> dict[str, Any]:
        response = self.get(f"{REPORTS}/{report_id}", account)
        assert response.status_code == 200, response.text
        shown: dict[str, Any] = response.get_json()
        return shown

    def cancel(self, report_id: str, account: str = "vega-us") -> TestResponse:
        path = f"{REPORTS}/{report_id}"
        return self.api.delete(path, headers=self.headers(account))

    def document_info(
        self, document_id: str, account: str = "vega-us", **query: str
    ) -> dict[str, Any]:
        response = self.get(f"{DOCUMENTS}/{document_id}", account, **query)
        assert response.status_code == 200, response.text
        shown: dict[str, Any] = response.get_json()
        return shown

    def fetch(self, body: object, account: str = "vega-us") -> TestResponse:
        """Ask for a report that is over at once, and download its document."""
        shown = self.poll(self.created(body, account), account)
        document_info = self.document_info(shown["reportDocumentId"], account)
        return self.download(document_info["url"])

    def document(self, body: object, account: str = "vega-us") -> Any:
        """Return the JSON document of a report that is over at once."""
        return json.loads(unpacked(self.fetch(body, account).data))

    def ending(self, body: object, account: str = "vega-us") -> tuple[str, str | None]:
        """Return the final status of a report, and its error text if it has one."""
        shown = self.poll(self.created(body, account), account)
        details = None
        if shown["processingStatus"] == "FATAL" and "reportDocumentId" in shown:
            url = self.document_info(shown["reportDocumentId"], account)["url"]
            details = json.loads(unpacked(self.download(url).data))["errorDetails"]
        return shown["processingStatus"], details

    def restricted(
        self, resources: list[dict[str, Any]], account: str = "acme-us"
    ) -> TestResponse:
        body = {"restrictedResources": resources}
        return self.api.post(RESTRICTED, json=body, headers=self.headers(account))

    def refusals(self) -> list[dict[str, Any]]:
        found: Any = self.emulation.selling.control.statistics()["sp_refusals"]
        return list(found)

    def reports(self) -> list[dict[str, Any]]:
        found: Any = self.emulation.selling.control.statistics()["sp_reports"]
        return list(found)


def report_body(
    report_type: str = "GET_VENDOR_SALES_REPORT",
    options: Mapping[str, str] | None = None,
    start: str | None = "2026-11-10",
    end: str | None = "2026-11-11",
    marketplace_id: str = US,
) -> dict[str, Any]:
    """Return a createReport; without options those of vendor sales by day."""
    body: dict[str, Any] = {
        "reportType": report_type,
        "marketplaceIds": [marketplace_id],
        "reportOptions": dict(VENDOR_SALES if options is None else options),
    }
    if start is not None:
        body["dataStartTime"] = start
    if end is not None:
        body["dataEndTime"] = end
    return body


def brand_body(
    name: str,
    start: str,
    end: str,
    period: str = "WEEK",
    marketplace_id: str = US,
    **options: str,
) -> dict[str, Any]:
    report_type = f"GET_BRAND_ANALYTICS_{name}_REPORT"
    every = {"reportPeriod": period, **options}
    return report_body(report_type, every, start, end, marketplace_id)


def unpacked(content: bytes) -> bytes:
    """Return a document without its gzip, if it has one."""
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
