"""The words of the trade as values: windows, requests, what Amazon answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

Members = frozenset[str]
"""The advertisers one DSP report covers; empty for reports of a single account."""

NO_MEMBERS: Members = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The date span of one request, both ends included."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start > self.end:
            msg = f"a window cannot end ({self.end}) before it starts ({self.start})"
            raise ValueError(msg)

    def __str__(self) -> str:
        return f"{self.start.isoformat()}..{self.end.isoformat()}"

    @property
    def days(self) -> int:
        """How many days it holds."""
        return (self.end - self.start).days + 1

    def clip(self, start: date, end: date) -> Window | None:
        """Return the part of it inside [start, end], if there is one."""
        first, last = max(self.start, start), min(self.end, end)
        return Window(first, last) if first <= last else None


def day_before(day: date) -> date:
    """Return the day before."""
    return day - timedelta(days=1)


def day_after(day: date) -> date:
    """Return the day after."""
    return day + timedelta(days=1)


def fingerprint(definition: Mapping[str, object]) -> str:
    """Return 16 hex digits that stand for what a report contains.

    Two requests with equal definitions are the same report to us, whatever
    the order of their keys.
    """
    text = json.dumps(definition, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class PendingReport:
    """A report Amazon has accepted and not yet finished, as kept in the state."""

    report_id: str
    window: Window
    fingerprint: str
    requested_at: datetime
    members: Members = NO_MEMBERS


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
    waiting_since: date
    members: Members = NO_MEMBERS
    is_gap: bool = False

    @property
    def identity(self) -> tuple[str, Window, str, Members]:
        """Equal identities are one report at Amazon, whichever stream asks."""
        return (self.account, self.window, self.fingerprint, self.members)


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
    """The report is complete; `expected_bytes` is a hint for the spool."""

    expected_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Empty:
    """The report is complete and Amazon has no document for it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Amazon ended the report without a document, in its own words."""

    reason: str


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

    "request": this one; "type": this report type for this account; "account":
    everything of this account. `offered` is False when Amazon merely does not
    offer the type there, which is no failure; `history` is True when the
    window is older than Amazon keeps.
    """

    reason: str
    scope: str = "request"
    offered: bool = True
    history: bool = False


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The call failed after its attempts (5xx, time-outs, lost connections)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The report was deleted at Amazon, or could not be (then it runs on)."""


Outcome = (
    Accepted
    | Running
    | Ready
    | Empty
    | Failed
    | Vanished
    | Fetched
    | Unreadable
    | Throttled
    | Conflict
    | Refused
    | Unavailable
    | Cancelled
)
