from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.errors import ConfigError
from singer_amazon.rate_limits import Rate
from support.core.material import needs_specs, spec
from tap_amazon_sp.client import query
from tap_amazon_sp.endpoints.expansions import read_expansions
from tap_amazon_sp.endpoints.pages.known_paths import known, known_paths, pagination_of
from tap_amazon_sp.endpoints.pages.pagination import (
    PagesError,
    Pagination,
    at,
    unclaimed,
)
from tap_amazon_sp.endpoints.pages.repeats import SeenTokens
from tap_amazon_sp.endpoints.pages.rows import rows_at
from tap_amazon_sp.endpoints.time_slices import TimeSlice, TimeSlicer, newest

UTC = timezone.utc
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ORDERS_V0 = Pagination("NextToken", "payload.NextToken")


# ------------------------------------------------------------------ known paths


@needs_specs
def test_every_paged_operation_of_amazon_is_known_as_its_model_says() -> None:
    operations = spec("pagination.json")["operations"]

    assert set(known_paths()) == {operation["path"] for operation in operations}
    for operation in operations:
        entry = known(operation["path"])
        assert entry is not None
        lists = {path.split(" ")[0] for path in operation["list_response_paths"]}
        assert entry.list_path in lists
        (token_path,) = operation["token_response_path"]
        assert replace(entry.pagination, with_token=()) == Pagination(
            operation["token_query_param"],
            token_path,
            send_alone=bool(operation["token_must_be_sent_alone"]),
        )
        if operation["default_rate_per_second"] is None:
            assert entry.rate is None
        else:
            assert entry.rate == Rate(
                operation["default_rate_per_second"], operation["default_burst"]
            )


def test_variables_of_a_path_may_have_other_names_or_values() -> None:
    template = "/orders/v0/orders/{orderId}/orderItems"

    for path in (template, template.replace("orderId", "x"), template + "/"):
        entry = known(path)
        assert entry is not None
        assert (entry.path, entry.rate) == (template, Rate(0.5, 30))
    assert known("/orders/v0/orders/902-1/orderItems") is not None
    assert known("/orders/v0/nothing") is None
    # no variable: the shorter path is another operation
    assert known("/orders/v0/orders") is not known(template)


@pytest.mark.parametrize(
    ("path", "settings", "expected"),
    [
        ("/orders/v0/orders", None, ORDERS_V0),
        (
            "/orders/2026-01-01/orders",
            {},
            Pagination("paginationToken", "pagination.nextToken"),
        ),
        ("/feeds/2021-06-30/feeds", None, Pagination("nextToken", "nextToken", True)),
        (
            "/orders/v0/orders",
            {"send_alone": True},
            Pagination("NextToken", "payload.NextToken", True),
        ),
        (
            "/own/path",
            {"token_param": "t", "token_path": "p.q"},
            Pagination("t", "p.q"),
        ),
        ("/own/path", None, None),
    ],
)
def test_the_users_settings_go_before_what_is_documented(
    path: str, settings: dict[str, Any] | None, expected: Pagination | None
) -> None:
    assert pagination_of(path, settings) == expected


def test_half_a_pagination_of_an_unknown_path_stops_the_run() -> None:
    with pytest.raises(ConfigError, match=r"both token_param .* and token_path"):
        pagination_of("/own/path", {"token_param": "t"})


# ------------------------------------------------------------------------ pages


def test_a_page_leads_to_the_next_with_all_that_was_asked_for() -> None:
    response = {"payload": {"Orders": [], "NextToken": "t1"}}
    params = {"MarketplaceIds": ["A"], "LastUpdatedAfter": "x"}

    token = ORDERS_V0.token(response)

    assert token == "t1"
    assert ORDERS_V0.next_params(params, token) == {**params, "NextToken": "t1"}
    assert Pagination("n", "n", send_alone=True).next_params(params, "t") == {"n": "t"}


@pytest.mark.parametrize(
    "response",
    [
        {"payload": {"Orders": []}},
        {"payload": {"Orders": [], "NextToken": ""}},
        {"payload": {"Orders": [], "NextToken": None}},
        {"payload": None},
        {},
        {"payload": []},
    ],
)
def test_the_last_page_has_no_token_or_an_empty_one(response: dict[str, Any]) -> None:
    assert ORDERS_V0.token(response) is None


def test_a_token_seen_twice_is_an_error_not_an_endless_loop() -> None:
    tokens = SeenTokens("orders of default")
    for number in range(1000):
        tokens.note(f"token {number}")

    with pytest.raises(PagesError) as raised:
        tokens.note("token 500")

    assert str(raised.value).startswith(
        "orders of default: Amazon has sent the same page token twice, after 1000 pages"
    )


