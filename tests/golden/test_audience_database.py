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
from golden.goldens import Json, Runner, check, golden

DATABASE, ADDRESS = g.DATA / "audience.sqlite3.gz", "http://emulator.test"
OLD = g.DATA / "audience_first_release.sqlite3.gz"
"""What a release wrote that knew no names of audiences; it stays as it is."""
OTHER = {"external_audience_id": "newsletter", "audience_name": "newsletter"}
VOLATILE = ("owner", "created_at", "accepted_at", "sent_at", "last_run_at", "seen_at")


@contextmanager
def opened(folder: Path) -> Iterator[Runner]:
    """Yield a folder for runs, and an emulator whose clock stands still."""
    with pytest.MonkeyPatch.context() as patch:
        yield Runner(folder, patch, g.InProcessEmulator())


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Runner]:
    with opened(tmp_path) as found:
        yield found


def people(first: int, last: int) -> list[Json]:
    return [g.person(number) for number in range(first, last + 1)]


def history(target: Runner) -> list[Json]:
    """Fill two audiences, the first a mirror; leave a job open; return summaries."""
    mirror = target.mirror(*people(1, 6))
    append = target.good(people(1, 5), **OTHER, **g.WAIT)
    target.client.change(job_ready_after_seconds=7200)
    left = target.good(people(6, 7), **OTHER)
    return [g.shape(ran.summary) for ran in (mirror, append, left)]


def rename(path: Path, before: str, after: str) -> None:
    """Put another address of the emulator into a database: its port varies."""
    change = "update audiences set key = replace(key, ?, ?)"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(change, (before, after))


def take_golden(target: Runner, stored: Path = DATABASE) -> None:
    """Put a stored database in the place of the target's own; let a day pass."""
    for file in target.database.parent.glob(f"{target.database.name}*"):
        file.unlink()
    target.database.write_bytes(gzip.decompress(stored.read_bytes()))
    rename(target.database, ADDRESS, g.URL)
    target.client.change(job_ready_after_seconds=0)
    target.client.advance(86400)


def described(target: Runner) -> Json:
    """Return schema and rows, but for who owns a batch and when things happened."""
    with closing(sqlite3.connect(target.database)) as database:
        database.row_factory = sqlite3.Row
        read = database.execute
        schema = dict(map(tuple, read("select name, sql from sqlite_master")))
        schema["user_version"] = read("pragma user_version").fetchone()[0]
        rows: Json = {}
        for (name,) in read("select name from sqlite_master where type = 'table'"):
            for row in map(dict, read(f"select * from {name} order by 1, 2")):  # noqa: S608 - its own names
                kept = {k: v for k, v in row.items() if k not in VOLATILE}
                text = repr(kept).replace(g.URL, ADDRESS)
                rows.setdefault(name, []).append(text)
    return {"schema": schema, "rows": rows}


def make() -> Json:
    """Store the database; return what is kept beside it."""
    with TemporaryDirectory() as folder, opened(Path(folder)) as target:
        found = {"summaries": history(target), "database": described(target)}
        rename(target.database, g.URL, ADDRESS)
        DATABASE.write_bytes(gzip.compress(target.database.read_bytes(), 9, mtime=0))
    return found


def test_the_same_runs_give_the_same_database_and_summaries(target: Runner) -> None:
    check(golden("audience.json")["summaries"], history(target))
    check(golden("audience.json")["database"], described(target))


@pytest.mark.parametrize("stored", [DATABASE, OLD])
def test_a_mirror_goes_on_from_the_golden_database(
    target: Runner, stored: Path
) -> None:
    history(target)
    take_golden(target, stored)
    if stored == DATABASE:
        check(golden("audience.json")["database"], described(target))
    ran = target.mirror(*people(2, 7))
    counts = ran.report["mirror"]
    assert (counts["known"], counts["new"], counts["removed"]) == (6, 1, 1)
    assert (counts["changed"], counts["sent_again"], ran.report["sent"]) == (0, 0, 2)
    mirrored, _ = target.client.audiences()
    assert target.members(mirrored.audience_id) == {f"user-{n}" for n in range(2, 8)}


def test_a_job_left_open_is_looked_at_and_not_sent_again(target: Runner) -> None:
    history(target)
    take_golden(target)
    jobs = len(target.jobs())
    report = target.good([], **OTHER, **g.WAIT).report
    assert (report["batches_of_earlier_runs"], report["batches_completed"]) == (1, 1)
    assert (report["created"], len(target.jobs())) == (False, jobs)
    _, appended = target.client.audiences()
    assert target.members(appended.audience_id) == {f"user-{n}" for n in range(1, 8)}
