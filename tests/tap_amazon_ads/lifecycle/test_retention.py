"""Amazon keeps less than was asked for: what it has is read, what is lost is said."""

from __future__ import annotations

import pytest

from amazon_emulator import Emulator
from support.ads.runs import (
    CAMPAIGNS,
    NEWEST,
    SELLER,
    asked,
    expected_keys,
    next_day,
    partitions,
    run,
)

START = "2026-08-19"  # three windows of 31 days


@pytest.mark.parametrize("wording", ["new", "old"])
@pytest.mark.parametrize("days", [10, 65])
def test_what_amazon_has_is_read_on_a_first_load(
    emulator: Emulator, wording: str, days: int
) -> None:
    emulator.client.add_fault(
        "retention", operation="create", days=days, wording=wording
    )

    first = run(emulator, start_date=START, end_date=NEWEST)

    assert first.code == 0
    kept_from = "2026-11-11" if days == 10 else "2026-09-17"
    delivered = sorted({r["date"] for r in first.rows(CAMPAIGNS)})
    assert (delivered[0], delivered[-1]) == (kept_from, NEWEST)
    assert set(first.keys()) == expected_keys(emulator, first)
    (entry,) = partitions(first.state)
    assert entry["replication_key_value"] == NEWEST
    assert "gaps" not in entry
    assert any(
        START in n and "keeps it no longer" in n for n in first.summary["notices"]
    )
    assert not first.summary["failures"]

    before = len(asked(emulator))
    again = run(emulator, state=first.state, start_date=START, end_date=NEWEST)
    assert again.code == 0
    assert len(asked(emulator)) == before


def test_lost_days_of_a_bookmark_are_said(emulator: Emulator) -> None:
    first = run(emulator, start_date="2026-11-18")
    next_day(emulator, 80)
    emulator.client.add_fault("retention", operation="create", days=65, wording="new")

    ended = run(emulator, state=first.state, start_date="2026-11-18")

    assert ended.code == 0
    assert ended.said("WARNING", "2026-11-20", "keeps it no longer")
    assert ended.summary["notices"]
    (entry,) = partitions(ended.state)
    assert entry["replication_key_value"] > "2027-02-01"


@pytest.mark.parametrize(
    "wording", ["unknown_type", "kdp", "vendor", "marketplace", "ad_product"]
)
def test_not_offered_is_asked_once_and_is_no_failure(
    emulator: Emulator, wording: str
) -> None:
    emulator.client.add_fault(
        "not_offered", operation="create", account=SELLER, wording=wording
    )

    ended = run(emulator, start_date=START, end_date=NEWEST)

    assert ended.code == 0
    assert not asked(emulator)
    assert emulator.client.statistics().count("create") == 1
    assert ended.said("WARNING", "not offered for this account", "exclude_streams")


def test_excluded_streams_are_not_asked_for(emulator: Emulator) -> None:
    ended = run(emulator, exclude_streams={SELLER: [CAMPAIGNS]})
    assert ended.code == 0
    assert not asked(emulator)


def test_an_account_or_stream_that_is_not_there_is_named(emulator: Emulator) -> None:
    ended = run(emulator, exclude_streams={"4711": [CAMPAIGNS]})
    assert ended.code == 1
    assert ended.said("ERROR", "4711", "exclude_streams")
    ended = run(emulator, exclude_streams={SELLER: [CAMPAIGNS + "s"]})
    assert ended.said("ERROR", "exclude_streams", f"did you mean {CAMPAIGNS}?")
