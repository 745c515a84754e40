"""The rows of one report, from the tap to a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness import Measured, emulator
from harness import measure as pipe
from limits.figures import Figures, Row, Rows, Sizes, times
from records import (
    ADDED,
    COLUMNS,
    CONFIG,
    STREAM,
    catalog_entry,
    selected,
    settings_of,
    stock_command,
    tap_command,
)

TYPED_LOOP = Path(__file__).parents[1] / "typed_loop.py"
HALF = COLUMNS // 2
STREAM_MAP = {"campaign": "str(campaignId) + ' ' + str(campaignName)"}
STOCK_ROWS = 50_000
"""The stock path is given no more: it would take too long."""
OURS = ("tap", "tap, half the columns", "tap, one stream map")
NAMES = {
    "many": ("tap", "tap, half the columns", "typed loop"),
    "some": ("tap, one stream map", "stock, half the columns", "stock, one stream map"),
}
"""What reads the large document, and what the smaller one."""


def measure(sizes: Sizes, folder: Path) -> Rows:
    """Compare the time of one row, start-up taken off."""
    few = _runs(folder / "none", 1, sizes.rounds, (*NAMES["many"], *NAMES["some"]))
    found: dict[str, Figures] = {}
    for size, rows in (("many", sizes.rows), ("some", min(sizes.rows, STOCK_ROWS))):
        runs = _runs(folder / size, rows, sizes.rounds, NAMES[size])
        found |= {name: _per_row(runs[name], few[name], rows) for name in runs}
    pairs = [
        ("rows of one report to a pipe", "tap", "typed loop", 1.0),
        ("the same, half the columns", OURS[1], "stock, half the columns", 8.0),
        ("the same, one stream map", OURS[2], "stock, one stream map", 2.0),
    ]
    return [
        Row(
            name=f"{title} (a million)",
            baseline=theirs,
            by="CPU",
            ours=found[ours],
            theirs=found[theirs],
            goal=goal,
            is_speed=True,
        )
        for title, ours, theirs, goal in pairs
    ]


def _runs(
    folder: Path, rows: int, rounds: int, names: Iterable[str]
) -> dict[str, list[Measured]]:
    """Run commands in turn on a report of so many rows."""
    folder.mkdir()
    with emulator("--rows-per-day", str(rows)) as client:
        commands = _commands(settings_of(client, folder / "raw"), folder)
        turns = [{name: pipe(commands[name]) for name in names} for _ in range(rounds)]
    for runs in turns:
        counts = {name: run.records for name, run in runs.items()}
        assert set(counts.values()) == {rows}, counts
    return {name: [runs[name] for runs in turns] for name in names}


def _commands(settings: dict[str, object], folder: Path) -> dict[str, list[str]]:
    """Return all commands, and have the document there that some of them read."""
    mapped = {"stream_maps": {STREAM: STREAM_MAP}}
    pipe(tap_command(settings, folder, "keeping"))
    document = next((folder / "raw").rglob("*.json.gz"))
    del settings["raw_report_uri"]
    commands = {
        OURS[0]: tap_command(settings, folder, CONFIG),
        OURS[1]: tap_command(settings, folder, "half", HALF),
        OURS[2]: tap_command(settings | mapped, folder, "mapped"),
    }
    commands["typed loop"] = _loop(document, folder)
    commands[NAMES["some"][1]] = stock_command(document, folder, HALF)
    commands[NAMES["some"][2]] = stock_command(
        document, folder, stream_maps={"rows": STREAM_MAP}
    )
    return commands


def _loop(document: Path, folder: Path) -> list[str]:
    """Return the command of the plain loop, which writes the lines of the tap."""
    entry = catalog_entry(folder)
    chosen = selected(entry)
    types = {name: entry["schema"]["properties"][name]["type"] for name in chosen}
    given = {
        "document": str(document),
        "columns": {
            name: kind if isinstance(kind, str) else kind[0]
            for name, kind in list(types.items())[:-ADDED]
        },
        "before": f'{{"type":"RECORD","stream":"{STREAM}","record":',
        "after": ',"profile_id":"1","country_code":"US","currency_code":"USD"},'
        '"time_extracted":"2026-11-28T00:00:00.000000+00:00"}\n',
    }
    path = folder / "loop.json"
    path.write_text(json.dumps(given), encoding="utf-8")
    return [sys.executable, str(TYPED_LOOP), str(path)]


def _per_row(
    runs: Sequence[Measured], starts: Sequence[Measured], rows: int
) -> Figures:
    """Return the seconds of a million rows."""
    return {name: value / rows * 1e6 for name, value in times(runs, starts).items()}
