"""The command itself, ended by SIGKILL within a result of three pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from amazon_emulator import Emulator
from support.core.process import PluginProcess
from support.core.runs import QUICK_POLLS
from support.sp.runs import BY_DATE, Json, catalog, partitions, run, settings


def creates(emulator: Emulator) -> int:
    return len(emulator.client.statistics().sp_queries)


def known_rows(process: PluginProcess) -> Iterator[str]:
    """Yield the days that were out before the last STATE."""
    messages = process.messages
    last = max((i for i, m in enumerate(messages) if m["type"] == "STATE"), default=0)
    for message in messages[:last]:
        if message["type"] == "RECORD":
            yield message["record"]["date"]


@pytest.mark.parametrize(("queries", "rows"), [(1, 0), (2, 1), (3, 2)])
def test_a_killed_command_loses_and_doubles_nothing(
    emulator: Emulator, tmp_path: Path, queries: int, rows: int
) -> None:
    """Ended as soon as so many queries were created and so many rows were out."""
    emulator.client.real_time()
    # lost queries are told apart by the second of their creation
    emulator.client.change(sp_kiosk_lines_per_page=1, ready_after_seconds=1.1)
    last = emulator.client.now().date() - timedelta(days=8)
    days = [str(last - timedelta(days=back)) for back in (2, 1, 0)]
    paged: Json = {
        "sales_and_traffic_source": "data_kiosk",
        "start_date": days[0],
        "end_date": days[-1],
    }
    config = settings(emulator, **QUICK_POLLS | paged)
    files = {"config": config, "catalog": catalog([BY_DATE], config)}
    with PluginProcess("tap-amazon-sp", tmp_path, files) as process:
        process.read()
        process.until(
            lambda: (
                process.raw.count(b'"RECORD"') >= rows and creates(emulator) >= queries
            ),
            f"{queries} queries and {rows} rows",
        )
        process.kill()
    assert process.process.returncode < 0
    ended = run(emulator, BY_DATE, state=process.last_state() or None, **paged)
    assert ended.code == 0
    known = list(known_rows(process))
    assert sorted([*known, *(row["date"] for row in ended.rows(BY_DATE))]) == days
    assert creates(emulator) == len(days)
    (state,) = partitions(ended.state, BY_DATE)
    assert state["replication_key_value"] == days[-1]
    assert "pending_reports" not in state
