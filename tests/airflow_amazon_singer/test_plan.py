"""Which shards have accounts: as the taps count them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from airflow_amazon_singer import plan
from singer_amazon.shards import shard, state


@given(st.text(), st.integers(1, 64))
def test_an_account_is_in_the_shard_that_the_taps_read_it_in(
    account: str, count: int
) -> None:
    assert plan.shard_number(account, count) == shard.shard_number(account, count)
    assert plan.ACCOUNT_NAMES == state.ACCOUNT_NAMES


def test_shards_without_an_account_get_no_task() -> None:
    found = planned({"profile_id": "9100200300400501"}, {"account_name": "acme-us"})
    assert plan.accounts(found) == {"9100200300400501", "acme-us"}
    assert plan.shards_in_use(found, 16) == [7, 14]
    assert plan.shards_in_use(found, 1) == [0]
    assert plan.shards_in_use(planned({}), 16) == []


def planned(*contexts: dict[str, Any]) -> dict[str, Any]:
    return {"reports": [{"context": context} for context in contexts]}
