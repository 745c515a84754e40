"""The host of documents is not there for a while: no gap, and nothing asked twice."""

from __future__ import annotations

import pytest

from amazon_emulator import Emulator
from support.sp.runs import SALES, asked, partitions, run


@pytest.mark.parametrize("operation", ["download_document", "get_report_document"])
def test_ten_minutes_without_documents_make_no_gap(
    emulator: Emulator, operation: str
) -> None:
    emulator.client.add_fault(
        "status", operation=operation, code=503, lasts_seconds=600
    )
    ended = run(emulator, SALES, start_date="2026-11-10", end_date="2026-11-12")
    assert ended.code == 0, ended.log
    assert ended.rows(SALES)
    assert not any("gaps" in p for p in partitions(ended.state, SALES))
    assert len(asked(emulator)) == len(set(map(str, asked(emulator))))
