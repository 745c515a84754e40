"""What is delivered, missing and pending, event by event."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from singer_amazon.reports.ledger import Ledger
from singer_amazon.reports.model import ClosedGap, Delivery, Window
from support.report_parts import NOON, day, pending, people, spans_of, window

MAX_RUNS = 5


def started(names: str = "", first: int = 1) -> Ledger:
    """Return the ledger of a run that begins on this day."""
    ledger = Ledger()
    ledger.cover(people(names), day(first))
    return ledger


def fail(ledger: Ledger, failed: Window, names: str = "") -> list[ClosedGap]:
    return ledger.fail(
        failed, people(names), "Amazon: FAILED", now=NOON, max_runs=MAX_RUNS
    )


def gaps_of(ledger: Ledger) -> list[tuple[tuple[int, int], int]]:
    return [(spans_of([g.window])[0], g.attempts) for g in ledger.gaps]


# --- the bookmark ----------------------------------------------------------


def test_the_bookmark_is_the_end_of_what_is_delivered_without_a_hole() -> None:
    ledger = started()
    ledger.deliver(window(1, 10))
    assert ledger.bookmark == day(10)
    ledger.deliver(window(15, 20))
    assert ledger.bookmark == day(10)
    assert ledger.delivered == [Delivery(window(15, 20))]


def test_windows_beyond_a_hole_melt_into_the_bookmark_when_it_closes() -> None:
    ledger = started()
    ledger.deliver(window(1, 10))
    ledger.deliver(window(15, 20))
    ledger.deliver(window(21, 25))
    ledger.deliver(window(11, 14))
    assert ledger.bookmark == day(25)
    assert ledger.delivered == []


def test_before_anything_is_delivered_the_bookmark_is_the_day_before() -> None:
    ledger = started()
    assert ledger.bookmark is None
    ledger.requested(pending(1, 10))
    assert ledger.bookmark == day(0)
    assert ledger.start == day(1)


def test_an_older_window_read_again_moves_nothing() -> None:
    ledger = started()
    ledger.deliver(window(1, 10))
    ledger.deliver(window(3, 8))
    assert ledger.bookmark == day(10)
    assert ledger.delivered == []


# --- gaps ------------------------------------------------------------------


def test_the_bookmark_never_passes_an_open_gap() -> None:
    ledger = started()
    fail(ledger, window(5, 6))
    ledger.deliver(window(1, 4))
    ledger.deliver(window(7, 20))
    assert ledger.bookmark == day(4)
    assert gaps_of(ledger) == [((5, 6), 1)]


def test_a_gap_closes_when_its_window_is_delivered() -> None:
    ledger = started()
    ledger.deliver(window(1, 4))
    fail(ledger, window(5, 6))
    ledger.deliver(window(7, 20))
    ledger.deliver(window(5, 6))
    assert ledger.gaps == []
    assert ledger.bookmark == day(20)
    assert ledger.closed_gaps == []


def test_a_gap_delivered_in_part_stays_open_for_the_rest() -> None:
    ledger = started()
    fail(ledger, window(1, 10))
    ledger.deliver(window(4, 5))
    assert gaps_of(ledger) == [((1, 3), 1), ((6, 10), 1)]
    assert ledger.bookmark == day(0)


def test_days_delivered_before_are_no_gap_when_reading_them_again_fails() -> None:
    ledger = started()
    ledger.deliver(window(1, 10))
    fail(ledger, window(5, 12))
    assert gaps_of(ledger) == [((11, 12), 1)]
    fail(ledger, window(1, 3))
    assert gaps_of(ledger) == [((11, 12), 1)]


def test_a_gap_is_tried_again_for_so_many_runs_and_then_given_up() -> None:
    ledger = started()
    ledger.deliver(window(1, 4))
    ledger.deliver(window(7, 9))
    for attempt in range(1, MAX_RUNS + 1):
        assert fail(ledger, window(5, 6)) == []
        assert gaps_of(ledger) == [((5, 6), attempt)]
    (closed,) = fail(ledger, window(5, 6))
    assert closed == ClosedGap(window(5, 6), "Amazon: FAILED", MAX_RUNS + 1, NOON)
    assert ledger.closed_gaps == [closed]
    assert ledger.gaps == []
    assert ledger.bookmark == day(9)


def test_the_parts_of_a_gap_keep_its_count_when_they_fail_again() -> None:
    ledger = started()
    for _ in range(3):
        fail(ledger, window(1, 10))
    fail(ledger, window(1, 4))
    fail(ledger, window(7, 12))
    assert gaps_of(ledger) == [((1, 4), 4), ((5, 6), 3), ((7, 10), 4), ((11, 12), 1)]


def test_history_closes_the_part_of_a_gap_that_is_past() -> None:
    ledger = started()
    fail(ledger, window(1, 10))
    (closed,) = ledger.close_history(day(4), NOON)
    assert closed.window == window(1, 3)
    assert gaps_of(ledger) == [((4, 10), 1)]
    assert ledger.bookmark == day(3)
    assert ledger.close_history(day(4), NOON) == []


def test_an_answer_that_never_changes_closes_a_gap_at_once() -> None:
    ledger = started()
    fail(ledger, window(1, 3))
    ledger.close(window(1, 3), people(), "too far in the past", NOON)
    assert ledger.gaps == []
    assert ledger.bookmark == day(3)
    assert [(c.reason, c.attempts) for c in ledger.closed_gaps] == [
        ("too far in the past", 2)
    ]


def test_a_closed_gap_is_kept_for_thirty_days() -> None:
    ledger = started()
    ledger.close(window(1), people(), "gone", NOON)
    ledger.forget_closed(NOON + timedelta(days=30))
    assert len(ledger.closed_gaps) == 1
    ledger.forget_closed(NOON + timedelta(days=30, seconds=1))
    assert ledger.closed_gaps == []


def test_what_a_start_date_cuts_off_is_no_gap_any_more() -> None:
    ledger = started()
    fail(ledger, window(2, 6))
    ledger.skip_to(day(4))
    assert ledger.bookmark == day(4)
    assert gaps_of(ledger) == [((5, 6), 1)]


# --- pending ---------------------------------------------------------------


def test_a_pending_report_stays_until_it_is_forgotten() -> None:
    ledger = started()
    ledger.requested(pending(1, 4, "one"))
    ledger.requested(pending(5, 8, "two"))
    ledger.requested(pending(1, 4, "one"))
    assert [p.report_id for p in ledger.pending] == ["two", "one"]
    ledger.forget("two")
    ledger.forget("two")
    assert spans_of(ledger.pending_days("")) == [(1, 4)]


# --- advertisers -----------------------------------------------------------


def test_the_bookmark_waits_for_the_slowest_advertiser() -> None:
    ledger = started("ab")
    ledger.deliver(window(1, 10), people("a"))
    assert ledger.bookmark == day(0)
    ledger.deliver(window(1, 6), people("b"))
    assert ledger.bookmark == day(6)
    assert ledger.delivered == [Delivery(window(7, 10), people("a"))]


def test_a_new_advertiser_joins_when_it_has_caught_up() -> None:
    ledger = started("a")
    ledger.deliver(window(1, 10), people("a"))
    ledger.cover(people("ab"), day(1))
    ledger.deliver(window(11, 12), people("a"))
    assert ledger.bookmark == day(12)
    assert ledger.members == people("a")
    ledger.deliver(window(1, 11), people("b"))
    assert ledger.members == people("a")
    ledger.deliver(window(12), people("b"))
    assert ledger.members == people("ab")
    assert ledger.bookmark == day(12)


def test_an_advertiser_that_left_is_read_anew_when_it_comes_back() -> None:
    ledger = started("ab")
    ledger.deliver(window(1, 10), people("ab"))
    ledger.cover(people("a"), day(1))
    ledger.deliver(window(11, 12), people("a"))
    assert ledger.bookmark == day(12)
    ledger.cover(people("ab"), day(1))
    assert ledger.members == people("a")
    assert ledger.done("b") == ()


def test_when_all_advertisers_are_others_reading_begins_anew() -> None:
    ledger = started("a")
    ledger.deliver(window(1, 10), people("a"))
    ledger.cover(people("b"), day(3))
    assert ledger.bookmark is None
    ledger.deliver(window(3, 5), people("b"))
    assert ledger.to_state()["start_date"] == day(3).isoformat()
    assert ledger.to_state()["replication_key_value"] == day(5).isoformat()


def test_a_gap_of_one_advertiser_is_no_gap_of_another() -> None:
    ledger = started("ab")
    ledger.deliver(window(1, 4), people("a"))
    fail(ledger, window(1, 6), "ab")
    assert [(spans_of([g.window])[0], set(g.members)) for g in ledger.gaps] == [
        ((1, 6), {"b"}),
        ((5, 6), {"a"}),
    ]
    ledger.deliver(window(1, 6), people("b"))
    assert [set(g.members) for g in ledger.gaps] == [{"a"}]
    assert ledger.bookmark == day(4)


# --- the state -------------------------------------------------------------


def full_ledger() -> Ledger:
    ledger = started("ab", first=2)
    ledger.deliver(window(2, 4), people("ab"))
    ledger.deliver(window(8, 9), people("a"))
    ledger.close(window(5), people("ab"), "gone", NOON)
    fail(ledger, window(6, 7), "ab")
    ledger.requested(pending(10, 11, "r-é", "ab"))
    return ledger


def test_the_state_is_as_documented() -> None:
    ledger = started()
    ledger.deliver(window(1, 2))
    fail(ledger, window(3))
    ledger.requested(pending(4, 5))
    assert ledger.to_state() == {
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
    assert Ledger().to_state() == {"version": 1}
    ledger = started()
    ledger.deliver(window(1))
    assert set(ledger.to_state()) == {"version", "replication_key_value", "start_date"}


def test_a_state_comes_back_as_it_was() -> None:
    ledger = full_ledger()
    written = json.loads(json.dumps(ledger.to_state()))
    again = Ledger.from_state(written)
    assert again.to_state() == ledger.to_state()
    for part in ("bookmark", "start", "members", "delivered", "gaps", "closed_gaps"):
        assert getattr(again, part) == getattr(ledger, part), part
    assert again.pending == ledger.pending


def test_a_bookmark_written_as_an_instant_is_read_as_its_day() -> None:
    entry = {"replication_key_value": "2026-10-04T00:00:00+00:00"}
    assert Ledger.from_state(entry).bookmark == day(4)


def test_extra_keys_and_the_sdks_own_are_no_damage() -> None:
    entry = {"replication_key_value": "2026-10-04", "starting_replication_value": None}
    assert Ledger.from_state(entry).bookmark == day(4)


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
        Ledger.from_state(entry)
