"""`plan`: how long asking takes at the rates Amazon publishes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, cast

import pytest

from singer_amazon.commands.plan import Plan
from singer_amazon.reports.engine import Engine, RetrySettings
from singer_amazon.sync.session import Session
from support.core.reports import request
from tap_amazon_sp.data_kiosk.datasets import query_shapes
from tap_amazon_sp.data_kiosk.queries.query_spec import QuerySpec
from tap_amazon_sp.reports.rate_limiters import SpReportRateLimiters

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


class Planned:
    """A session with so many reports of one account to ask for."""

    def __init__(self, count: int, streams: int = 1) -> None:
        limiters = SpReportRateLimiters({}, NOW, share=1.0)
        self.engine = Engine(RetrySettings(), limiters=limiters)
        self.engine.request(
            (request(n, stream=f"s{n % streams}") for n in range(count)), NOW
        )


def plan(count: int, streams: int = 1) -> Plan:
    made: Any = Planned(count, streams)
    return Plan(cast("Session", made), {}, NOW)


@pytest.mark.parametrize(
    ("count", "words"), [(10, "Asking takes 0 s"), (75, "Asking takes 59 min")]
)
def test_a_burst_is_asked_at_once_and_the_rest_one_a_minute(
    count: int, words: str
) -> None:
    assert any(words in line for line in plan(count).summary())


def test_slow_streams_are_named_with_their_own_time() -> None:
    (line,) = [x for x in plan(80, 2).summary() if x.startswith("Each stream")]
    assert "s0 24 min 58 s" in line
    assert "s1 24 min 58 s" in line


def test_nothing_to_ask_for_takes_no_time() -> None:
    assert plan(0).summary() == ["0 reports to ask for, 0 taken up from earlier runs"]


def test_a_window_of_two_queries_counts_twice() -> None:
    shape = query_shapes()["data_kiosk_seller_analytics"]
    one = QuerySpec(shape.schema, shape.root, {}, (), frozenset())
    two = replace(one, parts=(frozenset(), frozenset()))
    limiters = SpReportRateLimiters({}, NOW, share=1.0)
    seconds = [
        limiters.seconds_for([replace(request(n), spec=spec) for n in range(20)], NOW)
        for spec in (one, two)
    ]
    assert [round(value / 60) for value in seconds] == [5, 25]  # 15 are free
