"""The members of mirrored audiences, as far as this target has sent them.

While a mirror reads its input, wanted members are staged. At the end the difference to
what Amazon holds is worked out here, in SQL, page by page.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence

from target_amazon_audience import wire
from target_amazon_audience.difference import Ages, Counts, Part, tables
from target_amazon_audience.member import Member
from target_amazon_audience.packing import pack, teach, unpack
from target_amazon_audience.staging import Staged
from target_amazon_audience.store import Draft, Store

PAGE = 6000

Value = str | int | float

# What Amazon may hold stays known: a member's data only grows until it is deleted.
_CREATING = """
insert into members values (?, ?, ?, ?, ?, ?, 0, 0, ?)
on conflict (audience_id, external_id) do update set
    pii = both(pii, excluded.pii),
    country = excluded.country,
    consent = excluded.consent,
    sent_at = excluded.sent_at,
    confirmed = case confirmed when 0 then 0 else 2 end,
    removing = 0,
    batch = excluded.batch
"""
_REMOVING = """
update members set
    confirmed = case confirmed when 0 then 0 else 2 end, removing = 1, batch = ?
where audience_id = ? and external_id = ?
"""
_CONFIRM = """
update members set confirmed =
    case when batch = ? and pii = ? then 1 when confirmed = 0 then 2 else confirmed end
where audience_id = ? and external_id = ?
"""
_FORGET = (
    "delete from members where audience_id = ? and external_id = ? and confirmed = 0"
)
_REMOVE = "delete from members where audience_id = ? and external_id = ? and batch = ?"
_LEAVE = (
    "update members set removing = 0"
    " where audience_id = ? and external_id = ? and batch = ?"
)


class Members:
    """The members of one audience, as far as this target has sent them.

    ``pii`` of a member is all that Amazon may hold of them: what is sent is added, and
    nothing leaves before the job that deletes it has ended.
    """

    def __init__(self, store: Store, audience_id: int) -> None:
        self._store = store
        self._id = audience_id
        teach(store)

    # The difference

    def counts(self, staged: Staged, ages: Ages) -> Counts:
        """Return how large each part of the difference is."""
        values = self._values(staged, ages)
        parts = (Part.NEW, Part.CHANGED, Part.AGAIN, Part.MISSING)
        with self._store.reading() as db:
            known = _number(
                db, "select count(*) from members where audience_id = ?", (self._id,)
            )
            sizes = [
                _number(db, f"select count(*) {tables(part)}", values) for part in parts
            ]
        return Counts(known, staged.wanted(), *sizes)

    def pages(
        self, staged: Staged, part: str, ages: Ages, *, held: bool = False
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
            f"select {columns} {tables(part)} and {table}.external_id > :after"
            f" order by {table}.external_id limit {PAGE}"
        )
        values = self._values(staged, ages)
        while True:
            with self._store.reading() as db:
                rows = db.execute(query, values).fetchall()
            if not rows:
                return
            values["after"] = rows[-1][0]
            yield [Member(row[0], unpack(row[1]), row[2], row[3]) for row in rows]

    def in_the_way(self, staged: Staged, ages: Ages, *, removes: bool) -> set[int]:
        """Return the batches that members wait for who have to be sent or removed."""
        parts = [Part.HELD_UP, *([Part.HELD_UP_GONE] if removes else [])]
        values = self._values(staged, ages)
        with self._store.reading() as db:
            return {
                int(row[0])
                for part in parts
                for row in db.execute(f"select distinct m.batch {tables(part)}", values)
            }

    def _values(self, staged: Staged, ages: Ages) -> dict[str, Value]:
        return {
            "audience": self._id,
            "lane": staged.lane,
            "after": "",
            "resend_before": ages.resend_before,
            "stuck_before": ages.stuck_before,
        }

    # What happens to them

    def creating(self, draft: Draft, members: Sequence[Member], now: float) -> int:
        """Keep a batch that creates members, and them as not confirmed yet."""
        with self._store.transaction() as db:
            batch = self._store.insert(db, draft)
            db.executemany(
                _CREATING,
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
                _REMOVING,
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

    def with_held(self, member: Member) -> Member:
        """Return a member with all that Amazon may hold of them as well."""
        with self._store.reading() as db:
            row = db.execute(
                "select pii from members where audience_id = ? and external_id = ?",
                (self._id, member.external_id),
            ).fetchone()
        if row is None:
            return member
        held = Member(member.external_id, unpack(row[0]), member.country)
        return wire.merged(held, member)

    def is_mirrored(self) -> bool:
        """Say whether a mirror of this audience was ever begun."""
        with self._store.reading() as db:
            row = db.execute(
                "select 1 from mirrors where audience_id = :audience union all"
                " select 1 from members where audience_id = :audience limit 1",
                {"audience": self._id},
            ).fetchone()
        return row is not None

    def refused(self, action: str, external_ids: Iterable[str]) -> None:
        """Note rows that Amazon refuses to take.

        A CREATE may still have got through, where the answer before was lost. Who was
        never seen created, is not being created and cannot be deleted either is not
        there.
        """
        if action == wire.CREATE:
            return
        rows = [(self._id, external_id) for external_id in external_ids]
        with self._store.transaction() as db:
            if not _is_creating(db, self._id):
                db.executemany(_FORGET, rows)
            db.executemany(
                "update members set removing = 0"
                " where audience_id = ? and external_id = ?",
                rows,
            )

    def created(self, batch: int, data: Mapping[str, str]) -> None:
        """Note that a batch's members were created with the data it carried."""
        rows = [
            (batch, pii, self._id, external_id) for external_id, pii in data.items()
        ]
        with self._store.transaction() as db:
            db.executemany(_CONFIRM, rows)

    def removed(self, batch: int, external_ids: Iterable[str]) -> None:
        """Note that a batch's members were deleted."""
        self._end(_REMOVE, batch, external_ids)

    def not_removed(self, batch: int, external_ids: Iterable[str]) -> None:
        """Note that a batch's members could not be deleted."""
        self._end(_LEAVE, batch, external_ids)

    def _end(self, statement: str, batch: int, external_ids: Iterable[str]) -> None:
        rows = [(self._id, external_id, batch) for external_id in external_ids]
        with self._store.transaction() as db:
            db.executemany(statement, rows)

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


def _is_creating(db: sqlite3.Connection, audience_id: int) -> bool:
    row = db.execute(
        "select 1 from batches where audience_id = ? and action = 'CREATE'"
        " and job_id is not null limit 1",
        (audience_id,),
    ).fetchone()
    return row is not None


def _number(
    db: sqlite3.Connection, query: str, values: Mapping[str, Value] | tuple[Value, ...]
) -> int:
    return int(db.execute(query, values).fetchone()[0])