def test_a_token_nobody_asked_for_is_found_so_that_no_page_is_lost() -> None:
    assert unclaimed({"a": 1, "pagination": {"nextToken": "t"}}) == (
        "pagination.nextToken"
    )
    assert unclaimed({"payload": {"pagination": {"nextToken": "t"}}}) is not None
    assert unclaimed({"nextPageToken": "t"}) == "nextPageToken"
    assert unclaimed({"nextToken": "", "payload": {"NextToken": None}}) is None


# ------------------------------------------------------------------------- rows


@pytest.mark.parametrize(
    ("response", "path", "rows"),
    [
        ({"payload": {"Orders": [{"a": 1}]}}, "Orders", [{"a": 1}]),
        ({"payload": {"Orders": [{"a": 1}]}}, "payload.Orders", [{"a": 1}]),
        ({"orders": [{"a": 1}], "payload": {}}, "orders", [{"a": 1}]),
        ({"a": {"b": {"c": [{"x": 1}]}}}, "a.b.c", [{"x": 1}]),
        ({"payload": {"Orders": None}}, "Orders", []),
        ({"payload": {"AmazonOrderId": "1"}}, "payload", [{"AmazonOrderId": "1"}]),
    ],
)
def test_rows_are_found_at_the_top_or_inside_payload(
    response: dict[str, Any], path: str, rows: list[Any]
) -> None:
    assert list(rows_at(response, path, "x")) == rows


def test_lists_of_events_say_which_list_a_row_is_of() -> None:
    events = {
        "ShipmentEventList": [{"a": 1}],
        "RefundEventList": [{"b": 2}],
        "Other": [{"c": 3}],
        "NoEventList": None,
    }

    assert list(
        rows_at(
            {"payload": {"FinancialEvents": events}},
            "payload.FinancialEvents.*EventList",
            "x",
        )
    ) == [{"a": 1, "_list": "ShipmentEventList"}, {"b": 2, "_list": "RefundEventList"}]


def test_a_response_without_its_list_is_an_error_that_says_what_it_has() -> None:
    with pytest.raises(PagesError) as raised:
        list(rows_at({"payload": {"Items": []}, "errors": []}, "Orders", "orders of a"))

    assert str(raised.value) == (
        "orders of a: the answer has no 'Orders', which results_key names; it has "
        "payload, errors, payload.Items"
    )
    with pytest.raises(PagesError, match="is no list of records"):
        list(rows_at({"orders": "none"}, "orders", "x"))
    assert at({"a": {"b": 1}}, "a.b.c") is None


def test_parameters_are_written_as_amazon_reads_them() -> None:
    assert query(
        {
            "MarketplaceIds": ["A", "B"],
            "details": True,
            "pageSize": 100,
            "after": datetime(2026, 11, 21, 13, tzinfo=timezone(timedelta(hours=1))),
            "left": None,
        }
    ) == {
        "MarketplaceIds": "A,B",
        "details": "true",
        "pageSize": "100",
        "after": "2026-11-21T12:00:00Z",
    }


# ------------------------------------------------------------------- expansions

ITEMS = {
    "new_field_name": "items",
    "path": "/orders/v0/orders/{orderId}/orderItems",
    "path_variable_name": "orderId",
    "results_key": "OrderItems",
}


def test_a_record_leads_to_its_own_path_at_the_rate_of_that_operation() -> None:
    (items,) = read_expansions([ITEMS])

    assert items.path_for({"AmazonOrderId": "902/1 x"}, "AmazonOrderId") == (
        "/orders/v0/orders/902%2F1%20x/orderItems"
    )
    assert items.path_for({"orderId": 7, "id": 8}, "id").endswith("/7/orderItems")
    assert items.pagination == ORDERS_V0
    assert items.rate == Rate(0.5, 30)
    assert (items.new_field, items.list_path) == ("items", "OrderItems")


