"""A client that is not ours, made for Amazon, works on the emulator unchanged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amazon_emulator import Emulator
from support.core.foreign_programs import runner
from support.sp.emulation import CANADA, NOON, US

pytestmark = pytest.mark.xdist_group("foreign-programs")

PYTHON = ("python-amazon-sp-api==2.1.35", "python")
SCRIPT = """
import json, sys

from sp_api.api import Orders, Reports, Sellers
from sp_api.auth import AccessTokenClient
from sp_api.base import Marketplaces

host, credentials = json.load(open("config.json"))
AccessTokenClient.scheme, AccessTokenClient.host = "http://", host

def client(kind):
    made = kind(marketplace=Marketplaces.US, credentials=credentials)
    made.endpoint = "http://" + host
    return made

reports, orders = client(Reports), client(Orders)

def document(**wanted):
    made = reports.create_report(**wanted).payload
    found = reports.get_report(made["reportId"]).payload
    got = reports.get_report_document(found["reportDocumentId"], download=True)
    return got.payload["document"]

found = {}
places = client(Sellers).get_marketplace_participation().payload
found["marketplaces"] = [item["marketplace"]["id"] for item in places]
sales = json.loads(document(
    reportType="GET_SALES_AND_TRAFFIC_REPORT",
    dataStartTime="2026-11-01T00:00:00Z", dataEndTime="2026-11-03T00:00:00Z",
    reportOptions={"dateGranularity": "DAY", "asinGranularity": "PARENT"},
))
found["days"] = [row["date"] for row in sales["salesAndTrafficByDate"]]
found["listings"] = document(reportType="GET_MERCHANT_LISTINGS_ALL_DATA").splitlines()
page = orders.get_orders(LastUpdatedAfter="2026-11-18T00:00:00Z", MaxResultsPerPage=2)
found["orders"] = []
while True:
    found["orders"] += [order["AmazonOrderId"] for order in page.payload["Orders"]]
    if not page.next_token:
        break
    page = orders.get_orders(NextToken=page.next_token)
items = orders.get_order_items(found["orders"][0]).payload
found["items"] = len(items["OrderItems"])
print(json.dumps(found))
"""


def test_it_reads_reports_documents_and_orders(tmp_path: Path) -> None:
    with Emulator(now=NOON, frozen=True) as emulator:
        credentials = {
            "refresh_token": emulator.sp_refresh_tokens["acme-us"],
            "lwa_app_id": emulator.credentials["client_id"],
            "lwa_client_secret": emulator.credentials["client_secret"],
        }
        config = [emulator.url.removeprefix("http://"), credentials]
        (tmp_path / "config.json").write_text(json.dumps(config))
        ran = runner(tmp_path)(PYTHON, "-c", SCRIPT)
        statistics = emulator.client.statistics()
    assert ran.returncode == 0, ran.stderr[-2000:]
    shown = json.loads(ran.stdout)
    assert shown["marketplaces"] == [US, CANADA]
    assert shown["days"] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert shown["listings"][0].startswith("item-name\t")
    assert len(set(shown["orders"])) == len(shown["orders"]) > 2
    assert shown["items"]
    assert not statistics.sp_refusals
    assert not statistics.alarms
