"""The database of target-amazon-audience is made and gone on from as it was."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from golden import goldens as g
from golden.goldens import Json, Room, check, golden

DATABASE, ADDRESS = g.DATA / "audience.sqlite3.gz", "http://emulator.test"
OTHER = {"external_audience_id": "newsletter", "audience_name": "newsletter"}
VOLATILE = ("owner", "created_at", "accepted_at", "sent_at", "last_run_at")


@contextmanager
def opened(folder: Path) -> Iterator[Room]:
    """Yield a folder for runs, and an emulator whose clock stands still."""
    with g.Emulator() as emulator, pytest.MonkeyPatch.context() as patch:
        yield Room(folder, patch, emulator=emulator)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with opened(tmp_path) as found:
        yield found


def people(first: int, last: int) -> list[Json]:
    return [g.person(number) for number in range(first, last + 1)]


def history(room: Room) -> list[Json]:
    """Fill two audiences, the first a mirror; leave a job open; return summaries."""
    mirror = room.good(people(1, 6), **g.MIRROR)
    append = room.good(people(1, 5), **OTHER, **g.WAITING)
    room.client.change(job_ready_after_seconds=7200)
    left = room.good(people(6, 7), **OTHER)
    return [g.shape(ran.summary) for ran in (mirror, append, left)]


def rename(path: Path, before: str, after: str) -> None:
    """Put another address of the emulator into a database: its port varies."""
    change = "update audiences set key = replace(key, ?, ?)"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(change, (before, after))


def take_golden(room: Room) -> None:
    """Put the stored database in the place of the room's own; let a day pass."""
    for file in room.database.parent.glob(f"{room.database.name}*"):
        file.unlink()
    room.database.write_bytes(gzip.decompress(DATABASE.read_bytes()))
    rename(room.database, ADDRESS, room.emulator.url)
    room.client.change(job_ready_after_seconds=0)
    room.client.advance(86400)


def described(room: Room) -> Json:
    """Return schema and rows, but for who owns a batch and when things happened."""
    with closing(sqlite3.connect(room.database)) as database:
        database.row_factory = sqlite3.Row
        read = database.execute
        schema = dict(map(tuple, read("select name, sql from sqlite_master")))
        schema["user_version"] = read("pragma user_version").fetchone()[0]
        rows: Json = {}
        for (name,) in read("select name from sqlite_master where type = 'table'"):
            for row in map(dict, read(f"select * from {name} order by 1, 2")):  # noqa: S608 - its own names
                kept = {k: v for k, v in row.items() if k not in VOLATILE}
                text = repr(kept).replace(room.emulator.url, ADDRESS)
                rows.setdefault(name, []).append(text)
    return {"schema": schema, "rows": rows}


def make() -> Json:
    """Store the database; return what is kept beside it."""
    with TemporaryDirectory() as folder, opened(Path(folder)) as room:
        found = {"summaries": history(room), "database": described(room)}
        rename(room.database, room.emulator.url, ADDRESS)
        DATABASE.write_bytes(gzip.compress(room.database.read_bytes(), 9, mtime=0))
    return found


def test_the_same_runs_give_the_same_database_and_summaries(room: Room) -> None:
    check(golden("audience.json")["summaries"], history(room))
    check(golden("audience.json")["database"], described(room))


def test_a_mirror_goes_on_from_the_golden_database(room: Room) -> None:
    history(room)
    take_golden(room)
    check(golden("audience.json")["database"], described(room))
    ran = room.good(people(2, 7), **g.MIRROR)
    counts = ran.report["mirror"]
    assert (counts["known"], counts["new"], counts["removed"]) == (6, 1, 1)
    assert (counts["changed"], counts["sent_again"], ran.report["sent"]) == (0, 0, 2)
    mirrored, _ = room.client.audiences()
    assert room.who(mirrored.audience_id) == {f"user-{n}" for n in range(2, 8)}


def test_a_job_left_open_is_looked_at_and_not_sent_again(room: Room) -> None:
    history(room)
    take_golden(room)
    jobs = len(room.jobs())
    report = room.good([], **OTHER, **g.WAITING).report
    assert (report["batches_of_earlier_runs"], report["batches_completed"]) == (1, 1)
    assert (report["created"], len(room.jobs())) == (False, jobs)
    _, appended = room.client.audiences()
    assert room.who(appended.audience_id) == {f"user-{n}" for n in range(1, 8)}
