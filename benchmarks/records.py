"""Rows per second and peak memory of tap-amazon-ads against the stock SDK path.

One report of 1,000,000 rows and 20 columns is read from the emulator, and the
same document by a tap that uses the SDK's own record path. Pace is measured by
the reader, between the first record and the last.

    uv run benchmarks/records.py [rows]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from harness import BIN, Measured, emulator, measure, tap_settings

STREAM = "sponsored_products_campaign_by_campaign"
COLUMNS = 20
ADDED = 3  # profile_id, country_code, currency_code
PACE_GOAL = 8
MEMORY_GOAL = 1.2
FEW_ROWS = 10_000


def catalog(config: Path) -> dict[str, Any]:
    """Return a catalog with one stream and twenty columns selected."""
    command = [str(BIN / "tap-amazon-ads"), "--config", str(config), "--discover"]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, capture_output=True).stdout
    )
    for entry in found["streams"]:
        wanted = entry["tap_stream_id"] == STREAM
        names = list(entry["schema"]["properties"])
        chosen = {*names[: COLUMNS - ADDED], *names[-ADDED:]}
        for item in entry["metadata"]:
            place = item["breadcrumb"]
            item["metadata"]["selected"] = wanted and (not place or place[1] in chosen)
    return found


def run(rows: int, folder: Path) -> tuple[Measured, Path]:
    """Read one report of so many rows; return the figures and its document."""
    with emulator("--rows-per-day", str(rows)) as client:
        profiles = client.accounts()["profiles"]
        seller = next(p for p in profiles if p["accountInfo"]["type"] == "seller")
        day = (datetime.now(timezone.utc) - timedelta(days=3)).date().isoformat()
        raw = folder / f"raw-{rows}"
        config = folder / f"config-{rows}.json"
        settings = tap_settings(client) | {
            "profile_ids": [str(seller["profileId"])],
            "start_date": day,
            "end_date": day,
            "poll_interval_seconds": 0.5,
        }
        config.write_text(json.dumps(settings | {"raw_report_uri": raw.as_uri()}))
        catalog_file = folder / "catalog.json"
        catalog_file.write_text(json.dumps(catalog(config)))
        command = [
            *(str(BIN / "tap-amazon-ads"), "--config", str(config)),
            *("--catalog", str(catalog_file)),
        ]
        measured = measure(command)
        return measured, next(raw.rglob("*.json.gz"))


def stock(document: Path, folder: Path) -> Measured:
    """Send the rows of a document through the stock record path."""
    entry = next(
        item
        for item in json.loads((folder / "catalog.json").read_text())["streams"]
        if item["tap_stream_id"] == STREAM
    )
    schema = folder / "schema.json"
    schema.write_text(json.dumps(entry["schema"]))
    config = folder / "stock.json"
    config.write_text(json.dumps({"document": str(document), "schema": str(schema)}))
    script = Path(__file__).with_name("stock_tap.py")
    return measure([sys.executable, str(script), "--config", str(config)])


def main() -> None:
    """Measure both, print ratios."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, _ = run(FEW_ROWS, folder)
        many, document = run(rows, folder)
        other = stock(document, folder)
    pace = many.records_per_second / other.records_per_second
    memory = many.peak_megabytes / few.peak_megabytes
    for label, item in (("tap-amazon-ads", many), ("stock SDK path", other)):
        print(
            f"{label}: {item.records} records, {item.records_per_second:,.0f} per "
            f"second, peak {item.peak_megabytes:.0f} MB"
        )
    print(f"records per second, ours / stock = {pace:.1f} (goal {PACE_GOAL})")
    print(
        f"peak memory, {rows} rows / {FEW_ROWS} rows = {memory:.2f} "
        f"(goal {MEMORY_GOAL})"
    )


if __name__ == "__main__":
    main()
