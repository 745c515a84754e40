"""Raw Data Kiosk calls to an emulation without sockets; knows only the wire."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.test import TestResponse

from support.sp.emulation import GERMANY, US, SpCaller, unpacked

QUERIES = "/dataKiosk/2023-11-15/queries"
DOCUMENTS = "/dataKiosk/2023-11-15/documents"
SALES_AND_TRAFFIC = "analytics_salesAndTraffic_2024_04_24"
MONEY = "{amount currencyCode}"


class KioskCaller(SpCaller):
    """Creates queries, polls them, and reads their documents."""

    def change(self, **settings: object) -> None:
        self.emulation.state.change(settings)

    def create_query(
        self, text: str, account: str = "acme-us", token: str | None = None
    ) -> TestResponse:
        body = {"query": text} | ({} if token is None else {"paginationToken": token})
        return self.api.post(QUERIES, json=body, headers=self.headers(account))

    def created_query(
        self, text: str, account: str = "acme-us", token: str | None = None
    ) -> str:
        response = self.create_query(text, account, token)
        assert response.status_code == 202, response.text
        query_id: str = response.get_json()["queryId"]
        return query_id

    def look(self, query_id: str, account: str = "acme-us") -> dict[str, Any]:
        response = self.get(f"{QUERIES}/{query_id}", account)
        assert response.status_code == 200, response.text
        shown: dict[str, Any] = response.get_json()
        return shown

    def content(self, document_id: str, account: str = "acme-us") -> bytes:
        response = self.get(f"{DOCUMENTS}/{document_id}", account)
        assert response.status_code == 200, response.text
        return unpacked(self.download(response.get_json()["documentUrl"]).data)

    def lines(self, text: str, account: str = "acme-us") -> list[dict[str, Any]]:
        """Return the lines of all pages of a query that is over at once."""
        return [line for page in self.pages(text, account) for line in page]

    def pages(self, text: str, account: str = "acme-us") -> list[list[dict[str, Any]]]:
        found: list[list[dict[str, Any]]] = []
        token = None
        while True:
            shown = self.look(self.created_query(text, account, token), account)
            assert shown["processingStatus"] == "DONE", shown
            if "dataDocumentId" not in shown:
                return found
            content = self.content(shown["dataDocumentId"], account)
            found.append([json.loads(line) for line in content.splitlines()])
            token = shown.get("pagination", {}).get("nextToken")
            if token is None:
                return found

    def problem(self, text: str, account: str = "acme-us") -> str:
        """Return the message of the error document of a query that ends FATAL."""
        shown = self.look(self.created_query(text, account), account)
        assert shown["processingStatus"] == "FATAL", shown
        content = json.loads(self.content(shown["errorDocumentId"], account))
        message: str = content[0]["message"]
        return message

    def refused(self, text: str, status: int = 400, account: str = "acme-us") -> str:
        """Return the message and details of a refused query."""
        response = self.create_query(text, account)
        assert response.status_code == status, response.text
        error = response.get_json()["errors"][0]
        return f"{error['message']} {error['details']}"


def kiosk_query(root: str, arguments: str, fields: str) -> str:
    return f"query{{{SALES_AND_TRAFFIC}{{{root}({arguments}){{{fields}}}}}}}"


def by_asin(
    fields: str = "marketplaceId parentAsin childAsin sku sales{unitsOrdered}",
    start: str = "2026-11-10",
    end: str = "2026-11-10",
    level: str = "SKU",
    marketplaces: tuple[str, ...] = (US,),
) -> str:
    ids = json.dumps(list(marketplaces))
    arguments = (
        f'startDate:"{start}" endDate:"{end}" aggregateBy:{level} marketplaceIds:{ids}'
    )
    return kiosk_query("salesAndTrafficByAsin", arguments, fields)


def by_date(
    fields: str = "startDate endDate sales{unitsOrdered}",
    start: str = "2026-11-01",
    end: str = "2026-11-10",
    period: str = "DAY",
    marketplace: str = US,
) -> str:
    arguments = (
        f'startDate:"{start}" endDate:"{end}" aggregateBy:{period} '
        f'marketplaceIds:["{marketplace}"]'
    )
    return kiosk_query("salesAndTrafficByDate", arguments, fields)


def trends(
    asins: list[str],
    fields: str = "startDate childAsin sku sales{unitsOrdered}",
    start: str = "2026-11-01",
    end: str = "2026-11-03",
    level: str = "CHILD",
    period: str = "DAY",
) -> str:
    arguments = (
        f'startDate:"{start}" endDate:"{end}" asinAggregation:{level} '
        f"dateAggregation:{period} "
        f'filters:[{{marketplaceId:"{US}" asins:{json.dumps(asins)}}}]'
    )
    return kiosk_query("salesAndTrafficTrends", arguments, fields)


__all__ = ["GERMANY", "US"]
