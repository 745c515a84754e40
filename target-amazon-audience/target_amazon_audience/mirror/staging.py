"""What a mirror's input holds, kept in a temporary table until the input has ended."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from target_amazon_audience.amc.payload import kept_consent
from target_amazon_audience.matching.member import Member, pack
from target_amazon_audience.state.store import AudienceStore


class StagedStatus(IntEnum):
    """What a run says of a person."""

    PRESENT = 0
    KEPT = 1
    """A record that could not be used: whatever Amazon holds stays."""
    DENIED = 2
    """Consent was denied: the person has to go."""


_ADD = (
    "insert into temp.staged values (?, ?, ?, ?, ?, ?)"
    " on conflict (sink, external_id) do update set"
    " pii = excluded.pii, country = excluded.country,"
    " consent = excluded.consent, status = excluded.status"
)
_ADD_MERGED = _ADD.replace("= excluded.pii", "= merge_pii(staged.pii, excluded.pii)")
_KEEP = (
    "insert into temp.staged (sink, external_id, status) values (?, ?, ?)"
    " on conflict (sink, external_id) do nothing"
)
_DENY = (
    "insert into temp.staged (sink, external_id, status) values (?, ?, ?)"
    " on conflict (sink, external_id) do update"
    " set status = excluded.status, pii = null"
)


class Staged:
    """What one audience's input holds, kept until the end of the run."""

    def __init__(self, store: AudienceStore, sink: int, *, merges: bool = True) -> None:
        self._store = store
        self._merges = merges
        self.sink = sink

    def add(self, members: Iterable[Member]) -> None:
        """Stage members; a second record of a person joins or replaces the first."""
        rows = [
            (
                self.sink,
                member.external_id,
                pack(member.pii),
                member.country,
                kept_consent(member.consent),
                StagedStatus.PRESENT.value,
            )
            for member in members
        ]
        with self._store.reading() as db:
            db.execute("begin")
            db.executemany(_ADD_MERGED if self._merges else _ADD, rows)
            db.execute("commit")

    def keep(self, external_id: str) -> None:
        """Stage that a person stays as Amazon holds them, unless staged otherwise."""
        self._stage(_KEEP, external_id, StagedStatus.KEPT)

    def deny(self, external_id: str) -> None:
        """Stage that a person has to go."""
        self._stage(_DENY, external_id, StagedStatus.DENIED)

    def _stage(self, statement: str, external_id: str, status: StagedStatus) -> None:
        with self._store.reading() as db:
            db.execute(statement, (self.sink, external_id, status.value))

    def try_once(self, action: str, external_ids: Iterable[str]) -> None:
        """Note whom this run has sent, so that it does so once."""
        rows = [(self.sink, external_id, action) for external_id in external_ids]
        with self._store.reading() as db:
            db.execute("begin")
            db.executemany("insert or ignore into temp.tried values (?, ?, ?)", rows)
            db.execute("commit")

    def count(self) -> int:
        """Return how many members the input has."""
        with self._store.reading() as db:
            row = db.execute(
                "select count(*) from temp.staged where sink = ? and status = ?",
                (self.sink, StagedStatus.PRESENT.value),
            ).fetchone()
        return int(row[0])
