"""What this project leans on in the SDK, and the order of messages."""

from __future__ import annotations

import inspect
from collections import Counter

from singer_sdk import Stream, Tap

from amazon_emulator import Emulator
from singer_amazon.tap.base import ReportTap
from singer_amazon.tap.stream import ReportStream
from support.ads.runs import (
    CAMPAIGNS,
    CANADA,
    NEWEST,
    SELLER,
    TARGETING,
    Json,
    asked,
    catalog,
    partitions,
    run,
)


def test_the_private_hooks_exist_with_these_signatures() -> None:
    hooks = {
        Stream: [
            "_sync_records",
            "_sync_batches",
            "_write_schema_message",
            "_write_state_message",
        ],
        Tap: ["_handle_termination", "_validate_config"],
    }
    for base, ours in ((Stream, ReportStream), (Tap, ReportTap)):
        for name in hooks[base]:
            theirs = inspect.signature(getattr(base, name)).parameters
            mine = inspect.signature(getattr(ours, name)).parameters
            assert [*theirs] == [*mine], name
    assert callable(Stream._generate_record_messages)
    assert callable(Tap._setup_signal_handlers)


def test_every_state_follows_the_rows_it_speaks_of(emulator: Emulator) -> None:
    ended = run(emulator, [CAMPAIGNS, TARGETING], profile_ids=[SELLER, CANADA])

    sent: Counter[tuple[str, str]] = Counter()
    claimed = set()
    for message in ended.messages:
        if message["type"] == "RECORD":
            sent[message["stream"], message["record"]["profile_id"]] += 1
        if message["type"] != "STATE":
            continue
        for stream in message["value"]["bookmarks"]:
            for entry in partitions(message["value"], stream):
                if entry["replication_key_value"] == NEWEST:
                    claimed.add((stream, entry["context"]["profile_id"]))
        assert all(sent[position] == 2 for position in claimed)
    assert len(claimed) == 4
    assert ended.messages[-1]["type"] == "STATE"


def test_the_schema_comes_once_and_before_the_first_row(emulator: Emulator) -> None:
    ended = run(emulator, [CAMPAIGNS, TARGETING], profile_ids=[SELLER, CANADA])

    known = []
    for message in ended.messages:
        if message["type"] == "SCHEMA":
            known.append(message["stream"])
        if message["type"] == "RECORD":
            assert message["stream"] in known
    assert sorted(known) == [CAMPAIGNS, TARGETING]


def test_extra_keys_of_a_state_survive_the_sdk(emulator: Emulator) -> None:
    state: Json = {
        "bookmarks": {
            TARGETING: {
                "partitions": [{"context": {"profile_id": "1"}, "gaps": [{"x": 1}]}]
            },
            "_budgets": {"anything": [1]},
            "of_another_version": {"replication_key_value": "x", "own": {"y": 2}},
        }
    }

    ended = run(emulator, state=state)

    kept = {k: v for k, v in ended.state["bookmarks"].items() if k != CAMPAIGNS}
    assert kept["_budgets"].pop("ready_ages")  # this run's own
    assert kept == state["bookmarks"]


def test_a_state_from_before_the_first_report_is_handed_on(emulator: Emulator) -> None:
    state: Json = {"bookmarks": {CAMPAIGNS: {"partitions": []}}}

    ended = run(emulator, state=state, max_runtime_seconds=0)

    assert ended.state["bookmarks"][CAMPAIGNS]["partitions"] == []


def test_a_stream_newer_than_the_catalog_is_not_read(emulator: Emulator) -> None:
    older = catalog([CAMPAIGNS])
    older["streams"] = [
        entry for entry in older["streams"] if entry["tap_stream_id"] != TARGETING
    ]

    ended = run(emulator, given_catalog=older)

    assert (ended.code, len(ended.rows())) == (0, 2)
    assert len(asked(emulator)) == 1
