"""What a mirror's input holds, kept in a temporary table until the input has ended."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import islice
from typing import TypeAlias

import msgspec

from target_amazon_audience.delivery.requests import kept_consent
from target_amazon_audience.matching.member import MAX_OBJECTS, Member, pack, unpack
from target_amazon_audience.mirror.blocks import BLOCK_ROWS, Blocks, Kind
from target_amazon_audience.mirror.digests import (
    IS_WIDE,
    RANGES,
    Found,
    collect,
    repeated,
    unmatched,
)
from target_amazon_audience.mirror.held import HeldMembers
from target_amazon_audience.state.store import AudienceStore

_Row: TypeAlias = tuple[str, str | None, str | None, str | None, int]
"""External id, packed data, country, consent and status."""

_row = msgspec.msgpack.Decoder(_Row).decode


class StagedStatus(IntEnum):
    """What a run says of a person."""

    PRESENT = 0
    KEPT = 1
    """A record that could not be used: whatever Amazon holds stays."""
    DENIED = 2
    """Consent was denied: the person has to go."""


_SETTLE = """
insert into temp.staged
    select sink, external_id, pii, country, consent, status
    from temp.arrived
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
    Put in order are only those who differ from what Amazon holds: their records come
    in order to be merged, and compared in whole. A digest tells who does not.
    """

    def __init__(self, store: AudienceStore, sink: int, *, merges: bool = True) -> None:
        self._store = store
        pii = "merge_pii(staged.pii, excluded.pii)" if merges else "excluded.pii"
        self._settling = _SETTLE.format(pii=pii)
        self._blocks = Blocks(store, sink, _row, Kind.PERSON, Kind.STAGED)
        self._marks: list[_Row] = []
        self._unordered = 0
        """Members not put in order: once settled, those as Amazon holds them."""
        self.sink = sink

    def add(self, members: Iterable[Member]) -> None:
        """Stage members; a second record of a person joins or replaces the first.

        One record has no more sets of personal data than Amazon takes.
        """
        self._keep_marks()
        left = iter(members)
        while rows := [
            (
                member.external_id,
                f"[{pii[0]}]" if len(pii := member.pii) == 1 else pack(pii),
                member.country,
                member.consent and kept_consent(member.consent),
                0,
            )
            for member in islice(left, BLOCK_ROWS)
        ]:
            self._keep(rows)
            self._unordered += len(rows)

    def keep(self, external_id: str) -> None:
        """Stage that a person stays as Amazon holds them, unless staged otherwise."""
        self._mark(external_id, StagedStatus.KEPT)

    def deny(self, external_id: str) -> None:
        """Stage that a person has to go."""
        self._mark(external_id, StagedStatus.DENIED)

    def _mark(self, external_id: str, status: StagedStatus) -> None:
        self._marks.append((external_id, None, None, None, status.value))
        if len(self._marks) >= BLOCK_ROWS:
            self._keep_marks()

    def _keep_marks(self) -> None:
        if self._marks:
            self._keep(self._marks)
            self._marks = []

    def _keep(self, rows: Sequence[_Row]) -> None:
        persons = array("q", [hash(row[0]) for row in rows])
        self._blocks.add(rows, persons, array("q", map(hash, rows)))

    def settle(self, held: HeldMembers | None = None) -> None:
        """Put what has arrived in the order of persons, each once.

        With the members that Amazon holds only those who differ from them, or may.
        """
        self._keep_marks()
        for rows in self._differing(held):
            self._unordered -= sum(row[4] == StagedStatus.PRESENT for row in rows)
            with self._store.staging() as db:
                db.executemany(
                    "insert into temp.arrived values (?, ?, ?, ?, ?, ?)",
                    ((self.sink, *row) for row in rows),
                )
        with self._store.staging() as db:
            db.execute(self._settling, {"sink": self.sink})
            db.execute("delete from temp.arrived")

    def _differing(self, held: HeldMembers | None) -> Iterator[list[_Row]]:
        if held is None or not IS_WIDE or not held.read():
            return self._blocks.take_all()
        several: Found = {}
        other: Found = {}
        apart: Found = {}
        for part in range(RANGES):
            persons = self._blocks.slices(Kind.PERSON, part)
            collect(several, persons, repeated(persons))
            ours = self._blocks.slices(Kind.STAGED, part)
            theirs = held.blocks.slices(Kind.HELD, part)
            only_ours, only_theirs = unmatched(ours, theirs)
            collect(other, ours, only_ours)
            collect(apart, theirs, only_theirs)
        held.set_apart(apart)
        return self._blocks.take(several, other)

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
        return int(row[0]) + self._unordered
