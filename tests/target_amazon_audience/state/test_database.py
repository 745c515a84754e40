"""The database file: what a crash leaves of it, and what erasing leaves."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from target_amazon_audience.state.database import erase
from target_amazon_audience.state.store import AudienceStore, Draft

DRAFT = Draft(1, "customers", "CREATE", None, 1, b"[]")
MUCH = Draft(1, "customers", "CREATE", None, 1, bytes(10_000_000))


def crashed(folder: Path) -> Path:
    """Return a database whose writer died in the middle of a transaction."""
    store = AudienceStore(folder / "state.sqlite3", owner="first")
    store.accepted(store.draft(DRAFT), "job", 0.0, "connection")
    copy = folder / "crashed.sqlite3"
    with store.transaction() as db:
        db.execute("update batches set job_id = 'half'")
        store.insert(db, MUCH)  # more than is held in memory: the file has changed
        for end in ("", "-journal"):
            shutil.copy(f"{store.path}{end}", f"{copy}{end}")
    store.close()
    assert Path(f"{copy}-journal").stat().st_size
    return copy


def test_a_dry_run_reads_what_a_crash_has_left(tmp_path: Path) -> None:
    store = AudienceStore(crashed(tmp_path), owner="second", read_only=True)
    assert [batch.job_id for batch in store.open_batches(1)] == ["job"]
    store.close()


def test_the_next_run_goes_on_from_what_was_whole(tmp_path: Path) -> None:
    store = AudienceStore(crashed(tmp_path), owner="second")
    assert [batch.job_id for batch in store.open_batches(1)] == ["job"]
    assert store.payload(1) == b"[]"
    assert store.payload(2) == b"[]"  # never there
    store.close()


def test_a_payload_is_kept_whole(tmp_path: Path) -> None:
    store = AudienceStore(tmp_path / "state.sqlite3", owner="first")
    payload = bytes(range(256)) * 5000  # more than one part
    batch = store.draft(replace(DRAFT, payload=memoryview(payload)))
    other = store.draft(DRAFT)
    assert store.payload(batch) == payload
    store.forget(batch)
    assert store.payload(batch) == b"[]"
    with store.reading() as db:
        assert db.execute("select batch from payloads").fetchall() == [(other,)]
    store.close()


def of_the_first_release(folder: Path) -> Path:
    """Return a database without what later releases have added."""
    store = AudienceStore(folder / "old.sqlite3", owner="first")
    store.made("key", 5, 0.0)
    with store.transaction() as db:
        for added in (
            "table mirror_streams",
            "table audience_names",
            "index volume_by_time",
        ):
            db.execute(f"drop {added}")
    store.close()
    return store.path


def test_a_database_of_the_first_release_gets_what_is_new(tmp_path: Path) -> None:
    path = of_the_first_release(tmp_path)
    store = AudienceStore(path, owner="second")
    store.named(5, "loyal", 1.0)
    store.mirrored(5, ["customers"])
    store.close()
    later = AudienceStore(path, owner="third", read_only=True)
    assert (later.audience("key"), later.name(5)) == (5, "loyal")
    assert later.mirrored_streams(5) == {"customers"}
    later.close()


def test_a_database_of_the_first_release_is_read_as_it_is(tmp_path: Path) -> None:
    path = of_the_first_release(tmp_path)
    before = path.read_bytes()
    store = AudienceStore(path, owner="second", read_only=True)
    assert (store.audience("key"), store.name(5)) == (5, None)
    assert store.mirrored_streams(5) == set()
    store.close()
    assert path.read_bytes() == before


def test_erasing_leaves_no_journal(tmp_path: Path) -> None:
    path = crashed(tmp_path)
    erase(path)
    assert not list(tmp_path.glob("crashed*"))
