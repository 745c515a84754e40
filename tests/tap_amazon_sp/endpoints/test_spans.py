"""Spans that Amazon answers with nothing, or refuses: never asked, never believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.core.scripted_server import Reply
from support.sp.endpoint_entries import CHANGED, PATH, position, stamp
from support.sp.runs import NOON
from support.sp.scripted import SELLER, ScriptedApi, refusal, scripted_api
from tap_amazon_sp.endpoints.pages.known_paths import KnownPath, known_paths
from tap_amazon_sp.endpoints.time_slices import CERTAIN_LENGTH, TimeSlicer
from tap_amazon_sp.timestamps import parse_instant

Json = dict[str, Any]
SPANS = [path for path in known_paths().values() if path.max_span]
VENDOR = {**SELLER, "name": "vendor", "account_type": "vendor"}


@pytest.fixture
def amazon() -> Iterator[ScriptedApi]:
    with scripted_api() as running:
        yield running


def put(path: str, value: object) -> Json:
    """Return a response with a value at a dotted path."""
    *outer, last = path.split(".")
    body: Json = {last.replace("*EventList", "ShipmentEventList"): value}
    for name in reversed(outer):
        body = {name: body}
    return body


def answering(
    times: list[datetime],
    longest: timedelta,
    bounds: tuple[str, str],
    list_path: str,
    too_long: Callable[[], Json | Reply] | None = None,
) -> Callable[[Json], Json | Reply]:
    """Return an endpoint with a record for each time that answers no longer span."""

    def response(params: Json) -> Json | Reply:
        after, before = (parse_instant(params.get(name)) for name in bounds)
        assert after is not None
        assert before is not None
        if before - after > longest:
            return too_long() if too_long else put(list_path, [])
        found = [{"id": stamp(t), "changed": stamp(t)} for t in times]
        return put(
            list_path, [r for r in found if stamp(after) <= r["id"] <= stamp(before)]
        )

    return response


@pytest.mark.parametrize("path", SPANS, ids=[path.path for path in SPANS])
def test_no_known_path_is_asked_for_more_than_it_answers(
    amazon: ScriptedApi, path: KnownPath
) -> None:
    assert path.max_span is not None
    start = "2025-12-01"
    plain = path.path.replace("{eventGroupId}", "G1")
    times = [NOON - timedelta(days=n) for n in range(4, 330, 9)]
    first = parse_instant(start)
    assert first is not None
    history = path.history or timedelta(days=10**5)
    expected = {stamp(t) for t in times if t > max(first, NOON - history)}
    for lower, upper in path.bounds.items():
        if upper is None:
            continue
        amazon.responses[plain] = answering(
            times,
            path.max_span,
            (lower, upper),
            path.list_path,
            lambda: refusal(400, "The date range is too long."),
        )
        entry = {
            "name": "records",
            "path": plain,
            "updated_at_param": lower,
            "record_config": {"id_field": "id"},
        }

        account = VENDOR if "vendor" in plain else SELLER
        ended = amazon.run(entry, start_date=start, accounts=[account])

        assert ended.code == 0, ended.log
        assert expected <= {row["id"] for row in ended.rows()}
        assert str(position(ended.state, "records")) >= "2026-11-20T11:58:00Z"


def test_the_users_own_slices_are_cut_to_what_is_answered(amazon: ScriptedApi) -> None:
    path = known_paths()["/vendor/orders/v1/purchaseOrders"]
    times = [NOON - timedelta(days=n) for n in range(2, 28, 3)]
    amazon.responses[path.path] = answering(
        times, timedelta(days=7), ("changedAfter", "changedBefore"), path.list_path
    )

    ended = amazon.run(
        {
            "name": "orders_of_us",
            "path": path.path,
            "updated_at_param": "changedAfter",
            "slice_hours": 5000,
            "record_config": {"id_field": "id"},
        },
        accounts=[VENDOR],
    )

    assert len({row["id"] for row in ended.rows()}) == len(times)


def test_a_fixed_span_that_amazon_answers_with_nothing_is_refused(
    amazon: ScriptedApi,
) -> None:
    path = "/finances/v0/financialEvents"
    params = {"PostedAfter": "2026-01-01T00:00:00Z"}
    entry: Json = {"name": "events", "path": path, "params": params}

    ended = amazon.run(entry)

    assert ended.code == 1
    assert ended.said("ERROR", "events", "180 days", "updated_at_param to PostedAfter")
    amazon.serve(path, {"payload": {"FinancialEvents": {}}})
    short = {**entry, "params": {"PostedAfter": "2026-11-01"}}
    assert amazon.run(short).code == 0


@pytest.mark.parametrize(
    ("path", "lower", "days"),
    [
        ("/reports/2021-06-30/reports", "createdSince", 90),
        ("/fba/inventory/v1/summaries", "startDateTime", 545),
        ("/vendor/orders/v1/purchaseOrders", "createdAfter", 181),
    ],
)
def test_nothing_is_asked_from_before_what_amazon_keeps(
    amazon: ScriptedApi, path: str, lower: str, days: int
) -> None:
    entry = {"name": "old", "path": path, "updated_at_param": lower}
    amazon.serve(path, put(known_paths()[path].list_path, []))

    ended = amazon.run(
        {**entry, "params": {"granularityType": "Marketplace"}},
        start_date="2020-01-01",
        accounts=[VENDOR if "vendor" in path else SELLER],
    )

    assert ended.code == 0, ended.log
    oldest = parse_instant(amazon.asked(path)[0][lower])
    assert oldest is not None
    assert timedelta(0) < oldest - (NOON - timedelta(days=days)) <= timedelta(hours=1)
    assert ended.said("WARNING", "old of", f"Amazon keeps {days} days")


# --- paths nobody knows --------------------------------------------------------


@pytest.mark.parametrize("longest", [7, 31, 180])
def test_an_unknown_path_that_answers_long_spans_with_nothing_loses_no_record(
    amazon: ScriptedApi, longest: int
) -> None:
    times = [NOON - timedelta(days=n) for n in (20, 150, 151, 300, 340)]
    amazon.responses[PATH] = answering(
        times, timedelta(days=longest), ("changedAfter", "changedBefore"), "things"
    )

    ended = amazon.run(CHANGED, start_date="2025-12-01")

    assert {r["id"] for r in ended.rows()} == {stamp(t) for t in times}


def test_an_empty_answer_is_believed_when_it_was_asked_for_twice(
    amazon: ScriptedApi,
) -> None:
    amazon.serve(PATH, {"things": []})

    ended = amazon.run(CHANGED, start_date="2025-11-20")

    assert ended.code == 0
    assert position(ended.state) is not None
    assert len(amazon.calls) < 75, "a year in weeks, and a few longer spans"


@given(
    st.lists(st.integers(0, 900 * 24), max_size=12),
    st.floats(7.0, 400.0),
    st.floats(1.0, 1000.0),
)
def test_whatever_span_is_answered_each_record_is_found(
    hours: list[int], longest: float, length: float
) -> None:
    start = NOON - timedelta(days=900)
    times = [start + timedelta(hours=h) for h in hours]
    slicer = TimeSlicer(start, NOON, first_hours=length, max_length=None)
    found: set[datetime] = set()
    calls = 0
    while (entry := slicer.next()) is not None:
        calls += 1
        assert calls < 2000
        assert entry.before is not None
        is_short = entry.before - entry.after <= timedelta(days=longest)
        here = [t for t in times if is_short and entry.after <= t <= entry.before]
        if not slicer.doubts(entry, len(here)):
            found.update(here)
            slicer.took(1)

    first_length = timedelta(hours=length)
    if first_length <= max(CERTAIN_LENGTH, timedelta(days=longest)) or times:
        assert found == set(times)


def test_the_page_names_what_the_table_says() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "tap-amazon-sp.md"
    (_, _, rest) = page.read_text(encoding="utf-8").partition("### Long spans")
    rows = [line for line in rest.partition("###")[0].splitlines() if "`/" in line]
    for path in known_paths().values():
        if path.max_span is None and path.history is None:
            continue
        parts = [path.path]
        if "directFulfillment" in path.path:
            family, version, last = path.path.rsplit("/", 2)
            parts = [f"{family}/", f"`{version}`", f"`{last}`"]
        (row,) = [
            line
            for line in rows
            if all(p in line for p in parts)
            and ("directFulfillment" in path.path or f"`{path.path}`" in line)
        ]
        if path.max_span is not None:
            assert f"| {path.max_span.days} days |" in row
