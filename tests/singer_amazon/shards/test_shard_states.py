"""States of shards: divided and put together without losing or doubling anything."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from singer_amazon.clock import FakeClock
from singer_amazon.commands.state import state_command
from singer_amazon.errors import ConfigError
from singer_amazon.shards.shard import Shard
from singer_amazon.shards.state import account_of, check, merge, split

Json = dict[str, Any]
NOW = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
quick = settings(max_examples=40)
ACCOUNTS = st.sampled_from([str(10**12 + n) for n in range(40)])
STREAMS = st.sampled_from(["campaigns", "orders", "my_endpoint"])
TIMES = st.lists(st.integers(0, 10**6), unique=True, max_size=12).map(
    lambda found: [f"2026-11-28T{n:08d}Z" for n in sorted(found)]
)


@st.composite
def entries(draw: st.DrawFn) -> Json:
    """A partition with what a run may leave in it."""
    name = draw(st.sampled_from(["profile_id", "advertiser_id", "account_name"]))
    context = {name: draw(ACCOUNTS)}
    if draw(st.booleans()):
        context["marketplace_id"] = draw(st.sampled_from(["US", "CA"]))
    entry: Json = {"context": context, "version": 1}
    for part in ("pending_reports", "gaps", "closed_gaps", "delivered"):
        if found := draw(st.lists(st.integers(0, 99), max_size=2)):
            entry[part] = [{"id": number} for number in found]
    if draw(st.booleans()):
        entry["taken_reports"] = [{"report_id": draw(st.text(max_size=3))}]
        entry["replication_key_value"] = "2026-11-20"
    return entry


@st.composite
def states(draw: st.DrawFn) -> Json:
    """A state of several streams, as taps write it."""
    bookmarks: Json = {}
    for stream in draw(st.sets(STREAMS)):
        found = draw(
            st.lists(entries(), max_size=12, unique_by=lambda e: str(e["context"]))
        )
        bookmarks[stream] = {"partitions": found}
        if stream == "my_endpoint":
            bookmarks[stream]["columns"] = {"id": "string", "price": "number"}
    if draw(st.booleans()):
        bookmarks["profiles"] = {}
    if creates := draw(TIMES):
        bookmarks["_budgets"] = {
            "sales_and_traffic": {"creates": creates, "last_create": creates[-1]},
            "cancelled_reports": [
                {"account_name": draw(ACCOUNTS), "at": at} for at in creates
            ],
        }
    return {"bookmarks": bookmarks}


def in_any_order(value: object) -> object:
    """Return a state whose lists are sorted: their order means nothing."""
    if isinstance(value, dict):
        return {name: in_any_order(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return sorted(map(in_any_order, value), key=str)
    return value


def partitions(state: Json) -> Iterator[tuple[str, str]]:
    for stream, found in state["bookmarks"].items():
        for entry in found.get("partitions", ()):
            yield stream, json.dumps(entry, sort_keys=True)


@quick
@given(states(), st.integers(1, 20))
def test_a_state_divided_and_put_together_is_the_same(state: Json, count: int) -> None:
    before = copy.deepcopy(state)

    parts = split(state, count)

    assert state == before
    assert in_any_order(merge(parts)) == in_any_order(before)
    assert in_any_order(merge(reversed(parts))) == in_any_order(before)


@quick
@given(states(), st.integers(2, 20), st.integers(2, 20))
def test_a_state_is_divided_anew(state: Json, count: int, other: int) -> None:
    again = merge(split(merge(split(state, count)), other))
    assert in_any_order(again) == in_any_order(state)


@quick
@given(states(), st.integers(1, 20))
def test_every_partition_goes_to_the_shard_that_reads_it(
    state: Json, count: int
) -> None:
    parts = split(state, count)

    found = [one for part in parts for one in partitions(part)]
    assert sorted(found) == sorted(partitions(state))
    for number, part in enumerate(parts):
        shard = Shard(number, count)
        assert check(part, shard) is None
        for _, text in partitions(part):
            account = account_of(json.loads(text))
            assert account is not None
            assert shard.has(account)


@quick
@given(states(), st.integers(1, 20))
def test_what_an_application_has_used_is_divided_too(state: Json, count: int) -> None:
    counters = state["bookmarks"].get("_budgets", {})
    creates = counters.get("sales_and_traffic", {}).get("creates", [])
    parts = [p["bookmarks"].get("_budgets", {}) for p in split(state, count)]
    mine = [p.get("sales_and_traffic", {}).get("creates", []) for p in parts]
    assert sorted(at for times in mine for at in times) == creates
    assert max(map(len, mine)) - min(map(len, mine)) <= 1


# --- states that do not belong together --------------------------------------


def state_of(**bookmarks: str) -> Json:
    """Return a state of one stream: account to bookmark."""
    found = [
        {"context": {"profile_id": name[1:]}, "replication_key_value": day}
        for name, day in bookmarks.items()
    ]
    return {"bookmarks": {"campaigns": {"partitions": found}}}


def sharded(number: int, count: int, **bookmarks: str) -> Json:
    state = state_of(**bookmarks)
    state["bookmarks"]["_budgets"] = {"shard": f"{number}/{count}"}
    return state


def test_the_state_of_another_shard_is_refused() -> None:
    state = sharded(3, 16)
    assert check(state, Shard(3, 16)) is None
    for shard, words in (
        (Shard(3, 8), 'shard is "3/8"'),
        (Shard(4, 16), 'shard is "4/16"'),
        (Shard(), "shard is not set"),
    ):
        with pytest.raises(ConfigError) as raised:
            check(state, shard)
        assert words in str(raised.value)
        assert 'that of shard "3/16"' in str(raised.value)


def test_entries_of_other_shards_are_named() -> None:
    state = state_of(**{f"_{n}": "2026-11-20" for n in range(40)})
    warning = check(state, Shard(0, 4))
    assert warning is not None
    others = [str(n) for n in range(40) if not Shard(0, 4).has(str(n))]
    assert f"entries of {len(others)} accounts" in warning
    assert f"and {len(others) - 5} more" in warning
    assert min(others) in warning
    assert check(state, Shard()) is None


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([sharded(0, 3), sharded(1, 3)], "give each of the 3 shards once"),
        ([sharded(0, 2), sharded(0, 2)], "give each of the 2 shards once"),
        ([sharded(0, 2), sharded(1, 3)], "give each of the 2 shards once"),
        ([sharded(0, 2), state_of()], "others do not"),
        (
            [state_of(_1="2026-11-20"), state_of(_1="2026-11-21")],
            "different entries for campaigns of 1",
        ),
    ],
)
def test_states_that_do_not_belong_together_are_refused(
    parts: list[Json], words: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        merge(parts)
    assert words in str(raised.value)


def test_of_two_entries_the_one_of_the_own_shard_counts() -> None:
    """Every shard began with a copy of the whole state and moved on its own part."""
    accounts = [str(n) for n in range(20)]
    old, new = "2026-11-20", "2026-11-27"
    parts = [
        state_of(**{f"_{a}": new if Shard(number, 4).has(a) else old for a in accounts})
        for number in range(4)
    ]
    merged = merge(parts, in_order=True)
    assert in_any_order(merged) == in_any_order(
        state_of(**dict.fromkeys([f"_{a}" for a in accounts], new))
    )


def test_a_state_of_a_shard_is_not_divided_again() -> None:
    with pytest.raises(ConfigError):
        split(sharded(0, 2), 2)


# --- the commands ------------------------------------------------------------


def test_the_commands_write_new_files_and_nothing_in_place(tmp_path: Path) -> None:
    command = state_command(lambda _: True, FakeClock(NOW))
    state = state_of(**{f"_{n}": "2026-11-20" for n in range(9)})
    whole = tmp_path / "state.json"
    whole.write_text(json.dumps({"singer_state": state}))
    output = ("--shards", "3", "--output", f"{tmp_path}/part-{{shard}}.json")

    ran = CliRunner().invoke(command, ["split", str(whole), *output])

    assert ran.exit_code == 0, ran.output
    assert "9 partitions are divided among 3 files" in ran.stderr
    files = [str(tmp_path / f"part-{n}.json") for n in range(3)]
    merged = CliRunner().invoke(command, ["merge", *files])
    # as Meltano gave it, and as it takes it
    assert json.loads(merged.stdout).keys() == {"singer_state"}
    found = json.loads(merged.stdout)["singer_state"]
    assert in_any_order(found) == in_any_order(state)
    again = CliRunner().invoke(command, ["split", str(whole), *output])
    assert "is there already" in str(again.exception)
    one = ("--shards", "3", "--output", f"{tmp_path}/other.json")
    alone = CliRunner().invoke(command, ["split", str(whole), *one])
    assert "{shard}" in str(alone.exception)
    assert not (tmp_path / "other.json").exists()
    (tmp_path / "empty.json").write_text("{}")
    lost = CliRunner().invoke(command, ["merge", files[0], f"{tmp_path}/empty.json"])
    assert "empty.json is no Singer state" in str(lost.exception)
