"""The Selling Partner part over sockets, through the client users have."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import requests

from amazon_emulator import Emulator, EmulatorClient, EmulatorError
from support.core.emulation import emulator_fixtures
from support.sp.emulation import (
    AGENT,
    DOCUMENTS,
    NOON,
    ORDERS_V0,
    PARTICIPATIONS,
    REPORTS,
    US,
    brand_body,
    report_body,
)

running, emulator = emulator_fixtures()


@pytest.fixture
def session(emulator: Emulator) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["user-agent"] = AGENT
        sign_in(session, emulator, "vega-us")
        yield session


def sign_in(session: requests.Session, emulator: Emulator, account: str) -> None:
    token = emulator.sp_refresh_tokens[account]
    form = {**emulator.credentials, "refresh_token": token}
    form["grant_type"] = "refresh_token"
    response = session.post(emulator.token_url, data=form, timeout=10).json()
    session.headers["x-amz-access-token"] = response["access_token"]


def ask(session: requests.Session, emulator: Emulator, body: object) -> str:
    response = session.post(f"{emulator.url}{REPORTS}", json=body, timeout=10)
    report_id: str = response.json()["reportId"]
    return report_id


def test_document_is_on_the_other_port_and_counted(
    emulator: Emulator, session: requests.Session
) -> None:
    report_id = ask(session, emulator, report_body())
    shown = session.get(f"{emulator.url}{REPORTS}/{report_id}", timeout=10).json()
    path = f"{DOCUMENTS}/{shown['reportDocumentId']}"
    url = session.get(f"{emulator.url}{path}", timeout=10).json()["url"]
    leaked = session.get(url, timeout=10)
    with requests.Session() as plain:
        plain.trust_env = False
        content = plain.get(url, timeout=10).content
    statistics = emulator.client.statistics()

    assert url.startswith(emulator.download_url)
    assert content[:2] == b"\x1f\x8b"
    assert leaked.status_code == 400
    assert statistics.alarms == [
        "a document was fetched with the header x-amz-access-token"
    ]
    (report,) = statistics.sp_reports
    assert (report.account, report.report_id) == ("vega-us", report_id)
    assert (report.looks, report.document_calls, report.downloads) == (1, 1, 1)
    assert report.options["distributorView"] == "MANUFACTURING"
    assert statistics.count("create_report", 202) == 1
    assert statistics.count("download_document", 200) == 1


def test_client_shows_rows_and_counts(
    emulator: Emulator, session: requests.Session
) -> None:
    report_id = ask(session, emulator, report_body())

    rows = emulator.client.sp_rows("vega-us", report_id)
    counts = emulator.client.sp_row_counts("vega-us", report_id)

    assert {name: len(found) for name, found in rows.items()} == counts
    assert counts == {"salesAggregate": 2, "salesByAsin": 10}


def test_client_changes_accounts(emulator: Emulator, session: requests.Session) -> None:
    client = emulator.client
    before = [account["name"] for account in client.sp_accounts()]
    client.add_sp_account("new-one", marketplace_ids=["A1PA6795UKMFR9"], region="EU")
    assert emulator.sp_refresh_tokens["new-one"] == "Atzr|sp-new-one"
    sign_in(session, emulator, "new-one")
    assert session.get(f"{emulator.url}{PARTICIPATIONS}", timeout=10).ok
    client.add_sp_account("new-one", is_revoked=True)
    assert session.get(f"{emulator.url}{PARTICIPATIONS}", timeout=10).status_code == 403
    client.remove_sp_account("new-one")
    client.set_sp_accounts([{"name": "only"}])
    assert [account["name"] for account in client.sp_accounts()] == ["only"]
    client.reset()
    assert [account["name"] for account in client.sp_accounts()] == before


def test_client_ends_tokens_and_lists_refusals(
    emulator: Emulator, session: requests.Session
) -> None:
    emulator.client.expire_tokens()
    session.get(f"{emulator.url}{REPORTS}/1", timeout=10)

    (refusal,) = emulator.client.statistics().sp_refusals
    assert (refusal.operation, refusal.status) == ("get_report", 403)
    assert "revoked" in refusal.details
    assert refusal.at == NOON


def test_client_puts_orders_in(emulator: Emulator, session: requests.Session) -> None:
    client = emulator.client
    client.change(sp_orders_per_day=0)
    at = NOON - timedelta(hours=2)
    made = client.add_sp_order("acme-us", at, at + timedelta(hours=1), items=3)
    assert client.sp_orders("acme-us") == [made]
    sign_in(session, emulator, "acme-us")
    query = {"MarketplaceIds": US, "LastUpdatedAfter": "2026-11-20T11:00:00Z"}
    response = session.get(
        f"{emulator.url}{ORDERS_V0}", params=query, timeout=10
    ).json()

    (order,) = response["payload"]["Orders"]
    assert order["AmazonOrderId"] == made["order_id"]
    client.reset()
    assert made not in client.sp_orders("acme-us")


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.add_sp_account("x", account_type="agency"),
        lambda client: client.add_sp_account("x", marketplace_ids=["A1PA6795UKMFR9"]),
        lambda client: client.add_sp_account("x", colour="red"),
        lambda client: client.add_sp_account(""),
        lambda client: client.sp_rows("vega-us", "1"),
        lambda client: client.sp_orders("nobody"),
        lambda client: client.change(sp_region="XX"),
        lambda client: client.change(sp_rate_scale=-1),
        lambda client: client.change(sp_asins=1.5),
        lambda client: client.add_fault("fatal", operation="create"),
        lambda client: client.remove_sp_account("nobody"),
    ],
)
def test_wrong_control_call_is_a_sentence(
    emulator: Emulator, call: Callable[[EmulatorClient], object]
) -> None:
    with pytest.raises(EmulatorError, match="was answered 40"):
        call(emulator.client)


def test_large_document_is_made_beside_the_calls(
    emulator: Emulator, session: requests.Session
) -> None:
    emulator.client.change(sp_search_term_rows=900_000)
    started = time.monotonic()
    body = brand_body("SEARCH_TERMS", "2026-11-01", "2026-11-07")
    report_id = ask(session, emulator, body)
    path = f"{emulator.url}{REPORTS}/{report_id}"
    early = session.get(path, timeout=10).json()
    passed = time.monotonic() - started
    report = emulator.emulation.selling.reports.find("vega-us", report_id)
    emulator.client.reset()

    assert early["processingStatus"] == "IN_PROGRESS"
    assert passed < 1
    assert report is not None
    with report.document.lock:  # held while the document is written
        assert report.document.is_cancelled
        assert not report.document.is_built
