"""One report stream of one account: what is read of it and where it stands."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from singer_amazon.reports.model import (
    ListedReport,
    Members,
    ReportRequest,
    Window,
    fingerprint,
)
from singer_amazon.reports.partition_state import PartitionState
from singer_amazon.reports.windows import DateRange, RequestLimits, WindowRequest
from singer_amazon.sync.summary import Problem


class PartitionKind(Enum):
    """How the windows of a partition come about."""

    WINDOWS = auto()  # one after another, behind a bookmark
    RANGE = auto()  # one total over a range, asked anew each day; no bookmark
    SNAPSHOT = auto()  # what there is now, whole each time; no bookmark
    LISTED = auto()  # reports that are there already, each taken once


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """What a log says of an account; None where Amazon does not say it."""

    name: str | None = None
    currency_code: str | None = None
    time_zone: str | None = None


@dataclass(slots=True, eq=False)
class Partition:
    """One report stream read for one account (and marketplace, and options)."""

    stream: str
    account: str
    label: str
    """The account as people know it, for messages."""
    context: Mapping[str, str]
    report_type: str
    definition: Mapping[str, object]
    days: DateRange
    limits: RequestLimits
    members: Members = frozenset()
    kind: PartitionKind = PartitionKind.WINDOWS
    window: Window | None = None
    """The one window of a RANGE or SNAPSHOT; None where there is nothing to ask."""
    max_age: timedelta | None = None
    """How old a SNAPSHOT may get before it is asked for anew; None: each run asks."""
    report_life: timedelta | None = None
    """How long after the create a report can be had; None: as long as it takes."""
    repeats_are_new: bool = False
    """Whether Amazon makes another report of a request it has already: an id that got
    lost would be asked for twice, so that the state is written at once."""
    listed: tuple[ListedReport, ...] = ()
    """The reports there are, for LISTED."""
    qualifier: str = ""
    """What distinguishes it from others of the same stream and account."""
    marketplace: str = ""
    """Where it is read, if the account has several places: rights differ there."""
    spec: object = None
    """What the adapter makes its requests of: `ReportRequest.spec`."""
    account_details: AccountDetails = AccountDetails()
    replication_key: str = "date"
    settings_digest: str | None = None
    """Digest of what the user defined; where it changes, the bookmark starts anew."""
    state: PartitionState = field(default_factory=PartitionState)
    entry: MutableMapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What its requests name it by."""
        return (self.stream, self.account, self.qualifier)

    def problem(
        self, window: Window, reason: str, *, is_failure: bool = True
    ) -> Problem:
        """Return a problem with one of its windows."""
        return Problem(self.label, self.stream, str(window), reason, is_failure)

    @property
    def in_hours(self) -> bool:
        """Whether its windows are of hours, not days."""
        return isinstance(self.days.end, datetime)

    @property
    def has_bookmark(self) -> bool:
        """Whether what is delivered moves a bookmark."""
        return self.kind is PartitionKind.WINDOWS

    def is_young(self, now: datetime) -> bool:
        """Whether its last snapshot will do for a run of now."""
        taken = self.state.snapshot_at
        if taken is None or self.max_age is None:
            return False
        return now - taken < self.max_age

    def request(
        self, window_request: WindowRequest, listed_id: str = ""
    ) -> ReportRequest:
        """Return the request for one window, or for a report that is there."""
        return ReportRequest(
            stream=self.stream,
            account=self.account,
            report_type=self.report_type,
            window=window_request.window,
            definition=self.definition,
            fingerprint=self.fingerprint(window_request.window),
            waiting_since=window_request.waiting_since,
            members=window_request.members,
            is_gap=window_request.is_gap,
            qualifier=self.qualifier,
            marketplace=self.marketplace,
            listed_id=listed_id,
            spec=self.spec,
        )

    def fingerprint(self, window: Window) -> str:
        """Return the digest of what is asked for; a RANGE is bound to its days."""
        if self.kind is PartitionKind.RANGE:
            return fingerprint({**self.definition, "window": str(window)})
        return fingerprint(self.definition)
