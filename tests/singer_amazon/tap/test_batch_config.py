"""How large BATCH files are."""

from __future__ import annotations

import pytest

from singer_amazon.tap.record_writers import batch_config

GIVEN = {
    "encoding": {"format": "jsonl", "compression": "gzip"},
    "storage": {"root": "file:///tmp"},
}


@pytest.mark.parametrize(
    ("size", "rows"),
    [({}, 100_000), ({"batch_size": None}, 100_000), ({"batch_size": 7}, 7)],
)
def test_files_are_large_unless_said(size: dict[str, int | None], rows: int) -> None:
    found = batch_config({"batch_config": {**GIVEN, **size}})
    assert found is not None
    assert found.batch_size == rows


def test_without_the_setting_records_are_written() -> None:
    assert batch_config({}) is None
    assert batch_config({"batch_config": None}) is None
