"""Pages that lead nowhere, tokens that age, pages of sub-requests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from support.core.scripted_server import Reply
from support.sp.endpoint_entries import CHANGED, PARTS, PATH, THINGS, position, stamp
from support.sp.runs import NOON
from support.sp.scripted import ScriptedApi, refusal, scripted_api
from tap_amazon_sp.endpoints.pages.pagination import PagesError, unclaimed
from tap_amazon_sp.endpoints.pages.repeats import MAX_EMPTY_PAGES, SeenRows

Json = dict[str, Any]


@pytest.fixture
def amazon() -> Iterator[ScriptedApi]:
    with scripted_api() as running:
        yield running


# --- page 1 for ever -----------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        ("/fba/inbound/v0/shipments", "ShipmentData"),
        ("/fba/inbound/v0/shipmentItems", "ItemData"),
    ],
)
def test_inbound_goes_to_page_two_with_the_query_type_of_a_token(
    amazon: ScriptedApi, path: str, rows: str
) -> None:
    def response(params: Json) -> Json:
        is_next = params["QueryType"] == "NEXT_TOKEN" and "NextToken" in params
        page = 1 + int(params["NextToken"]) if is_next else 1
        more = {"NextToken": str(page)} if page < 4 else {}
        return {"payload": {rows: [{"ShipmentId": f"S{page}"}], **more}}

    amazon.responses[path] = response
    entry = {
        "name": "inbound",
        "path": path,
        "updated_at_param": "LastUpdatedAfter",
        "record_config": {"id_field": "ShipmentId"},
    }

    ended = amazon.run(entry, start_date="2026-11-20")

    assert ended.code == 0, ended.log
    assert {r["ShipmentId"] for r in ended.rows()} == {"S1", "S2", "S3", "S4"}
    first, second = amazon.asked(path)[:2]
    assert (first["QueryType"], second["QueryType"]) == ("DATE_RANGE", "NEXT_TOKEN")
    assert second["MarketplaceId"] == first["MarketplaceId"]
    assert "LastUpdatedBefore" in first


def test_the_users_own_query_type_asks_the_first_page(amazon: ScriptedApi) -> None:
    path = "/fba/inbound/v0/shipments"
    amazon.serve(path, {"payload": {"ShipmentData": []}})
    params = {"QueryType": "SHIPMENT", "ShipmentStatusList": ["WORKING", "SHIPPED"]}

    amazon.run({"name": "inbound", "path": path, "params": params})

    assert amazon.asked(path)[0]["QueryType"] == "SHIPMENT"


@pytest.mark.parametrize("period", [1, 2, 5])
def test_the_same_rows_under_new_tokens_stop_with_a_sentence(
    amazon: ScriptedApi, period: int
) -> None:
    numbers = count()

    def response(_: Json) -> Json:
        number = next(numbers)
        rows = [{"id": f"t{number % period}", "changed": "2026-11-20T01:00:00Z"}]
        return {"things": rows, "nextToken": f"n{number}"}

    amazon.responses[PATH] = response

    ended = amazon.run(CHANGED, start_date="2026-11-20")

    assert ended.code == 1
    assert ended.said("ERROR", "things of acme", "pages of rows again", "in a circle")
    assert len(amazon.calls) == period + 1
    assert len(ended.rows()) == period
    assert ended.state.get("bookmarks", {}).get("things", {}).get("partitions") is None


def test_pages_without_rows_do_not_go_on_for_ever() -> None:
    seen = SeenRows("things of acme")
    for _ in range(MAX_EMPTY_PAGES):
        seen.note([])
    with pytest.raises(PagesError, match="201 pages in a row had no rows"):
        seen.note([])


def test_some_pages_without_rows_between_others_are_no_fault() -> None:
    seen = SeenRows("x")
    for number in range(3 * MAX_EMPTY_PAGES):
        seen.note([{"id": number}] if number % 100 == 0 else [])
    with pytest.raises(PagesError, match="the same 6 pages of rows again"):
        seen.note([{"id": 200}])


# --- tokens that age -----------------------------------------------------------


class AgeingApi:
    """Things in pages of two; a token is refused when it is too old."""

    def __init__(self, amazon: ScriptedApi, things: list[Json], seconds: float) -> None:
        self._amazon, self._things, self._seconds = amazon, things, seconds

    def __call__(self, params: Json) -> Json | Reply:
        now = self._amazon.clock.now().timestamp()
        at, made = (float(p) for p in params.get("nextToken", f"0 {now}").split())
        if "nextToken" in params and now - made > self._seconds:
            return refusal(400, "Token is not valid, token duration is over.")
        lower, upper = params.get("changedAfter", "0"), params.get("changedBefore", "9")
        found = [t for t in self._things if lower <= t["changed"] <= upper]
        body: Json = {"things": found[int(at) : int(at) + 2]}
        if at + 2 < len(found):
            body["nextToken"] = f"{at + 2} {now}"
        return body


def many(number: int) -> list[Json]:
    return [
        {"id": f"t{n}", "changed": stamp(NOON - timedelta(hours=3 + n / 2))}
        for n in range(number)
    ]


@pytest.mark.parametrize("entry", [CHANGED, THINGS], ids=["sliced", "whole"])
def test_a_token_of_thirty_seconds_outlives_slow_sub_requests(
    amazon: ScriptedApi, entry: Json
) -> None:
    """Pages are read first: their tokens age while sub-requests are made."""
    amazon.responses[PATH] = AgeingApi(amazon, many(16), 30)
    slow = {"x-amzn-RateLimit-Limit": "0.05"}
    for number in range(16):
        body = f'{{"parts": [{number}]}}'.encode()
        amazon.serve(f"{PATH}/t{number}/parts", Reply(200, body, headers=slow))

    ended = amazon.run({**entry, "extend_resources": [PARTS]}, start_date="2026-11-18")

    assert ended.code == 0, ended.log
    assert {r["id"]: r["parts"] for r in ended.rows()} == {
        f"t{n}": [n] for n in range(16)
    }


def test_while_a_page_has_to_wait_sub_requests_are_made(amazon: ScriptedApi) -> None:
    slow = {"x-amzn-RateLimit-Limit": "0.01"}
    pages = [
        {"things": [{"id": f"t{n}"}], **({"nextToken": f"n{n}"} if n < 9 else {})}
        for n in range(10)
    ]
    bodies = [
        Reply(200, str(p).replace("'", '"').encode(), headers=slow) for p in pages
    ]
    amazon.serve(PATH, *bodies)
    for number in range(10):
        amazon.serve(f"{PATH}/t{number}/parts", {"parts": []})

    amazon.run({**THINGS, "extend_resources": [PARTS]})

    order = [path == PATH for path, _ in amazon.calls]
    assert sorted(order) != order[::-1], "not all pages come before the rest"
    assert len(order) == 20


def test_a_token_that_was_refused_lets_the_slice_be_asked_again_shorter(
    amazon: ScriptedApi,
) -> None:
    """Even a token that is always too old leads to the end, in slices of one page."""
    amazon.responses[PATH] = AgeingApi(amazon, many(12), -1)

    ended = amazon.run(CHANGED, start_date="2026-11-19")

    assert ended.code == 0, ended.log
    assert {r["id"] for r in ended.rows()} == {f"t{n}" for n in range(12)}
    assert ended.said("WARNING", "Token is not valid", "in shorter slices")


def test_a_list_without_slices_is_asked_again_once(amazon: ScriptedApi) -> None:
    amazon.responses[PATH] = AgeingApi(amazon, many(4), -1)

    ended = amazon.run(THINGS)

    assert ended.code == 1
    assert ended.said("ERROR", "Token is not valid")
    assert len(amazon.calls) < 10


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_400_that_passes_on_a_second_try_is_no_failure(
    amazon: ScriptedApi, at: int
) -> None:
    pages: list[Json | Reply]
    pages = [{"things": [{"id": f"t{n}"}], "nextToken": f"n{n}"} for n in range(3)]
    pages += [{"things": []}]
    amazon.serve(PATH, *pages[:at], refusal(400, "Try again"), *pages[at:])

    ended = amazon.run(THINGS)

    assert ended.code == 0, ended.log
    assert [r["id"] for r in ended.rows()] == ["t0", "t1", "t2"]


def test_a_400_of_a_sub_request_has_a_second_try_too(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, {"things": [{"id": "t0"}, {"id": "t1"}]})
    amazon.serve(f"{PATH}/t0/parts", refusal(400, "Try again"), {"parts": [0]})
    amazon.serve(f"{PATH}/t1/parts", refusal(400, "Never"))

    ended = amazon.run({**THINGS, "extend_resources": [PARTS]})

    assert ended.code == 1
    assert [r["id"] for r in ended.rows()] == ["t0"]
    assert len(amazon.asked(f"{PATH}/t1/parts")) == 1, "one second try for a slice"


# --- pages of sub-requests -----------------------------------------------------


@pytest.mark.parametrize(
    ("outer", "param"),
    [
        ({"payload": {"NextToken": "m"}}, "NextToken"),
        ({"payload": {"nextToken": "m"}}, "nextToken"),
        ({"payload": {"pagination": {"nextToken": "m"}}}, "nextToken"),
        ({"nextToken": "m"}, "nextToken"),
    ],
)
def test_pages_of_an_unlisted_sub_request_are_followed(
    amazon: ScriptedApi, outer: Json, param: str
) -> None:
    amazon.serve(PATH, {"things": [{"id": "t0"}]})
    path = f"{PATH}/t0/parts"
    amazon.responses[path] = lambda params: (
        {"parts": [2]} if params.get(param) == "m" else {"parts": [1], **outer}
    )

    ended = amazon.run({**THINGS, "extend_resources": [PARTS]})

    assert ended.code == 0, ended.log
    assert [r["parts"] for r in ended.rows()] == [[1, 2]]


@pytest.mark.parametrize(
    "outer",
    [{"nextPageToken": "m"}, {"pagination": {"nextToken": "m"}}, {"next_cursor": "m"}],
)
def test_pages_that_nobody_knows_how_to_ask_for_are_a_failure(
    amazon: ScriptedApi, outer: Json
) -> None:
    amazon.serve(PATH, {"things": [{"id": f"t{n}"} for n in range(9)]})
    for number in range(9):
        amazon.serve(f"{PATH}/t{number}/parts", {"parts": [1], **outer})
    entry = {**THINGS, "extend_resources": [PARTS]}
    state: Json = {}

    for _ in range(7):
        amazon.calls.clear()
        ended = amazon.run(entry, state=state)
        state = ended.state
        assert ended.code == 1
        assert ended.said("ERROR", "token of another page", "extend_resources of parts")
        assert ended.rows() == []
        assert len(amazon.calls) == 2


def test_a_followed_page_that_stays_the_same_is_a_failure(amazon: ScriptedApi) -> None:
    numbers = count()
    amazon.serve(PATH, {"things": [{"id": "t0"}]})
    amazon.responses[f"{PATH}/t0/parts"] = lambda _: {
        "parts": [1],
        "nextToken": f"n{next(numbers)}",
    }

    ended = amazon.run({**THINGS, "extend_resources": [PARTS]})

    assert ended.code == 1
    assert ended.said("ERROR", "pages of rows again")


def test_a_token_elsewhere_than_the_settings_say_is_not_overlooked(
    amazon: ScriptedApi,
) -> None:
    amazon.serve(PATH, {"things": [{"id": "t0"}], "pagination": {"nextToken": "m"}})

    ended = amazon.run(THINGS)

    assert ended.code == 1
    assert ended.said("ERROR", "token of another page in pagination.nextToken")


@pytest.mark.parametrize(
    ("name", "is_token"),
    [
        *((n, True) for n in ("nextToken", "NextToken", "next_token", "nextPageToken")),
        *((n, True) for n in ("nextCursor", "pageToken", "paginationToken")),
        *((n, True) for n in ("continuationToken", "nextTokenForLineItems")),
        *((n, False) for n in ("token", "id", "nextShipDate", "accessToken", "page")),
    ],
)
def test_whatever_looks_like_a_token_is_taken_for_one(
    name: str, is_token: bool
) -> None:
    assert (unclaimed({"a": {name: "x"}}) is not None) is is_token
    assert unclaimed({"a": {name: ""}, "b": {name: None}}) is None


def test_the_bookmark_is_held_where_the_pages_go_round(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, {"things": [{"id": "a", "changed": "2026-11-18T00:00:00Z"}]})
    state = amazon.run(CHANGED, start_date="2026-11-15", end_date="2026-11-17").state
    before = position(state)
    numbers = count()
    amazon.responses[PATH] = lambda _: {
        "things": [{"id": "a", "changed": "2026-11-19T00:00:00Z"}],
        "nextToken": f"{next(numbers)}",
    }

    ended = amazon.run(CHANGED, state=state)

    assert ended.code == 1
    assert position(ended.state) == before
