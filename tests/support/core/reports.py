"""Makers of the engine's values, and a harness that drives an engine.

No threads, no sockets: a scripted Amazon and a fake clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from singer_amazon.reports import model
from singer_amazon.reports.engine import (
    Action,
    CallKind,
    Change,
    Engine,
    Report,
    RetrySettings,
)
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import (
    NO_MEMBERS,
    Members,
    Outcome,
    PendingReport,
    ReportRequest,
    Window,
)
from support.core.emulation import NOON

__all__ = ["NOON"]

DAY_ONE = date(2026, 10, 1)


def day(number: int) -> date:
    """Return the n-th day of the tests' calendar; day 1 is 1 October 2026."""
    return DAY_ONE + timedelta(days=number - 1)


def window(first: int, last: int | None = None) -> Window:
    return Window(day(first), day(first if last is None else last))


def numbers(windows: Iterable[Window]) -> set[int]:
    """Return all days of these windows as numbers."""
    return {
        (item.start - DAY_ONE).days + 1 + offset
        for item in windows
        for offset in range(item.length)
    }


def spans_of(windows: Iterable[Window]) -> list[tuple[int, int]]:
    return [((w.start - DAY_ONE).days + 1, (w.end - DAY_ONE).days + 1) for w in windows]


def people(names: Sequence[str] = ()) -> Members:
    """Return advertisers by one letter each."""
    return frozenset(names) if names else NO_MEMBERS


def pending(
    first: int, last: int | None = None, report_id: str = "r1", names: str = ""
) -> PendingReport:
    return PendingReport(report_id, window(first, last), "f" * 16, NOON, people(names))


def request(
    first: int = 1,
    last: int | None = None,
    *,
    stream: str = "campaigns",
    account: str = "1",
    report_type: str = "spCampaigns",
    waiting_since: int | None = None,
    fingerprint: str | None = None,
) -> ReportRequest:
    return ReportRequest(
        stream=stream,
        account=account,
        report_type=report_type,
        window=window(first, last),
        definition={"stream": stream},
        fingerprint=fingerprint or stream,
        waiting_since=day(first if waiting_since is None else waiting_since),
    )


Answerer = Callable[[Action], Outcome]

ANYWHERE: list[Outcome] = [
    model.Throttled(),
    model.Throttled(retry_after=7),
    model.Unavailable("HTTP 503"),
    model.Refused("HTTP 400"),
    model.Refused("no scope", scope="account"),
]
OUTCOMES: dict[CallKind, list[Outcome]] = {
    CallKind.CREATE: [
        model.Accepted("new"),
        model.Accepted("new", adopted=True),
        model.Conflict("x", "another report"),
        model.Refused("not offered", scope="type", offered=False),
        *ANYWHERE,
    ],
    CallKind.POLL: [
        model.Running(),
        model.Running("DREAMING"),
        model.Ready(),
        model.Ready(is_failure=True),
        model.Empty(),
        model.NoData("CANCELLED"),
        model.NotYet("come back"),
        model.Failed("FAILED"),
        model.Failed("FAILED", is_final=True),
        model.Vanished(),
        *ANYWHERE,
    ],
    CallKind.FETCH: [
        model.Fetched("document"),
        model.Unreadable("cut"),
        model.Empty(),
        model.NoData("nothing sold"),
        model.NotYet("come back"),
        model.Failed("FAILED", is_final=True),
        model.Failed("FAILED"),
        model.Vanished(),
        *ANYWHERE,
    ],
    CallKind.CANCEL: [model.Cancelled(), *ANYWHERE],
}
"""Everything the port may answer to each kind of call."""


@dataclass
class EngineHarness:
    """An engine, the time, and what was called and changed so far."""

    engine: Engine = field(default_factory=lambda: Engine(RetrySettings()))
    now: datetime = NOON
    calls: list[tuple[float, CallKind, Report]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    ids: int = 0

    def ask(self, *requests: ReportRequest) -> list[Report]:
        """Plan requests; return the reports they became."""
        self.engine.request(requests, self.now)
        return list(self.engine.reports)

    def take(self, slots: int = 8, *, may_fetch: bool = True) -> list[Action]:
        return self.engine.next_actions(self.now, slots, may_fetch=may_fetch)

    def take_one(self, kind: CallKind) -> Action:
        (action,) = self.take()
        assert action.kind is kind
        return action

    def record(self, action: Action, outcome: Outcome) -> list[Change]:
        self.calls.append((self.seconds, action.kind, action.report))
        changes = self.engine.record(action, outcome, self.now)
        self.changes += changes
        return changes

    @property
    def seconds(self) -> float:
        return (self.now - NOON).total_seconds()

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def wake(self) -> bool:
        """Let time pass until something can be done; say whether it ever can."""
        while (due := self.engine.next_wake(self.now)) is not None:
            self.now = max(self.now, due)
            # those whose look is not worth its call yet go on to sleep
            self.engine._scheduler._wake(self.now)
            found = self.engine.next_wake(self.now)
            if found is None or found <= self.now:
                break
        return due is not None

    def drive(self, answer: Answerer, *, seconds: float = 1e9, slots: int = 8) -> None:
        """Let Amazon answer until all is done or so much time has passed."""
        end = self.now + timedelta(seconds=seconds)
        while not self.engine.is_done:
            actions = self.take(slots)
            for action in actions:
                self.record(action, answer(action))
            self.deliver()
            if not actions and (not self.wake() or self.now > end):
                self.now = min(self.now, end)
                return

    def deliver(self) -> int:
        """Write the rows of all that has been fetched."""
        count = 0
        while (report := self.engine.take_fetched()) is not None:
            self.changes.append(self.engine.delivered(report))
            count += 1
        return count

    def accepted(self, report_id: str | None = None) -> model.Accepted:
        """Return the acceptance of a new report, or of the named one."""
        self.ids += 1
        return model.Accepted(report_id or f"r{self.ids}")

    def well(self, action: Action) -> Outcome:
        """Answer as Amazon does on a good day."""
        if action.kind is CallKind.CREATE:
            return self.accepted()
        if action.kind is CallKind.POLL:
            return model.Ready()
        if action.kind is CallKind.FETCH:
            return model.Fetched(object())
        return model.Cancelled()

    def counted(self, kind: CallKind) -> int:
        return Counter(k for _, k, _ in self.calls)[kind]

    def states(self) -> Counter[State]:
        return Counter(report.state for report in self.engine.reports)
