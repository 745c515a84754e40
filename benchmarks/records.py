"""Rows per second and peak memory of tap-amazon-ads against the stock SDK path.

One report of 1,000,000 rows and 20 columns is read from the emulator, and the
same document by a tap that uses the SDK's own record path. Pace is measured by
the reader, between the first record and the last.

    uv run benchmarks/records.py [rows]
    uv run benchmarks/records.py [rows] --report-days

The second line measures what `report_days` adds to it: seconds of processor time for
reading and writing one document in this process, with and without it in turn.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median
from typing import Any

from harness import BIN, Measured, emulator, measure, tap_settings

from amazon_emulator import EmulatorClient
from singer_amazon.documents.json_array import pieces, unpacked
from singer_amazon.records.row_encoder import AddedFields, TypedRowEncoder
from singer_amazon.report_log.day_sums import DaySums
from tap_amazon_ads.catalogue import load_catalogue
from tap_amazon_ads.report_specs import report_specs

STREAM = "sponsored_products_campaign_by_campaign"
COLUMNS = 20
ADDED = 3  # profile_id, country_code, currency_code
PACE_GOAL = 8
MEMORY_GOAL = 1.2
FEW_ROWS = 10_000
DAYS_GOAL = 15
PAIRS = 7
CONFIG = "config"


def catalog(config: Path, columns: int = COLUMNS) -> dict[str, Any]:
    """Return a catalog with one stream and so many of its columns selected."""
    command = [str(BIN / "tap-amazon-ads"), "--config", str(config), "--discover"]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, capture_output=True).stdout
    )
    for entry in found["streams"]:
        wanted = entry["tap_stream_id"] == STREAM
        names = list(entry["schema"]["properties"])
        chosen = {*names[: columns - ADDED], *names[-ADDED:]}
        for item in entry["metadata"]:
            place = item["breadcrumb"]
            item["metadata"]["selected"] = wanted and (not place or place[1] in chosen)
    return found


def settings_of(client: EmulatorClient, raw: Path) -> dict[str, object]:
    """Return the settings for one account and day."""
    profiles = client.accounts()["profiles"]
    seller = next(p for p in profiles if p["accountInfo"]["type"] == "seller")
    day = (datetime.now(timezone.utc) - timedelta(days=3)).date().isoformat()
    return tap_settings(client) | {
        "profile_ids": [str(seller["profileId"])],
        "start_date": day,
        "end_date": day,
        "poll_interval_seconds": 0.5,
        "raw_report_uri": raw.as_uri(),
    }


def tap_command(
    settings: dict[str, object], folder: Path, name: str, columns: int = COLUMNS
) -> list[str]:
    """Return the command that reads the stream with these settings."""
    config, catalog_file = folder / f"{name}.json", folder / f"{name}-catalog.json"
    config.write_text(json.dumps(settings))
    catalog_file.write_text(json.dumps(catalog(config, columns)))
    return [
        *(str(BIN / "tap-amazon-ads"), "--config", str(config)),
        *("--catalog", str(catalog_file)),
    ]


def run(rows: int, folder: Path) -> tuple[Measured, Path]:
    """Read one report of so many rows; return the figures and its document."""
    with emulator("--rows-per-day", str(rows)) as client:
        raw = folder / f"raw-{rows}"
        command = tap_command(settings_of(client, raw), folder, CONFIG)
        measured = measure(command)
        return measured, next(raw.rglob("*.json.gz"))


def catalog_entry(folder: Path) -> dict[str, Any]:
    """Return the stream's entry in the catalog of the runs."""
    content = (folder / f"{CONFIG}-catalog.json").read_text()
    found: dict[str, Any] = next(
        item
        for item in json.loads(content)["streams"]
        if item["tap_stream_id"] == STREAM
    )
    return found


