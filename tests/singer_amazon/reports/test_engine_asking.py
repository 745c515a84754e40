"""In which order the engine asks, and what is one report."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.reports import model
from singer_amazon.reports.engine import CallKind
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.schedule import interleaved
from support.core.engine import many
from support.core.reports import NOON, EngineHarness, day, pending, request

STREAMS = ["campaigns", "targeting", "search_terms", "products"]


# --- the order of asking ---


def test_the_window_waiting_longest_is_asked_first() -> None:
    requests = [request(3), request(1), request(2), request(1, 9, waiting_since=4)]
    assert [r.waiting_since for r in interleaved(requests)] == [
        day(n) for n in range(1, 5)
    ]


def test_accounts_take_turns_and_begin_with_different_types() -> None:
    ordered = interleaved(many(streams=3, accounts=3))
    assert [(r.account[-1], r.stream[-1]) for r in ordered] == [
        ("0", "0"), ("1", "1"), ("2", "2"),
        ("0", "1"), ("1", "2"), ("2", "0"),
        ("0", "2"), ("1", "0"), ("2", "1"),
    ]  # fmt: skip


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from("abc"), st.sampled_from(STREAMS)),
        unique=True,
    )
)
def test_no_account_comes_twice_before_another_came_once(
    items: list[tuple[int, str, str]],
) -> None:
    requests = [request(n, account=a, stream=s) for n, a, s in items]
    ordered = interleaved(requests)
    assert sorted(map(id, ordered)) == sorted(map(id, requests))
    for _, group in itertools.groupby(ordered, key=lambda r: r.waiting_since):
        accounts = [r.account for r in group]
        counts = dict.fromkeys(accounts, 0)
        left = {a: accounts.count(a) for a in accounts}
        for account in accounts:
            behind = [counts[a] for a in counts if left[a]]
            assert counts[account] == min(behind)
            counts[account] += 1
            left[account] -= 1


def test_everything_is_asked_for_before_anything_is_looked_at() -> None:
    one = EngineHarness()
    one.ask(*many(streams=4, accounts=5))
    kinds = []
    for _ in range(40):
        actions = one.take(slots=1)
        if not actions:
            one.wake()
            continue
        kinds.append(actions[0].kind)
        one.record(
            actions[0],
            one.accepted() if kinds[-1] is CallKind.CREATE else model.Running(),
        )
    assert kinds[:20] == [CallKind.CREATE] * 20


def test_a_run_where_all_goes_well_delivers_everything() -> None:
    one = EngineHarness()
    one.ask(*many(streams=5, accounts=7, windows=2))
    one.drive(one.well)
    assert one.states() == {State.DELIVERED: 70}
    assert one.counted(CallKind.CREATE) == 70
    assert one.engine.is_done
    assert one.engine.next_wake(one.now) is None


def test_no_more_calls_are_given_out_than_there_are_slots() -> None:
    one = EngineHarness()
    one.ask(*many(streams=4, accounts=5))
    assert len(one.take(slots=3)) == 3
    assert len(one.take(slots=3)) == 3
    assert one.take(slots=0) == []
    assert len({id(a.report) for a in one.take(slots=99)}) == 14


# --- identical requests ---


def test_identical_requests_of_two_streams_are_one_report() -> None:
    one = EngineHarness()
    same = [request(stream=name, fingerprint="same") for name in ("a", "b")]
    (report,) = one.ask(*same, request(stream="c"))[:1]
    assert [t.stream for t in report.subscribers] == ["a", "b"]
    one.drive(one.well)
    assert one.counted(CallKind.CREATE) == 2
    assert all(one.engine.is_done_for(name) for name in "abc")


def test_a_request_joins_the_report_another_stream_left_pending() -> None:
    one = EngineHarness()
    report = one.engine.adopt(
        request(stream="a", fingerprint="same"), pending(1, 1, "old"), NOON
    )
    one.ask(request(stream="b", fingerprint="same"))
    assert [t.stream for t in report.subscribers] == ["a", "b"]
    one.drive(one.well)
    assert one.counted(CallKind.CREATE) == 0
    assert one.engine.is_done_for("b")


def test_a_report_pending_twice_in_a_state_is_delivered_once() -> None:
    one = EngineHarness()
    for _ in range(2):
        report = one.engine.adopt(request(), pending(1, 1, "old"), NOON)
    assert len(report.subscribers) == 1
    one.drive(one.well)
    assert one.engine.is_done
