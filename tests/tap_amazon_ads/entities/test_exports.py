"""Entities by exports: whole snapshots, ids kept, nothing asked twice."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from amazon_emulator import Emulator, EmulatorClient
from support.ads.process import AdsProcess
from support.ads.runs import BRAZIL, CANADA, NEWEST, NOON, SELLER, VENDOR, Json, Run
from support.core.material import amazons
from support.core.openapi import check_request
from support.core.runs import pending_reports

SPECS, needs_specs = amazons("amazon-ads")
KEYS = {"campaigns": "campaignId", "ad_groups": "adGroupId", "ads": "adId"}
KEYS["targets"] = "targetId"
ENTITIES = tuple(KEYS)
NAMES = {"ad_groups": "adGroups"}
KEYS_BY_NAME = {"campaignName": "campaigns", "adGroupName": "ad_groups"}
RunTap = Callable[..., Run]


@pytest.fixture
def exports(run: RunTap) -> RunTap:
    """Runs the tap for exports of one seller, unless it is told otherwise."""

    def begin(*streams: str, **settings: Any) -> Run:
        only = {"profile_ids": [SELLER], "account_types": ["seller"]}
        return run(*(streams or ENTITIES), **only | settings)

    return begin


def asked(amazon: EmulatorClient) -> list[tuple[str, str]]:
    return sorted((e.account, e.entity) for e in amazon.statistics().exports)


def index(rows: Iterable[Json], name: str) -> dict[str, Json]:
    return {row[name]: row for row in rows}


# --- rows -------------------------------------------------------------------


def test_a_snapshot_has_every_entity_of_the_profile(exports: RunTap) -> None:
    ended = exports()
    assert ended.code == 0
    assert [len(ended.rows(name)) for name in ENTITIES] == [15, 30, 60, 90]
    for stream, key in KEYS.items():
        rows = ended.rows(stream)
        assert ended.key_names()[stream] == ["profile_id", key]
        assert len({(r["profile_id"], r[key]) for r in rows}) == len(rows)
        assert {row["state"] for row in rows} == {"ENABLED", "PAUSED", "ARCHIVED"}
        assert all(r["snapshot_at"].startswith("2026-11-20T12:00") for r in rows)
        assert {row["profile_id"] for row in rows} == {SELLER}
        assert not any(row.get("_extra") for row in rows)
        assert ended.schema(stream)["schema"]["x-replace-by"] == ["profile_id"]


def test_ids_join_to_the_reports_by_name_and_type(exports: RunTap) -> None:
    streams = {
        "sponsored_products_campaign_by_campaign": ("campaigns", "campaignId"),
        "sponsored_products_campaign_by_ad_group": ("ad_groups", "adGroupId"),
        "sponsored_products_advertised_by_advertiser": ("ads", "adId"),
        "sponsored_products_targeting_by_targeting": ("targets", "keywordId"),
        "sponsored_brands_campaign_by_campaign": ("campaigns", "campaignId"),
        "sponsored_display_campaign_by_campaign": ("campaigns", "campaignId"),
    }
    ended = exports(*ENTITIES, *streams, start_date=NEWEST)
    for stream, (entity, column) in streams.items():
        known = index(ended.rows(entity), KEYS[entity])
        rows = ended.rows(stream)
        assert rows
        for row in rows:
            found = known[row[column]]
            for name in ("campaignName", "adGroupName"):
                if entity == KEYS_BY_NAME[name] and row.get(name) is not None:
                    assert found["name"] == row[name]
            if row.get("keyword") and row.get("matchType") in {"EXACT", "BROAD"}:
                assert found["targetDetails"]["keyword"] == row["keyword"]
        one = {type(row[column]) for row in rows}
        assert one == {type(next(iter(known)))} == {str}


def test_other_forms_and_unknown_fields_are_kept(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.add_fault("odd_rows", operation="create_export")
    ended = exports("campaigns", "targets")
    assert ended.code == 0
    campaign = ended.rows("campaigns")[0]
    assert campaign["startDate"] is None
    assert campaign["startDateTime"].startswith("2025-03-01T")
    assert campaign["_extra"]["someFutureField"] == {"level": 1}
    assert campaign["_extra"]["optimization"][0]["bidStrategy"]
    target = ended.rows("targets")[0]
    assert target["bid"]["bid"] == 0.25
    assert "keyword" in target["_extra"]["targetDetails"]["keywordTarget"]


def test_not_selected_unless_somebody_selects_them(exports: RunTap) -> None:
    ended = exports("profiles")
    assert not ended.rows("campaigns")


# --- what is asked ----------------------------------------------------------


def test_a_second_run_on_the_same_day_asks_nothing(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    first = exports("campaigns")
    later = exports("campaigns", state=first.state, now=NOON + timedelta(hours=19))
    assert later.code == 0
    assert len(amazon.statistics().exports) == 1
    assert later.said("young enough")
    amazon.set_now(NOON + timedelta(hours=21), frozen=True)
    next_day = exports("campaigns", state=first.state, now=NOON + timedelta(hours=21))
    assert len(next_day.rows("campaigns")) == 15
    assert len(amazon.statistics().exports) == 2


def test_age_zero_asks_in_every_run(exports: RunTap, amazon: EmulatorClient) -> None:
    first = exports("ads", entity_max_age_hours=0)
    exports("ads", entity_max_age_hours=0, state=first.state)
    assert len(amazon.statistics().exports) == 2


def test_one_export_of_each_kind_and_profile(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    profiles = [SELLER, CANADA, BRAZIL, VENDOR]
    ended = exports(profile_ids=profiles, account_types=["seller", "vendor"])
    seen = {row["profile_id"] for row in ended.rows("ads")}
    kinds = [NAMES.get(name, name) for name in ENTITIES]
    assert asked(amazon) == sorted((p, kind) for p in seen for kind in kinds)


def test_five_of_a_kind_at_once_and_no_429(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.change(ready_after_looks=2)
    for number in range(8):
        amazon.add_profile({"profileId": str(77000 + number)})
    ended = exports("ads", "campaigns", profile_ids=[], max_concurrency=8)
    assert ended.code == 0
    assert len(amazon.statistics().exports) > 2 * 8
    assert amazon.statistics().count("create_export", 429) == 0


@needs_specs
def test_every_request_is_as_amazons_file_has_it(
    exports: RunTap, sent: list[requests.PreparedRequest]
) -> None:
    exports()
    media = tuple(f"application/vnd.{name}export.v1+json" for name in MEDIA)
    calls = [s for s in sent if "export" in str(s.path_url).partition("?")[0]]
    calls = [s for s in calls if "storage" not in str(s.path_url)]
    assert {s.method for s in calls} == {"GET", "POST"}
    for call in calls:
        check_request(SPECS / "exports-2025-12.json", media, call)
        assert call.headers["Accept"] in media


MEDIA = ("campaigns", "adgroups", "targets", "ads")

# --- what goes wrong --------------------------------------------------------


def test_complete_without_url_is_never_an_empty_snapshot(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.add_fault("no_url", operation="export", times=3)
    ended = exports("campaigns")
    assert ended.code == 0
    assert len(ended.rows("campaigns")) == 15
    assert ended.said("WARNING", "COMPLETED without a url")


def test_a_failed_export_is_asked_for_again(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.add_fault("failed", operation="create_export", times=1, reason="Oops")
    ended = exports("targets")
    assert len(ended.rows("targets")) == 90
    assert len(amazon.statistics().exports) == 2
    assert ended.said("INTERNAL_ERROR: Oops")


def test_a_lost_answer_is_asked_for_once_more_and_never_again(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.add_fault("lost_answer", operation="create_export")
    ended = exports("targets")
    assert ended.code == 1
    assert len(amazon.statistics().exports) == 2
    assert ended.said("lost for the second time", "next run")
    amazon.clear_faults()
    assert len(exports("targets", state=ended.state).rows("targets")) == 90


def test_refused_for_an_account(exports: RunTap, amazon: EmulatorClient) -> None:
    amazon.add_fault("status", operation="create_export", code=403, account=SELLER)
    ended = exports("ads", profile_ids=[SELLER, CANADA])
    assert ended.code == 1
    assert {row["profile_id"] for row in ended.rows("ads")} == {CANADA}
    assert ended.said("advertiser_campaign_view")


def test_an_expired_address_is_asked_for_anew(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.add_fault("expired", operation="download_export", times=1)
    assert len(exports("ads").rows("ads")) == 60


def test_an_id_older_than_a_day_is_not_taken_up(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.add_fault("never_ready", operation="create_export", times=1)
    first = exports("ads", max_runtime_seconds=60, speed=30)
    assert len(first.partitions("ads")[0]["pending_reports"]) == 1
    same = exports("ads", state=first.state, max_runtime_seconds=60, speed=30)
    assert len(amazon.statistics().exports) == 1
    now = NOON + timedelta(hours=25)
    amazon.set_now(now, frozen=True)
    last = exports("ads", state=same.state, now=now)
    assert len(last.rows("ads")) == 60
    assert last.said("keeps no longer")


def test_each_id_is_in_the_state_as_soon_as_it_is_known(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.add_fault("never_ready", operation="create_export")
    ended = exports(max_concurrency=1, max_runtime_seconds=2)
    states = [len(pending_reports(s["value"])) for s in ended.of_type("STATE")]
    assert {1, 2, 3, 4} <= set(states)


# --- processes --------------------------------------------------------------


def test_killed_while_exports_wait_none_is_asked_for_twice(
    tmp_path: Path, emulator: Emulator, amazon: EmulatorClient
) -> None:
    amazon.change(ready_after_looks=100_000)
    with AdsProcess(tmp_path, emulator, ENTITIES) as tap:
        tap.read()
        tap.until_pending(len(ENTITIES))
        tap.signal(signal.SIGKILL)
        tap.ended(10)
        state = tap.last_state()
    first = asked(amazon)
    assert len(first) == len(ENTITIES)
    for export in emulator.emulation.exports.all():
        export.ready_after_looks = 0
    with AdsProcess(tmp_path, emulator, ENTITIES, state=state) as tap:
        tap.read()
        assert tap.ended(30) == 0
        rows = [m for m in tap.messages if m["type"] == "RECORD"]
    assert asked(amazon) == first
    assert len(rows) == 15 + 30 + 60 + 90


def test_a_slow_target_loses_no_row(
    tmp_path: Path, emulator: Emulator, amazon: EmulatorClient
) -> None:
    """The storage cuts off whoever reads slowly, and says nothing: we never do."""
    amazon.change(rows_per_day=2000)
    amazon.add_fault("lost_when_slow", operation="download_export", seconds=1.0)
    with AdsProcess(tmp_path, emulator, ["ads"]) as tap:
        tap.read(block=1 << 18, pause=0.02)
        assert tap.ended(60) == 0
        rows = sum(m["type"] == "RECORD" for m in tap.messages)
    assert rows == 2000 * 3 * 4
