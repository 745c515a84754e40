"""Amazon is not there for a while: what concerns no single report is waited out."""

from __future__ import annotations

import pytest

from amazon_emulator import Emulator
from support.ads.runs import NEWEST, asked, partitions, pending_ids, run


@pytest.mark.parametrize("operation", ["token", "profiles", "create", "status"])
def test_two_minutes_without_an_answer_end_no_run(
    emulator: Emulator, operation: str
) -> None:
    emulator.client.add_fault(
        "status", operation=operation, code=503, lasts_seconds=120
    )

    ended = run(emulator, start_date=NEWEST)

    assert ended.code == 0, ended.log
    assert partitions(ended.state)[0]["replication_key_value"] == NEWEST
    assert len(asked(emulator)) == 1
    if operation in {"token", "profiles"}:
        assert ended.said("WARNING Waiting for Amazon, again in", "503")


@pytest.mark.parametrize(
    "fault", [{"action": "status", "code": 503}, {"action": "reset"}], ids=["503", "-"]
)
def test_ten_minutes_without_downloads_make_no_gap(
    emulator: Emulator, fault: dict[str, object]
) -> None:
    rule = {"operation": "download", "lasts_seconds": 600, **fault}
    emulator.client.add_fault(str(rule.pop("action")), **rule)

    ended = run(emulator, start_date=NEWEST)

    assert ended.code == 0, ended.log
    assert partitions(ended.state)[0]["replication_key_value"] == NEWEST
    assert "gaps" not in partitions(ended.state)[0]
    assert len(asked(emulator)) == 1


def test_a_download_that_never_comes_stays_pending_and_is_taken_up(
    emulator: Emulator,
) -> None:
    emulator.client.add_fault("status", operation="download", code=503)

    ended = run(emulator, start_date=NEWEST, max_runtime_seconds=600)

    assert ended.code == 1
    assert ended.said("ERROR", "HTTP 503", "it stays pending for the next run")
    assert len(pending_ids(ended.state)) == 1
    assert "gaps" not in partitions(ended.state)[0]
    emulator.client.clear_faults()
    again = run(emulator, start_date=NEWEST, state=ended.state)
    assert again.code == 0, again.log
    assert partitions(again.state)[0]["replication_key_value"] == NEWEST
    assert len(asked(emulator)) == 1


@pytest.mark.parametrize("operation", ["token", "profiles"])
def test_an_outage_without_end_ends_with_the_run(
    emulator: Emulator, operation: str
) -> None:
    emulator.client.add_fault("status", operation=operation, code=503)
    began = emulator.emulation.state.clock.now()

    ended = run(emulator, start_date=NEWEST, max_runtime_seconds=600)

    assert ended.code == 1
    assert ended.said("ERROR", "503")
    passed = emulator.emulation.state.clock.now() - began
    assert passed.total_seconds() <= 610


def test_a_token_s_retry_after_does_not_outlast_the_run(emulator: Emulator) -> None:
    emulator.client.add_fault("throttle", operation="token", retry_after=7200)
    began = emulator.emulation.state.clock.now()

    ended = run(emulator, start_date=NEWEST, max_runtime_seconds=60)

    assert ended.code == 1
    assert ended.said("ERROR", "throttled")
    assert (emulator.emulation.state.clock.now() - began).total_seconds() <= 70
