"""Accounts divided among runs: each is read by one, and its state goes with it."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from amazon_emulator import EmulatorClient
from singer_amazon.shards.shard import Shard
from singer_amazon.shards.state import account_of, merge, split
from support.ads.runs import (
    ADVERTISERS,
    AGENCY,
    ATTRIBUTION,
    BRAZIL,
    CAMPAIGNS,
    CANADA,
    LINKED,
    ORDERS,
    SELLER,
    VENDOR,
    Run,
    days,
)

Runs = Callable[..., Run]
EVERYBODY = [SELLER, CANADA, BRAZIL, VENDOR, AGENCY, LINKED]
STREAMS = (CAMPAIGNS, ORDERS, "profiles", "advertisers")


def entries(state: dict[str, Any]) -> list[str]:
    """Return every partition of a state as text, in one order."""
    return sorted(
        json.dumps([name, entry], sort_keys=True)
        for name, found in state["bookmarks"].items()
        for entry in found.get("partitions", ())
    )


@pytest.mark.parametrize("count", [2, 5])
def test_each_account_is_read_by_one_shard(
    run: Runs, amazon: EmulatorClient, count: int
) -> None:
    asked_before, profiles, advertisers = 0, [], []
    for number in range(count):
        shard = Shard(number, count)
        ran = run(*STREAMS, shard=str(shard), **days("2026-11-18"))

        assert ran.code == 0
        creates = amazon.statistics().creates[asked_before:]
        asked_before += len(creates)
        assert {c.account for c in creates} == set(filter(shard.has, EVERYBODY))
        profiles += [row["profileId"] for row in ran.rows("profiles")]
        advertisers += [row["advertiserId"] for row in ran.rows("advertisers")]

    assert sorted(c.account for c in amazon.statistics().creates) == sorted(EVERYBODY)
    assert sorted(profiles) == sorted({*EVERYBODY, ATTRIBUTION} - {LINKED})
    assert sorted(advertisers) == sorted([*ADVERTISERS, LINKED])


def test_runs_go_on_with_a_divided_state(run: Runs, amazon: EmulatorClient) -> None:
    """What two shards make of a state is what one run makes of it."""
    first = run(CAMPAIGNS, ORDERS, **days("2026-11-16", "2026-11-17"))
    more = days("2026-11-16", "2026-11-18")
    whole = run(CAMPAIGNS, ORDERS, state=copy.deepcopy(first.state), **more)
    before = len(amazon.statistics().creates)

    ran = [
        run(CAMPAIGNS, ORDERS, state=part, shard=f"{number}/2", **more)
        for number, part in enumerate(split(first.state, 2))
    ]

    assert [one.code for one in ran] == [0, 0]
    assert len(amazon.statistics().creates) - before == len(EVERYBODY)
    assert entries(merge(one.state for one in ran)) == entries(whole.state)


def test_entries_of_other_shards_are_named_and_stay_as_they_are(
    run: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    first = run(CAMPAIGNS, **days("2026-11-16", "2026-11-17"))
    shard = Shard(0, 2)

    with caplog.at_level(logging.WARNING):
        ran = run(
            CAMPAIGNS,
            state=copy.deepcopy(first.state),
            shard=str(shard),
            **days("2026-11-16", "2026-11-18"),
        )

    assert "accounts that are not in shard 0/2" in caplog.text
    before, after = first.partitions(CAMPAIGNS), ran.partitions(CAMPAIGNS)
    for old, new in zip(before, after, strict=True):
        account = account_of(old)
        assert account is not None
        assert (old == new) is not shard.has(account)


def test_the_state_of_another_shard_is_refused_before_anything_is_asked(
    run: Runs, amazon: EmulatorClient, caplog: pytest.LogCaptureFixture
) -> None:
    first = run(CAMPAIGNS, shard="0/2", **days("2026-11-17"))
    before = len(amazon.statistics().creates)

    for changes in ({"shard": "1/2"}, {"shard": "0/3"}, {}):
        caplog.clear()
        ran = run(
            CAMPAIGNS,
            state=copy.deepcopy(first.state),
            **changes,
            **days("2026-11-17", "2026-11-18"),
        )
        assert ran.code == 1
        assert 'the state is that of shard "0/2"' in caplog.text
    assert len(amazon.statistics().creates) == before


def test_a_shard_without_accounts_is_no_failure_and_missing_ones_fail_once(
    run: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = {"profile_ids": [SELLER, "404"], **days("2026-11-18")}
    codes = {n: run(CAMPAIGNS, shard=f"{n}/6", **chosen).code for n in range(6)}
    missing = next(n for n in range(6) if Shard(n, 6).has("404"))
    assert [n for n, code in codes.items() if code] == [missing]
    empty = next(n for n in range(6) if not Shard(n, 6).has(SELLER))
    assert f"Shard {empty}/6 has no account" in caplog.text


def test_an_agency_whose_advertisers_cannot_be_listed_fails_in_one_shard(
    run: Runs, amazon: EmulatorClient, caplog: pytest.LogCaptureFixture
) -> None:
    amazon.add_fault("status", operation="advertisers", code=403)
    asked = {"advertiser_ids": [*ADVERTISERS, LINKED], **days("2026-11-18")}
    count = 3
    ran = [run(ORDERS, shard=f"{n}/{count}", **asked) for n in range(count)]

    its_own = next(n for n in range(count) if Shard(n, count).has(AGENCY))
    assert [n for n, one in enumerate(ran) if one.code] == [its_own]
    (failure,) = ran[its_own].summary["failures"]
    assert f"profile {AGENCY}" in failure
    assert "its advertisers cannot be listed" in failure
    for number in {*range(count)} - {its_own}:
        (notice,) = ran[number].summary["notices"]
        assert f"profile {AGENCY}" in notice
        assert "it is of another shard, whose run reads it or fails" in notice
    assert "no agency in region" not in caplog.text
    rows = [row for one in ran for row in one.rows(ORDERS)]
    assert {row["advertiserId"] for row in rows} == {LINKED, ADVERTISERS[0]}  # by link


def test_an_agency_that_is_alone_and_cannot_be_listed_is_one_failure(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("status", operation="advertisers", code=403)
    ran = run(ORDERS, profile_ids=[AGENCY], **days("2026-11-18"))
    assert ran.code == 1
    assert len(ran.summary["failures"]) == 1
