"""Which shards have accounts: as the taps count them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_amazon_singer import plan
from singer_amazon.shards import shard


@given(st.text(), st.integers(1, 64))
def test_an_account_is_in_the_shard_that_the_taps_read_it_in(
    account: str, count: int
) -> None:
    assert plan.shard_number(account, count) == shard.shard_number(account, count)


def test_shards_without_an_account_get_no_task() -> None:
    found = ["9100200300400501", "acme-us"]
    assert plan.shards_in_use(found, 16) == [7, 14]
    assert plan.shards_in_use(found, 1) == [0]
    assert plan.shards_in_use([], 16) == []
