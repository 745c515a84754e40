"""Reports that are not ready when a run ends wait in the state for the next one."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from amazon_emulator import Emulator
from support.ads.runs import (
    AGENCY,
    CAMPAIGNS,
    CANADA,
    NEWEST,
    SELLER,
    TARGETING,
    Json,
    Run,
    asked,
    expected_keys,
    partitions,
    pending_ids,
    run,
)

HOUR = 3600.0
DSP_CAMPAIGNS = "amazon_dsp_campaign_by_campaign"


def stopped_run(emulator: Emulator, **changes: Any) -> Run:
    """Run until the time is up, while every report takes an hour."""
    emulator.client.change(ready_after_seconds=HOUR)
    return run(emulator, max_runtime_seconds=60, **changes)


def deep_merged(old: Json, new: Json) -> Json:
    """Merge as Meltano merges states: dictionaries deeply, lists are replaced."""
    merged = {**old, **copy.deepcopy(new)}
    for name in old.keys() & new.keys():
        if isinstance(old[name], dict) and isinstance(new[name], dict):
            merged[name] = deep_merged(old[name], new[name])
    return merged


def test_time_up_leaves_the_reports_to_the_next_run(emulator: Emulator) -> None:
    both: Json = {"streams": [CAMPAIGNS, TARGETING], "profile_ids": [SELLER, CANADA]}
    first = stopped_run(emulator, **both)

    assert (first.code, first.rows()) == (0, [])
    assert len(asked(emulator)) == 4
    assert pending_ids(first.state) == {
        create.report_id for create in emulator.client.statistics().creates
    }
    assert first.said("WARNING", "4 reports wait at Amazon", CAMPAIGNS, SELLER, NEWEST)
    assert first.summary["reports"]["waiting"] == 4

    emulator.client.advance(HOUR)
    second = run(emulator, state=first.state, **both)

    statistics = emulator.client.statistics()
    assert second.code == 0
    assert statistics.calls["create"] == {200: 4}
    assert len(second.keys()) == len(set(second.keys()))
    assert set(second.keys()) == expected_keys(emulator, second)
    assert not pending_ids(second.state)
    assert second.summary["reports"]["adopted"] == 4
    assert second.summary["reports"]["requested"] == 0


def test_time_up_delivers_what_is_ready_and_asks_nothing_new(
    emulator: Emulator,
) -> None:
    client = emulator.client
    client.add_fault("throttle", operation="create", account=CANADA)
    client.add_fault("never_ready", operation="create", report_type_id="spTargeting")
    ended = run(
        emulator,
        [CAMPAIGNS, TARGETING],
        profile_ids=[SELLER, CANADA],
        max_runtime_seconds=60,
    )

    assert ended.code == 0
    assert len(ended.rows(CAMPAIGNS)) == 2
    assert len(pending_ids(ended.state)) == 1
    assert ended.said("WARNING", "1 reports wait at Amazon", TARGETING)
    assert ended.said("WARNING", "2 reports are left for the next run", CANADA)


def test_a_report_of_an_agency_keeps_its_advertisers(emulator: Emulator) -> None:
    agency: Json = {
        "streams": [DSP_CAMPAIGNS],
        "profile_ids": [AGENCY],
        "account_types": ["agency"],
    }
    first = stopped_run(emulator, **agency)

    (create,) = emulator.client.statistics().creates
    (pending,) = partitions(first.state, DSP_CAMPAIGNS)[0]["pending_reports"]
    (named,) = create.body["configuration"]["filters"]
    assert pending["advertiser_ids"] == named["values"]
    assert len(named["values"]) == 3

    emulator.client.advance(HOUR)
    second = run(emulator, state=first.state, **agency)
    assert len(asked(emulator)) == 1
    assert {r["advertiserId"] for r in second.rows()} == set(named["values"])
    (entry,) = partitions(second.state, DSP_CAMPAIGNS)
    assert entry["advertiser_ids"] == named["values"]
    assert "pending_reports" not in entry


def test_shape_of_a_pending_report(emulator: Emulator) -> None:
    state = stopped_run(emulator).state

    (create,) = emulator.client.statistics().creates
    (entry,) = partitions(state)
    (pending,) = entry["pending_reports"]
    assert pending == {
        "report_id": create.report_id,
        "start": NEWEST,
        "end": NEWEST,
        "fingerprint": pending["fingerprint"],
        "requested_at": "2026-11-20T12:00:00+00:00",
    }
    assert len(bytes.fromhex(pending["fingerprint"])) == 8
    assert entry == {
        "context": {"profile_id": SELLER},
        "version": 1,
        "replication_key": "date",
        "replication_key_value": "2026-11-18",
        "start_date": NEWEST,
        "pending_reports": [pending],
    }


def test_a_deep_merge_brings_nothing_back(emulator: Emulator) -> None:
    first = stopped_run(emulator)
    emulator.client.advance(HOUR)
    second = run(emulator, state=first.state)
    merged = deep_merged(first.state, second.state)

    third = run(emulator, state=merged)

    assert not pending_ids(merged)
    assert partitions(merged) == partitions(second.state)
    assert third.rows() == []
    assert len(asked(emulator)) == 1


def test_another_selection_of_columns_asks_anew(emulator: Emulator) -> None:
    first = stopped_run(emulator)
    (old,) = pending_ids(first.state)
    emulator.client.change(ready_after_seconds=0)

    second = run(emulator, state=first.state, without=["clicks"])

    assert second.said(CAMPAIGNS, SELLER, old, NEWEST, "is dropped")
    assert len(asked(emulator)) == 2
    assert len(second.rows()) == 2
    assert all("clicks" not in record for record in second.rows())
    assert not pending_ids(second.state)


def test_what_is_not_part_of_a_run_stays_as_it_is(emulator: Emulator) -> None:
    first = stopped_run(
        emulator, streams=[CAMPAIGNS, TARGETING], profile_ids=[SELLER, CANADA]
    )
    emulator.client.advance(HOUR)

    second = run(emulator, state=first.state, profile_ids=[SELLER])

    assert len(second.rows()) == 2
    assert partitions(second.state, TARGETING) == partitions(first.state, TARGETING)
    before, after = (
        [e for e in partitions(s) if e["context"] == {"profile_id": CANADA}]
        for s in (first.state, second.state)
    )
    assert before == after != []
    assert len(pending_ids(second.state)) == 3


def test_an_id_that_amazon_no_longer_knows_is_asked_again(emulator: Emulator) -> None:
    state = stopped_run(emulator).state
    (entry,) = partitions(state)
    (pending,) = entry["pending_reports"]
    pending["report_id"] = "11111111-2222-4333-8444-555555555555"
    emulator.client.advance(HOUR)
    emulator.client.change(ready_after_seconds=0)

    second = run(emulator, state=state)

    assert second.code == 0
    assert second.said("asked again", "404")
    assert len(second.rows()) == 2
    assert not pending_ids(second.state)


def test_a_report_that_failed_meanwhile_is_asked_again(emulator: Emulator) -> None:
    emulator.client.add_fault("failed", operation="create", times=1, reason="No luck")
    first = stopped_run(emulator)
    emulator.client.advance(HOUR)

    second = run(emulator, state=first.state)

    assert second.code == 0
    assert second.said("asked again", "No luck")
    assert len(asked(emulator)) == 2
    assert len(second.rows()) == 2


@pytest.mark.parametrize("message", ["Not authorized to access scope", "Who are you?"])
def test_a_401_on_a_look_leaves_the_entry(emulator: Emulator, message: str) -> None:
    first = stopped_run(emulator)
    rule = emulator.client.add_fault(
        "unauthorized", operation="status", message=message
    )

    second = run(emulator, state=first.state)

    assert second.code == 1
    assert second.said("ERROR", SELLER, message)
    assert pending_ids(second.state) == pending_ids(first.state)

    emulator.client.remove_fault(rule)
    emulator.client.advance(HOUR)
    third = run(emulator, state=second.state)
    assert len(third.rows()) == 2
    assert len(asked(emulator)) == 1


def test_a_stuck_report_is_deleted_and_asked_again(emulator: Emulator) -> None:
    emulator.client.add_fault("never_ready", operation="create", times=1)
    first = run(emulator, max_runtime_seconds=60)
    emulator.client.advance(24 * HOUR)

    second = run(emulator, state=first.state, end_date=NEWEST)

    stuck, fresh = emulator.client.statistics().creates
    assert (stuck.is_deleted, fresh.is_deleted) == (True, False)
    assert second.said("asked again", "stuck")
    assert (second.code, len(second.rows())) == (0, 2)
    assert not pending_ids(second.state)


def test_a_stuck_report_that_cannot_be_replaced_is_a_gap(emulator: Emulator) -> None:
    emulator.client.add_fault(
        "never_ready", operation="create", times=1, status="PROCESSING"
    )
    first = run(emulator, max_runtime_seconds=60)
    emulator.client.advance(24 * HOUR)
    emulator.client.add_fault("status", operation="delete", code=400)

    second = run(emulator, state=first.state, end_date=NEWEST)

    (entry,) = partitions(second.state)
    assert second.code == 1
    assert second.said("ERROR", SELLER, NEWEST, "does not let it be replaced")
    assert [gap["start"] for gap in entry["gaps"]] == [NEWEST]
    assert "pending_reports" not in entry


def test_a_stuck_report_younger_than_the_limit_is_waited_for(
    emulator: Emulator,
) -> None:
    first = stopped_run(emulator)
    emulator.client.advance(23 * HOUR)

    second = run(emulator, state=first.state, end_date=NEWEST)

    assert len(second.rows()) == 2
    assert len(asked(emulator)) == 1


def test_a_damaged_state_is_named(emulator: Emulator) -> None:
    state = stopped_run(emulator).state
    partitions(state)[0]["pending_reports"] = {"not": "a list"}

    second = run(emulator, state=state)

    assert second.code == 1
    assert second.said("ERROR", CAMPAIGNS, SELLER, "pending_reports", "--full-refresh")
    assert len(asked(emulator)) == 1
