"""What a mirror's input holds, kept in a temporary table until the input has ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum

from target_amazon_audience.delivery.requests import kept_consent
from target_amazon_audience.matching.member import MAX_OBJECTS, Member, pack, unpack
from target_amazon_audience.state.store import AudienceStore


class StagedStatus(IntEnum):
    """What a run says of a person."""

    PRESENT = 0
    KEPT = 1
    """A record that could not be used: whatever Amazon holds stays."""
    DENIED = 2
    """Consent was denied: the person has to go."""


ORDER_BY_PERSON = (
    "create index if not exists temp.arrived_by_person on arrived (sink, external_id)"
)
_SETTLE = """
insert into temp.staged
    select sink, external_id, pii, country, consent, status
    from temp.arrived indexed by arrived_by_person
    where sink = :sink order by sink, external_id, rowid
on conflict (sink, external_id) do update set
    pii = case excluded.status when 0 then {pii} end,
    country = excluded.country,
    consent = excluded.consent,
    status = excluded.status
where excluded.status != 1
"""
"""Of a person's records the newest counts, but one that could not be used."""


_CROWDED = (
    "select external_id, pii from temp.staged where sink = ? and status = 0"
    " and json_array_length(pii) > ?"
)


class Staged:
    """What one audience's input holds, kept until the end of the run.

    Records are written as they come and put in order once, at the end: ids come in any
    order, and a table in theirs would be read and written all over for each batch.
    """

    def __init__(self, store: AudienceStore, sink: int, *, merges: bool = True) -> None:
        self._store = store
        pii = "merge_pii(staged.pii, excluded.pii)" if merges else "excluded.pii"
        self._settling = _SETTLE.format(pii=pii)
        self._has_arrived = False
        self.sink = sink

    def add(self, members: Iterable[Member]) -> None:
        """Stage members; a second record of a person joins or replaces the first."""
        self._arrive(
            (
                self.sink,
                member.external_id,
                pack(member.pii),
                member.country,
                kept_consent(member.consent),
                StagedStatus.PRESENT.value,
            )
            for member in members
        )

    def keep(self, external_id: str) -> None:
        """Stage that a person stays as Amazon holds them, unless staged otherwise."""
        self._mark(external_id, StagedStatus.KEPT)

    def deny(self, external_id: str) -> None:
        """Stage that a person has to go."""
        self._mark(external_id, StagedStatus.DENIED)

    def _mark(self, external_id: str, status: StagedStatus) -> None:
        self._arrive([(self.sink, external_id, None, None, None, status.value)])

    def _arrive(self, rows: Iterable[Sequence[object]]) -> None:
        with self._store.staging() as db:
            db.executemany("insert into temp.arrived values (?, ?, ?, ?, ?, ?)", rows)
        self._has_arrived = True

    def settle(self) -> None:
        """Put what has arrived in the order of persons, each once.

        The rows that came stay: temporary files do not shrink before they are closed.
        """
        if not self._has_arrived:
            return
        self._has_arrived = False
        with self._store.staging() as db:
            db.execute(ORDER_BY_PERSON)
            db.execute(self._settling, {"sink": self.sink})

    def cut(self, max_objects: int) -> dict[str, int]:
        """Keep so many sets of personal data a person; return how many are left out.

        By external id; records of one person may have come in several batches.
        """
        if max_objects >= MAX_OBJECTS:
            return {}
        with self._store.reading() as db:
            rows = db.execute(_CROWDED, (self.sink, max_objects)).fetchall()
        whole = {external_id: unpack(pii) for external_id, pii in rows}
        with self._store.staging() as db:
            db.executemany(
                "update temp.staged set pii = ? where sink = ? and external_id = ?",
                [
                    (pack(pii[:max_objects]), self.sink, external_id)
                    for external_id, pii in whole.items()
                ],
            )
        return {name: len(pii) - max_objects for name, pii in whole.items()}

    def try_once(self, action: str, external_ids: Iterable[str]) -> None:
        """Note whom this run has sent, so that it does so once."""
        rows = [(self.sink, external_id, action) for external_id in external_ids]
        with self._store.staging() as db:
            db.executemany("insert or ignore into temp.tried values (?, ?, ?)", rows)

    def count(self) -> int:
        """Return how many members the input has, once they are settled."""
        with self._store.reading() as db:
            row = db.execute(
                "select count(*) from temp.staged where sink = ? and status = ?",
                (self.sink, StagedStatus.PRESENT.value),
            ).fetchone()
        return int(row[0])
