"""What the control calls say a query should yield, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from amazon_emulator.client import EmulatorClient, EmulatorError
from amazon_emulator.server import Emulator
from support.sp.emulation import NOON, US
from support.sp.kiosk import KioskCaller, by_asin


@pytest.fixture
def client(kiosk: KioskCaller) -> Iterator[EmulatorClient]:
    """Return a client of the emulation that the caller speaks to as well."""
    with Emulator(now=NOON, frozen=True) as emulator:
        kiosk.emulation.close()
        kiosk.emulation = emulator.emulation
        kiosk.api = type(kiosk.api)(emulator.emulation.api)
        kiosk.storage = type(kiosk.storage)(emulator.emulation.storage)
        yield EmulatorClient(emulator.url)


def test_lines_of_a_query_and_of_a_text(
    kiosk: KioskCaller, client: EmulatorClient
) -> None:
    client.change(sp_kiosk_lines_per_page=2)
    lines = kiosk.lines(by_asin())
    first, *_ = client.statistics().sp_queries

    assert client.kiosk_truth("acme-us", by_asin()) == lines
    assert client.kiosk_lines("acme-us", first.query_id) == lines
    assert (first.root, first.status, first.lines) == (
        "salesAndTrafficByAsin",
        "DONE",
        2,
    )
    assert (first.looks, first.document_calls, first.downloads) == (1, 1, 1)
    assert len(client.statistics().sp_queries) == 3


def test_all_fields_of_a_dataset(client: EmulatorClient) -> None:
    days = {"startDate": "2026-11-10", "endDate": "2026-11-10"}
    arguments = {**days, "aggregateBy": "SKU", "marketplaceIds": [US]}
    lines = client.kiosk_truth(
        "acme-us", root="salesAndTrafficByAsin", arguments=arguments
    )
    assert len(lines[0]["sales"]) == 16
    assert len(lines[0]["traffic"]) == 28
    vendor = client.kiosk_truth(
        "vega-us", root="sourcingView", arguments={**days, "aggregateBy": "DAY"}
    )
    assert len(vendor[0]["metrics"]) == 5
    assert vendor[0]["metrics"][0]["groupByKey"]["asin"]


def test_a_text_that_is_wrong_is_said_to_be(client: EmulatorClient) -> None:
    with pytest.raises(EmulatorError, match="versioned domain"):
        client.kiosk_truth("acme-us", "query{x}")
    with pytest.raises(EmulatorError, match="root must be one of"):
        client.kiosk_truth("acme-us", root="x", arguments={})


def test_transactions_are_shown_as_they_stand(client: EmulatorClient) -> None:
    before = client.sp_transactions("acme-us")
    client.advance(7 * 86400)
    after = {x["transactionId"]: x for x in client.sp_transactions("acme-us")}
    changed = [
        x
        for x in before
        if x["transactionStatus"] == "DEFERRED"
        and after[x["transactionId"]]["transactionStatus"] == "DEFERRED_RELEASED"
    ]
    assert changed
