"""What thousands of accounts cost a plan and its state; counted, never timed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from singer_amazon.clock import FakeClock
from singer_amazon.reports.engine import Engine, RetrySettings
from singer_amazon.reports.model import PendingReport, ReportRequest, Window
from singer_amazon.reports.partition_state import PartitionState
from singer_amazon.reports.periods import DayGrid
from singer_amazon.reports.windows import DateRange, RequestLimits, plan
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.planner import Planner
from singer_amazon.sync.state_store import StateStore
from singer_amazon.sync.summary import RunStats
from support.core.counted_calls import counted_calls
from support.core.reports import NOON, day

ROOT = Path(__file__).resolve().parents[2]


def partitions(accounts: int, newest: int) -> list[Partition]:
    """Return two streams of so many accounts, up to a day."""
    return [
        Partition(
            stream=stream,
            account=f"a{number}",
            label=f"account {number}",
            context={"profile_id": f"a{number}"},
            report_type=stream,
            definition={"reportTypeId": stream},
            days=DateRange(day(1), day(newest), day(1)),
            limits=RequestLimits(DayGrid(31), lookback=14),
        )
        for stream in ("campaigns", "targeting")
        for number in range(accounts)
    ]


def run(found: Iterable[Partition], state: dict[str, object]) -> int:
    """Plan, deliver everything and write the state; return how many reports it was."""
    by_key = {partition.key: partition for partition in found}
    store = StateStore(state, lambda: 0, FakeClock(NOON))

    def partition_of(request: ReportRequest) -> Partition:
        return by_key[request.partition_key]

    engine = Engine(RetrySettings())
    Planner(engine, store, RunStats(NOON), partition_of, NOON).plan(by_key.values())
    for partition in by_key.values():
        partition.state.deliver(Window(partition.days.start, partition.days.end))
        store.changed(partition)
    store.write(at_once=True)
    return len(engine.reports)


def work_per_report(accounts: int) -> float:
    """Return what is done for each report of two runs, one day after the other."""
    state: dict[str, object] = {}
    with counted_calls() as count:
        reports = run(partitions(accounts, 27), state)
        reports += run(partitions(accounts, 28), state)
    assert reports == 4 * accounts
    return count[0] / reports


def test_what_a_report_costs_the_plan_does_not_grow_with_the_accounts() -> None:
    assert work_per_report(200) < 1.1 * work_per_report(20)


def work_per_advertiser(count: int) -> float:
    """Return what each of an agency's advertisers costs in two days, reports and all.

    On the second day another hundred join; some of the first day's reports fail.
    """
    names = [f"{number:06d}" for number in range(count + 100)]
    state = PartitionState()
    with counted_calls() as calls:
        for newest, members in ((27, names[:count]), (28, names)):
            days = DateRange(day(1), day(newest), day(1))
            limits = RequestLimits(DayGrid(31), lookback=14)
            planned = plan(state, days, limits, frozenset(members)).requests
            for number, asked in enumerate(planned):
                report_id = f"{newest}-{number}"
                state.requested(
                    PendingReport(report_id, asked.window, "f", NOON, asked.members)
                )
            for number, asked in enumerate(planned):
                state.forget(f"{newest}-{number}")
                if newest == 27 and number % 10 == 0:
                    state.fail(asked.window, asked.members, "", now=NOON, max_runs=5)
                else:
                    state.deliver(asked.window, asked.members)
    assert (state.bookmark, len(state.members), state.gaps) == (day(28), len(names), [])
    return calls[0] / count


def test_what_an_advertiser_costs_does_not_grow_with_the_agency() -> None:
    assert work_per_advertiser(4000) < 1.3 * work_per_advertiser(1000)


def test_the_benchmark_runs_to_the_end() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "scale.py")]
    command += ["--accounts", "5", "--types", "2", "--api", "ads"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "ads, 5 accounts x 2 types: 10 reports in " in ended.stdout
    assert ", 0 left;" in ended.stdout
