"""Which shard an account belongs to, and how a shard is written."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.errors import ConfigError
from singer_amazon.shards.shard import Shard, shard_number

VECTOR = {
    ("9100200300400501", 16): 14,
    ("5500600700800905", 16): 4,
    ("acme-us", 16): 7,
    ("Müller & Söhne", 1000): 144,
    ("", 7): 1,
}
"""States lie in the shard of their account: these numbers never change."""


@pytest.mark.parametrize(("account", "count"), VECTOR)
def test_the_shard_of_an_account_never_changes(account: str, count: int) -> None:
    assert shard_number(account, count) == VECTOR[account, count]


@given(st.text(), st.integers(1, 50))
def test_every_account_is_in_one_shard(account: str, count: int) -> None:
    shards = [Shard.parse(f"{number}/{count}") for number in range(count)]
    assert sum(shard.has(account) for shard in shards) == 1


def test_shards_are_of_about_one_size() -> None:
    sizes = Counter(shard_number(str(10**15 + n), 16) for n in range(16_000))
    assert len(sizes) == 16
    assert max(sizes.values()) < 1.15 * min(sizes.values())


def test_without_a_shard_every_account_is_read() -> None:
    assert Shard.of({}).has("anybody")
    assert Shard.of({"shard": "0/1"}) == Shard()
    assert str(Shard.of({"shard": " 3 / 16 "})) == "3/16"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3", 'such as "3/16"'),
        ("3 of 16", 'such as "3/16"'),
        ("-1/16", 'such as "3/16"'),
        ("3.5/16", 'such as "3/16"'),
        ("٣/16", 'such as "3/16"'),
        ("/16", 'such as "3/16"'),
        ("${JOB_COMPLETION_INDEX}/16", 'such as "3/16"'),
        ("", 'such as "3/16"'),
        ("0/0", "1 to 10,000 shards"),
        ("0/10001", "1 to 10,000 shards"),
        ("16/16", 'counted from 0, the last one of 16 is "15/16"'),
    ],
)
def test_what_is_no_shard_is_a_sentence(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Shard.parse(text)
    assert words in str(raised.value)
