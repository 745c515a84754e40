"""The database of target-amazon-audience, as runs against an emulator leave it."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from golden.goldens import DATA, Json, shape
from golden.seam import AUDIENCE_NOON, MIRROR, Emulator, WAITING, Room, person

DATABASE, ADDRESS = "audience.sqlite3.gz", "http://emulator.test"
OTHER = {"external_audience_id": "newsletter", "audience_name": "newsletter"}


@contextmanager
def room(folder: Path) -> Iterator[Room]:
    """Yield a folder for runs, and an emulator whose clock stands still."""
    with (
        Emulator(now=AUDIENCE_NOON, frozen=True) as emulator,
        pytest.MonkeyPatch.context() as patch,
    ):
        yield Room(folder, patch, emulator=emulator)


def history(room: Room) -> dict[str, Json]:
    """Fill two audiences, one of them a mirror; leave a job open.

    Returns the summaries of these runs.
    """
    mirror = room.mirror([person(n) for n in range(1, 7)])
    append = room.good([person(n) for n in range(1, 6)], **OTHER, **WAITING)
    room.client.change(job_ready_after_seconds=7200)
    waiting = room.good([person(6), person(7)], **OTHER)
    return {
        "mirror": shape(mirror.summary),
        "append": shape(append.summary),
        "waiting": shape(waiting.summary),
    }


def keep_golden(room: Room) -> None:
    """Store the room's database, without the port of its emulator."""
    text = room.database.read_bytes()
    room.database.with_suffix(".copy").write_bytes(text)
    _rename(room.database.with_suffix(".copy"), room.emulator.url, ADDRESS)
    text = room.database.with_suffix(".copy").read_bytes()
    (DATA / DATABASE).write_bytes(gzip.compress(text, 9, mtime=0))


def take_golden(room: Room) -> None:
    """Put the stored database in the place of the room's own."""
    for file in room.database.parent.glob(f"{room.database.name}*"):
        file.unlink()
    room.database.write_bytes(gzip.decompress((DATA / DATABASE).read_bytes()))
    _rename(room.database, ADDRESS, room.emulator.url)


def _rename(path: Path, before: str, after: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        change = "update audiences set key = replace(key, ?, ?)"
        database.execute(change, (before, after))


def schema_of(path: Path) -> dict[str, str]:
    """Return what SQLite keeps of each table and index, and the numbers of the file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        found = dict(
            database.execute(
                "select type || ' ' || name, coalesce(sql, '') from sqlite_master"
            ).fetchall()
        )
        for name in ("user_version", "application_id", "journal_mode", "auto_vacuum"):
            found[name] = str(database.execute(f"pragma {name}").fetchone()[0])
    return found


def rows_of(path: Path, url: str) -> dict[str, list[list[str]]]:
    """Return all rows but for who owns a batch and when things happened."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        tables = [
            name
            for (name,) in database.execute(
                "select name from sqlite_master where type = 'table' order by name"
            )
        ]
        found = {}
        for table in tables:
            cursor = database.execute(f"select * from {table} order by 1, 2")  # noqa: S608 - names of its own
            names = [column[0] for column in cursor.description]
            found[table] = [
                [
                    f"{name}={value!r}".replace(url, ADDRESS)
                    for name, value in zip(names, row, strict=True)
                    if name != "owner" and not name.endswith("_at")
                ]
                for row in cursor
            ]
    return found
