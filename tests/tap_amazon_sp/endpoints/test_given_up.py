"""Records whose sub-request never succeeds: tried in some runs, then given up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from support.core.scripted_server import Reply
from support.sp.endpoint_entries import CHANGED, PARTS, PATH, THINGS, position, stamp
from support.sp.runs import NOON, partitions
from support.sp.scripted import ScriptedApi, refusal, scripted_api
from tap_amazon_sp.endpoints.bookmarks import MAX_RECORDS, TableBookmark
from tap_amazon_sp.endpoints.custom.tables import tables

Json = dict[str, Any]
STOCK = [
    {"id": f"t{n}", "changed": stamp(NOON - timedelta(days=3, hours=n))}
    for n in range(4)
]
ENTRY = {**CHANGED, "extend_resources": [PARTS]}


@pytest.fixture
def amazon() -> Iterator[ScriptedApi]:
    with scripted_api() as running:
        running.responses[PATH] = lambda params: {
            "things": [
                t
                for t in STOCK
                if params.get("changedAfter", "0") <= t["changed"]
                and t["changed"] <= params.get("changedBefore", "9")
            ]
        }
        for number in range(4):
            running.serve(f"{PATH}/t{number}/parts", {"parts": [number]})
        yield running


@pytest.mark.parametrize(
    "never",
    [
        refusal(404, "Not found"),
        refusal(400, "Invalid"),
        {"payload": {}},
        {},
        {"parts": "none"},
        Reply(200, b"<html>"),
        Reply(200, b"[1]"),
    ],
)
def test_a_record_that_never_succeeds_is_given_up_as_reports_are(
    amazon: ScriptedApi, never: Json | Reply
) -> None:
    amazon.serve(f"{PATH}/t2/parts", never)
    state: Json = {}

    for run in range(1, 4):
        ended = amazon.run(ENTRY, state=state, gap_max_runs=3, start_date="2026-11-15")
        state = ended.state
        assert ended.code == 1
        rows = {row["id"]: row["parts"] for row in ended.rows()}
        if run < 3:
            (gap,) = partitions(state, "things")[0]["gaps"]
            assert gap["path"] == f"{PATH}/t2/parts"
            assert gap["attempts"] == run
            assert "t2" not in rows
            assert str(position(state)) < STOCK[2]["changed"] or position(state) is None
    assert rows["t2"] is None
    assert ended.said("ERROR", "t2/parts", "Given up after 3 runs")
    (closed,) = partitions(state, "things")[0]["closed_gaps"]
    assert "gaps" not in partitions(state, "things")[0]
    assert closed["attempts"] == 3
    assert str(position(state)) >= STOCK[0]["changed"]

    later = amazon.run(ENTRY, state=state, gap_max_runs=3)
    assert later.code == 0, later.log
    assert later.said("WARNING", "t2/parts", "given up on 2026-11-20")
    amazon.clock.sleep(31 * 86400)
    forgotten = amazon.run(ENTRY, state=later.state, gap_max_runs=3)
    assert "closed_gaps" not in partitions(forgotten.state, "things")[0]
    assert not forgotten.said("given up")


def test_what_was_given_up_and_comes_again_is_delivered(amazon: ScriptedApi) -> None:
    amazon.serve(f"{PATH}/t0/parts", refusal(404, "Not found"))
    entry = {**ENTRY, "lookback_days": 7}
    state = amazon.run(entry, gap_max_runs=1, start_date="2026-11-15").state
    still = amazon.run(entry, state=state, gap_max_runs=1, start_date="2026-11-15")
    amazon.serve(f"{PATH}/t0/parts", {"parts": [0]})

    ended = amazon.run(entry, state=state, gap_max_runs=1, start_date="2026-11-15")

    assert still.code == 0, "it does not hold the bookmark a second time"
    assert {r["id"]: r["parts"] for r in still.rows()}["t0"] is None
    assert {r["id"]: r["parts"] for r in ended.rows()}["t0"] == [0]
    assert "closed_gaps" not in partitions(ended.state, "things")[0]


def test_a_list_without_a_bookmark_heals_too(amazon: ScriptedApi) -> None:
    amazon.serve(f"{PATH}/t1/parts", refusal(404, "Not found"))
    entry = {**THINGS, "extend_resources": [PARTS]}
    state: Json = {}
    codes = []

    for _ in range(4):
        ended = amazon.run(entry, state=state, gap_max_runs=2)
        state = ended.state
        codes.append(ended.code)

    assert codes == [1, 1, 0, 0]
    assert {r["id"]: r["parts"] for r in ended.rows()}["t1"] is None


@pytest.mark.parametrize(
    "odd",
    [None, "", "a\x00b", "x" * 5000, "..", ".", True, ["t"], {"t": 1}, 1.5],
    ids=repr,
)
def test_a_record_without_an_id_holds_only_itself(
    amazon: ScriptedApi, odd: object
) -> None:
    thing = {"id": odd, "changed": STOCK[0]["changed"]}
    amazon.serve(PATH, {"things": [*STOCK, thing]})
    entry = {**ENTRY, "slice_hours": 240}
    state: Json = {}

    first = amazon.run(entry, gap_max_runs=2, start_date="2026-11-15")
    second = amazon.run(
        entry, state=first.state, gap_max_runs=2, start_date="2026-11-15"
    )

    assert first.code == 1
    assert {r["id"] for r in first.rows()} == {t["id"] for t in STOCK}
    assert first.said("ERROR", "its own path cannot be made")
    assert not [line for line in first.log if "x" * 200 in line]
    assert second.said("Given up after 2 runs")
    assert len(second.rows()) == 5
    assert str(position(second.state)) >= STOCK[0]["changed"]
    assert state == {}


def test_an_outage_gives_no_record_up(amazon: ScriptedApi) -> None:
    """Else five runs in half an hour without Amazon would lose them."""
    for number in range(4):
        amazon.serve(f"{PATH}/t{number}/parts", Reply(503, b"{}"))
    state: Json = {}
    for _ in range(4):
        ended = amazon.run(
            ENTRY, state=state, gap_max_runs=2, start_date="2026-11-15", max_attempts=1
        )
        state = ended.state
        assert ended.code == 1
        assert ended.rows() == []
    amazon.serve(f"{PATH}/t1/parts", Reply(503, b"{}"))
    for number in (0, 2, 3):
        amazon.serve(f"{PATH}/t{number}/parts", {"parts": [number]})

    healed = amazon.run(
        {**ENTRY, "slice_hours": 240},
        state=state,
        gap_max_runs=9,
        start_date="2026-11-15",
        max_attempts=1,
    )

    assert {r["id"] for r in healed.rows()} == {"t0", "t2", "t3"}
    (gap,) = partitions(healed.state, "things")[0]["gaps"]
    assert gap["path"] == f"{PATH}/t1/parts"


def test_neither_log_nor_state_shows_an_address_of_a_person(
    amazon: ScriptedApi,
) -> None:
    people = [
        {"id": "jane.doe@example.com", "changed": STOCK[0]["changed"]},
        {"id": "+15551234567", "changed": STOCK[0]["changed"]},
    ]
    amazon.serve(PATH, {"things": people})

    ended = amazon.run(ENTRY, start_date="2026-11-15")

    shown = f"{ended.log} {ended.state}"
    assert ended.code == 1
    assert "jane.doe" not in shown
    assert "15551234567" not in shown
    assert len(partitions(ended.state, "things")[0]["gaps"]) == 2


def test_the_state_follows_a_bounded_number_of_records() -> None:
    table = tables([ENTRY])[-1]
    bookmark = TableBookmark(table, {}, "acme")
    now = datetime(2026, 11, 20, tzinfo=timezone.utc)

    for number in range(MAX_RECORDS + 50):
        bookmark.fail(f"/{number}", "reason", now, 5)

    assert bookmark.is_held
    assert len(bookmark.to_state()["gaps"]) == MAX_RECORDS


@pytest.mark.parametrize(
    "damage",
    [
        {"gaps": "all"},
        {"gaps": [1]},
        {"gaps": [{"path": 1, "attempts": 1}]},
        {"gaps": [{"path": "/a", "attempts": "many"}]},
        {"closed_gaps": [{"path": "/a", "attempts": 1, "closed_at": "soon"}]},
        {"slice_hours": 1e12},
    ],
)
def test_a_damaged_entry_stops_with_a_sentence(
    amazon: ScriptedApi, damage: Json
) -> None:
    state = amazon.run(ENTRY, start_date="2026-11-15").state
    partitions(state, "things")[0].update(damage)

    ended = amazon.run(ENTRY, state=state)

    assert ended.code == 1
    assert ended.said("ERROR", "state of things", "damaged", "--full-refresh")


def test_a_record_that_is_listed_no_more_is_forgotten(amazon: ScriptedApi) -> None:
    amazon.serve(f"{PATH}/t3/parts", refusal(404, "Not found"))
    state = amazon.run(ENTRY, start_date="2026-11-15").state
    amazon.serve(PATH, {"things": []})

    ended = amazon.run(ENTRY, state=state, start_date="2026-11-15")

    assert ended.code == 0
    assert "gaps" not in partitions(ended.state, "things")[0]
