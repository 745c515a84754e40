"""The members of mirrored audiences, as far as this target has sent them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping

import msgspec

from target_amazon_audience.matching.consent import is_granted
from target_amazon_audience.matching.member import (
    CREATE,
    DELETE,
    Member,
    merged,
    pack,
    unpack,
)
from target_amazon_audience.state.store import AudienceStore, Draft

# Of a member's ``confirmed``: 0, no CREATE was ever seen carried out; 1, the newest
# was, and carried all of the member's data; 2, one was, and what came after it is not
# known.

# What Amazon may hold stays known: a member's data only grows until it is deleted.
_CREATING = """
insert into members values (?, ?, ?, ?, ?, ?, 0, 0, ?)
on conflict (audience_id, external_id) do update set
    pii = merge_pii(pii, excluded.pii),
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
_REPLACE = (
    "update members set batch = ?"
    " where audience_id = ? and external_id = ? and batch = ?"
)
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

    def __init__(
        self, store: AudienceStore, audience_id: int, *, is_mirror: bool
    ) -> None:
        self._store = store
        self.audience_id = audience_id
        self.is_tracked = is_mirror or self._is_mirrored()
        """Whether all members have to be known: the audience is mirrored."""

    # A batch on its way

    def creating(self, draft: Draft, members: Iterable[Member], now: float) -> int:
        """Keep a batch that creates members, and them as not confirmed yet.

        ``members`` are those of the draft, so without IP addresses.
        """
        with self._store.transaction() as db:
            batch = self._store.insert(db, draft)
            db.executemany(
                _CREATING,
                (
                    (
                        self.audience_id,
                        member.external_id,
                        pack(member.pii),
                        member.country,
                        member.consent,
                        now,
                        batch,
                    )
                    for member in members
                ),
            )
        return batch

    def removing(self, draft: Draft, external_ids: Iterable[str]) -> int:
        """Keep a batch that deletes members, and them as on their way out."""
        with self._store.transaction() as db:
            batch = self._store.insert(db, draft)
            db.executemany(
                _REMOVING,
                [
                    (batch, self.audience_id, external_id)
                    for external_id in external_ids
                ],
            )
        return batch

    def replacing(self, draft: Draft, external_ids: Iterable[str], old: int) -> int:
        """Keep a batch that is sent a second time, in the place of the first."""
        with self._store.transaction() as db:
            batch = self._store.insert(db, draft)
            db.executemany(
                _REPLACE,
                [(batch, self.audience_id, name, old) for name in external_ids],
            )
        return batch

    # What came of it

    def refused(self, action: str, external_ids: Iterable[str]) -> None:
        """Note rows that Amazon refuses to take.

        A CREATE may still have got through, where the answer before was lost. Who was
        never seen created, is not being created and cannot be deleted either is not
        there.
        """
        if not self.is_tracked or action == CREATE:
            return
        rows = [(self.audience_id, external_id) for external_id in external_ids]
        with self._store.transaction() as db:
            if not _is_creating(db, self.audience_id):
                db.executemany(_FORGET, rows)
            db.executemany(
                "update members set removing = 0"
                " where audience_id = ? and external_id = ?",
                rows,
            )

    def carried_out(
        self, batch: int, action: str, pii: Mapping[str, str], invalid: Collection[str]
    ) -> None:
        """Note that a batch's job was carried out, but for members that are invalid.

        ``pii`` is the packed data of each person that the batch carried.
        """
        good = {name: data for name, data in pii.items() if name not in invalid}
        if action == DELETE:
            self._end(_REMOVE, batch, good)
            self.not_removed(batch, pii.keys() & invalid)
            return
        with self._store.transaction() as db:
            db.executemany(
                _CONFIRM,
                ((batch, pii, self.audience_id, name) for name, pii in good.items()),
            )

    def not_removed(self, batch: int, external_ids: Iterable[str]) -> None:
        """Note that a batch's members could not be deleted."""
        self._end(_LEAVE, batch, external_ids)

    def _end(self, statement: str, batch: int, external_ids: Iterable[str]) -> None:
        rows = [(self.audience_id, name, batch) for name in external_ids]
        with self._store.transaction() as db:
            db.executemany(statement, rows)

    # What is known

    def with_held(self, member: Member, *, keeps_consent: bool = False) -> Member:
        """Return a member with all that Amazon may hold of them as well.

        ``keeps_consent``: with the consent they were sent with, where the record
        grants none.
        """
        with self._store.reading() as db:
            row = db.execute(
                "select pii, consent from members"
                " where audience_id = ? and external_id = ?",
                (self.audience_id, member.external_id),
            ).fetchone()
        if row is None:
            return member
        held = Member(member.external_id, unpack(row[0]), member.country)
        found = merged(held, member)
        if keeps_consent and not is_granted(member.consent):
            return msgspec.structs.replace(found, consent=row[1])
        return found

    def _is_mirrored(self) -> bool:
        """Say whether a mirror of this audience was ever begun."""
        with self._store.reading() as db:
            row = db.execute(
                "select 1 from mirrors where audience_id = :audience union all"
                " select 1 from members where audience_id = :audience limit 1",
                {"audience": self.audience_id},
            ).fetchone()
        return row is not None

    # Mirror runs

    def last_run(self) -> float | None:
        """Return when a mirror of this audience last went to its end."""
        with self._store.reading() as db:
            row = db.execute(
                "select last_run_at from mirrors where audience_id = ?",
                (self.audience_id,),
            ).fetchone()
        return None if row is None else float(row[0])

    def ran(self, now: float) -> None:
        """Note that a mirror went to its end."""
        with self._store.transaction() as db:
            db.execute(
                "insert or replace into mirrors values (?, ?)", (self.audience_id, now)
            )


def _is_creating(db: sqlite3.Connection, audience_id: int) -> bool:
    row = db.execute(
        "select 1 from batches where audience_id = ? and action = 'CREATE'"
        " and job_id is not null limit 1",
        (audience_id,),
    ).fetchone()
    return row is not None
