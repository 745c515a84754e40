"""The members of mirrored audiences, and what a run wants to make of them.

While a mirror reads its input, wanted members are staged in a temporary table. At the
end the difference to what Amazon holds is worked out here, in SQL, page by page.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import msgspec

from target_amazon_audience import wire
from target_amazon_audience.record import Member
from target_amazon_audience.store import Draft, Store

PAGE = 6000

Value = str | int | float


class Fate(IntEnum):
    """What a run says of a person."""

    WANTED = 0
    KEPT = 1
    """A record that could not be used: whatever Amazon holds stays."""
    DENIED = 2
    """Consent was denied: the person has to go."""


class Part:
    """Which members a page is of, as SQL; ``s`` is staged, ``m`` what Amazon holds.

    The numbers are those of ``Fate``.
    """

    NEW = "s.fate = 0 and m.external_id is null"
    CHANGED = "s.fate = 0 and (m.removing or m.pii != s.pii)"
    AGAIN = (
        "s.fate = 0 and not m.removing and m.pii = s.pii and ("
        "not m.confirmed or m.sent_at <= :resend_before"
        " or m.country != s.country or m.consent is not s.consent)"
    )
    GONE = (
        "(s.external_id is null or s.fate = 2) and not (m.removing"
        " and m.batch in (select id from batches where job_id is not null))"
    )


_WANT = (
    "insert into temp.staged values (?, ?, ?, ?, ?, ?)"
    " on conflict do update set pii = excluded.pii, country = excluded.country,"
    " consent = excluded.consent, fate = excluded.fate"
)
_WANT_MERGED = _WANT.replace("= excluded.pii", "= both(staged.pii, excluded.pii)")
_KEEP = (
    "insert into temp.staged (lane, external_id, fate) values (?, ?, ?)"
    " on conflict do nothing"
)
_DENY = (
    "insert into temp.staged (lane, external_id, fate) values (?, ?, ?)"
    " on conflict do update set fate = excluded.fate, pii = null"
)
_CONFIRM = (
    "update members set confirmed = 1"
    " where audience_id = ? and external_id = ? and batch = ?"
)
_DOUBT = (
    "update members set confirmed = 0"
    " where audience_id = ? and external_id = ? and batch = ?"
)
_REMOVE = "delete from members where audience_id = ? and external_id = ? and batch = ?"
_LEAVE = (
    "update members set removing = 0"
    " where audience_id = ? and external_id = ? and batch = ?"
)
_DONE = {
    (wire.CREATE, True): _CONFIRM,
    (wire.CREATE, False): _DOUBT,
    (wire.DELETE, True): _REMOVE,
    (wire.DELETE, False): _LEAVE,
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How a mirror's input compares with what Amazon holds."""

    known: int
    wanted: int
    new: int
    changed: int
    again: int
    gone: int


_pack = msgspec.json.Encoder().encode
_unpack = msgspec.json.Decoder(list[msgspec.Raw]).decode


def pack(pii: Iterable[bytes]) -> bytes:
    """Return the objects of a person in an order of their own, comparable as bytes."""
    return b"[%b]" % b",".join(sorted(pii))


def unpack(packed: bytes) -> tuple[bytes, ...]:
    """Return the objects that ``pack`` took."""
    return tuple(bytes(raw) for raw in _unpack(packed))


def _both(old: bytes | None, new: bytes) -> bytes:
    """Join the objects of two records of one person, called by SQLite."""
    if old is None or old == new:
        return new
    return pack(tuple(dict.fromkeys((*unpack(old), *unpack(new))))[: wire.MOST_OBJECTS])


class Staged:
    """What one audience's input wants, kept until the end of the run."""

    def __init__(self, store: Store, lane: int, *, merges: bool = True) -> None:
        self._store = store
        self._merges = merges
        self.lane = lane
        with store.reading() as db:
            db.create_function("both", 2, _both, deterministic=True)

    def want(self, members: Iterable[Member]) -> None:
        """Stage members; a second record of a person joins or replaces the first."""
        rows = [
            (
                self.lane,
                member.external_id,
                pack(member.pii),
                member.country,
                wire.kept_consent(member.consent),
                Fate.WANTED.value,
            )
            for member in members
        ]
        with self._store.reading() as db:
            db.execute("begin")
            db.executemany(_WANT_MERGED if self._merges else _WANT, rows)
            db.execute("commit")

    def keep(self, external_id: str) -> None:
        """Stage that a person stays as Amazon holds them, unless denied or wanted."""
        self._stage(_KEEP, external_id, Fate.KEPT)

    def deny(self, external_id: str) -> None:
        """Stage that a person has to go."""
        self._stage(_DENY, external_id, Fate.DENIED)

    def _stage(self, statement: str, external_id: str, fate: Fate) -> None:
        with self._store.reading() as db:
            db.execute(statement, (self.lane, external_id, fate.value))

    def wanted(self) -> int:
        """Return how many members are wanted."""
        with self._store.reading() as db:
            return _number(
                db,
                "select count(*) from temp.staged where lane = ? and fate = ?",
                (self.lane, Fate.WANTED.value),
            )