def selected(entry: dict[str, Any]) -> list[str]:
    """Return the names of the selected columns."""
    return [
        item["breadcrumb"][1]
        for item in entry["metadata"]
        if item["breadcrumb"] and item["metadata"]["selected"]
    ]


def stock_command(
    document: Path, folder: Path, columns: int = COLUMNS, **settings: object
) -> list[str]:
    """Return the command that sends a document's rows through the stock path."""
    entry = catalog_entry(folder)
    schema, config = folder / "schema.json", folder / f"stock-{columns}.json"
    schema.write_text(json.dumps(entry["schema"]))
    files = {"document": str(document), "schema": str(schema)}
    config.write_text(json.dumps(files | settings))
    script = Path(__file__).with_name("stock_tap.py")
    command = [sys.executable, str(script), "--config", str(config)]
    if columns == COLUMNS:
        return command
    catalog_file = folder / f"stock-{columns}-catalog.json"
    catalog_file.write_text(json.dumps({"streams": [_stock_entry(entry, columns)]}))
    return [*command, "--catalog", str(catalog_file)]


def _stock_entry(entry: dict[str, Any], columns: int) -> dict[str, Any]:
    """Return the stock stream's entry in a catalog with some columns selected."""
    chosen = {*list(entry["schema"]["properties"])[:columns]}
    metadata = [
        {
            "breadcrumb": item["breadcrumb"],
            "metadata": {
                "inclusion": "available",
                "selected": not item["breadcrumb"] or item["breadcrumb"][1] in chosen,
            },
        }
        for item in entry["metadata"]
    ]
    names = {"tap_stream_id": "rows", "stream": "rows"}
    return names | {"schema": entry["schema"], "metadata": metadata}


def seconds_to_read(document: Path, columns: list[str], *, counts_days: bool) -> float:
    """Return the processor time of one document's rows, from file to lines."""
    spec = next(
        spec for spec in report_specs(load_catalogue(), {}) if spec.stream == STREAM
    )
    chosen = {name: spec.columns[name] for name in columns if name in spec.columns}
    encoder = TypedRowEncoder(chosen, spec.primary_key)
    metrics = {name: encoder.getter(name) for name in chosen if name in spec.additive}
    days = DaySums([encoder.getter("date")], metrics)
    added = AddedFields.constant(
        {"profile_id": "1", "country_code": "US", "currency_code": "USD"}
    )
    before = b'{"type":"RECORD","stream":"' + STREAM.encode() + b'","record":'
    with Path(os.devnull).open("wb") as out:
        began = time.process_time()
        for rows in pieces(unpacked(document), encoder.parse):
            out.write(encoder.lines(rows, added, before, b"}"))
            if counts_days:
                days.add(rows)
        return time.process_time() - began


def cost_of_days(rows: int) -> None:
    """Read one document with and without its days counted; print the difference."""
    with tempfile.TemporaryDirectory() as name:
        _, document = run(rows, Path(name))
        entry = catalog_entry(Path(name))
        columns = selected(entry)
        pairs = [
            (
                seconds_to_read(document, columns, counts_days=False),
                seconds_to_read(document, columns, counts_days=True),
            )
            for _ in range(PAIRS)
        ]
    costs = [100 * (with_days / without - 1) for without, with_days in pairs]
    each = median(without for without, _ in pairs) / rows * 1e6
    print(f"{rows} rows of {len(columns)} columns, {each:.2f} µs each without")
    print("report_days adds " + ", ".join(f"{cost:+.1f} %" for cost in costs))
    print(f"median {median(costs):+.1f} % (goal {DAYS_GOAL} %)")


def main() -> None:
    """Measure both, print ratios."""
    numbers = [int(text) for text in sys.argv[1:] if text.isdigit()]
    rows = numbers[0] if numbers else 1_000_000
    if "--report-days" in sys.argv:
        cost_of_days(rows)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, _ = run(FEW_ROWS, folder)
        many, document = run(rows, folder)
        other = measure(stock_command(document, folder))
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
