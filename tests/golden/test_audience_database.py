"""A database of before the restructuring is made and gone on from as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from golden import audience
from golden.audience import OTHER, rows_of, schema_of
from golden.goldens import check, golden
from golden.seam import WAITING, Room, person


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with audience.room(tmp_path) as found:
        yield found


def test_the_same_runs_give_the_same_database_and_summaries(
    room: Room, tmp_path: Path
) -> None:
    summaries = audience.history(room)
    check(golden("audience.json")["summaries"], summaries)
    check(golden("audience.json")["schema"], schema_of(room.database))
    fresh = rows_of(room.database, room.emulator.url)
    audience.take_golden(room)
    check(fresh, rows_of(room.database, room.emulator.url))


def test_a_mirror_goes_on_from_the_golden_database(room: Room) -> None:
    audience.history(room)
    mirrored, _ = room.client.audiences()
    audience.take_golden(room)
    room.client.change(job_ready_after_seconds=0)
    room.client.advance(86400)
    ran = room.mirror([person(n) for n in range(2, 8)])
    assert ran.error is None
    counts = ran.report["mirror"]
    assert (counts["known"], counts["new"], counts["removed"]) == (6, 1, 1)
    assert (counts["changed"], counts["sent_again"]) == (0, 0)
    assert ran.report["sent"] == 2
    assert room.who(mirrored.audience_id) == {f"user-{n}" for n in range(2, 8)}


def test_a_job_left_open_is_looked_at_first(room: Room) -> None:
    audience.history(room)
    _, appended = room.client.audiences()
    audience.take_golden(room)
    room.client.advance(86400)
    jobs = len(room.jobs())
    ran = room.good([], **OTHER, **WAITING)
    assert ran.report["batches_of_earlier_runs"] == 1
    assert ran.report["batches_completed"] == 1
    assert not ran.report["created"]
    assert len(room.jobs()) == jobs
    assert room.who(appended.audience_id) == {f"user-{n}" for n in range(1, 8)}
