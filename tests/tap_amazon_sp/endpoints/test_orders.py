"""The ready-made streams of orders, over HTTP against the emulator."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from amazon_emulator import Emulator
from support.ads.runs import CollectingWriter, EmulatorClock, Run
from support.sp.runs import NOON, QuickTap, account, partitions, run
from tap_amazon_sp.tap import TapAmazonSp

ORDERS, ITEMS = "orders", "order_items"
OLD_ORDERS, OLD_ITEMS = "orders_v0", "order_items_v0"
OPERATION = {ORDERS: "search_orders", OLD_ORDERS: "get_orders"}
ID = {ORDERS: "orderId", OLD_ORDERS: "AmazonOrderId"}
ITEM_ID = {ITEMS: "orderItemId", OLD_ITEMS: "OrderItemId"}
CHANGED = {ORDERS: "lastUpdatedTime", OLD_ORDERS: "LastUpdateDate"}
START = "2026-11-13"
US, CANADA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"

VERSIONS = pytest.mark.parametrize(
    ("orders", "items"), [(ORDERS, ITEMS), (OLD_ORDERS, OLD_ITEMS)]
)


EITHER = pytest.mark.parametrize("orders", [ORDERS, OLD_ORDERS])


def read(emulator: Emulator, *streams: str, **changes: Any) -> Run:
    seller = account("acme-us", account_type="seller", marketplace_ids=["US"])
    return run(
        emulator, *streams, **{"accounts": [seller], "start_date": START, **changes}
    )


def there(emulator: Emulator, marketplace_id: str = US) -> dict[str, dict[str, Any]]:
    """Return the orders the emulator has since the start, by id."""
    start = datetime.fromisoformat(f"{START}T08:00:00+00:00")  # Pacific midnight
    return {
        order["order_id"]: order
        for order in emulator.client.sp_orders("acme-us")
        if order["marketplace_id"] == marketplace_id
        and datetime.fromisoformat(order["updated_at"].replace("Z", "+00:00")) >= start
    }


def ids(ended: Run, stream: str) -> set[str]:
    return {row[ID[stream]] for row in ended.rows(stream)}


def calls(emulator: Emulator, operation: str, status: int | None = None) -> int:
    return emulator.client.statistics().count(operation, status)


def bookmarks(state: dict[str, Any], stream: str) -> list[str]:
    return [bookmark["replication_key_value"] for bookmark in partitions(state, stream)]


# --- what comes ----------------------------------------------------------------


@VERSIONS
def test_all_orders_and_items_of_all_pages_come_once(
    emulator: Emulator, orders: str, items: str
) -> None:
    emulator.client.change(sp_orders_per_page=10, sp_order_items_per_page=1)

    ended = read(emulator, orders, items)

    expected = there(emulator)
    assert ended.code == 0, ended.log
    assert len(expected) > 20
    assert ids(ended, orders) == set(expected)
    assert len(ended.rows(items)) == sum(
        len(order["items"]) for order in expected.values()
    )
    assert len(set(ended.keys())) == len(ended.keys())
    for row in ended.rows(orders):
        assert (row["account_name"], row["marketplace_id"]) == ("acme-us", US)
    for row in ended.rows(items):
        assert row[CHANGED[orders]]
        assert row[ITEM_ID[items]]
    assert "_extra" not in {name for row in ended.rows() for name in row}


def test_items_of_the_new_orders_cost_no_call_of_their_own(emulator: Emulator) -> None:
    read(emulator, ORDERS)
    alone = calls(emulator, "search_orders")
    emulator.client.clear_statistics()

    read(emulator, ORDERS, ITEMS)

    assert calls(emulator, "search_orders") == alone
    assert calls(emulator, "get_order_items") == 0


def test_items_of_the_old_orders_are_asked_for_only_if_wanted(
    emulator: Emulator,
) -> None:
    read(emulator, OLD_ORDERS)

    assert calls(emulator, "get_order_items") == 0
    assert calls(emulator, "get_orders") > 0


@VERSIONS
def test_items_alone_are_the_same_rows(
    emulator: Emulator, orders: str, items: str
) -> None:
    both = read(emulator, orders, items).rows(items)

    alone = read(emulator, items)

    assert alone.rows(items) == both
    assert alone.rows(orders) == []


def test_a_stream_that_joins_later_is_read_from_its_own_start(
    emulator: Emulator,
) -> None:
    first = read(emulator, ORDERS)
    emulator.client.clear_statistics()

    second = read(emulator, ORDERS, ITEMS, state=first.state)

    items = {row["orderId"] for row in second.rows(ITEMS)}
    assert items == ids(first, ORDERS)
    assert len(second.rows(ORDERS)) < len(first.rows(ORDERS)) / 2
    assert bookmarks(second.state, ITEMS) == bookmarks(second.state, ORDERS)


def test_every_marketplace_of_an_account_has_a_bookmark_of_its_own(
    emulator: Emulator,
) -> None:
    seller = account("acme-us", account_type="seller")

    ended = read(emulator, ORDERS, accounts=[seller])

    both = [US, CANADA]
    assert [
        p["context"]["marketplace_id"] for p in partitions(ended.state, ORDERS)
    ] == (both)
    for marketplace in both:
        rows = [r for r in ended.rows() if r["marketplace_id"] == marketplace]
        assert {r["orderId"] for r in rows} == set(there(emulator, marketplace))


def test_vendors_have_no_orders_and_that_is_no_failure(emulator: Emulator) -> None:
    ended = read(emulator, ORDERS, accounts=[account("vega-us")])

    assert ended.code == 0
    assert ended.rows() == []
    assert ended.said("INFO", "orders: left out for vega-us, which is a vendor")


# --- bookmarks and pages -------------------------------------------------------


@EITHER
def test_two_pages_a_429_between_them_and_nothing_is_lost(
    emulator: Emulator, orders: str
) -> None:
    """The words of the issue: two pages, 429 in the middle, the bookmark right."""
    emulator.client.change(sp_orders_per_page=20, sp_orders_per_day=5)
    emulator.client.add_fault("throttle", operation=OPERATION[orders], skip=1, times=2)

    ended = read(emulator, orders)

    expected = there(emulator)
    assert ended.code == 0
    assert calls(emulator, OPERATION[orders], 429) == 2
    assert ids(ended, orders) == set(expected)
    assert len(ended.rows(orders)) == len(expected)
    newest = max(order["updated_at"] for order in expected.values())
    (mark,) = bookmarks(ended.state, orders)
    assert mark >= newest.replace(".000Z", "Z")
    emulator.client.clear_statistics()
    again = read(emulator, orders, state=ended.state)
    assert ids(again, orders) <= set(expected)
    assert calls(emulator, OPERATION[orders]) == 1


@EITHER
def test_a_record_on_the_edge_of_the_bookmark_is_not_lost(
    emulator: Emulator, orders: str
) -> None:
    at = NOON - timedelta(minutes=20)
    emulator.client.add_sp_order("acme-us", at, at, marketplace_id=US)
    first = read(emulator, orders)
    emulator.client.add_sp_order("acme-us", at, at, marketplace_id=US)

    second = read(emulator, orders, state=first.state)

    assert bookmarks(first.state, orders) == [f"{at:%Y-%m-%dT%H:%M:%SZ}"]
    new = ids(second, orders) - ids(first, orders)
    assert len(new) == 1


def test_orders_that_change_later_come_again(emulator: Emulator) -> None:
    first = read(emulator, ORDERS)
    emulator.client.advance(2 * 86400)

    second = read(emulator, ORDERS, state=first.state)

    newer = {
        row["orderId"]: row["lastUpdatedTime"]
        for row in (*first.rows(), *second.rows())
    }
    assert newer == {
        order_id: order["updated_at"].replace(".000Z", "Z")
        for order_id, order in there(emulator).items()
    }


@EITHER
def test_a_run_that_is_cut_goes_on_where_it_stopped(
    emulator: Emulator, orders: str
) -> None:
    emulator.client.change(sp_orders_per_day=0, sp_orders_per_page=1, sp_rate_scale=1.0)
    for number in range(60):
        at = NOON - timedelta(hours=2 * number + 1)
        emulator.client.add_sp_order("acme-us", at, at, marketplace_id=US)
    expected = there(emulator)
    state: dict[str, Any] = {}
    found: set[str] = set()
    starts: list[str] = []
    runs = 0
    while runs < 20:
        runs += 1
        ended = read(emulator, orders, state=state, max_runtime_seconds=1200)
        assert ended.code == 0
        assert ended.summary["seconds"] <= 1200
        found |= ids(ended, orders)
        state = ended.state
        starts += bookmarks(state, orders)
        if not ended.said("Time is up"):
            break
        assert ended.said("WARNING", "Time is up", f"{orders} of acme-us in US")

    assert runs > 1, "it must have been cut at all"
    assert not ended.said("Time is up"), "and have come to an end"
    assert starts == sorted(starts)
    assert found == set(expected)


def test_a_slice_too_long_for_a_run_is_cut_shorter_by_the_next(
    emulator: Emulator,
) -> None:
    """Else each run would begin the same day again and never end it."""
    emulator.client.change(
        sp_orders_per_day=300, sp_orders_per_page=10, sp_rate_scale=1.0
    )
    day = {"start_date": "2026-11-18", "end_date": "2026-11-18"}
    state: dict[str, Any] = {}
    runs = 0
    while runs < 12:
        runs += 1
        ended = read(emulator, ORDERS, state=state, max_runtime_seconds=1200, **day)
        state = ended.state
        if not ended.said("Time is up"):
            break

    assert 2 < runs < 12
    assert bookmarks(state, ORDERS) == ["2026-11-19T08:00:00Z"]
    assert "slice_hours" not in partitions(state, ORDERS)[0]


def test_order_items_of_a_refused_order_hold_only_their_own_bookmark(
    emulator: Emulator,
) -> None:
    emulator.client.add_fault(
        "status", operation="get_order_items", code=404, skip=3, times=1
    )

    first = read(emulator, OLD_ORDERS, OLD_ITEMS)
    second = read(emulator, OLD_ORDERS, OLD_ITEMS, state=first.state)

    assert first.code == 1
    assert first.said("ERROR", OLD_ITEMS, "orderItems", "the bookmark stays")
    assert not first.said("ERROR", f"{OLD_ORDERS} /")
    assert bookmarks(first.state, OLD_ORDERS) == bookmarks(second.state, OLD_ITEMS)
    (held,) = partitions(first.state, OLD_ITEMS)
    assert "replication_key_value" not in held
    assert [gap["attempts"] for gap in held["gaps"]] == [1]
    assert "gaps" not in partitions(second.state, OLD_ITEMS)[0]
    assert second.code == 0
    with_items = {r["AmazonOrderId"] for r in second.rows(OLD_ITEMS)}
    assert with_items == set(there(emulator))


def test_a_seller_whose_items_are_denied_still_gets_its_orders(
    emulator: Emulator,
) -> None:
    emulator.client.add_fault("denied", operation="get_order_items")

    ended = read(emulator, OLD_ORDERS, OLD_ITEMS)

    assert ended.code == 1
    assert ended.said("ERROR", OLD_ITEMS, "HTTP 403", "role")
    assert ids(ended, OLD_ORDERS) == set(there(emulator))
    assert calls(emulator, "get_order_items") == 1


def test_ended_tokens_are_renewed_in_the_middle(emulator: Emulator) -> None:
    emulator.client.change(sp_orders_per_page=5)

    class ForgottenTap(QuickTap):
        """Its tokens end with each STATE that is written."""

        def _write_state_now(self) -> int:
            size = super()._write_state_now()
            emulator.client.expire_tokens()
            return size

    seller = account("acme-us", account_type="seller", marketplace_ids=["US"])
    ended = run(
        emulator, ORDERS, accounts=[seller], start_date=START, tap_class=ForgottenTap
    )

    assert ended.code == 0
    assert ids(ended, ORDERS) == set(there(emulator))
    assert calls(emulator, "token", 200) > 1


# --- beside reports and signals ------------------------------------------------


def test_reports_go_on_while_orders_wait(emulator: Emulator) -> None:
    """Amazon works on a report for hours: it must not be asked for after orders."""
    emulator.client.change(ready_after_seconds=3600)
    emulator.client.add_fault("throttle", operation="search_orders", times=25)
    accounts = [
        account("acme-us", account_type="seller", marketplace_ids=["US"]),
        account("vega-us"),
    ]

    ended = read(
        emulator, ORDERS, "vendor_sales_aggregate", accounts=accounts, start_date=None
    )

    assert ended.code == 0, ended.log
    streams = [m["stream"] for m in ended.messages if m["type"] == "RECORD"]
    assert streams[0] == "vendor_sales_aggregate"
    assert streams[-1] == ORDERS
    reports = emulator.client.statistics().sp_reports
    assert reports
    assert all(r.created_at < NOON + timedelta(minutes=30) for r in reports)


def test_a_signal_is_answered_while_orders_wait(emulator: Emulator) -> None:
    emulator.client.change(sp_orders_per_page=5)
    emulator.client.add_fault("throttle", operation="search_orders", skip=6)

    def stop_later(tap: TapAmazonSp, _: CollectingWriter) -> None:
        class StoppingClock(EmulatorClock):
            """Somebody sends a signal while it sleeps."""

            def sleep(self, seconds: float) -> None:
                super().sleep(seconds)
                tap.writer.stop()

        tap.clock = StoppingClock(emulator)

    ended = read(emulator, ORDERS, prepare=stop_later)

    assert ended.code == 0
    assert ended.said("WARNING", "Stopped by a signal")
    assert ended.summary["seconds"] <= 30
    (mark,) = bookmarks(ended.state, ORDERS)
    assert mark > START, "what was read before is kept"