def test_a_record_without_its_id_is_an_error() -> None:
    (items,) = read_expansions([ITEMS])
    with pytest.raises(PagesError, match="neither orderId nor AmazonOrderId"):
        items.path_for({"AmazonOrderId": ""}, "AmazonOrderId")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"path": None}, "has no path"),
        ({"new_field_name": ""}, "has no new_field_name"),
        ({"path_variable_name": "id"}, "its variables: orderId"),
        ({"path": "/own/{orderId}", "results_key": None}, "has no results_key"),
    ],
)
def test_an_expansion_that_lacks_something_stops_the_run(
    change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        read_expansions([{**ITEMS, **change}])


# ----------------------------------------------------------------------- slices


def cut(slicer: TimeSlicer, pages: int = 1) -> list[TimeSlice]:
    """Return all slices of a span in which each takes so many pages."""
    found = []
    while (entry := slicer.next()) is not None:
        found.append(entry)
        slicer.took(pages)
    return found


@given(
    st.integers(0, 10_000_000),
    st.integers(1, 5_000_000),
    st.one_of(st.none(), st.floats(0.5, 1000)),
    st.floats(0.5, 100),
    st.integers(0, 50),
)
def test_slices_leave_no_hole_and_end_with_the_run(
    start: int, length: int, hours: float | None, first_hours: float, pages: int
) -> None:
    begin = NOON + timedelta(seconds=start)
    end = begin + timedelta(seconds=length)

    found = cut(TimeSlicer(begin, end, hours=hours, first_hours=first_hours), pages)

    assert (found[0].after, found[-1].before) == (begin, end)
    for one, other in pairwise(found):
        assert one.before == other.after
    for entry in found:
        assert entry.before is not None
        assert entry.after < entry.before
        if hours:
            assert entry.before - entry.after <= timedelta(hours=hours)


def test_a_quiet_month_costs_few_calls_and_a_busy_one_keeps_its_progress() -> None:
    """Each slice is a call of its own at a rate of one in three minutes."""
    month = timedelta(days=30)

    quiet = cut(TimeSlicer(NOON, NOON + month))
    busy = cut(TimeSlicer(NOON, NOON + month), pages=30)
    fixed = cut(TimeSlicer(NOON, NOON + month, hours=24), pages=30)

    assert len(quiet) == 4
    assert len(busy) > 100
    assert len(fixed) == 30


def test_the_next_run_begins_with_less_where_a_slice_was_too_much() -> None:
    end = NOON + timedelta(days=9)

    def hours(slicer: TimeSlicer) -> float | None:
        return slicer.next_hours(was_too_long=True)

    assert hours(TimeSlicer(NOON, end)) == 12
    assert hours(TimeSlicer(NOON, end, first_hours=0.1)) == 0.25
    assert hours(TimeSlicer(NOON, end, hours=24)) is None
    assert hours(TimeSlicer(NOON, end, is_bounded=False)) is None
    assert TimeSlicer(NOON, end, first_hours=3).next_hours(was_too_long=False) == 3
    assert TimeSlicer(NOON, end, first_hours=96).next_hours(was_too_long=True) is None


def test_an_endpoint_without_an_upper_bound_is_asked_in_one_piece() -> None:
    end = NOON + timedelta(days=9)

    assert cut(TimeSlicer(NOON, end, is_bounded=False)) == [TimeSlice(NOON, None)]
    assert cut(TimeSlicer(end, NOON)) == []


def test_bounds_go_before_what_the_params_say() -> None:
    entry = TimeSlice(NOON, NOON + timedelta(hours=1))
    params = {"LastUpdatedAfter": "2020-01-01", "MarketplaceIds": "A"}

    assert query(entry.params(params, "LastUpdatedAfter", "LastUpdatedBefore")) == {
        "LastUpdatedAfter": "2026-11-21T12:00:00Z",
        "LastUpdatedBefore": "2026-11-21T13:00:00Z",
        "MarketplaceIds": "A",
    }
    assert "LastUpdatedBefore" not in entry.params(params, "LastUpdatedAfter", None)
    assert entry.params(params, None, None) == params


def test_a_run_reads_up_to_two_minutes_ago() -> None:
    assert newest(NOON + timedelta(microseconds=7)) == NOON - timedelta(minutes=2)


@pytest.mark.parametrize("found", [{"nextToken": "t"}, ["t"], True, 1.5])
def test_what_is_no_token_is_named_as_such(found: object) -> None:
    with pytest.raises(PagesError, match="no page token"):
        Pagination("pageToken", "pagination").token({"pagination": found})


@pytest.mark.parametrize("value", [{"id": "1"}, ["1"], None, ""])
def test_an_id_that_is_none_makes_no_path(value: object) -> None:
    (request,) = read_expansions(
        [
            {
                "new_field_name": "items",
                "path": "/orders/{orderId}/items",
                "path_variable_name": "orderId",
                "results_key": "items",
            }
        ]
    )
    with pytest.raises(PagesError, match="neither orderId nor id"):
        request.path_for({"id": value}, "id")
