"""Which of the members that Amazon holds may differ from what an input says."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from target_amazon_audience.mirror.blocks import BLOCK_ROWS, Blocks, Kind
from target_amazon_audience.mirror.digests import Found
from target_amazon_audience.state.store import AudienceStore

PAGE_ROWS = 500
"""Few: they stay in the processor's cache."""

MAX_JOB_SECONDS = 3 * 86400.0
"""After this a job that has not ended holds nothing up any more."""

_name = msgspec.msgpack.Decoder(str).decode

# Last of what a member's digest is of: 0, which a staged member has there as well, or
# 1 for those who have to be looked at in any case.
_PAGE = """
select external_id, pii, country, consent,
    (removing or confirmed != 1 or sent_at <= :resend_before)
from members where audience_id = :audience and external_id > :after
order by external_id limit :most
"""
_Row = tuple[str, str, str, str | None, int]


@dataclass(frozen=True, slots=True)
class AgeLimits:
    """What is too old, as times of sending."""

    resend_before: float
    """Members sent before are sent again."""
    stuck_before: float = 0.0
    """Jobs accepted before hold nothing up."""


class HeldMembers:
    """The members of an audience; a digest tells who is just as the input says.

    The others are set apart: to them alone the input is compared in whole.
    """

    def __init__(
        self,
        store: AudienceStore,
        audience_id: int,
        sink: int,
        ages: AgeLimits,
    ) -> None:
        self.store = store
        self.audience_id = audience_id
        self.sink = sink
        self.ages = ages
        self.blocks = Blocks(store, sink, _name, Kind.HELD)
        self.count = 0
        self._is_compared = False

    def read(self) -> int:
        """Take the digests of all members; return how many there are."""
        digests = array("q")
        names: list[str] = []
        for page in self._pages():
            digests.extend(map(hash, page))
            names += [row[0] for row in page]
            self.count += len(page)
            if len(names) >= BLOCK_ROWS:
                self.blocks.add(names, digests)
                names, digests = [], array("q")
        if names:
            self.blocks.add(names, digests)
        return self.count

    def _pages(self) -> Iterator[list[_Row]]:
        values: dict[str, str | int | float] = {
            "audience": self.audience_id,
            "resend_before": self.ages.resend_before,
            "after": "",
            "most": PAGE_ROWS,
        }
        rows: list[_Row] = []
        while not values["after"] or len(rows) == PAGE_ROWS:
            with self.store.reading() as db:
                rows = db.execute(_PAGE, values).fetchall()
            if not rows:
                return
            values["after"] = rows[-1][0]
            yield rows

    def set_apart(self, found: Found) -> None:
        """Note the members with the digests that were found."""
        self._is_compared = True
        for names in self.blocks.take(found):
            with self.store.staging() as db:
                db.executemany(
                    "insert into temp.apart values (?, ?)",
                    ((self.sink, name) for name in names),
                )

    def set_all_apart(self) -> None:
        """Note all members, unless they were compared."""
        if self._is_compared:
            return
        self._is_compared = True
        with self.store.staging() as db:
            self.count = db.execute(
                "insert into temp.apart select ?, external_id from members"
                " where audience_id = ?",
                (self.sink, self.audience_id),
            ).rowcount
