"""The state is written early, often enough, and never so often that it costs."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from unittest.mock import create_autospec

import msgspec
import pytest

from amazon_emulator import Emulator
from singer_amazon.clock import Clock, FakeClock
from singer_amazon.reports import model
from singer_amazon.reports.api import ReportApi
from singer_amazon.reports.model import Outcome, ReportRequest, Window
from singer_amazon.reports.periods import DayGrid
from singer_amazon.reports.windows import DateRange, RequestLimits
from singer_amazon.retry_policy import POLICY
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.state_store import StateStore
from singer_amazon.tap.message_writer import StoppedError
from support.ads.runs import NOON, QuickTap, catalog, pending_ids, run

ACCOUNTS = 100
STREAMS = sorted(
    entry["tap_stream_id"]
    for entry in catalog([])["streams"]
    if entry["tap_stream_id"].startswith("sponsored_")
)[:30]
CALL_SECONDS = 0.05


def busy_amazon(clock: Clock) -> ReportApi:
    """Accepts every report, finishes none, and takes its time for each call."""
    numbers = itertools.count()
    amazon = create_autospec(ReportApi, instance=True)

    def create(_: ReportRequest) -> Outcome:
        clock.sleep(CALL_SECONDS)
        return model.Accepted(f"{next(numbers):08d}-0000-4000-8000-000000000000")

    def look(*_: object) -> Outcome:
        clock.sleep(CALL_SECONDS)
        return model.Running()

    amazon.create.side_effect = create
    amazon.poll.side_effect = look
    return cast("ReportApi", amazon)


class BusyTap(QuickTap):
    """Asks an Amazon that never finishes; notes when states go out."""

    def make_api(self) -> ReportApi:
        return busy_amazon(self.clock)

    def _write_state_now(self) -> int:
        WRITTEN_AT.append(self.clock.now())
        return super()._write_state_now()


WRITTEN_AT: list[datetime] = []


@pytest.fixture
def big_emulator(emulator: Emulator) -> Emulator:
    world = emulator.client.accounts()
    profile = world["profiles"][0]
    world["profiles"] = [{**profile, "profileId": 10_000 + n} for n in range(ACCOUNTS)]
    emulator.client.set_accounts(world)
    return emulator


def test_three_thousand_pending_reports(
    big_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    WRITTEN_AT.clear()
    took: list[float] = []
    write = StateStore.write

    def timed(store: StateStore, **at_once: bool) -> None:
        before, began = len(WRITTEN_AT), time.thread_time()
        write(store, **at_once)
        if len(WRITTEN_AT) > before:
            took.append(time.thread_time() - began)

    monkeypatch.setattr(StateStore, "write", timed)
    ended = run(
        big_emulator,
        STREAMS,
        tap_class=BusyTap,
        profile_ids=[],
        poll_interval_seconds=120,
        max_runtime_seconds=300,
    )

    assert ended.code == 0
    assert len(pending_ids(ended.state)) == 3000
    assert ended.summary["reports"]["waiting"] == 3000
    pauses = [
        (later - earlier).total_seconds()
        for earlier, later in itertools.pairwise(WRITTEN_AT)
    ][:-1]  # the last state of a run waits for nothing
    assert len(pauses) > 10
    for pause, cost in zip(pauses, took, strict=False):
        assert pause >= POLICY.state_pause
        assert pause >= 0.8 * POLICY.state_share * cost
    assert sum(took) <= 0.05 * ended.summary["seconds"]


class Writes:
    """A StateStore with one partition, and a clock and a timer that stand still."""

    def __init__(self, cost: float = 0.0, size: int = 100) -> None:
        self.clock = FakeClock(NOON)
        self._size = size
        self.state: dict[str, Any] = {}
        self.written: list[int] = []
        self.error: BaseException | None = None
        self._cost, self._timer = cost, 0.0
        self.store = StateStore(
            self.state, self._write, self.clock, lambda: self._timer
        )
        day = NOON.date()
        self.partition = Partition(
            stream="s",
            account="a",
            label="account a",
            context={"profile_id": "a"},
            report_type="t",
            definition={},
            days=DateRange(day, day, day),
            limits=RequestLimits(DayGrid(31), 0),
        )

    def _write(self) -> int:
        if self.error is not None:
            raise self.error
        self._timer += self._cost
        entry = self.state["bookmarks"]["s"]["partitions"][-1]
        self.written.append(len(entry.get("pending_reports", [])))
        return self._size

    def change(self) -> None:
        count = len(self.partition.state.pending)
        window = Window(NOON.date(), NOON.date())
        self.partition.state.requested(
            model.PendingReport(f"id{count}", window, "f" * 16, NOON)
        )
        self.store.changed(self.partition)

    def after(self, seconds: float) -> list[int]:
        self.clock.sleep(seconds)
        self.store.write()
        return self.written


def test_the_first_id_is_written_at_once_and_the_next_after_a_second() -> None:
    writes = Writes()
    writes.change()
    assert writes.after(0) == [1]
    writes.change()
    writes.change()
    assert writes.after(0.9) == [1]
    assert writes.after(0.2) == [1, 3]
    assert writes.after(60) == [1, 3], "nothing has changed"


def test_a_large_state_is_written_less_often() -> None:
    """Targets and Meltano have work with each one; 5 MB come every ten seconds."""
    writes = Writes(size=5_000_000)
    writes.change()
    writes.after(0)
    writes.change()
    assert writes.after(9.9) == [1]
    assert writes.after(0.2) == [1, 2]


def test_however_large_a_state_is_it_is_written_every_minute() -> None:
    writes = Writes(size=10**9)
    writes.change()
    writes.after(0)
    writes.change()
    assert writes.after(60) == [1, 2]


def test_what_has_not_changed_is_not_encoded_again() -> None:
    """The state is whole each time, though: entries of others, and new ones, too."""
    writes = Writes()
    other = {"context": {"profile_id": "b"}, "version": 1}
    writes.state |= {
        "bookmarks": {"s": {"partitions": [other]}, "t": {"starting": 1}},
        "more": {"of": "others"},
    }
    for _ in range(3):
        writes.change()
        writes.store.write(at_once=True)
        encoded = writes.store.encoded.in_state(writes.state)
        assert json.loads(msgspec.json.encode(encoded)) == writes.state
    again = writes.store.encoded.in_state(writes.state)
    before, after = (one["bookmarks"]["s"]["partitions"] for one in (encoded, again))
    assert len(after) == 2
    assert isinstance(after[1], msgspec.Raw)
    assert after[1] is before[1]


def test_a_state_is_read_once_whatever_the_number_of_its_accounts() -> None:
    """Each account finds its entry at once: thousands start in seconds."""
    looked_at: list[str] = []

    class Entry(dict[str, Any]):
        def get(self, key: str, default: object = None) -> Any:
            if key == "context":
                looked_at.append(key)
            return super().get(key, default)

    accounts = [f"a{number}" for number in range(200)]
    entries = [
        Entry(context={"profile_id": name}, replication_key_value=str(NOON.date()))
        for name in accounts
    ]
    store = StateStore(
        {"bookmarks": {"s": {"partitions": entries}}}, lambda: 0, FakeClock(NOON)
    )
    for name in accounts:
        partition = replace(
            Writes().partition, account=name, context={"profile_id": name}
        )
        store.load(partition)
        assert partition.state.bookmark == NOON.date()
    assert len(looked_at) == len(accounts)


def test_a_slow_state_is_written_less_often() -> None:
    writes = Writes(cost=0.5)
    writes.change()
    writes.after(0)
    writes.change()
    assert writes.after(9.9) == [1]
    assert writes.after(0.2) == [1, 2]


def test_a_state_that_did_not_get_out_is_written_later() -> None:
    writes = Writes()
    writes.change()
    writes.error = StoppedError()
    with pytest.raises(StoppedError):
        writes.after(0)
    writes.error = None
    writes.store.write(at_once=True)
    assert writes.written == [1]
