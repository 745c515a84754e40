"""What is delivered, missing and pending, event by event."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from singer_amazon.reports.model import ClosedGap, Delivery, Window
from singer_amazon.reports.partition_state import PartitionState
from support.core.reports import NOON, day, pending, people, spans_of, window

MAX_RUNS = 5


def started(names: str = "", first: int = 1) -> PartitionState:
    state = PartitionState()
    state.cover(people(names), day(first))
    return state


def fail(state: PartitionState, failed: Window, names: str = "") -> list[ClosedGap]:
    return state.fail(
        failed, people(names), "Amazon: FAILED", now=NOON, max_runs=MAX_RUNS
    )


def gaps_of(state: PartitionState) -> list[tuple[tuple[int, int], int]]:
    return [(spans_of([g.window])[0], g.attempts) for g in state.gaps]


# --- the bookmark ----------------------------------------------------------


def test_the_bookmark_is_the_end_of_what_is_delivered_without_a_hole() -> None:
    state = started()
    state.deliver(window(1, 10))
    assert state.bookmark == day(10)
    state.deliver(window(15, 20))
    assert state.bookmark == day(10)
    assert state.delivered == [Delivery(window(15, 20))]


def test_the_bookmark_advances_over_windows_beyond_a_hole_when_it_closes() -> None:
    state = started()
    state.deliver(window(1, 10))
    state.deliver(window(15, 20))
    state.deliver(window(21, 25))
    state.deliver(window(11, 14))
    assert state.bookmark == day(25)
    assert state.delivered == []


def test_before_anything_is_delivered_the_bookmark_is_the_day_before() -> None:
    state = started()
    assert state.bookmark is None
    state.requested(pending(1, 10))
    assert state.bookmark == day(0)
    assert state.start == day(1)


def test_an_older_window_read_again_moves_nothing() -> None:
    state = started()
    state.deliver(window(1, 10))
    state.deliver(window(3, 8))
    assert state.bookmark == day(10)
    assert state.delivered == []


# --- gaps ------------------------------------------------------------------


def test_the_bookmark_never_passes_an_open_gap() -> None:
    state = started()
    fail(state, window(5, 6))
    state.deliver(window(1, 4))
    state.deliver(window(7, 20))
    assert state.bookmark == day(4)
    assert gaps_of(state) == [((5, 6), 1)]


def test_a_gap_closes_when_its_window_is_delivered() -> None:
    state = started()
    state.deliver(window(1, 4))
    fail(state, window(5, 6))
    state.deliver(window(7, 20))
    state.deliver(window(5, 6))
    assert state.gaps == []
    assert state.bookmark == day(20)
    assert state.closed_gaps == []


def test_a_gap_delivered_in_part_stays_open_for_the_rest() -> None:
    state = started()
    fail(state, window(1, 10))
    state.deliver(window(4, 5))
    assert gaps_of(state) == [((1, 3), 1), ((6, 10), 1)]
    assert state.bookmark == day(0)


def test_days_delivered_before_are_no_gap_when_reading_them_again_fails() -> None:
    state = started()
    state.deliver(window(1, 10))
    fail(state, window(5, 12))
    assert gaps_of(state) == [((11, 12), 1)]
    fail(state, window(1, 3))
    assert gaps_of(state) == [((11, 12), 1)]


def test_a_gap_is_tried_again_for_so_many_runs_and_then_given_up() -> None:
    state = started()
    state.deliver(window(1, 4))
    state.deliver(window(7, 9))
    for attempt in range(1, MAX_RUNS + 1):
        assert fail(state, window(5, 6)) == []
        assert gaps_of(state) == [((5, 6), attempt)]
    (closed,) = fail(state, window(5, 6))
    assert closed == ClosedGap(window(5, 6), "Amazon: FAILED", MAX_RUNS + 1, NOON)
    assert state.closed_gaps == [closed]
    assert state.gaps == []
    assert state.bookmark == day(9)


def test_the_parts_of_a_gap_keep_its_count_when_they_fail_again() -> None:
    state = started()
    for _ in range(3):
        fail(state, window(1, 10))
    fail(state, window(1, 4))
    fail(state, window(7, 12))
    assert gaps_of(state) == [((1, 4), 4), ((5, 6), 3), ((7, 10), 4), ((11, 12), 1)]


def test_history_closes_the_part_of_a_gap_that_is_past() -> None:
    state = started()
    fail(state, window(1, 10))
    (closed,) = state.close_history(day(4), NOON)
    assert closed.window == window(1, 3)
    assert gaps_of(state) == [((4, 10), 1)]
    assert state.bookmark == day(3)
    assert state.close_history(day(4), NOON) == []


def test_an_answer_that_never_changes_closes_a_gap_at_once() -> None:
    state = started()
    fail(state, window(1, 3))
    state.close(window(1, 3), people(), "too far in the past", NOON)
    assert state.gaps == []
    assert state.bookmark == day(3)
    assert [(c.reason, c.attempts) for c in state.closed_gaps] == [
        ("too far in the past", 2)
    ]


def test_a_closed_gap_is_kept_for_thirty_days() -> None:
    state = started()
    state.close(window(1), people(), "gone", NOON)
    state.forget_closed(NOON + timedelta(days=30))
    assert len(state.closed_gaps) == 1
    state.forget_closed(NOON + timedelta(days=30, seconds=1))
    assert state.closed_gaps == []


def test_what_a_start_date_cuts_off_is_no_gap_any_more() -> None:
    state = started()
    fail(state, window(2, 6))
    state.skip_to(day(4))
    assert state.bookmark == day(4)
    assert gaps_of(state) == [((5, 6), 1)]


# --- pending ---------------------------------------------------------------


def test_a_pending_report_stays_until_it_is_forgotten() -> None:
    state = started()
    state.requested(pending(1, 4, "one"))
    state.requested(pending(5, 8, "two"))
    state.requested(pending(1, 4, "one"))
    assert [p.report_id for p in state.pending] == ["two", "one"]
    state.forget("two")
    state.forget("two")
    assert spans_of(state.pending_days("")) == [(1, 4)]


# --- advertisers -----------------------------------------------------------


def test_the_bookmark_waits_for_the_slowest_advertiser() -> None:
    state = started("ab")
    state.deliver(window(1, 10), people("a"))
    assert state.bookmark == day(0)
    state.deliver(window(1, 6), people("b"))
    assert state.bookmark == day(6)
    assert state.delivered == [Delivery(window(7, 10), people("a"))]


def test_a_new_advertiser_joins_when_it_has_caught_up() -> None:
    state = started("a")
    state.deliver(window(1, 10), people("a"))
    state.cover(people("ab"), day(1))
    state.deliver(window(11, 12), people("a"))
    assert state.bookmark == day(12)
    assert state.members == people("a")
    state.deliver(window(1, 11), people("b"))
    assert state.members == people("a")
    state.deliver(window(12), people("b"))
    assert state.members == people("ab")
    assert state.bookmark == day(12)


def test_an_advertiser_that_left_is_read_anew_when_it_comes_back() -> None:
    state = started("ab")
    state.deliver(window(1, 10), people("ab"))
    state.cover(people("a"), day(1))
    state.deliver(window(11, 12), people("a"))
    assert state.bookmark == day(12)
    state.cover(people("ab"), day(1))
    assert state.members == people("a")
    assert state.done("b") == ()


def test_when_all_advertisers_are_others_reading_begins_anew() -> None:
    state = started("a")
    state.deliver(window(1, 10), people("a"))
    state.cover(people("b"), day(3))
    assert state.bookmark is None
    state.deliver(window(3, 5), people("b"))
    assert state.to_state()["start_date"] == day(3).isoformat()
    assert state.to_state()["replication_key_value"] == day(5).isoformat()


def test_a_gap_of_one_advertiser_is_no_gap_of_another() -> None:
    state = started("ab")
    state.deliver(window(1, 4), people("a"))
    fail(state, window(1, 6), "ab")
    assert [(spans_of([g.window])[0], set(g.members)) for g in state.gaps] == [
        ((1, 6), {"b"}),
        ((5, 6), {"a"}),
    ]
    state.deliver(window(1, 6), people("b"))
    assert [set(g.members) for g in state.gaps] == [{"a"}]
    assert state.bookmark == day(4)


# --- the state -------------------------------------------------------------


def full_state() -> PartitionState:
    state = started("ab", first=2)
    state.deliver(window(2, 4), people("ab"))
    state.deliver(window(8, 9), people("a"))
    state.close(window(5), people("ab"), "gone", NOON)
    fail(state, window(6, 7), "ab")
    state.requested(pending(10, 11, "r.1:eu", "ab"))
    return state


def test_the_state_is_as_documented() -> None:
    state = started()
    state.deliver(window(1, 2))
    fail(state, window(3))
    state.requested(pending(4, 5))
    assert state.to_state() == {
        "version": 1,
        "replication_key_value": "2026-10-02",
        "start_date": "2026-10-01",
        "pending_reports": [
            {
                "report_id": "r1",
                "start": "2026-10-04",
                "end": "2026-10-05",
                "fingerprint": "f" * 16,
                "requested_at": "2026-11-20T12:00:00+00:00",
            }
        ],
        "gaps": [
            {
                "start": "2026-10-03",
                "end": "2026-10-03",
                "reason": "Amazon: FAILED",
                "attempts": 1,
            }
        ],
    }


def test_empty_lists_are_left_out_of_the_state() -> None:
    assert PartitionState().to_state() == {"version": 1}
    state = started()
    state.deliver(window(1))
    assert set(state.to_state()) == {"version", "replication_key_value", "start_date"}


def test_a_state_comes_back_as_it_was() -> None:
    state = full_state()
    written = json.loads(json.dumps(state.to_state()))
    again = PartitionState.from_state(written)
    assert again.to_state() == state.to_state()
    for part in ("bookmark", "start", "members", "delivered", "gaps", "closed_gaps"):
        assert getattr(again, part) == getattr(state, part), part
    assert again.pending == state.pending


def test_a_bookmark_written_as_an_instant_is_read_as_its_day() -> None:
    entry = {"replication_key_value": "2026-10-04T00:00:00+00:00"}
    assert PartitionState.from_state(entry).bookmark == day(4)


def test_extra_keys_and_the_sdks_own_are_no_damage() -> None:
    entry = {"replication_key_value": "2026-10-04", "starting_replication_value": None}
    assert PartitionState.from_state(entry).bookmark == day(4)


SPAN = {"start": "2026-10-01", "end": "2026-10-02"}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"replication_key_value": "yesterday"}, "yesterday"),
        ({"gaps": {"0": SPAN}}, "gaps is not a list"),
        ({"gaps": ["2026-10-01"]}, "gaps is not a list"),
        ({"gaps": [{**SPAN, "reason": "x"}]}, "an entry without attempts"),
        ({"gaps": [{**SPAN, "reason": "x", "attempts": "many"}]}, "many"),
        ({"delivered": [{"start": "2026-10-01"}]}, "an entry without end"),
        ({"delivered": [{"start": "2026-10-02", "end": "2026-10-01"}]}, "cannot end"),
        ({"delivered": [{**SPAN, "advertiser_ids": "a"}]}, "advertiser_ids"),
        ({"pending_reports": [SPAN]}, "an entry without report_id"),
        (
            {
                "pending_reports": [
                    {
                        **SPAN,
                        "report_id": "r",
                        "fingerprint": "f",
                        "requested_at": "2026-10-01T00:00:00",
                    }
                ]
            },
            "no time zone",
        ),
    ],
)
def test_a_damaged_state_says_what_is_wrong(
    entry: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        PartitionState.from_state(entry)
