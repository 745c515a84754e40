"""Transactions: windows, late postings, deferred sales, and how they add up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from support.core.scripted_server import Reply
from support.sp.finances import (
    GROUPS,
    PATH,
    Finances,
    Posting,
    by_cash_date,
    by_sale_date,
    money,
)
from support.sp.runs import NOON, partitions
from support.sp.scripted import ScriptedApi, refusal, scripted_api
from tap_amazon_sp.endpoints.finances import completed_transaction

Json = dict[str, Any]
STREAM = ("transactions",)
DAY = timedelta(days=1)


@pytest.fixture
def amazon() -> Iterator[ScriptedApi]:
    with scripted_api() as running:
        yield running


def serve(amazon: ScriptedApi, *postings: Posting) -> Finances:
    found = amazon.responses[PATH] = Finances(amazon.clock.now, *postings)
    return found


def state_of(run: Any) -> Json:
    (entry,) = partitions(run.state, "transactions")
    return entry


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def spans(amazon: ScriptedApi) -> list[tuple[str, timedelta]]:
    return [
        (
            asked.get("transactionStatus", ""),
            day(asked["postedBefore"][:-1]) - day(asked["postedAfter"][:-1]),
        )
        for asked in amazon.asked(PATH)
    ]


def test_a_sale_released_three_weeks_later_adds_up_once(amazon: ScriptedApi) -> None:
    sold = NOON - DAY
    serve(
        amazon,
        Posting("o1", sold, is_deferred=True, released=sold + 21 * DAY, amount=80),
        Posting("o2", sold, amount=20),
    )
    rows: list[Json] = []
    state: Json | None = None
    sums: list[tuple[float, float]] = []
    last: Json = {}

    for _ in range(9):
        run = amazon.run(streams=STREAM, state=state, start_date="2026-11-01")
        assert run.code == 0
        state, rows = run.state, rows + run.rows()
        sums.append((by_sale_date(rows), by_cash_date(rows)))
        last = state_of(run)
        amazon.clock.sleep(3 * 86400)

    assert {(r["transactionId"], r["transactionStatus"]) for r in rows} == {
        ("o1-1", "DEFERRED"),
        ("o1-1", "DEFERRED_RELEASED"),
        ("o1-2", "RELEASED"),
        ("o2", "RELEASED"),
    }
    assert [sums[0], sums[-1]] == [(100, 20), (100, 100)]
    assert {by_sale for by_sale, _ in sums} == {100}  # never twice, on no day
    assert {by_cash for _, by_cash in sums} == {20, 100}
    assert "oldest_deferred" not in last


def test_what_was_found_stays_followed_until_it_is_released(
    amazon: ScriptedApi,
) -> None:
    sold = NOON - 400 * DAY
    serve(amazon, Posting("o1", sold, is_deferred=True))

    first = amazon.run(streams=STREAM, start_date="2025-10-01")
    amazon.clock.sleep(86400)
    amazon.calls.clear()
    second = amazon.run(streams=STREAM, state=first.state, start_date="2025-10-01")

    assert state_of(first)["oldest_deferred"] == f"{sold:%Y-%m-%dT%H:%M:%SZ}"
    assert state_of(second)["oldest_deferred"] == state_of(first)["oldest_deferred"]
    searched = spans(amazon)
    by_status = [status for status, _ in searched]
    assert by_status == sorted(
        by_status, key=["DEFERRED", "DEFERRED_RELEASED", ""].index
    )
    assert {"DEFERRED", "DEFERRED_RELEASED"} < set(by_status)
    assert max(span for _, span in searched) <= 180 * DAY


def test_a_release_between_the_two_searches_is_not_lost(amazon: ScriptedApi) -> None:
    """Whoever searched the released ones first would see it in neither."""
    sold = NOON - 9 * DAY
    account = serve(amazon, Posting("o1", sold, is_deferred=True))
    first = amazon.run(streams=STREAM, start_date="2026-11-01")
    amazon.clock.sleep(86400)

    searched: set[str] = set()

    def release(params: Json) -> None:
        """Between the first search of the two and the second, whichever that is."""
        searched.add(params.get("transactionStatus", ""))
        if len(searched) == 2:
            released = amazon.clock.now() - timedelta(minutes=1)
            found = Posting("o1", sold, is_deferred=True, released=released)
            account.postings, account.on_page = [found], lambda _: None

    account.on_page = release
    second = amazon.run(streams=STREAM, state=first.state, start_date="2026-11-01")
    amazon.clock.sleep(86400)
    third = amazon.run(streams=STREAM, state=second.state, start_date="2026-11-01")

    rows = [*first.rows(), *second.rows(), *third.rows()]
    assert by_cash_date(rows) == by_sale_date(rows) == 10
    assert ("o1-1", "DEFERRED_RELEASED") in {
        (r["transactionId"], r["transactionStatus"]) for r in rows
    }
    assert "oldest_deferred" not in state_of(third)


def test_what_is_posted_two_days_late_is_read(amazon: ScriptedApi) -> None:
    posted = NOON - timedelta(hours=1)
    serve(
        amazon,
        Posting("early", posted + timedelta(minutes=30)),
        Posting("late", posted, late=timedelta(hours=48)),
    )
    rows: list[Json] = []
    state: Json | None = None
    for _ in range(4):
        run = amazon.run(streams=STREAM, state=state, start_date="2026-11-01")
        state, rows = run.state, [*rows, *run.rows()]
        amazon.clock.sleep(86400)

    assert {row["transactionId"] for row in rows} == {"early", "late"}


def test_a_long_history_is_read_in_windows_that_touch(amazon: ScriptedApi) -> None:
    """180 days and more are answered with nothing: nobody would see it."""
    postings = [Posting(f"o{n}", NOON - n * DAY * 3) for n in range(1, 150)]
    serve(amazon, *postings).rows_a_page = 40

    run = amazon.run(streams=STREAM, start_date="2025-01-01")

    ids = [row["transactionId"] for row in run.rows()]
    assert sorted(ids) == sorted(p.name for p in postings)
    asked = [p for p in amazon.asked(PATH) if "nextToken" not in p]
    assert all(span <= 30 * DAY for _, span in spans(amazon))
    edges = [(p["postedAfter"], p["postedBefore"]) for p in asked]
    assert [after for after, _ in edges[1:]] == [before for _, before in edges[:-1]]
    assert state_of(run)["replication_key_value"] == edges[-1][1]
    assert state_of(run)["replication_key"] == "postedDate"


def test_the_bookmark_is_the_end_of_the_last_window(amazon: ScriptedApi) -> None:
    serve(amazon, Posting("o1", NOON - 3 * DAY))
    first = amazon.run(streams=STREAM, start_date="2026-11-01")
    amazon.calls.clear()
    amazon.run(streams=STREAM, state=first.state, start_date="2026-11-01")
    amazon.run(
        streams=STREAM,
        state=first.state,
        start_date="2026-11-01",
        lookback_days={"transactions": 9},
    )

    end = NOON - timedelta(minutes=2)
    assert state_of(first)["replication_key_value"] == f"{end:%Y-%m-%dT%H:%M:%SZ}"
    starts = [asked["postedAfter"] for asked in amazon.asked(PATH)]
    assert starts[0] == f"{end - 5 * DAY:%Y-%m-%dT%H:%M:%SZ}"
    assert f"{end - 9 * DAY:%Y-%m-%dT%H:%M:%SZ}" in starts


def test_an_empty_page_with_a_token_is_not_the_last(amazon: ScriptedApi) -> None:
    account = serve(amazon, *(Posting(f"o{n}", NOON - DAY) for n in range(5)))
    account.has_empty_page = True

    run = amazon.run(streams=STREAM, start_date="2026-11-19")

    assert len({row["transactionId"] for row in run.rows()}) == 5
    with_token = [asked for asked in amazon.asked(PATH) if "nextToken" in asked]
    assert with_token
    assert all({"postedAfter", "postedBefore"} <= set(asked) for asked in with_token)


def test_pages_that_go_in_circles_end_the_run(amazon: ScriptedApi) -> None:
    page = {"payload": {"transactions": [], "nextToken": "again"}}
    amazon.serve(PATH, page)

    run = amazon.run(streams=STREAM, start_date="2026-11-01")

    assert run.code == 1
    assert run.said("same page token twice")
    assert not partitions(run.state, "transactions")


def test_a_page_that_fails_is_asked_again_and_then_the_window(
    amazon: ScriptedApi,
) -> None:
    account = serve(amazon, *(Posting(f"o{n}", NOON - DAY) for n in range(5)))
    failures = 3

    def answer(params: Json) -> Json | Reply:
        nonlocal failures
        if "nextToken" in params and failures:
            failures -= 1
            return refusal(500, "We encountered an internal error. Please try again.")
        return account(params)

    amazon.responses[PATH] = answer
    run = amazon.run(streams=STREAM, start_date="2026-11-19", max_attempts=3)

    tokens = [asked.get("nextToken") for asked in amazon.asked(PATH)]
    first = next(token for token in tokens if token)
    at = tokens.index(first)
    assert tokens[at - 1 : at + 5] == [None, first, first, first, None, first]
    assert run.code == 0
    assert {row["transactionId"] for row in run.rows()} == {f"o{n}" for n in range(5)}


def test_a_run_killed_anywhere_loses_nothing(amazon: ScriptedApi) -> None:
    """Its output is cut behind each STATE, and before it: the next run goes on."""
    sold = NOON - 60 * DAY
    postings = [Posting(f"o{n}", NOON - n * 4 * DAY) for n in range(1, 16)]
    deferred = Posting("d", sold, is_deferred=True, released=NOON + 3 * DAY)
    account = serve(amazon, deferred, *postings)
    account.on_page = lambda _: amazon.clock.sleep(2)  # each page has its STATE
    whole = amazon.run(streams=STREAM, start_date="2026-09-01")
    amazon.clock.sleep(4 * 86400)

    states = [n for n, m in enumerate(whole.messages) if m["type"] == "STATE"]
    assert len(states) > 3
    for cut in sorted({*states, *(n + 1 for n in states)}):
        written = whole.messages[:cut]
        state = [m["value"] for m in written if m["type"] == "STATE"][-1:]
        again = amazon.run(
            streams=STREAM, state=state[0] if state else None, start_date="2026-09-01"
        )
        rows = [m["record"] for m in written if m["type"] == "RECORD"] + again.rows()
        assert by_sale_date(rows) == by_cash_date(rows) == 160, cut


# --- rows ------------------------------------------------------------------------


def test_trees_stay_nested_and_both_forms_of_the_wrapper_are_one(
    amazon: ScriptedApi,
) -> None:
    def node(name: str, wrapped: bool, below: list[Json] | None) -> Json:
        lower = {"breakdowns": below} if wrapped else below
        return {"breakdownType": name, "breakdownAmount": money(9), "breakdowns": lower}

    def row(name: str, wrapped: bool) -> Json:
        tree = [node("Sales", wrapped, [node("Principal", wrapped, None)])]
        return {
            "transactionId": name,
            "transactionStatus": "Released",
            "postedDate": "2026-11-19T00:00:00Z",
            "totalAmount": money(9),
            "breakdowns": {"breakdowns": tree} if wrapped else tree,
            "items": [{"breakdowns": {"breakdowns": tree} if wrapped else tree}],
            "newField": 1,
        }

    rows = [row("plain", wrapped=False), row("wrapped", wrapped=True)]
    amazon.serve(PATH, {"payload": {"transactions": rows}})
    plain, wrapped = amazon.run(streams=STREAM, start_date="2026-11-20").rows()[:2]

    assert plain["breakdowns"][0]["breakdowns"][0]["breakdownType"] == "Principal"
    for name in ("breakdowns", "items"):
        assert plain[name] == wrapped[name], name
    assert plain["_extra"] == wrapped["_extra"] == {"newField": 1}
    assert plain["totalAmount"] == {"currencyAmount": 9, "currencyCode": "USD"}


def test_the_key_is_partner_and_id_or_a_digest(amazon: ScriptedApi) -> None:
    account = serve(amazon, Posting("o1", NOON - DAY))
    run = amazon.run(streams=STREAM, start_date="2026-11-19")
    (known,) = account._rows()
    nameless = {n: v for n, v in known.items() if n != "transactionId"}
    released = {
        **nameless,
        "transactionStatus": "DEFERRED_RELEASED",
        "relatedIdentifiers": [
            *nameless["relatedIdentifiers"],
            {
                "relatedIdentifierName": "RELEASE_TRANSACTION_ID",
                "relatedIdentifierValue": "x",
            },
        ],
    }
    other = {**nameless, "postedDate": "2026-11-01T00:00:00Z"}

    assert run.key_names()["transactions"] == [
        *("account_name", "sellingPartnerId", "transactionId")
    ]
    assert run.rows()[0]["sellingPartnerId"] == "A1SELLER"
    digests = [
        completed_transaction(row)["transactionId"]
        for row in (nameless, released, other)
    ]
    assert digests[0].startswith("sha256:")
    assert digests[0] == digests[1] != digests[2]


class Nameless(Finances):
    """An account whose rows have no ids."""

    def _rows(self) -> list[Json]:
        return [
            {name: value for name, value in row.items() if name != "transactionId"}
            for row in super()._rows()
        ]


def test_equal_rows_without_an_id_are_counted_and_said(amazon: ScriptedApi) -> None:
    """Three of them lie on two pages; a second run that reads them says it again."""
    same = [Posting("o1", NOON - DAY)] * 3
    account = Nameless(amazon.clock.now, *same, Posting("o2", NOON - DAY))
    amazon.responses[PATH] = account
    run = amazon.run(streams=STREAM, start_date="2026-11-19")
    assert run.code == 0
    assert len(run.rows()) == 4
    assert len(set(run.keys())) == 2
    assert run.said("2 rows without an id of Amazon are equal to another one")
    again = amazon.run(streams=STREAM, state=run.state, start_date="2026-11-19")
    assert again.said("2 rows without an id of Amazon are equal to another one")
    serve(amazon, *same)  # ids of Amazon may come twice: they are its own
    known = amazon.run(streams=STREAM, start_date="2026-11-19")
    assert not known.said("without an id of Amazon")


# --- groups ----------------------------------------------------------------------


def test_a_group_is_followed_until_it_is_closed(amazon: ScriptedApi) -> None:
    opened, closed = NOON - 3 * DAY, NOON + 50 * DAY

    def answer(params: Json) -> Json:
        names = ("FinancialEventGroupStartedAfter", "FinancialEventGroupStartedBefore")
        after, before = (day(params[name][:-1]) for name in names)
        assert before - after <= 180 * DAY
        is_open = amazon.clock.now() < closed
        group = {
            "FinancialEventGroupId": "g1",
            "ProcessingStatus": "Open" if is_open else "Closed",
            "FinancialEventGroupStart": f"{opened:%Y-%m-%dT%H:%M:%SZ}",
        }
        found = [group] if after <= opened < before else []
        return {"payload": {"FinancialEventGroupList": found}}

    amazon.responses[GROUPS] = answer
    seen: list[list[str]] = []
    state: Json | None = None
    for _ in range(8):
        run = amazon.run(
            streams=("financial_event_groups",), state=state, start_date="2026-11-01"
        )
        assert run.code == 0
        state = run.state
        seen.append([row["ProcessingStatus"] for row in run.rows()])
        amazon.clock.sleep(10 * 86400)

    assert seen[:5] == [["Open"]] * 5  # the last of them before its look-back
    assert seen[5:] == [["Closed"], [], []]
