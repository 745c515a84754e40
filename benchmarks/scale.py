"""What a run over thousands of accounts costs, and what bounds it.

The whole of a tap but its sockets and rows: planner, engine, scheduler, rate limiters
and state, on a simulated clock, against Amazon's rates. Each size runs in a process of
its own. Everything simulated stands in `Amazon`: Selling Partner rates as published;
Amazon Ads publishes none, so it refuses more than one create a second and profile.

    uv run benchmarks/scale.py
    uv run benchmarks/scale.py --api ads --accounts 1000 10000 --types 5 --slots 64
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import logging
import random
import resource
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import cast

import msgspec

from singer_amazon.clock import FakeClock
from singer_amazon.rate_limits import Rate, TokenBucket
from singer_amazon.reports import model
from singer_amazon.reports.engine import Action, Engine, Report, RetrySettings
from singer_amazon.reports.model import Outcome, ReportRequest
from singer_amazon.reports.periods import DayGrid
from singer_amazon.reports.rate_limiters import (
    AdaptiveReportRateLimiters,
    ReportRateLimiters,
)
from singer_amazon.reports.report import CallKind
from singer_amazon.reports.windows import DateRange, RequestLimits
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.session import RowBatch, Session, WrittenDocument
from singer_amazon.sync.state_store import StateStore
from singer_amazon.sync.summary import RunStats
from tap_amazon_sp.reports.rate_limiters import SpReportRateLimiters

START = datetime(2026, 11, 28, 6, tzinfo=timezone.utc)
QUICK = ((100, 5), (1000, 5), (100, 59))
CALL_SECONDS = {CallKind.FETCH: 0.6}
OTHER_CALL_SECONDS = 0.3
ADS_CREATES = Rate(1.0, 10)
_NAMES = {
    CallKind.CREATE: "asking",
    CallKind.POLL: "Amazon at work",
    CallKind.FETCH: "downloads",
}


@dataclass
class Amazon:
    """Answers calls: reports take 2 to 20 minutes."""

    api: str
    random: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311
    ends: dict[Report, datetime] = field(default_factory=dict)
    buckets: dict[str, TokenBucket] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)

    def answer(self, action: Action, now: datetime) -> tuple[float, Outcome]:
        """Return how many seconds a call takes and what it brings."""
        self.calls[action.kind.name.lower()] += 1
        seconds = CALL_SECONDS.get(action.kind, OTHER_CALL_SECONDS)
        return seconds, self._outcome(action, now)

    def _outcome(self, action: Action, now: datetime) -> Outcome:
        report = action.report
        if action.kind is CallKind.CREATE:
            if self._refuses(report.request.account, now):
                self.calls["refused"] += 1
                return model.Throttled()
            minutes = self.random.uniform(2, 20)
            self.ends[report] = now + timedelta(minutes=minutes)
            return model.Accepted(f"report-{len(self.ends):036d}")
        if action.kind is CallKind.POLL:
            return model.Ready() if now >= self.ends[report] else model.Running()
        return model.Fetched(None)

    def _refuses(self, account: str, now: datetime) -> bool:
        if self.api == "sp":
            return False  # its own limiters keep the published rates
        bucket = self.buckets.setdefault(account, TokenBucket(ADS_CREATES))
        if bucket.ready_at(now) > now:
            return True
        bucket.take(now)
        return False


class Rows:
    """Takes the place of a stream: writes nothing."""

    def write_document(
        self, report: Report, subscriber: ReportRequest, partition: Partition
    ) -> Generator[RowBatch, None, WrittenDocument]:
        """Say that a document had a hundred rows."""
        del report, subscriber, partition
        yield from ()
        return WrittenDocument(100)

    def columns_asked(self, partition: Partition) -> tuple[str, ...]:
        """Return what a request names."""
        return tuple(cast("list[str]", partition.definition["columns"]))

    def columns_refused(self, partition: Partition) -> tuple[str, ...]:
        """Return nothing: Amazon takes them all."""
        del partition
        return ()


class Run:
    """One simulated run."""

    def __init__(self, api: str, slots: int, hours: float) -> None:
        self.clock, self.slots = FakeClock(START), slots
        self.amazon = Amazon(api)
        self.deadline = START + timedelta(hours=hours)
        limiters: ReportRateLimiters = AdaptiveReportRateLimiters()
        if api == "sp":
            limiters = SpReportRateLimiters({}, START, share=1.0)
        self.engine = Engine(RetrySettings(), limiters=limiters)
        self.state: dict[str, object] = {}
        self.states, self.state_bytes, self.largest = 0, 0, 0
        self.cpu: defaultdict[str, float] = defaultdict(float)
        self.waited: defaultdict[str, float] = defaultdict(float)
        self.since: dict[Report, datetime] = {}
        self.busy = 0.0

    def plan(self, accounts: int, types: int) -> None:
        """Plan a day of so many report types for each account."""
        names = [f"stream_{number:02d}" for number in range(types)]
        self.state_store = StateStore(self.state, self._write_state, self.clock)
        self.session = Session(
            engine=self.engine,
            state_store=self.state_store,
            clock=self.clock,
            stats=RunStats(START),
            writers=dict.fromkeys(names, Rows()),
            gap_max_runs=5,
        )
        with self._counted("planning"):
            self.session.plan(partitions(accounts, names))

    def drive(self) -> None:
        """Let time pass until all is delivered or the time is up."""
        flying: list[tuple[datetime, int, Action, Outcome]] = []
        numbers = itertools.count()
        while not self.engine.is_done and (now := self.clock.now()) < self.deadline:
            while flying and flying[0][0] <= now:
                self._record(*heapq.heappop(flying)[2:], now)
            with self._counted("scheduling"):
                free = self.slots - len(flying)
                actions = self.engine.next_actions(now, free) if free else []
            for action in actions:
                seconds, outcome = self.amazon.answer(action, now)
                self.busy += seconds
                end = now + timedelta(seconds=seconds)
                heapq.heappush(flying, (end, next(numbers), action, outcome))
            self._deliver(now)
            with self._counted("state and progress"):
                self.session.log_and_save()
            with self._counted("scheduling"):
                wake = self.engine.next_wake(now)
            times = [flying[0][0]] if flying else []
            times += [wake] if wake is not None and len(flying) < self.slots else []
            # what waits for nothing but time, as a real run looks up
            self.clock.sleep(
                max((min(times, default=now) - now).total_seconds(), 0.001)
            )
        self.session.finish()

    def _record(self, action: Action, outcome: Outcome, now: datetime) -> None:
        if not isinstance(outcome, (model.Throttled, model.Running)):
            since = self.since.get(action.report, START)
            self.waited[_NAMES[action.kind]] += (now - since).total_seconds()
            self.since[action.report] = now
        with self._counted("recording"):
            self.session.on_changes(self.engine.record(action, outcome, now))

    def _deliver(self, now: datetime) -> None:
        with self._counted("delivering"):
            while (report := self.engine.take_fetched()) is not None:
                self.session.deliver(report)
                self.since.pop(report, now)

    def _write_state(self) -> int:
        value = self.state_store.encoded.in_state(self.state)
        size = len(msgspec.json.encode({"type": "STATE", "value": value}))
        self.states, self.state_bytes = self.states + 1, self.state_bytes + size
        self.largest = max(self.largest, size)
        return size

    @contextmanager
    def _counted(self, name: str) -> Iterator[None]:
        began = time.thread_time()
        yield
        self.cpu[name] += time.thread_time() - began

    def figures(self, accounts: int, types: int) -> dict[str, object]:
        """Return what is printed."""
        reports = len(self.engine.reports)
        seconds = (self.clock.now() - START).total_seconds()
        unit = 1 if sys.platform == "darwin" else 1024
        total = sum(self.waited.values()) or 1.0
        return {
            "api": self.amazon.api,
            "accounts": accounts,
            "types": types,
            "reports": reports,
            "undone": sum(not r.state.is_final for r in self.engine.reports),
            "hours": seconds / 3600,
            "calls": dict(self.amazon.calls),
            "cpu": dict(self.cpu),
            "ms": {n: 1000 * s / reports for n, s in self.cpu.items()},
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            * unit
            / 1e6,
            "states": self.states,
            "largest": self.largest,
            "state_bytes": self.state_bytes,
            "busy": self.busy / (self.slots * seconds),
            "waited": {n: s / total for n, s in self.waited.items()},
        }


def partitions(accounts: int, names: list[str]) -> list[Partition]:
    """Return what a tap makes of so many accounts, a day behind."""
    newest = (START - timedelta(days=1)).date()
    days = DateRange(newest, newest, newest - timedelta(days=95))
    limits = RequestLimits(DayGrid(31), lookback=14)
    definitions = {
        name: {"reportTypeId": name, "columns": [f"column_{n}" for n in range(30)]}
        for name in names
    }
    return [
        Partition(
            stream=name,
            account=str(10**12 + number),
            label=f"profile {number}",
            context={"profile_id": str(10**12 + number)},
            report_type=name,
            definition=definitions[name],
            days=days,
            limits=limits,
        )
        for name in names
        for number in range(accounts)
    ]


def simulate(options: argparse.Namespace) -> dict[str, object]:
    """Run one size in this process."""
    logging.disable(logging.WARNING)
    run = Run(options.api[0], options.slots, options.hours)
    run.plan(options.accounts[0], options.types[0])
    run.drive()
    return run.figures(options.accounts[0], options.types[0])


def show(one: dict[str, object]) -> float:
    """Print the figures of one size; return the milliseconds of CPU per report."""
    found = msgspec.convert(one, dict[str, object])
    ms: dict[str, float] = found["ms"]  # type: ignore[assignment]
    waited: dict[str, float] = found["waited"]  # type: ignore[assignment]
    each = sum(ms.values())
    print(
        f"{found['api']}, {found['accounts']} accounts x {found['types']} types: "
        f"{found['reports']} reports in {found['hours']:.2f} h, "
        f"{found['undone']} left; calls {found['calls']}"
    )
    print(
        f"  CPU {each:.2f} ms a report: "
        + ", ".join(f"{name} {value:.3f}" for name, value in sorted(ms.items()))
    )
    print(
        f"  memory {found['megabytes']:.0f} MB; {found['states']} states, the largest "
        f"{found['largest']:,} bytes, together {found['state_bytes']:,}"
    )
    print(
        f"  calls under way {found['busy']:.0%} of the slots; a report waits for "
        + ", ".join(f"{n} {s:.0%}" for n, s in sorted(waited.items()))
    )
    return each


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--api", nargs="+", default=["ads", "sp"])
    parser.add_argument("--accounts", nargs="+", type=int)
    parser.add_argument("--types", nargs="+", type=int, default=[5])
    parser.add_argument("--slots", type=int, default=8, help="max_concurrency")
    parser.add_argument("--hours", type=float, default=24.0, help="max runtime")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Simulate each size and print how the cost of a report grows."""
    options = arguments()
    if options.one:
        print(json.dumps(simulate(options)))
        return
    sizes = list(itertools.product(options.accounts or (), options.types)) or QUICK
    for api in options.api:
        costs = []
        for accounts, types in sizes:
            command = [sys.executable, __file__, "--one", "--api", api]
            command += ["--accounts", str(accounts), "--types", str(types)]
            command += ["--slots", str(options.slots), "--hours", str(options.hours)]
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
            costs.append(show(json.loads(output)))
        print(f"  dearest / cheapest report: {max(costs) / min(costs):.2f}\n")


if __name__ == "__main__":
    main()
