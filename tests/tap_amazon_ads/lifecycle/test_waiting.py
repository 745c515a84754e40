"""Waiting costs nothing, and nothing that hangs keeps a run from ending."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from unittest.mock import create_autospec

import pytest

from amazon_emulator import Emulator
from singer_amazon.clock import SystemClock
from singer_amazon.reports import model
from singer_amazon.reports.api import Address, ReportApi
from singer_amazon.reports.engine import Engine, Report, RetrySettings
from singer_amazon.reports.model import Outcome, ReportRequest, Window
from singer_amazon.reports.runner import Runner
from singer_amazon.retry_policy import RetryPolicy
from singer_amazon.sync.session import Session
from singer_amazon.sync.state_store import StateStore
from singer_amazon.tap.base import ReportTap
from support.ads.runs import (
    CAMPAIGNS,
    NOON,
    TARGETING,
    CollectingWriter,
    EmulatorClock,
    Json,
    QuickTap,
    days,
    pending_ids,
    run,
)
from tap_amazon_ads.reports_api import ReportsApi

QUICK: Json = {"poll_interval_seconds": 0.3, "poll_interval_max_seconds": 0.3}


class ThreadedTap(QuickTap):
    """With its threads, as in real life."""

    workers: int | None = None


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When the owner of the reports looked up from waiting."""
    seen: list[float] = []
    advance = Runner.advance

    def counted(runner: Runner) -> None:
        seen.append(time.monotonic())
        advance(runner)

    monkeypatch.setattr(Runner, "advance", counted)
    return seen


def test_waiting_for_amazon_is_idle(emulator: Emulator, looks: list[float]) -> None:
    emulator.client.real_time()
    emulator.client.change(ready_after_seconds=1)
    today = str(emulator.client.now().date() - timedelta(days=2))

    ended = run(emulator, tap_class=ThreadedTap, **days(today), **QUICK)

    assert (ended.code, len(ended.rows())) == (0, 2)
    assert looks[-1] - looks[0] >= 0.9
    assert len(looks) <= 60


def test_waiting_for_a_free_worker_is_idle(
    emulator: Emulator, looks: list[float]
) -> None:
    emulator.client.real_time()
    emulator.client.add_fault("delay", operation="create", seconds=0.8, times=1)
    today = str(emulator.client.now().date() - timedelta(days=2))

    ended = run(
        emulator,
        [CAMPAIGNS, TARGETING],
        tap_class=ThreadedTap,
        **days(today),
        max_concurrency=1,
        **QUICK,
    )

    assert (ended.code, len(ended.rows())) == (0, 4)
    assert looks[-1] - looks[0] >= 0.8
    assert len(looks) <= 60


def test_one_thread_writes_and_keeps_the_state(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners: dict[str, set[int]] = {}

    def watch(owner: type, name: str) -> None:
        real = getattr(owner, name)

        def watched(*args: object, **more: object) -> object:
            owners.setdefault(name, set()).add(threading.get_ident())
            return real(*args, **more)

        monkeypatch.setattr(owner, name, watched)

    for owner, name in (
        (CollectingWriter, "write"),
        (StateStore, "changed"),
        (StateStore, "write"),
        (Session, "on_changes"),
        (Engine, "record"),
        (ReportsApi, "poll"),
    ):
        watch(owner, name)
    emulator.client.real_time()
    day = str(emulator.client.now().date() - timedelta(days=2))
    ended = run(
        emulator, [CAMPAIGNS, TARGETING], tap_class=ThreadedTap, **days(day), **QUICK
    )

    assert ended.code == 0
    assert threading.get_ident() not in owners.pop("poll"), "calls are made elsewhere"
    assert set().union(*owners.values()) == {threading.get_ident()}
    assert len(owners) == 4


class Hurried(EmulatorClock):
    """A clock by which every look at it takes ten seconds."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator)
        self._passed = timedelta(0)

    def now(self) -> datetime:
        self._passed += timedelta(seconds=10)
        return super().now() + self._passed


@pytest.mark.parametrize("operation", ["download", "status"])
def test_a_call_that_hangs_does_not_hold_up_the_end(operation: str) -> None:
    with Emulator(now=NOON, frozen=True, rows_per_day=2) as emulator:
        emulator.client.add_fault("delay", operation=operation, seconds=30)

        def hurry(tap: ReportTap, _: CollectingWriter) -> None:
            tap.clock = Hurried(emulator)

        began = time.monotonic()
        ended = run(
            emulator, tap_class=ThreadedTap, prepare=hurry, max_runtime_seconds=600
        )

        assert time.monotonic() - began < 10
        assert emulator.client.faults()[0]["applied"] == 1
        assert (ended.code, ended.rows()) == (0, [])
        assert len(pending_ids(ended.state)) == 1
        assert ended.said("WARNING", "1 reports wait at Amazon")


class SlowDownload:
    """Has space for one document at a time, which takes a while to come."""

    def __init__(self) -> None:
        self.is_busy = False
        self.bytes = 0

    def has_space(self) -> bool:
        return not self.is_busy

    def fetch(self, report: Report, address: Callable[[], Address]) -> Outcome:
        self.is_busy = True
        address()
        for _ in range(12):
            time.sleep(0.1)
            self.bytes += 1
        self.is_busy = False
        return model.Fetched(report.report_id)


def slow_runner(deadline_seconds: float) -> tuple[Runner, SlowDownload]:
    clock, fetcher = SystemClock(), SlowDownload()
    amazon = create_autospec(ReportApi, instance=True)
    amazon.create.side_effect = lambda request: model.Accepted(request.stream)
    amazon.poll.return_value = model.Ready()
    engine = Engine(RetrySettings(poll_interval=0.01, poll_interval_max=0.01))
    runner = Runner(
        engine,
        amazon,
        fetcher,
        clock,
        workers=3,
        deadline=clock.now() + timedelta(seconds=deadline_seconds),
        on_changes=lambda _: None,
    )
    window = Window(NOON.date(), NOON.date())
    engine.request(
        [
            ReportRequest(name, "account", "type", window, {}, name, window.start)
            for name in ("one", "two")
        ],
        clock.now(),
    )
    return runner, fetcher


def test_waiting_for_space_on_the_disk_is_idle(looks: list[float]) -> None:
    runner, _ = slow_runner(60)

    reports = []
    for report in runner.documents(frozenset(), lambda: False):
        runner.engine.delivered(report)
        reports.append(report.document)

    assert sorted(map(str, reports)) == ["one", "two"]
    assert len(looks) <= 60


def test_a_download_that_moves_on_is_waited_for_past_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "singer_amazon.reports.runner.POLICY", RetryPolicy(download_grace=0.3)
    )
    runner, fetcher = slow_runner(0.1)
    runner.download_progress = lambda: fetcher.bytes

    reports = list(runner.documents(frozenset(), lambda: False))

    assert [report.document for report in reports][:1] in (["one"], ["two"])


def test_a_download_that_stands_still_is_left_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "singer_amazon.reports.runner.POLICY", RetryPolicy(download_grace=0.2)
    )
    runner, _ = slow_runner(0.1)

    assert list(runner.documents(frozenset(), lambda: False)) == []
