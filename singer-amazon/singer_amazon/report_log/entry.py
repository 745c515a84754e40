"""One report of one run and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Outcome = Literal["delivered", "empty", "waiting", "refused", "gap", "closed_gap"]
"""delivered: all rows are written; empty: there are none; waiting: the next run goes
on with it; refused: Amazon said no, the bookmark stays; gap: it failed, each run tries
it again; closed_gap: it is given up for good."""


@dataclass(frozen=True, slots=True)
class LoggedReport:
    """One report of one run for one stream and account, when nothing more happens.

    Times are aware instants of UTC; None where it did not come so far. `calls` counts
    what was asked of Amazon about it (create, status, download, cancel), `throttled`
    those of them answered with HTTP 429, `attempts` how often Amazon accepted it,
    earlier runs included once. `bytes` is the size of its document as downloaded.
    """

    run_id: str
    stream: str
    account: str
    """Its key: the id of a profile or linked advertiser, the name of an SP account."""
    account_name: str
    """The account as people know it."""
    currency_code: str | None
    time_zone: str | None
    """IANA name of the zone whose days the window counts in."""
    report_type: str
    window_start: str
    window_end: str
    """First and last day (or hour) asked for, both included, as in the state."""
    columns: tuple[str, ...]
    """The columns asked for; empty where a report type has no choice of columns."""
    refused_columns: tuple[str, ...]
    """Those of them Amazon refuses this account: they are null."""
    report_id: str | None
    adopted: bool
    """Whether an earlier run (or somebody else) had asked for it."""
    planned_at: datetime | None
    requested_at: datetime | None
    ready_at: datetime | None
    fetched_at: datetime | None
    delivered_at: datetime | None
    calls: int
    throttled: int
    attempts: int
    rows: int
    bytes: int
    repeated_keys: int
    outcome: Outcome
    reason: str
    """Amazon's own words where it did not go well; else empty."""
    part: str = ""
    """What tells several reports of one stream, account and window apart: marketplace
    and options, the listed report's id, or the DSP advertisers; mostly empty."""
    marketplace_id: str | None = None
    advertiser_ids: tuple[str, ...] = ()
    """The DSP advertisers it covers."""
