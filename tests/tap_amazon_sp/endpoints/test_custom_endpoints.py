"""Custom endpoints over HTTP: pages, bookmarks, expansions, schemas, what fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from support.ads.runs import Run
from support.core.scripted_server import Reply
from support.sp.endpoint_entries import CHANGED, PATH, THINGS, position
from support.sp.endpoint_entries import PARTS as UNPAGED_PARTS
from support.sp.runs import NOON, partitions
from support.sp.scripted import SELLER, THROTTLED, ScriptedApi, refusal, scripted_api

Json = dict[str, Any]

PARTS: Json = {
    **UNPAGED_PARTS,
    "pagination": {"token_param": "nextToken", "token_path": "nextToken"},
}


@pytest.fixture
def amazon() -> Iterator[ScriptedApi]:
    with scripted_api() as running:
        yield running


def page(*things: Json, token: str | None = None) -> Json:
    return {"things": list(things), **({"nextToken": token} if token else {})}


def things(count: int) -> list[Json]:
    return [{"id": f"t{n}", "size": n} for n in range(count)]


def columns(ended: Run, stream: str = "things") -> dict[str, Any]:
    (schema,) = [
        m["schema"]["properties"]
        for m in ended.messages
        if m["type"] == "SCHEMA" and m["stream"] == stream
    ]
    return {name: entry.get("type") for name, entry in schema.items()}


# --- pages ---------------------------------------------------------------------


def test_every_page_is_read_with_the_parameters_of_the_first(
    amazon: ScriptedApi,
) -> None:
    first, second = things(3), [{"id": "t9", "size": 9}]
    amazon.serve(PATH, page(*first, token="n1"), page(*second))

    ended = amazon.run({**THINGS, "params": {"kinds": ["A", "B"], "all": True}})

    assert ended.code == 0, ended.log
    assert [r["id"] for r in ended.rows("things")] == ["t0", "t1", "t2", "t9"]
    asked = {"kinds": "A,B", "all": "true"}
    assert amazon.asked(PATH) == [asked, {**asked, "nextToken": "n1"}]
    assert ended.summary["rows_by_stream"] == {"things": 4}


def test_where_the_token_goes_alone_nothing_goes_along(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, page(token="n1"), page())
    alone = {**THINGS["pagination"], "send_alone": True}

    amazon.run({**THINGS, "params": {"kinds": "A"}, "pagination": alone})

    assert amazon.asked(PATH) == [{"kinds": "A"}, {"nextToken": "n1"}]


def test_a_token_seen_twice_is_an_error_and_not_an_endless_loop(
    amazon: ScriptedApi,
) -> None:
    amazon.serve(PATH, page(*things(1), token="a"), page(token="b"), page(token="a"))

    ended = amazon.run(THINGS)

    assert ended.code == 1
    assert ended.said("ERROR", "things", "the same page token twice")
    assert len(amazon.calls) == 3
    assert len(ended.rows("things")) == 1


def test_a_token_that_nobody_knows_what_to_do_with_is_an_error(
    amazon: ScriptedApi,
) -> None:
    """Else all pages but the first would be lost without a word."""
    amazon.serve(PATH, page(*things(1), token="n1"))
    without = {name: v for name, v in THINGS.items() if name != "pagination"}

    ended = amazon.run(without)

    assert ended.code == 1
    assert ended.said("ERROR", "token of another page in nextToken", "Set pagination")


def test_a_response_without_the_list_is_an_error(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, {"payload": {"stuff": []}})

    ended = amazon.run(THINGS)

    assert ended.code == 1
    assert ended.said("ERROR", "no 'things'", "payload.stuff")


def test_errors_beside_a_good_status_are_errors(amazon: ScriptedApi) -> None:
    """As some operations of version 0 answer."""
    amazon.serve(PATH, {"errors": [{"message": "no luck"}], "payload": {}})

    ended = amazon.run(THINGS)

    assert ended.code == 1
    assert ended.said("ERROR", "GET /things/v1/things is refused", "no luck")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (refusal(403, "Access to requested resource is denied."), ["HTTP 403", "role"]),
        (refusal(400, "Invalid", "size"), ["Invalid size", "check the parameters"]),
        (Reply(500, b"{}"), ["failed 2 times", "HTTP 500"]),
    ],
)
def test_a_refusal_carries_amazons_message_and_the_next_step(
    amazon: ScriptedApi, reply: Reply, words: list[str]
) -> None:
    amazon.serve(PATH, reply)
    amazon.serve("/other", page(*things(2)))

    ended = amazon.run(
        THINGS, {**THINGS, "name": "others", "path": "/other"}, max_attempts=2
    )

    assert ended.code == 1
    assert ended.said("ERROR", "acme", "things", *words)
    assert len(ended.rows("others")) == 2, "the others are read all the same"


def test_throttling_for_twenty_minutes_fails_nothing(amazon: ScriptedApi) -> None:
    opening = NOON + timedelta(minutes=20)
    amazon.responses[PATH] = lambda _: (
        THROTTLED if amazon.clock.now() < opening else page(*things(2))
    )

    ended = amazon.run(THINGS)

    assert ended.code == 0
    assert len(ended.rows("things")) == 2
    assert amazon.clock.now() < opening + timedelta(minutes=6)
    assert len(amazon.calls) < 20, "it waits longer each time"
    assert ended.said("Endpoints: 0 of 1 lists read")


def test_no_wait_outlasts_the_run(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, THROTTLED)

    ended = amazon.run(CHANGED, max_runtime_seconds=900)

    assert ended.code == 0
    assert ended.said("WARNING", "Time is up", "things of acme")
    assert 0 <= (amazon.clock.now() - NOON).total_seconds() - 900 < 1


def test_the_rate_amazon_names_is_kept(amazon: ScriptedApi) -> None:
    """An operation nobody knows begins with a guess and learns."""
    rate = {"x-amzn-RateLimit-Limit": "0.1"}
    pages = [page({"id": str(n)}, token=f"n{n}") for n in range(20)]
    bodies = [Reply(200, json.dumps(body).encode(), headers=rate) for body in pages]
    amazon.serve(PATH, *bodies, page())

    amazon.run(THINGS)

    assert len(amazon.calls) == 21
    assert timedelta(seconds=150) < amazon.clock.now() - NOON < timedelta(seconds=180)


# --- bookmarks -----------------------------------------------------------------


def changed(number: int, at: datetime | str) -> Json:
    text = at if isinstance(at, str) else f"{at:%Y-%m-%dT%H:%M:%SZ}"
    return {"id": f"t{number}", "changed": text}


class Listed:
    """Things that change: the endpoint finds those within its bounds."""

    def __init__(self, *stock: Json) -> None:
        self.stock = list(stock)

    def __call__(self, params: Json) -> Json:
        after, before = params["changedAfter"], params.get("changedBefore", "9")
        found = [t for t in self.stock if after <= t["changed"] <= before]
        return page(*found)


def test_the_bookmark_is_the_newest_change_and_its_record_comes_again(
    amazon: ScriptedApi,
) -> None:
    listed = Listed(
        changed(1, NOON - timedelta(days=3)), changed(2, NOON - timedelta(hours=1))
    )
    amazon.responses[PATH] = listed

    first = amazon.run(CHANGED)
    amazon.clock.sleep(3600 - (amazon.clock.now() - NOON).total_seconds())
    late = changed(3, NOON - timedelta(hours=1))  # the same second, seen late
    listed.stock.append(late)
    amazon.calls.clear()
    second = amazon.run(CHANGED, state=first.state)

    assert position(first.state) == "2026-11-20T11:00:00Z"
    assert [r["id"] for r in second.rows("things")] == ["t2", "t3"]
    assert amazon.asked(PATH)[0] == {
        "changedAfter": "2026-11-20T11:00:00Z",
        "changedBefore": "2026-11-20T12:58:00Z",
    }
    assert second.state == first.state


def test_without_a_time_in_the_records_the_bookmark_is_two_minutes_before_the_run(
    amazon: ScriptedApi,
) -> None:
    amazon.responses[PATH] = Listed(changed(1, NOON - timedelta(days=1)))
    untimed = {**CHANGED, "record_config": {"id_field": "id"}}

    first = amazon.run(untimed)
    amazon.clock.sleep(-(amazon.clock.now() - NOON).total_seconds())
    amazon.calls.clear()
    again = amazon.run(untimed, state=first.state)

    assert position(first.state) == "2026-11-20T11:58:00Z"
    assert (again.rows(), amazon.calls) == ([], [])


def test_what_changed_within_the_hour_may_still_turn_up_late(
    amazon: ScriptedApi,
) -> None:
    """Also where a slice ends there: its end is no bookmark yet."""
    seen, late = NOON - timedelta(minutes=50), NOON - timedelta(minutes=40)
    listed = Listed(changed(1, seen))
    amazon.responses[PATH] = listed
    entry = {**CHANGED, "slice_hours": 0.5}

    first = amazon.run(entry, start_date="2026-11-20")
    listed.stock.append(changed(2, late))
    second = amazon.run(entry, state=first.state)

    assert position(first.state) == "2026-11-20T11:10:00Z"
    assert "t2" in [r["id"] for r in second.rows("things")]


def test_a_record_from_the_future_does_not_carry_the_bookmark_away(
    amazon: ScriptedApi,
) -> None:
    open_ended = {**CHANGED, "updated_before_param": None}
    amazon.responses[PATH] = Listed(changed(1, "2031-01-01T00:00:00Z"))

    ended = amazon.run(open_ended)

    assert position(ended.state) == "2026-11-20T11:58:00Z"


@pytest.mark.parametrize(
    ("settings", "entry", "first"),
    [
        ({}, {}, "2026-10-21T12:00:00Z"),
        ({"start_date": "2026-11-18"}, {}, "2026-11-18T08:00:00Z"),  # Pacific midnight
        (
            {"start_date": "2026-11-18"},
            {"params": {"changedAfter": "2026-11-02T03:00:00+01:00"}},
            "2026-11-02T02:00:00Z",
        ),
    ],
)
def test_the_first_run_begins_where_the_settings_say(
    amazon: ScriptedApi, settings: Json, entry: Json, first: str
) -> None:
    amazon.responses[PATH] = Listed()

    amazon.run({**CHANGED, **entry}, **settings)

    assert amazon.asked(PATH)[0]["changedAfter"] == first


def test_a_start_date_after_the_bookmark_cuts_with_a_warning(
    amazon: ScriptedApi,
) -> None:
    amazon.responses[PATH] = Listed(changed(1, NOON - timedelta(days=9)))
    state = amazon.run(CHANGED, end_date="2026-11-12").state
    amazon.calls.clear()

    ended = amazon.run(CHANGED, state=state, start_date="2026-11-19")

    assert amazon.asked(PATH)[0]["changedAfter"] == "2026-11-19T08:00:00Z"
    assert ended.said("WARNING", "start_date 2026-11-19 is after the bookmark")


def test_another_definition_begins_anew_with_a_warning(amazon: ScriptedApi) -> None:
    amazon.responses[PATH] = Listed(changed(1, NOON - timedelta(days=2)))
    state = amazon.run(CHANGED).state
    amazon.calls.clear()
    began = amazon.clock.now() - timedelta(days=30)

    ended = amazon.run({**CHANGED, "params": {"kind": "A"}}, state=state)

    assert ended.said("WARNING", "things of acme", "its definition has changed")
    assert amazon.asked(PATH)[0]["changedAfter"] == f"{began:%Y-%m-%dT%H:%M:%SZ}"
    assert len(partitions(ended.state, "things")) == 1


def test_where_it_begins_and_how_it_is_cut_is_no_other_definition(
    amazon: ScriptedApi,
) -> None:
    amazon.responses[PATH] = Listed(changed(1, NOON - timedelta(days=2)))
    state = amazon.run(CHANGED).state

    later = {**CHANGED, "params": {"changedAfter": "2020-01-01"}, "slice_hours": 5}
    ended = amazon.run(later, state=state)

    assert not ended.said("definition has changed")


def test_a_damaged_bookmark_stops_with_a_sentence(amazon: ScriptedApi) -> None:
    amazon.responses[PATH] = Listed(changed(1, NOON - timedelta(days=2)))
    state = amazon.run(CHANGED).state
    partitions(state, "things")[0]["replication_key_value"] = "yesterday"

    ended = amazon.run(CHANGED, state=state)

    assert ended.code == 1
    assert ended.said("ERROR", "state of things", "'yesterday'", "--full-refresh")


def test_a_list_without_time_bounds_is_read_whole_and_keeps_no_bookmark(
    amazon: ScriptedApi,
) -> None:
    amazon.serve(PATH, page(*things(2)))

    first = amazon.run(THINGS)
    second = amazon.run(THINGS, state=first.state)

    assert len(first.rows("things")) == len(second.rows("things")) == 2
    assert partitions(first.state, "things") == []


# --- expansions ----------------------------------------------------------------


def part_path(thing: str) -> str:
    return f"/things/v1/things/{thing}/parts"


def test_each_record_gets_its_rows_of_all_pages(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, page(*things(2)))
    amazon.serve(
        part_path("t0"),
        {"payload": {"parts": [{"p": 1}]}, "nextToken": "m"},
        {"payload": {"parts": [{"p": 2}]}, "nextToken": ""},
    )
    amazon.serve(part_path("t1"), {"parts": []})

    ended = amazon.run({**THINGS, "extend_resources": [PARTS]})

    assert [r["parts"] for r in ended.rows("things")] == [[{"p": 1}, {"p": 2}], []]
    assert amazon.asked(part_path("t0")) == [{}, {"nextToken": "m"}]
    assert columns(ended)["parts"] == ["array", "null"]


def test_an_expansion_that_fails_for_good_holds_the_bookmark(
    amazon: ScriptedApi,
) -> None:
    stock = [changed(n, NOON - timedelta(days=4 - n)) for n in range(4)]
    amazon.responses[PATH] = Listed(*stock)
    for number in (0, 2, 3):
        amazon.serve(part_path(f"t{number}"), {"parts": [number]})
    amazon.serve(part_path("t1"), refusal(404, "Not found"))
    entry = {**CHANGED, "extend_resources": [PARTS], "slice_hours": 24}

    first = amazon.run(entry, start_date="2026-11-15")
    amazon.serve(part_path("t1"), {"parts": [1]})
    second = amazon.run(entry, state=first.state)

    assert first.code == 1
    assert first.said("ERROR", "t1/parts", "Not found", "the bookmark stays")
    assert [r["id"] for r in first.rows("things")] == ["t0", "t2", "t3"]
    assert str(position(first.state)) < stock[1]["changed"]
    assert second.code == 0
    assert "t1" in [r["id"] for r in second.rows("things")]
    assert str(position(second.state)) >= stock[3]["changed"]


def test_an_expansion_nobody_may_read_is_requested_once(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, page(*things(50)))
    for number in range(50):
        amazon.serve(part_path(f"t{number}"), refusal(403, "denied"))

    ended = amazon.run({**THINGS, "extend_resources": [PARTS]})

    assert ended.code == 1
    assert ended.said("ERROR", "HTTP 403", "role")
    assert len(amazon.calls) == 2
    assert ended.rows() == []


# --- columns -------------------------------------------------------------------


def test_the_first_page_says_the_columns_of_an_unknown_path(
    amazon: ScriptedApi,
) -> None:
    first = {"id": 7, "size": 1, "ok": True, "name": "a", "in": {"b": 1}, "of": [1]}
    odd = {"id": 8, "size": "big", "ok": None, "name": 3, "new": "x", "gone": None}
    amazon.serve(PATH, page(first, token="n"), page(odd))

    ended = amazon.run(THINGS)

    assert columns(ended) == {
        "account_name": "string",
        "id": "string",
        "size": ["number", "null"],
        "ok": ["boolean", "null"],
        "name": ["string", "null"],
        "in": ["object", "null"],
        "of": ["array", "null"],
        "_extra": ["object", "null"],
    }
    assert ended.rows("things") == [
        {**first, "id": "7", "account_name": "acme"},
        {
            "account_name": "acme",
            "id": "8",
            "ok": None,
            "name": "3",
            "_extra": {"size": "big", "new": "x"},
        },
    ]


def test_unknown_fields_may_be_dropped(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, page({"id": "1"}, token="n"), page({"id": "2", "new": 1}))

    ended = amazon.run(THINGS, unknown_fields="drop")

    assert "_extra" not in columns(ended)
    assert ended.rows("things")[1] == {"account_name": "acme", "id": "2"}
    assert ended.said("INFO", "unknown_fields", "new")


def test_a_schema_that_is_given_stays_as_it_is(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, page({"id": "1", "size": 5, "more": 1}))
    schema = {"properties": {"id": {"type": "string"}, "size": {"type": "integer"}}}

    ended = amazon.run({**THINGS, "schema": schema})

    assert list(columns(ended)) == ["account_name", "id", "size", "_extra"]
    assert ended.rows("things")[0]["_extra"] == {"more": 1}


def test_a_list_without_records_still_has_a_schema(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, page())

    ended = amazon.run(THINGS)

    assert list(columns(ended)) == ["account_name", "id", "_extra"]
    assert ended.rows() == []


def test_a_path_amazon_documents_needs_no_more_than_its_name(
    amazon: ScriptedApi,
) -> None:
    path = "/fba/inventory/v1/summaries"
    row = {"sellerSku": "s", "fnSku": "f", "condition": "New", "totalQuantity": 3}
    amazon.serve(path, {"payload": {"inventorySummaries": [row]}, "pagination": {}})
    params = {"granularityType": "Marketplace", "granularityId": "{marketplace_id}"}

    ended = amazon.run(
        {"name": "stock", "path": path, "params": params},
        accounts=[{**SELLER, "marketplace_ids": ["US", "CA"]}],
    )

    ids = ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"]
    assert [a["granularityId"] for a in amazon.asked(path)] == ids
    assert [a["marketplaceIds"] for a in amazon.asked(path)] == ids
    assert [r["marketplace_id"] for r in ended.rows("stock")] == ids
    assert len(set(ended.keys())) == 2
    assert columns(ended, "stock")["totalQuantity"] == ["integer", "null"]


def test_marketplaces_the_settings_name_go_only_to_accounts_that_have_them(
    amazon: ScriptedApi,
) -> None:
    amazon.serve(PATH, page({"id": "1"}))
    europe = {**SELLER, "name": "eu", "region": "EU", "marketplace_ids": ["DE"]}

    ended = amazon.run(
        {**THINGS, "params": {"marketplaceIds": ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"]}},
        accounts=[SELLER, europe],
    )

    joined = "ATVPDKIKX0DER,A2EUQ1WTGCTBG2"
    assert amazon.asked(PATH) == [{"marketplaceIds": joined}]
    assert [r["marketplace_id"] for r in ended.rows()] == [joined]
    assert ended.said("things: left out for eu")


def test_a_time_inside_another_field_moves_the_bookmark_too(
    amazon: ScriptedApi,
) -> None:
    """As the purchase orders of vendors have it."""
    path, field = "/vendor/orders/v1/purchaseOrders", "purchaseOrderStateChangedDate"
    order = {
        "purchaseOrderNumber": "A1",
        "orderDetails": {field: "2026-11-20T11:30:00Z"},
    }
    amazon.serve(path, {"payload": {"orders": [order]}})
    entry = {
        "name": "purchase_orders",
        "path": path,
        "updated_at_param": "changedAfter",
        "record_config": {"last_modified_field": f"orderDetails.{field}"},
    }
    vendor = {**SELLER, "account_type": "vendor"}
    seller = {**SELLER, "name": "seller"}

    ended = amazon.run(entry, accounts=[vendor, seller])

    assert ended.code == 0
    assert ended.said("INFO", "left out for seller, which is a seller")
    assert "changedBefore" in amazon.asked(path)[0]
    assert position(ended.state, "purchase_orders") == "2026-11-20T11:30:00Z"
    assert ended.rows()[0] == {"account_name": "acme", **order}
    assert list(columns(ended, "purchase_orders")) == [
        *("account_name", "purchaseOrderNumber", "purchaseOrderState"),
        *("orderDetails", "_extra"),
    ]


def test_records_without_their_key_are_warned_of(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, page({"name": "a"}, {"name": "b"}))

    ended = amazon.run(THINGS)

    assert [r["id"] for r in ended.rows()] == ["", ""]
    assert len(ended.said("WARNING", "records without id", "id_field")) == 1


# --- several accounts ----------------------------------------------------------


def test_while_one_account_waits_the_others_go_on(amazon: ScriptedApi) -> None:
    """A throttled account costs the others no time."""
    opening = NOON + timedelta(minutes=10)
    read_at: dict[str, datetime] = {}

    def response(params: Json) -> Json | Reply:
        marketplace = params["marketplaceIds"]
        is_us = marketplace == "ATVPDKIKX0DER"
        if is_us and amazon.clock.now() < opening:
            return THROTTLED
        read_at[marketplace] = amazon.clock.now()
        return page({"id": "1"})

    amazon.responses[PATH] = response
    params = {"marketplaceIds": "{marketplace_id}"}
    others = {**SELLER, "name": "other", "marketplace_ids": ["CA", "MX", "BR"]}

    ended = amazon.run({**THINGS, "params": params}, accounts=[SELLER, others])

    assert ended.code == 0
    waited = {m: at for m, at in read_at.items() if at >= opening}
    assert list(waited) == ["ATVPDKIKX0DER"]
    assert len(read_at) == 4


def test_a_connection_test_reads_one_record_of_one_account(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, page(*things(5), token="n"))

    def only_test(tap: Any) -> None:
        tap.sync_all = None
        tap.run_now = tap.run
        tap.run = lambda: tap.run_now(
            lambda: tap.run_sync_dry_run(1, [tap.streams["things"]])
        )

    ended = amazon.run(
        {**THINGS, "params": {"m": "{marketplace_id}"}},
        accounts=[SELLER, {**SELLER, "name": "b"}],
        prepare=only_test,
    )

    assert ended.code == 0, ended.log
    assert len(ended.rows("things")) == 1
    assert len(amazon.calls) == 1
