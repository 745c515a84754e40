"""The words of the trade as values: windows, requests, what Amazon answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

Members = frozenset[str]
"""The advertisers one DSP report covers; empty for reports of a single account."""

NO_MEMBERS: Members = frozenset()


DateOrHour = date
"""A day, or the first instant of an hour of UTC: a datetime, which is a date too.

One stream counts in one of them; they are never mixed.
"""

MAX_ID_LENGTH = 1000
"""Of an id of Amazon's, or of several that are one report together."""
MAX_NAME_LENGTH = 120
"""Of an id in the name of a file; file systems take 255 with what is around it."""
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_BEGINNING = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The span of one request in days (or in hours), both ends included."""

    start: DateOrHour
    end: DateOrHour

    def __post_init__(self) -> None:
        if self.start > self.end:
            msg = f"a window cannot end ({self.end}) before it starts ({self.start})"
            raise ValueError(msg)

    @classmethod
    def up_to(cls, end: DateOrHour) -> Window:
        """Return everything up to and including a moment."""
        return cls(earliest(end), end)

    def __str__(self) -> str:
        return f"{text_of(self.start)}..{text_of(self.end)}"

    @property
    def length(self) -> int:
        """How many days it holds (or hours, if it is one of hours)."""
        return (self.end - self.start) // _step(self.start) + 1

    def clip(self, start: DateOrHour, end: DateOrHour) -> Window | None:
        """Return the part of it inside [start, end], if there is one."""
        first, last = max(self.start, start), min(self.end, end)
        return Window(first, last) if first <= last else None

    def since(self, start: DateOrHour) -> Window | None:
        """Return the part of it from a moment on, if there is one."""
        return self.clip(start, self.end)


def step_back(moment: DateOrHour, count: int = 1) -> DateOrHour:
    """Return the day (or hour) so many before, the earliest there is at most."""
    first = earliest(moment)
    step = _step(moment)
    return first if (moment - first) // step < count else moment - count * step


def step_on(moment: DateOrHour, count: int = 1) -> DateOrHour:
    """Return the day (or hour) so many after."""
    return moment + count * _step(moment)


def earliest(like: DateOrHour) -> DateOrHour:
    """Return the first moment there can be, of the same kind."""
    return _BEGINNING if isinstance(like, datetime) else date.min


def text_of(moment: DateOrHour) -> str:
    """Return a moment as it stands in a state and in messages."""
    if isinstance(moment, datetime):
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    return moment.isoformat()


def _step(moment: DateOrHour) -> timedelta:
    return _HOUR if isinstance(moment, datetime) else _DAY


def fingerprint(definition: Mapping[str, object]) -> str:
    """Return 16 hex digits that stand for what a report contains.

    Two requests with equal definitions are the same report to us, whatever
    the order of their keys.
    """
    text = json.dumps(definition, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_report_id(text: str) -> bool:
    """Whether an id has a form of Amazon's: it becomes part of paths and addresses."""
    return (
        text.isascii()
        and 0 < len(text) <= MAX_ID_LENGTH
        and text[0].isalnum()
        and all(letter.isalnum() or letter in "._:=+~-" for letter in text)
    )


def short_id(report_id: str) -> str:
    """Return an id that fits into a file's name: one of several ids is cut."""
    if len(report_id) <= MAX_NAME_LENGTH:
        return report_id
    digest = hashlib.sha256(report_id.encode()).hexdigest()[:16]
    return f"{report_id[: MAX_NAME_LENGTH - 17]}-{digest}"


@dataclass(frozen=True, slots=True)
class ResultPage:
    """A page of a result behind the first: a request of its own at Amazon."""

    number: int
    """2 for the page behind the first."""
    token: str
    text: str
    """What has to be sent with the token, word for word as for the first page."""
    after: str
    """The id of the page before."""
    part: int = 1
    """Which part of what is asked it belongs to, where one request cannot ask it all.
    The first page of a part has no token."""


@dataclass(frozen=True, slots=True)
class PendingReport:
    """A report Amazon has accepted and not yet finished, as kept in the state."""

    report_id: str
    window: Window
    fingerprint: str
    requested_at: datetime
    members: Members = NO_MEMBERS
    seen_empty: bool = False
    """Whether a run has seen it complete without a document."""
    page: ResultPage | None = None
    """Which page of its result it is, if not the first."""
    is_read: bool = False
    """Whether its rows are written, and `page` is the one to ask for next."""
    before: tuple[str, ...] = ()
    """The reports before it whose rows wait to be written together with its own."""


