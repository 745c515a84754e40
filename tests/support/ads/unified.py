"""Raw calls of unified reporting to an emulation without sockets."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from werkzeug.test import Client, TestResponse

from amazon_emulator.emulation import Emulation
from support.ads.emulation import AdsCaller
from support.core.openapi import check_exchange

UNIFIED = "ads-api-v1-merged-2026-07.json"
HERON = "amzn1.ads-account.g.rpyubwzuyp6ahsttfbtqallts"
"""The global account of the sellers in US, CA and GB."""
COMMON = ("date.value", "adProduct.value", "campaign.id", "campaign.country")
Row = dict[str, Any]


class UnifiedCaller(AdsCaller):
    @classmethod
    def of(cls, emulation: Emulation) -> UnifiedCaller:
        """Return a caller, signed in, of an emulation that runs already."""
        caller = cls()
        caller.emulation.close()
        caller.emulation = emulation
        caller.api, caller.storage = Client(emulation.api), Client(emulation.storage)
        caller.sign_in()
        return caller

    def post(self, path: str, body: object, **headers: str) -> TestResponse:
        known = self.headers() | {
            "Amazon-Ads-ClientId": self.emulation.state.settings.client_id
        }
        return self.api.post(
            f"/adsApi/v1/{path}",
            headers=known | headers,
            data=json.dumps(body),
            content_type="application/json",
        )

    def list_accounts(self, **body: object) -> list[dict[str, Any]]:
        """Return the accounts of a listing that has one page."""
        found: list[dict[str, Any]]
        found = self.post("query/advertiserAccounts", body).get_json()[
            "advertiserAccounts"
        ]
        return found

    def account_of(self, alternate: str) -> str:
        """Return the account with a profile or a DSP advertiser."""
        for is_global in (True, False):
            for account in self.list_accounts(
                isGlobalAccountFilter={"include": [is_global]}
            ):
                ids = [x for entry in account["alternateIds"] for x in entry.values()]
                if alternate in ids:
                    return str(account["advertiserAccountId"])
        raise AssertionError(alternate)

    def ask(self, body: object) -> TestResponse:
        return self.post("create/reports", body)

    def look(self, report_id: str) -> TestResponse:
        return self.post("retrieve/reports", {"reportIds": [report_id]})

    def report_id(self, body: object) -> str:
        return str(only(self.ask(body))["reportId"])

    def parts(self, report_id: str) -> list[bytes]:
        parts = only(self.look(report_id)).get("completedReportParts", [])
        return [self.download(part["url"]).data for part in parts]

    def unified_rows(self, body: object) -> list[Row]:
        """Ask for a report that is ready at once, and return the rows of all parts."""
        found: list[Row] = []
        for part in self.parts(self.report_id(body)):
            found += json.loads(gzip.decompress(part))
        return found


def unified_body(
    fields: Sequence[str],
    *,
    accounts: Sequence[str] = (HERON,),
    start: str = "2026-11-01",
    end: str = "2026-11-02",
    product: str | None = "SPONSORED_PRODUCTS",
    countries: Sequence[str] = (),
    file_format: str = "PARTITIONED_GZIP_JSON",
    **report: object,
) -> dict[str, Any]:
    """Return a create body; keyword arguments replace parts of the report."""
    query: dict[str, Any] = {"fields": list(fields)}
    filters = []
    if product is not None:
        filters.append(equals("adProduct.value", product))
    if countries:
        filters.append(equals("campaign.country", *countries))
    if filters:
        query["filter"] = {"and": {"filters": filters}}
    period = {"datePeriod": {"startDate": start, "endDate": end}}
    given = {"format": file_format, "periods": [period], "query": query} | report
    named = [{"advertiserAccountId": account} for account in accounts]
    return {"accessRequestedAccounts": named, "reports": [given]}


def equals(field: str, *values: str, is_not: bool = False) -> dict[str, Any]:
    operator = "EQUALS" if len(values) == 1 else "IN"
    condition = {"field": field, "comparisonOperator": operator, "not": is_not}
    return {"on": condition | {"values": list(values)}}


def only(response: TestResponse) -> dict[str, Any]:
    """Return the one report of an answer that has no errors."""
    assert response.status_code == 207, response.data
    content = response.get_json()
    assert not content.get("error"), content
    ((index, report),) = ((x["index"], x["report"]) for x in content["success"])
    assert index == 0
    return dict(report)


def errors_of(response: TestResponse) -> list[str]:
    """Return the messages of an answer that has no report."""
    assert response.status_code == 207, response.data
    content = response.get_json()
    assert content["success"] == []
    ((index, errors),) = ((x["index"], x["errors"]) for x in content["error"])
    assert index == 0
    return [error["message"] for error in errors]


def csv_rows(part: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(part.decode())))


def check_unified(
    specs: Path,
    response: TestResponse,
    status: int,
    sent: object = None,
    *,
    wrong_request: bool = False,
) -> None:
    """Validate one exchange against Amazon's file."""
    assert response.status_code == status, response.data
    content = response.get_json()
    # Live answers say null where the file knows a list only.
    if isinstance(content, Mapping) and content.get("error", ()) is None:
        kept = {key: value for key, value in content.items() if key != "error"}
        response.set_data(json.dumps(kept))
    check_exchange(
        specs / UNIFIED, (), response, sent=sent, wrong_request=wrong_request
    )
