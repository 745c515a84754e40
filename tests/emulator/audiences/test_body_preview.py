from __future__ import annotations

import json
from itertools import permutations

import pytest

from amazon_emulator.audiences.uploads.body_preview import (
    count_records,
    first_record,
    preview_body,
)
from support.audience.emulation import AMC_AND_DSP, record

PARTS = {
    "audienceId": 413642381039213537,
    "targetResource": {"connectionId": AMC_AND_DSP, "targetTypes": ["DSP"]},
    "records": [record("a"), record("b", emails=("x", "y"))],
}


@pytest.mark.parametrize("order", list(permutations(PARTS)))
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,\n", " :\t")])
def test_what_stands_around_is_read_in_any_order(
    order: tuple[str, ...], separators: tuple[str, str]
) -> None:
    body = json.dumps({key: PARTS[key] for key in order}, separators=separators)

    assert preview_body(body.encode()) == {**PARTS, "records": []}
    assert count_records(body.encode()) == 2
    assert first_record(body.encode()) == record("a")


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"records": [', b'{"records": [1', b"\xff", b'"records":[]']
)
def test_what_cannot_be_read_is_nothing(body: bytes) -> None:
    assert preview_body(body) is None


def test_first_record_of_none() -> None:
    assert first_record(b'{"records": []}') is None
    assert first_record(b"{}") is None