@dataclass(frozen=True, slots=True)
class ListedReport:
    """A report of somebody else's making, as Amazon lists it."""

    report_id: str
    window: Window
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TakenReport:
    """A report somebody else had made that has been delivered."""

    report_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A window after the bookmark that has been delivered already."""

    window: Window
    members: Members = NO_MEMBERS


@dataclass(frozen=True, slots=True)
class Gap:
    """A window whose report failed or could not be read, to be tried again."""

    window: Window
    reason: str
    attempts: int
    members: Members = NO_MEMBERS


@dataclass(frozen=True, slots=True)
class ClosedGap:
    """A gap given up for good; kept a while so that people see it."""

    window: Window
    reason: str
    attempts: int
    closed_at: datetime
    members: Members = NO_MEMBERS


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What is asked of Amazon for one stream, account and window.

    `definition` is what decides the rows apart from window and members; the
    adapter turns it into a request body. `waiting_since` is the oldest day in
    the window that was never delivered: older waits are asked first.
    """

    stream: str
    account: str
    report_type: str
    window: Window
    definition: Mapping[str, object] = field(hash=False)
    fingerprint: str
    waiting_since: DateOrHour
    members: Members = NO_MEMBERS
    is_gap: bool = False
    qualifier: str = ""
    """What tells partitions of one stream and account apart, if there are several."""
    marketplace: str = ""
    """Where the account reads it, if it has several places: rights differ there."""
    listed_id: str = ""
    """Of a report that is there already: it is never asked for anew."""
    page: ResultPage | None = field(default=None, compare=False, repr=False)
    """The page of its result to ask for, if not the first."""
    spec: object = field(default=None, compare=False, repr=False)
    """What the adapter makes the request of; the engine only passes it on."""

    @property
    def partition_key(self) -> tuple[str, str, str]:
        """Whose request it is."""
        return (self.stream, self.account, self.qualifier)

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal identities are one report at Amazon, whichever stream asks."""
        return (
            self.account,
            self.window,
            self.fingerprint,
            self.members,
            self.listed_id,
        )


# --- what an adapter reports back ------------------------------------------


@dataclass(frozen=True, slots=True)
class Accepted:
    """Amazon took the request, or named the same report as already running."""

    report_id: str
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """Not finished yet; `word` is a status we do not know, if it was one."""

    word: str | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """The report is complete; `expected_bytes` is a hint for the spool.

    `is_failure`: what its document holds is the reason of a failure. `next_page`: what
    has to be asked for once its rows are written, where they are not all. `age`: how
    many seconds Amazon took for it, where it says so.
    """

    expected_bytes: int | None = None
    is_failure: bool = False
    next_page: ResultPage | None = None
    age: float | None = None


@dataclass(frozen=True, slots=True)
class Empty:
    """The report is complete and Amazon has no document for it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Amazon ended the report without a document, in its own words.

    `is_final`: asking again in this run would bring the same.
    """

    reason: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class NoData:
    """Amazon ended the report because there is nothing to report."""

    reason: str
    next_page: ResultPage | None = None
    """What has to be asked for all the same."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """Amazon has not published this window yet: a later run asks again.

    `rest_may_be`: its older periods may be there, for one that is not spoils them all.
    """

    reason: str
    rest_may_be: bool = False


@dataclass(frozen=True, slots=True)
class Vanished:
    """Amazon does not know this report id (404)."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The document lies in the spool under this handle."""

    document: object


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The document could not be downloaded or read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """HTTP 429: nothing was done; come back later."""

    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """HTTP 425 naming a report with another configuration, or a dead one."""

    report_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Amazon said no. `scope` tells how far the refusal reaches in this run.

    "request": this one; "type": this report type for this account and marketplace;
    "account": everything of this account. `offered` is False when Amazon merely does
    not offer the type there, which is no failure; `history` is True when the
    window is older than Amazon keeps, `kept_from` the first day it has, if it says so.
    """

    reason: str
    scope: str = "request"
    offered: bool = True
    history: bool = False
    kept_from: DateOrHour | None = None
    ended: bool = False
    """Whether the report itself has ended so: its id is of no more use."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The call failed after its attempts (5xx, time-outs, lost connections).

    `is_outage`: nothing in it is about this report; others may fare alike.
    `is_answered`: a server did answer, with its own failure. `is_of_downloads`: it is
    the host of documents that failed, not the API.
    """

    reason: str
    is_outage: bool = False
    is_answered: bool = False
    is_of_downloads: bool = False


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The report was deleted at Amazon, or could not be (then it runs on)."""


Outcome = (
    Accepted
    | Running
    | Ready
    | Empty
    | Failed
    | NoData
    | NotYet
    | Vanished
    | Fetched
    | Unreadable
    | Throttled
    | Conflict
    | Refused
    | Unavailable
    | Cancelled
)
