"""What sets a mirror's input apart from what Amazon holds, worked out by SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from target_amazon_audience.matching.member import Member, unpack
from target_amazon_audience.mirror.held import HeldMembers

PAGE_ROWS = 500
"""Few: they are held beside the batch that they fill."""

_BUSY = (
    "exists (select 1 from batches b where b.id = m.batch"
    " and (b.job_id is null or b.accepted_at > :stuck_before))"
)
_TO_CREATE = (
    "not exists (select 1 from temp.tried t where t.sink = d.sink"
    " and t.external_id = d.external_id and t.action = 'CREATE')"
)
_TO_DELETE = (
    "not exists (select 1 from temp.tried t where t.sink = d.sink"
    " and t.external_id = d.external_id and t.action = 'DELETE')"
)
_NOT_WANTED = "(s.external_id is null or s.status = 2)"
_ABSENT = f"m.external_id is not null and {_NOT_WANTED}"
_OTHER = "(m.removing or m.pii != s.pii)"
_DUE = (
    "(m.confirmed != 1 or m.sent_at <= :resend_before"
    " or m.country != s.country or m.consent is not s.consent)"
)


class DiffQuery:
    """Which members a page is of, as SQL; ``s`` is staged, ``m`` what Amazon holds.

    ``d`` is who differs. A member whose last batch Amazon still works on is left
    alone: which of two jobs is carried out first is not known. Nothing is sent twice
    in one run. The numbers of ``s.status`` are those of ``StagedStatus``.
    """

    NEW = f"s.status = 0 and m.external_id is null and {_TO_CREATE}"
    CHANGED = f"s.status = 0 and {_OTHER} and not {_BUSY} and {_TO_DELETE}"
    AGAIN = (
        f"s.status = 0 and m.pii = s.pii and not m.removing and {_DUE}"
        f" and not {_BUSY} and {_TO_CREATE}"
    )
    GONE = f"{_ABSENT} and not {_BUSY} and {_TO_DELETE}"
    MISSING = f"{_ABSENT} and not (m.removing and {_BUSY})"
    """All that are to go, those that have to wait as well."""
    HELD_UP = (
        f"s.status = 0 and {_BUSY} and ({_OTHER} or m.country != s.country"
        " or m.consent is not s.consent)"
    )
    HELD_UP_GONE = f"{_ABSENT} and {_BUSY} and not m.removing"


# Joined are the tables themselves, each by all of its primary key, and the condition
# stands in a CASE: from it SQLite would conclude that a left join is an inner one, and
# might begin with the other table, reading all of it for each page.
_JOINED = (
    "from temp.differing d"
    " left join temp.staged s on s.sink = d.sink and s.external_id = d.external_id"
    " left join members m on m.audience_id = :audience"
    " and m.external_id = d.external_id"
    " where d.sink = :sink"
)
_FIND = "insert into temp.differing select :sink, "
_STAGED = (
    "s.external_id from temp.staged s"
    " left join members m on m.audience_id = :audience"
    " and m.external_id = s.external_id where s.sink = :sink and case when"
    f" s.status = 0 and (m.external_id is null or {_OTHER} or {_DUE})"
    " or s.status = 2 and m.external_id is not null then 1 end"
)
_GONE = (
    "a.external_id from temp.apart a"
    " left join temp.staged s on s.sink = a.sink and s.external_id = a.external_id"
    " where a.sink = :sink and case when s.external_id is null then 1 end"
)

Value = str | int | float


@dataclass(frozen=True, slots=True)
class Counts:
    """How a mirror's input compares with what Amazon holds."""

    known: int
    wanted: int
    new: int
    changed: int
    again: int
    gone: int

    def as_dict(self, *, removed: int) -> dict[str, int]:
        """Return the counts for a report."""
        return {
            "known": self.known,
            "wanted": self.wanted,
            "new": self.new,
            "changed": self.changed,
            "sent_again": self.again,
            "missing": self.gone,
            "removed": removed,
        }


class Difference:
    """What one mirror's input holds, compared with what Amazon holds.

    Both are read once, when the input has ended, and only who was staged or set apart.
    Who is the same on both sides then stays so: what is asked later is asked of those
    that differ.
    """

    def __init__(self, held: HeldMembers) -> None:
        held.set_all_apart()
        self._store = store = held.store
        self._known = held.count
        self._values: dict[str, Value] = {
            "audience": held.audience_id,
            "sink": held.sink,
            "resend_before": held.ages.resend_before,
            "stuck_before": held.ages.stuck_before,
        }
        with store.staging() as db:
            db.execute("delete from temp.differing where sink = :sink", self._values)
            db.execute(_FIND + _STAGED, self._values)
            db.execute(_FIND + _GONE, self._values)

    def counts(self, wanted: int) -> Counts:
        """Return how large each part of the difference is."""
        parts = (
            DiffQuery.NEW,
            DiffQuery.CHANGED,
            DiffQuery.AGAIN,
            DiffQuery.MISSING,
        )
        columns = ", ".join(f"count({_where(part)})" for part in parts)
        with self._store.reading() as db:
            sizes = db.execute(f"select {columns} {_JOINED}", self._values).fetchone()
        return Counts(self._known, wanted, *sizes)

    def pages(self, query: str, *, held: bool = False) -> Iterator[list[Member]]:
        """Yield the members of a part: as in the input, or (``held``) as at Amazon.

        A page is read whole before it is handed out: what is done with it may change
        the tables.
        """
        if not self._known and query != DiffQuery.NEW:
            return  # nobody was there to be sent again, changed or removed
        table = "m" if held else "s"
        statement = (
            f"select d.external_id, {table}.pii, {table}.country, {table}.consent"
            f" {_JOINED} and d.external_id > :after and {_where(query)}"
            f" order by d.external_id limit {PAGE_ROWS}"
        )
        values = {**self._values, "after": ""}
        rows: list[tuple[str, str, str, str | None]] = []
        while not values["after"] or len(rows) == PAGE_ROWS:
            with self._store.reading() as db:
                rows = db.execute(statement, values).fetchall()
                page = [Member(r[0], unpack(r[1]), r[2], r[3]) for r in rows]
            if not rows:
                return
            values["after"] = rows[-1][0]
            yield page

    def in_the_way(self, *, removes: bool) -> set[int]:
        """Return the batches that members wait for who have to be sent or removed."""
        if not self._known:
            return set()
        queries = [DiffQuery.HELD_UP, *([DiffQuery.HELD_UP_GONE] if removes else [])]
        with self._store.reading() as db:
            return {
                int(row[0])
                for query in queries
                for row in db.execute(
                    f"select distinct m.batch {_JOINED} and {_where(query)}",
                    self._values,
                )
            }


def _where(query: str) -> str:
    return f"case when {query} then 1 end"
