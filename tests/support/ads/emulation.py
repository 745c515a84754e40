"""Raw calls of the advertising APIs to an emulation without sockets."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.test import TestResponse

from support.core.emulation import EmulationCaller, dashed

SELLER, CANADA, BRAZIL, VENDOR, AGENCY, ATTRIBUTION = (
    "9100200300400501",
    "2200300400500602",
    "3300400500600703",
    "4400500600700804",
    "5500600700800905",
    "6600700800901006",
)
ADVERTISERS = ("4728736040201", "4728736040202", "4728736040203")
LINKED = "7051069373501"
REPORT_TYPE = "application/vnd.createasyncreportrequest.v3+json"
SCOPE = "Amazon-Advertising-API-Scope"
ACCOUNT = "Amazon-Ads-AccountId"


class AdsCaller(EmulationCaller):
    token = ""

    def sign_in(self, **changes: str) -> TestResponse:
        """Exchange the refresh token, with some form fields changed."""
        token = self.emulation.state.settings.refresh_token
        response = self.exchange(token, **changes)
        if response.status_code == 200:
            self.token = response.get_json()["access_token"]
        return response

    def headers(self, **more: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.token}",
            "Amazon-Advertising-API-ClientId": self.emulation.state.settings.client_id,
            **more,
        }

    def get(self, path: str, **more: str) -> TestResponse:
        return self.api.get(path, headers=self.headers() | dashed(more))

    def create(
        self,
        body: object,
        account: Mapping[str, str] | str = SELLER,
        content_type: str = REPORT_TYPE,
    ) -> TestResponse:
        """Ask for a report; a plain text names the profile."""
        return self.api.post(
            "/reporting/reports",
            headers=self.headers() | _account(account),
            data=json.dumps(body),
            content_type=content_type,
        )

    def poll(
        self, report_id: str, account: Mapping[str, str] | str = SELLER
    ) -> TestResponse:
        path = f"/reporting/reports/{report_id}"
        return self.api.get(path, headers=self.headers() | _account(account))

    def delete(
        self, report_id: str, account: Mapping[str, str] | str = SELLER
    ) -> TestResponse:
        path = f"/reporting/reports/{report_id}"
        return self.api.delete(path, headers=self.headers() | _account(account))

    def rows(
        self, body: object, account: Mapping[str, str] | str = SELLER
    ) -> list[dict[str, Any]]:
        """Ask for a report that is ready at once, and return its rows."""
        report_id = self.create(body, account).get_json()["reportId"]
        url = self.poll(report_id, account).get_json()["url"]
        rows: list[dict[str, Any]] = json.loads(
            gzip.decompress(self.download(url).data)
        )
        return rows


def report_body(
    report_type_id: str = "spCampaigns",
    group_by: Sequence[str] = ("campaign",),
    columns: Sequence[str] = ("date", "campaignId", "clicks"),
    *,
    start: str = "2026-11-01",
    end: str = "2026-11-02",
    ad_product: str = "SPONSORED_PRODUCTS",
    **configuration: object,
) -> dict[str, Any]:
    """Return a create body; keyword arguments replace parts of the configuration."""
    return {
        "startDate": start,
        "endDate": end,
        "configuration": {
            "adProduct": ad_product,
            "reportTypeId": report_type_id,
            "groupBy": list(group_by),
            "columns": list(columns),
            "timeUnit": "DAILY",
            "format": "GZIP_JSON",
            **configuration,
        },
    }


def dsp_body(
    advertiser_ids: Sequence[str] = ADVERTISERS[:1], **configuration: object
) -> dict[str, Any]:
    """Return a create body for a DSP report of these advertisers."""
    filters = [{"field": "advertiserId", "values": list(advertiser_ids)}]
    body = report_body(
        "dspCampaign",
        columns=("date", "advertiserId", "orderId", "impressions"),
        ad_product="DEMAND_SIDE_PLATFORM",
        filters=filters,
    )
    body["configuration"].update(configuration)
    return body


def _account(account: Mapping[str, str] | str) -> dict[str, str]:
    return {SCOPE: account} if isinstance(account, str) else dict(account)