class Members:
    """The members of one audience, as far as this target has sent them."""

    def __init__(self, store: Store, audience_id: int) -> None:
        self._store = store
        self._id = audience_id

    # The difference

    def counts(self, staged: Staged, resend_before: float) -> Counts:
        """Return how large each part of the difference is."""
        values = self._values(staged, resend_before)
        parts = (Part.NEW, Part.CHANGED, Part.AGAIN, Part.GONE)
        with self._store.reading() as db:
            known = _number(
                db, "select count(*) from members where audience_id = ?", (self._id,)
            )
            sizes = [
                _number(db, f"select count(*) {_tables(part)}", values)
                for part in parts
            ]
        return Counts(known, staged.wanted(), *sizes)

    def pages(
        self,
        staged: Staged,
        part: str,
        resend_before: float,
        *,
        held: bool = False,
    ) -> Iterator[list[Member]]:
        """Yield the members of a part, as wanted or (``held``) as Amazon holds them.

        A page is read whole before it is handed out: what is done with it may change
        the tables.
        """
        table = "m" if held else "s"
        columns = ", ".join(
            f"{table}.{name}" for name in ("external_id", "pii", "country", "consent")
        )
        query = (
            f"select {columns} {_tables(part)} and {table}.external_id > :after"
            f" order by {table}.external_id limit {PAGE}"
        )
        values = self._values(staged, resend_before)
        while True:
            with self._store.reading() as db:
                rows = db.execute(query, values).fetchall()
            if not rows:
                return
            values["after"] = rows[-1][0]
            yield [Member(row[0], unpack(row[1]), row[2], row[3]) for row in rows]

    def _values(self, staged: Staged, resend_before: float) -> dict[str, Value]:
        return {
            "audience": self._id,
            "lane": staged.lane,
            "after": "",
            "resend_before": resend_before,
        }

    # What happens to them

    def creating(self, draft: Draft, members: Sequence[Member], now: float) -> int:
        """Keep a batch that creates members, and them as not confirmed yet."""
        with self._store.transaction() as db:
            batch = self._store.insert(db, draft)
            db.executemany(
                "insert or replace into members values (?, ?, ?, ?, ?, ?, 0, 0, ?)",
                [
                    (
                        self._id,
                        member.external_id,
                        pack(member.pii),
                        member.country,
                        wire.kept_consent(member.consent),
                        now,
                        batch,
                    )
                    for member in members
                ],
            )
        return batch

    def removing(self, draft: Draft, external_ids: Iterable[str]) -> int:
        """Keep a batch that deletes members, and them as on their way out."""
        with self._store.transaction() as db:
            batch = self._store.insert(db, draft)
            db.executemany(
                "update members set removing = 1, batch = ?"
                " where audience_id = ? and external_id = ?",
                [(batch, self._id, external_id) for external_id in external_ids],
            )
        return batch

    def sending_again(self, draft: Draft, external_ids: Iterable[str], old: int) -> int:
        """Keep a batch that is sent a second time, in the place of the first."""
        with self._store.transaction() as db:
            batch = self._store.insert(db, draft)
            db.executemany(
                "update members set batch = ?"
                " where audience_id = ? and external_id = ? and batch = ?",
                [(batch, self._id, external_id, old) for external_id in external_ids],
            )
        return batch

    def is_mirrored(self) -> bool:
        """Say whether any member is known."""
        with self._store.reading() as db:
            row = db.execute(
                "select 1 from members where audience_id = ? limit 1", (self._id,)
            ).fetchone()
        return row is not None

    def forget(self, external_ids: Iterable[str]) -> None:
        """Drop members that Amazon does not hold."""
        with self._store.transaction() as db:
            db.executemany(
                "delete from members where audience_id = ? and external_id = ?",
                [(self._id, external_id) for external_id in external_ids],
            )

    def done(
        self, batch: int, action: str, external_ids: Iterable[str], *, ok: bool
    ) -> None:
        """Note what came of a batch's job, for the members it still stands for."""
        rows = [(self._id, external_id, batch) for external_id in external_ids]
        with self._store.transaction() as db:
            db.executemany(_DONE[action, ok], rows)

    # Runs

    def last_run(self) -> float | None:
        """Return when a mirror of this audience last went to its end."""
        with self._store.reading() as db:
            row = db.execute(
                "select last_run_at from mirrors where audience_id = ?", (self._id,)
            ).fetchone()
        return None if row is None else float(row[0])

    def ran(self, now: float) -> None:
        """Note that a mirror went to its end."""
        with self._store.transaction() as db:
            db.execute("insert or replace into mirrors values (?, ?)", (self._id, now))


def _tables(part: str) -> str:
    """Return the part of a query that joins what is staged with what is held."""
    staged = "(select * from temp.staged where lane = :lane) s"
    held = "(select * from members where audience_id = :audience) m"
    first, second = (held, staged) if part == Part.GONE else (staged, held)
    return (
        f"from {first} left join {second} on s.external_id = m.external_id"
        f" where ({part})"
    )


def _number(
    db: sqlite3.Connection, query: str, values: Mapping[str, Value] | tuple[Value, ...]
) -> int:
    return int(db.execute(query, values).fetchone()[0])
