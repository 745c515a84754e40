"""Rows per second and peak memory of tap-amazon-sp on one very large report.

A search-terms report of 3,000,000 rows (some 600 MB of JSON) comes from the emulator
and is read by the tap as a process of its own; so is one of 10,000 rows. Pace is
measured by the reader, between the first record and the last.

    uv run benchmarks/selling_partner.py [rows]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from harness import BIN, Measured, emulator, measure, tap_settings

STREAM = "brand_analytics_search_terms"
ACCOUNT = "acme-us"
MEMORY_GOAL = 150
RATIO_GOAL = 1.2
FEW_ROWS = 10_000
WEEKS_DAYS = 9
"""So many days back one week has ended and is published, and only one."""


def catalog(config: Path) -> dict[str, Any]:
    """Return a catalog with nothing selected but the one stream."""
    command = [str(BIN / "tap-amazon-sp"), "--config", str(config), "--discover"]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, capture_output=True).stdout
    )
    for entry in found["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] == STREAM
    return found


def run(rows: int, folder: Path) -> Measured:
    """Read one report of so many rows."""
    with emulator("--sp-search-term-rows", str(rows)) as client:
        today = datetime.now(ZoneInfo("America/Los_Angeles")).date()
        (account,) = (a for a in client.sp_accounts() if a["name"] == ACCOUNT)
        settings = tap_settings(client) | {
            "refresh_token": account["refresh_token"],
            "account_name": ACCOUNT,
            "account_type": "seller",
            "marketplace_ids": ["US"],
            "start_date": (today - timedelta(days=WEEKS_DAYS)).isoformat(),
            "poll_interval_seconds": 0.5,
            "poll_interval_max_seconds": 0.5,
        }
        config = folder / f"config-{rows}.json"
        config.write_text(json.dumps(settings))
        selected = folder / "catalog.json"
        selected.write_text(json.dumps(catalog(config)))
        command = [str(BIN / "tap-amazon-sp"), "--config", str(config)]
        measured = measure([*command, "--catalog", str(selected)])
    assert measured.records == rows, f"{measured.records} records came instead"
    return measured


def main() -> None:
    """Measure both, print the figures beside their goals."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000_000
    with tempfile.TemporaryDirectory() as name:
        few, many = run(FEW_ROWS, Path(name)), run(rows, Path(name))
    print(
        f"tap-amazon-sp: {many.records:,} records of one report, "
        f"{many.records_per_second:,.0f} per second, whole run {many.wall:.1f} s"
    )
    print(f"peak memory = {many.peak_megabytes:.0f} MB (goal {MEMORY_GOAL})")
    print(
        f"peak memory, {rows:,} rows / {FEW_ROWS:,} rows = "
        f"{many.peak_megabytes / few.peak_megabytes:.2f} (goal {RATIO_GOAL})"
    )


if __name__ == "__main__":
    main()
