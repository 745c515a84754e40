"""What sets a mirror's input apart from what Amazon holds, as SQL.

Pure: only texts and values; ``members`` puts the questions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Known(IntEnum):
    """What is known of a member that stands in the table, its ``confirmed``."""

    NEVER = 0
    """No CREATE was ever seen carried out."""
    SURE = 1
    """The newest CREATE was carried out, and carried all of the member's data."""
    ONCE = 2
    """One was carried out; what came after it is not known."""


STUCK_SECONDS = 3 * 86400.0
"""After this a job that has not ended holds nothing up any more."""

_BUSY = (
    "exists (select 1 from batches b where b.id = m.batch"
    " and (b.job_id is null or b.accepted_at > :stuck_before))"
)
_TO_CREATE = (
    "not exists (select 1 from temp.tried t where t.lane = s.lane"
    " and t.external_id = s.external_id and t.action = 'CREATE')"
)
_TO_DELETE = (
    "not exists (select 1 from temp.tried t where t.lane = :lane"
    " and t.external_id = m.external_id and t.action = 'DELETE')"
)
_UNWANTED = "(s.external_id is null or s.fate = 2)"
_OTHER = "(m.removing or m.pii != s.pii)"
_DUE = (
    "(m.confirmed != 1 or m.sent_at <= :resend_before"
    " or m.country != s.country or m.consent is not s.consent)"
)


class Part:
    """Which members a page is of, as SQL; ``s`` is staged, ``m`` what Amazon holds.

    A member whose last batch Amazon still works on is left alone: which of two jobs
    is carried out first is not known. Nothing is sent twice in one run. The numbers
    are those of ``Fate`` and ``Known``.
    """

    NEW = f"s.fate = 0 and m.external_id is null and {_TO_CREATE}"
    CHANGED = f"s.fate = 0 and {_OTHER} and not {_BUSY} and {_TO_DELETE}"
    AGAIN = (
        f"s.fate = 0 and m.pii = s.pii and not m.removing and {_DUE}"
        f" and not {_BUSY} and {_TO_CREATE}"
    )
    GONE = f"{_UNWANTED} and not {_BUSY} and {_TO_DELETE}"
    MISSING = f"{_UNWANTED} and not (m.removing and {_BUSY})"
    """All that are to go, those that have to wait as well."""
    HELD_UP = (
        f"s.fate = 0 and {_BUSY} and ({_OTHER} or m.country != s.country"
        " or m.consent is not s.consent)"
    )
    HELD_UP_GONE = f"{_UNWANTED} and {_BUSY} and not m.removing"


_FROM_MEMBERS = frozenset({Part.GONE, Part.MISSING, Part.HELD_UP_GONE})


@dataclass(frozen=True, slots=True)
class Counts:
    """How a mirror's input compares with what Amazon holds."""

    known: int
    wanted: int
    new: int
    changed: int
    again: int
    gone: int


@dataclass(frozen=True, slots=True)
class Ages:
    """What is too old, as times of sending."""

    resend_before: float
    """Members sent before are sent again."""
    stuck_before: float = 0.0
    """Jobs accepted before hold nothing up."""


def tables(part: str) -> str:
    """Return the part of a query that joins what is staged with what is held."""
    staged = "(select * from temp.staged where lane = :lane) s"
    held = "(select * from members where audience_id = :audience) m"
    first, second = (held, staged) if part in _FROM_MEMBERS else (staged, held)
    return (
        f"from {first} left join {second} on s.external_id = m.external_id"
        f" where ({part})"
    )
