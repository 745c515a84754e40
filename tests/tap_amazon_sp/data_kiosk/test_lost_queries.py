"""Which listed query is the lost one: only where there is no doubt."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from support.core.runs import Json
from support.sp.runs import NOON
from tap_amazon_sp.data_kiosk.queries.known_queries import KnownQueries
from tap_amazon_sp.data_kiosk.queries.lost_queries import ListedQueries
from tap_amazon_sp.timestamps import format_instant

STATE = NOON
"""When the state was written."""


def query(
    query_id: str,
    minutes: float,
    text: str = "a",
    status: str = "DONE",
    token: str | None = None,
) -> Json:
    created = format_instant(STATE + timedelta(minutes=minutes))
    found: Json = {
        "queryId": query_id,
        "query": text,
        "createdTime": created,
        "processingStatus": status,
    }
    return found | ({"pagination": {"nextToken": token}} if token else {})


def listed(*entries: Json, known: datetime | None = STATE) -> ListedQueries:
    found = ListedQueries(known, STATE + timedelta(minutes=30))
    found.add(entries)
    return found


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([query("q1", 5)], "q1"),
        ([query("q1", 5, status="IN_QUEUE")], "q1"),
        ([query("q1", 5, status="FATAL")], None),
        ([query("q1", 5, status="CANCELLED")], None),
        ([query("q1", 5, text="b")], None),
        ([query("q1", -5)], None),  # the state knew it: it is delivered
        ([query("q1", 5), query("q2", 6)], None),
        ([query("q1", -30, token="t"), query("q2", 5)], None),
        ([query("q1", -30), query("q2", 5)], "q2"),
        ([{"queryId": 1}, {}, query("q1", 5)], "q1"),
    ],
)
def test_a_first_page(entries: list[Json], expected: str | None) -> None:
    assert listed(*entries).find("a") == expected


def test_a_query_is_found_once() -> None:
    found = listed(query("q1", 5))
    assert [found.find("a"), found.find("a")] == ["q1", None]


def test_a_later_page_comes_after_the_one_before() -> None:
    pages = [query("q1", -1, token="t1"), query("q2", 1, token="t2"), query("q3", 2)]
    assert listed(*pages[:2]).find("a", after="q1") == "q2"
    assert listed(*pages).find("a", after="q2") == "q3"
    assert listed(*pages[:2]).find("a", after="q2") is None
    assert listed(*pages).find("a", after="unknown") is None


def test_without_a_state_the_last_hours_count() -> None:
    now = STATE + timedelta(minutes=30)
    assert listed(query("q1", 5), known=None).find("a") == "q1"
    assert listed(query("q1", -400), known=None).find("a") is None
    assert now - ListedQueries(None, now).since == timedelta(hours=6)


def test_what_is_polled_is_known_to_the_next_run() -> None:
    known = KnownQueries(None)
    assert known.counters(NOON) == {}
    known.is_used = True
    known.polled("old", NOON - timedelta(minutes=10))
    known.polled("new", NOON)
    kept = known.counters(NOON)
    following = KnownQueries(kept)
    assert (following.until, sorted(following.ids)) == (NOON, ["new"])
    # a run without queries hands on what it was given
    assert following.counters(NOON + timedelta(days=1)) == kept
