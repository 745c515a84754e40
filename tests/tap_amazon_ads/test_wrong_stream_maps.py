"""A stream map that fails on a row is a sentence, and the state does not pass it."""

from __future__ import annotations

import pytest

from amazon_emulator import Emulator
from support.ads.runs import CAMPAIGNS, NEWEST, partitions, run


@pytest.mark.parametrize(
    ("maps", "words"),
    [
        ({"x": "1/0"}, "ZeroDivisionError"),
        ({"x": "nosuch(1)"}, "nosuch(1)"),
        ({"x": "record['nope']"}, "KeyError"),
        ({"x": "int(campaignName)"}, "an expression fails on a row"),
        ({"__filter__": "foo"}, "foo"),
    ],
)
def test_an_expression_that_fails(
    emulator: Emulator, maps: dict[str, str], words: str
) -> None:
    ended = run(emulator, start_date=NEWEST, stream_maps={CAMPAIGNS: maps})
    assert ended.code == 1
    (sentence,) = ended.errors[:1]
    assert f"stream_maps of {CAMPAIGNS}" in sentence
    assert words in sentence
    assert "unhandled error" not in "\n".join(ended.log)
    assert ended.tracebacks == 0
    (kept,) = partitions(ended.state)
    assert kept["replication_key_value"] < NEWEST
    assert len(kept["pending_reports"]) == 1
