"""`state`: what a state says, and the window that is read again."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.clock import FakeClock
from singer_amazon.commands import state_edits
from singer_amazon.commands.state import state_command
from singer_amazon.errors import ConfigError
from singer_amazon.reports import periods
from singer_amazon.reports.model import Window
from singer_amazon.reports.partition_state import PartitionState
from singer_amazon.reports.periods import DayGrid
from singer_amazon.reports.windows import DateRange, RequestLimits, plan

NOW = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
STREAM = "sponsored_products_campaign_by_campaign"


def document() -> dict[str, Any]:
    """A state with everything people look for."""
    entry = {
        "context": {"profile_id": "11"},
        "version": 1,
        "replication_key": "date",
        "replication_key_value": "2026-11-20",
        "start_date": "2026-11-01",
        "pending_reports": [
            {
                "report_id": "r-1",
                "start": "2026-11-22",
                "end": "2026-11-24",
                "fingerprint": "f" * 16,
                "requested_at": "2026-11-28T09:30:00+00:00",
            }
        ],
        "gaps": [
            {
                "start": "2026-11-21",
                "end": "2026-11-21",
                "reason": "it FAILED",
                "attempts": 2,
            }
        ],
    }
    other = {
        "context": {"profile_id": "12"},
        "replication_key_value": "2026-11-27",
        "start_date": "2026-11-01",
    }
    return {"bookmarks": {STREAM: {"partitions": [entry, {**other, "version": 1}]}}}


def call(*arguments: str, text: str | None = None) -> Result:
    command = state_command(lambda name: name == STREAM, FakeClock(NOW))
    given = json.dumps(document()) if text is None else text
    return CliRunner().invoke(command, list(arguments), input=given)


def test_a_state_is_shown_as_a_table_for_people() -> None:
    shown = call("show").stdout.splitlines()
    assert shown[0].split("\t")[:4] == ["stream", "account", "bookmark", "days behind"]
    first = shown[1].split("\t")
    assert first[:5] == [STREAM, "11", "2026-11-20", "7", "1"]
    assert first[5].strip() == "2.5 h"
    assert first[6] == "2026-11-21..2026-11-21: it FAILED"
    assert "close-gap" in call("show").stderr
    assert call("show", text="{}").stderr == "no state yet\n"
    wrapped = json.dumps({"completed": {}, "singer_state": document()})
    assert call("show", text=wrapped).stdout.splitlines() == shown
    assert len(json.loads(call("show", "--json").stdout)) == 2


def test_no_state_yet_is_no_error() -> None:
    for text in ("", "{}", "\n"):
        assert call("show", text=text).exit_code == 0
        assert call("check", text=text).exit_code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not valid JSON"),
        ("[]", "is not one JSON object"),
        ('{"bookmarks": []}', "bookmarks is no object"),
        ('{"value": {}}', "it has no bookmarks"),
        ('{"bookmarks": {"x": {"partitions": {}}}}', "no list of objects"),
        ('{"bookmarks": {"x": {"partitions": [{}]}}}', "no such stream"),
        (
            json.dumps(
                {"bookmarks": {STREAM: {"partitions": [{"gaps": [{"start": 1}]}]}}}
            ),
            "is damaged",
        ),
    ],
)
def test_a_damaged_or_foreign_state_is_a_sentence(text: str, words: str) -> None:
    ran = call("check", text=text)
    said = ran.stdout + str(ran.exception)
    assert ran.exit_code == 1
    assert words in said
    assert "Traceback" not in said


def test_days_are_read_again_and_nothing_else() -> None:
    ran = call(
        *("reread", "--stream", STREAM, "--account", "12"),
        *("--from", "2026-11-10", "--to", "2026-11-12"),
    )
    changed = json.loads(ran.stdout)
    before = document()["bookmarks"][STREAM]["partitions"]
    untouched, moved = changed["bookmarks"][STREAM]["partitions"]
    assert untouched == before[0]
    assert moved["replication_key_value"] == "2026-11-09"
    assert moved["delivered"] == [{"start": "2026-11-13", "end": "2026-11-27"}]
    assert "1 partitions are read again" in ran.stderr


def test_what_cannot_be_read_again_is_a_sentence() -> None:
    days = ("--from", "2026-12-01", "--to", "2026-12-02")
    for stream, words in (
        ("nobody", "the state has no nobody"),
        (STREAM, "no bookmark"),
    ):
        ran = call("reread", "--stream", stream, *days)
        assert words in str(ran.exception)


def test_a_gap_is_given_up_and_the_bookmark_moves_on() -> None:
    changed = json.loads(call("close-gap", "--stream", STREAM).stdout)
    entry = changed["bookmarks"][STREAM]["partitions"][0]
    assert "gaps" not in entry
    assert entry["replication_key_value"] == "2026-11-21"
    assert "closed by hand" in entry["closed_gaps"][0]["reason"]


DAYS = st.integers(0, 40).map(lambda n: date(2026, 10, 1) + timedelta(days=n))


@given(bookmark=DAYS, first=DAYS, length=st.integers(1, 10))
def test_the_next_plan_asks_for_exactly_the_window(
    bookmark: date, first: date, length: int
) -> None:
    """Of what was delivered, the days of the window and no others are asked again."""
    last = first + timedelta(days=length - 1)
    state = PartitionState(bookmark=bookmark, start=date(2026, 9, 1))
    entry = {"context": {"profile_id": "1"}, "start_date": "x", **state.to_state()}
    found = {"bookmarks": {STREAM: {"partitions": [entry]}}}
    try:
        state_edits.reread(found, STREAM, "", first, last)
    except ConfigError:
        assert first > bookmark
        return
    edited = PartitionState.from_state(entry)
    end = max(bookmark, last)
    days = DateRange(date(2026, 9, 1), end, oldest_kept=date(2026, 8, 1))
    asked = plan(edited, days, RequestLimits(DayGrid(31), lookback=0)).requests
    expected = [Window(first, min(last, bookmark))]
    if last > bookmark:
        expected.append(Window(bookmark + timedelta(days=1), last))
    assert periods.union(r.window for r in asked) == periods.union(expected)


def test_golden_states_are_shown(tmp_path: Path) -> None:
    path = Path(__file__).parents[2] / "golden" / "data" / "states.json"
    for case in json.loads(path.read_text()).values():
        for found in case.values():
            if isinstance(found, dict) and "bookmarks" in found.get("state", {}):
                file = tmp_path / "state.json"
                file.write_text(json.dumps(found["state"]))
                assert call("show", str(file)).exit_code == 0
