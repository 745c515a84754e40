"""What this target remembers: audiences it made, open batches and their jobs.

Every method is one transaction, so that a crash leaves no half of anything. Threads
may call it; one lock lets them in one at a time.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from target_amazon_audience.errors import StateFileError
from target_amazon_audience.state.database import open_database

_HOUR = 3600.0
_PART_BYTES = 1024 * 1024
_DAMAGES = (sqlite3.Error, TypeError, ValueError)
"""What comes of a file that is damaged; values that are none are of the last two."""


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch whose job has not been seen to end; its payload is read on demand."""

    id: int
    stream: str
    action: str
    rows: int
    job_id: str
    accepted_at: float
    attempts: int
    is_kept: bool = True
    """Whether it stands in the database."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch on its way to Amazon."""

    audience_id: int
    stream: str
    action: str
    target: str | None
    rows: int
    payload: bytes | memoryview
    attempts: int = 1


class AudienceStore:
    """One connection to the database, shared by the threads of a run."""

    def __init__(self, path: Path, *, owner: str, read_only: bool = False) -> None:
        self.path = path
        self._owner = owner
        self._lock = threading.RLock()
        self._connection = open_database(path, read_only=read_only)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Let one thread do several things as one.

        Raises:
            StateFileError: the disk is full, or the file is gone or damaged.
        """
        with self._lock:
            connection = self._connection
            try:
                connection.execute("begin immediate")
                yield connection
                connection.execute("commit")
            except _DAMAGES as error:
                self._roll_back()
                msg = f"The database {self.path} cannot be written ({error})."
                raise StateFileError(msg) from None
            except BaseException:
                self._roll_back()
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Let one thread read."""
        with self._lock:
            try:
                yield self._connection
            except _DAMAGES as error:
                msg = f"The database {self.path} cannot be read ({error})."
                raise StateFileError(msg) from None

    @contextmanager
    def staging(self) -> Iterator[sqlite3.Connection]:
        """Let one thread do several things as one to what is kept for this run only.

        Raises:
            StateFileError: the disk is full, most likely.
        """
        with self._lock:
            connection = self._connection
            try:
                connection.execute("begin")
                yield connection
                connection.execute("commit")
            except _DAMAGES as error:
                self._roll_back()
                msg = (
                    f"Temporary files cannot be written ({error}): a mirror needs some "
                    "2 KB for each member in the folder that TMPDIR names."
                )
                raise StateFileError(msg) from None
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("rollback")

    # Audiences

    def audience(self, key: str) -> int | None:
        """Return the id of the audience this target made for a key."""
        with self.reading() as db:
            row = db.execute(
                "select audience_id from audiences where key = ?", (key,)
            ).fetchone()
        return None if row is None else int(row[0])

    def made(self, key: str, audience_id: int, now: float) -> None:
        """Remember an audience that was made."""
        with self.transaction() as db:
            db.execute(
                "insert or replace into audiences values (?, ?, ?)",
                (key, audience_id, now),
            )

    def forgotten(self, key: str) -> None:
        """Forget which audience is behind a key: it is gone at Amazon."""
        with self.transaction() as db:
            db.execute("delete from audiences where key = ?", (key,))

    def named(self, audience_id: int, name: str, now: float) -> None:
        """Remember what an audience is called at Amazon, as of now."""
        with self.transaction() as db:
            db.execute(
                "insert or replace into audience_names values (?, ?, ?)",
                (audience_id, name, now),
            )

    def name(self, audience_id: int) -> str | None:
        """Return what an audience was called when a run saw it last."""
        with self.reading() as db:
            row = db.execute(
                "select name from audience_names where audience_id = ?", (audience_id,)
            ).fetchone()
        return None if row is None else str(row[0])

    # Mirrors

    def mirrored_streams(self, audience_id: int) -> set[str]:
        """Return the streams that the last whole mirror of an audience was made of."""
        with self.reading() as db:
            rows = db.execute(
                "select stream from mirror_streams where audience_id = ?",
                (audience_id,),
            ).fetchall()
        return {str(row[0]) for row in rows}

    def mirrored(self, audience_id: int, streams: Iterable[str]) -> None:
        """Remember the streams of a mirror that went to its end."""
        with self.transaction() as db:
            db.execute(
                "delete from mirror_streams where audience_id = ?", (audience_id,)
            )
            db.executemany(
                "insert into mirror_streams values (?, ?)",
                [(audience_id, stream) for stream in streams],
            )

    # Batches

    def draft(self, draft: Draft) -> int:
        """Keep a batch before it is sent; return its id."""
        with self.transaction() as db:
            return self.insert(db, draft)

    def insert(self, db: sqlite3.Connection, draft: Draft) -> int:
        """Keep a batch inside a transaction of the caller; return its id."""
        found = db.execute(
            "insert into batches (audience_id, stream, action, target, rows,"
            " attempts, owner) values (?, ?, ?, ?, ?, ?, ?)",
            (
                draft.audience_id,
                draft.stream,
                draft.action,
                draft.target,
                draft.rows,
                draft.attempts,
                self._owner,
            ),
        ).lastrowid
        # A table of its own: SQLite writes a row anew, whole, when one column changes.
        # In parts: it makes two copies of each value in memory.
        payload = memoryview(draft.payload)
        db.executemany(
            "insert into payloads values (?, ?, ?)",
            (
                (found, start, payload[start : start + _PART_BYTES])
                for start in range(0, len(payload), _PART_BYTES)
            ),
        )
        return found or 0

    def accepted(self, batch: int, job_id: str, now: float, connection: str) -> None:
        """Note that Amazon has taken a batch, and its rows for the hourly volume."""
        with self.transaction() as db:
            db.execute(
                "update batches set job_id = ?, accepted_at = ? where id = ?",
                (job_id, now, batch),
            )
            db.execute("delete from volume where sent_at <= ?", (now - _HOUR,))
            db.execute(
                "insert into volume select ?, ?, rows from batches where id = ?",
                (connection, now, batch),
            )

    def forget(self, batch: int) -> None:
        """Drop a batch: its job has ended, or it was never taken."""
        with self.transaction() as db:
            db.execute("delete from batches where id = ?", (batch,))

    def give_up(self, batches: Iterable[int], attempts: int) -> None:
        """Let batches count as sent so often that they are not sent again."""
        with self.transaction() as db:
            db.executemany(
                "update batches set attempts = ? where id = ?",
                [(attempts, batch) for batch in batches],
            )

    def forget_drafts(self, audience_id: int) -> int:
        """Drop batches that an earlier run never saw accepted; return how many.

        Their STATE was not echoed either, so their records come again.
        """
        with self.transaction() as db:
            return db.execute(
                "delete from batches where audience_id = ? and job_id is null"
                " and owner != ?",
                (audience_id, self._owner),
            ).rowcount

    def open_batches(self, audience_id: int) -> Sequence[OpenBatch]:
        """Return the batches with a job, oldest first."""
        with self.reading() as db:
            rows = db.execute(
                "select id, stream, action, rows, job_id, accepted_at, attempts"
                " from batches where audience_id = ? and job_id is not null"
                " order by id",
                (audience_id,),
            ).fetchall()
        return [OpenBatch(*row) for row in rows]

    def payload(self, batch: int) -> bytes:
        """Return the rows of a batch as JSON."""
        with self.reading() as db:
            rows = db.execute(
                "select payload from payloads where batch = ? order by part", (batch,)
            )
            return b"".join(row[0] for row in rows) or b"[]"

    # Volume

    def volume(self, connection: str, now: float) -> list[tuple[float, int]]:
        """Return when how many rows were sent within the last hour."""
        with self.reading() as db:
            return db.execute(
                "select sent_at, rows from volume where connection = ?"
                " and sent_at > ? order by sent_at",
                (connection, now - _HOUR),
            ).fetchall()
