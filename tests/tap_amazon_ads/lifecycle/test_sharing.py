"""Streams wait for nobody else, and share a report where they ask the same."""

from __future__ import annotations

from amazon_emulator import Emulator
from support.ads.runs import (
    CAMPAIGNS,
    CANADA,
    NEWEST,
    SELLER,
    TARGETING,
    Json,
    asked,
    partitions,
    pending_ids,
    run,
)

OWN = {
    "ad_product": "SPONSORED_PRODUCTS",
    "report_type_id": "spCampaigns",
    "group_by": ["campaign"],
    "columns": ["campaignId", "clicks", "date"],
    "key": ["campaignId"],
}
TWINS: Json = {
    "streams": ["one", "two"],
    "reports": [{"name": "one", **OWN}, {"name": "two", **OWN}],
}


def test_a_report_that_hangs_holds_nobody_back(emulator: Emulator) -> None:
    emulator.client.add_fault(
        "never_ready", operation="create", account=SELLER, report_type_id="spCampaigns"
    )

    ended = run(
        emulator,
        [CAMPAIGNS, TARGETING],
        profile_ids=[SELLER, CANADA],
        max_runtime_seconds=1800,
    )

    sent_at = {
        create.body["configuration"]["reportTypeId"]: create
        for create in emulator.client.statistics().creates
    }
    assert sent_at.keys() == {"spCampaigns", "spTargeting"}
    # all others are out although their streams come after the one that hangs
    assert {r["profile_id"] for r in ended.rows(CAMPAIGNS)} == {CANADA}
    assert {r["profile_id"] for r in ended.rows(TARGETING)} == {SELLER, CANADA}
    first_progress = next(i for i, line in enumerate(ended.log) if "Reports: 4" in line)
    assert "delivered 3" in ended.log[first_progress]
    assert len(pending_ids(ended.state)) == 1


def test_two_streams_of_one_definition_share_a_report(emulator: Emulator) -> None:
    ended = run(emulator, **TWINS)

    (create,) = emulator.client.statistics().creates
    assert create.downloads == 1
    assert ended.code == 0
    assert len(ended.rows("one")) == 2
    assert ended.rows("one") == ended.rows("two")
    for name in ("one", "two"):
        (entry,) = partitions(ended.state, name)
        assert entry["replication_key_value"] == NEWEST
        assert "pending_reports" not in entry


def test_a_shared_report_waits_in_the_state_of_both(emulator: Emulator) -> None:
    emulator.client.change(ready_after_seconds=3600)

    first = run(emulator, max_runtime_seconds=60, **TWINS)

    one, two = (
        partitions(first.state, name)[0]["pending_reports"] for name in ("one", "two")
    )
    assert one == two
    emulator.client.advance(3600)
    second = run(emulator, state=first.state, **TWINS)
    assert (len(second.rows("one")), len(second.rows("two"))) == (2, 2)
    assert not pending_ids(second.state)
    assert second.summary["reports"]["adopted"] == 1
    assert len(asked(emulator)) == 1


def test_a_stream_that_joins_a_waiting_report_remembers_it(emulator: Emulator) -> None:
    emulator.client.change(ready_after_seconds=3600)
    alone = {**TWINS, "streams": ["one"]}
    first = run(emulator, max_runtime_seconds=60, **alone)

    second = run(emulator, state=first.state, max_runtime_seconds=60, **TWINS)

    assert len(asked(emulator)) == 1
    assert len(pending_ids(second.state)) == 1
    assert partitions(second.state, "two")[0]["pending_reports"]

    emulator.client.advance(3600)
    third = run(emulator, state=second.state, **{**TWINS, "streams": ["two"]})
    assert len(third.rows("two")) == 2
    assert len(asked(emulator)) == 1


def test_a_shared_document_that_is_damaged_is_a_gap_for_both(
    emulator: Emulator,
) -> None:
    emulator.client.add_fault("document", operation="create", text="no rows here")

    ended = run(emulator, **TWINS)

    assert ended.code == 1
    for name in ("one", "two"):
        (entry,) = partitions(ended.state, name)
        assert [gap["start"] for gap in entry["gaps"]] == [NEWEST]
