"""Five exports of a kind at once; ids of exports in the state without a pause."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.clock import FakeClock
from singer_amazon.reports.model import PendingReport, Window
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.state_store import StateStore
from tap_amazon_ads.accounts import Account
from tap_amazon_ads.entities.definitions import CAMPAIGNS, EXPORTS
from tap_amazon_ads.entities.export_slots import MAX_RUNNING
from tap_amazon_ads.entities.exports import ExportStream
from tap_amazon_ads.running_reports import RunningReports
from tap_amazon_ads.tap import TapAmazonAds

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
STEPS = st.lists(st.sampled_from(["ask", "refuse", "accept", "end"]), max_size=60)


@given(STEPS)
def test_never_more_than_five_are_under_way(steps: list[str]) -> None:
    slots, asking, running, number = RunningReports(MAX_RUNNING), 0, list[str](), 0
    for step in steps:
        is_free = asking + len(running) < MAX_RUNNING
        assert (slots.ready_at(NOW) == NOW) is is_free
        if step == "ask" and is_free:
            slots.take(NOW)
            asking += 1
        elif step == "refuse" and asking:
            slots.answered(None)
            asking -= 1
        elif step == "accept" and asking:
            number += 1
            slots.answered(str(number))
            asking, running = asking - 1, [*running, str(number)]
        elif step == "end" and running:
            slots.ended(running.pop())


def test_an_export_of_an_earlier_run_takes_a_slot() -> None:
    slots = RunningReports(limit=1)
    slots.runs("old")
    slots.runs("old")
    assert slots.ready_at(NOW) > NOW
    slots.ended("old")
    assert slots.ready_at(NOW) == NOW


def test_the_id_of_an_export_is_written_without_a_pause() -> None:
    written: list[datetime] = []
    clock = FakeClock(NOW)

    def write() -> int:
        written.append(clock.now())
        return 100

    store = StateStore({}, write, clock, timer=lambda: 0.0)
    partition = _partition(timedelta(hours=20))
    for number, is_urgent in enumerate([False, False, True, True, False]):
        partition.state.requested(_pending(str(number)))
        store.changed(partition, is_urgent=is_urgent)
        store.write()
    assert len(written) == 3
    assert partition.repeats_are_new


def test_ids_of_exports_do_not_fill_the_pipe_with_a_large_state() -> None:
    sizes: list[int] = []
    clock, size = FakeClock(NOW), 20_000_000

    def write() -> int:
        sizes.append(size)
        return size

    store = StateStore({}, write, clock, timer=lambda: 0.0)
    partition = _partition(timedelta(hours=20))
    for number in range(600):  # ten a second
        partition.state.requested(_pending(str(number)))
        store.changed(partition, is_urgent=True)
        store.write()
        clock.sleep(0.1)
    assert 10 <= len(sizes) <= 20


def test_how_old_a_snapshot_may_get() -> None:
    partition = _partition(timedelta(hours=20))
    assert not partition.is_young(NOW)
    partition.state.snapshot_at = NOW
    assert partition.is_young(NOW + timedelta(hours=19))
    assert not partition.is_young(NOW + timedelta(hours=20))
    always = _partition(None)
    always.state.snapshot_at = NOW
    assert not always.is_young(NOW)


def test_create_and_status_name_the_kinds_own_type() -> None:
    assert [(e.path, e.media_type) for e in EXPORTS] == [
        ("/campaigns/export", "application/vnd.campaignsexport.v1+json"),
        ("/adGroups/export", "application/vnd.adgroupsexport.v1+json"),
        ("/targets/export", "application/vnd.targetsexport.v1+json"),
        ("/ads/export", "application/vnd.adsexport.v1+json"),
    ]


def _partition(max_age: timedelta | None) -> Partition:
    tap = TapAmazonAds(
        config={"client_id": "a", "client_secret": "b", "refresh_token": "c"}
    )
    account = Account("1", "profile 1", "seller", {"profile_id": "1"})
    return ExportStream(tap, CAMPAIGNS).partition(account, NOW, max_age)


def _pending(report_id: str) -> PendingReport:
    today = date(2026, 11, 20)
    return PendingReport(report_id, Window(today, today), "0" * 16, NOW)
