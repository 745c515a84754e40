"""A whole tap-amazon-ads over hundreds of profiles against the emulator.

Five report types for each profile, each report ready after 2 to 5 seconds, one row a
day: what is measured is everything but the rows.

    uv run benchmarks/agency.py --profiles 300
    uv run benchmarks/agency.py --profiles 300 --cprofile tap.prof
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from harness import emulator, tap_settings

STREAMS = (
    "sponsored_products_campaign_by_campaign",
    "sponsored_products_search_term_by_search_term",
    "sponsored_products_targeting_by_targeting",
    "sponsored_products_advertised_by_advertiser",
    "sponsored_brands_campaign_by_campaign",
)
OPTIONS = (
    *("--ready-after-seconds", "2-5", "--delay", "0.02"),
    *("--rows-per-day", "1"),
)


def world(profiles: int) -> dict[str, object]:
    """Return so many sellers."""
    return {
        "profiles": [
            {
                "profileId": 100_000 + number,
                "countryCode": "US",
                "timezone": "America/Los_Angeles",
                "accountInfo": {"type": "seller", "id": f"ENTITY{number}"},
            }
            for number in range(profiles)
        ],
        "advertisers": {},
        "managerAccounts": [],
    }


def tap(*arguments: str, profile: str | None = None) -> list[str]:
    """Return the command of the tap, in cProfile where a file is named."""
    code = "import sys; from tap_amazon_ads.tap import TapAmazonAds as T; T.cli()"
    if profile:
        code = (
            "import atexit, cProfile; p = cProfile.Profile(); p.enable(); "
            f"atexit.register(p.dump_stats, {profile!r}); {code}"
        )
    return [sys.executable, "-c", code, *arguments]


def catalog(config: Path, folder: Path, streams: Sequence[str] = STREAMS) -> Path:
    """Return a catalog that selects these streams."""
    command = tap("--config", str(config), "--discover")
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    for stream in found["streams"]:
        chosen = stream["tap_stream_id"] in streams
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = chosen
    path = folder / "catalog.json"
    path.write_text(json.dumps(found))
    return path


def run(command: list[str], folder: Path) -> None:
    """Run the tap and print what it cost."""
    output, log = folder / "output.jsonl", folder / "log.txt"
    began = time.perf_counter()
    with output.open("wb") as stdout, log.open("wb") as stderr:
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"exit {process.returncode}:\n{log.read_text()[-4000:]}")
    wall = time.perf_counter() - began
    with output.open("rb") as lines:
        states = [len(line) for line in lines if line.startswith(b'{"type":"STATE"')]
    summary = json.loads(log.read_text().rpartition("Run summary: ")[2].splitlines()[0])
    reports = summary["reports"]["delivered"]
    cpu = usage.ru_utime + usage.ru_stime
    print(
        f"{reports} reports, {summary['rows']} rows: {wall:.1f} s, CPU {cpu:.1f} s "
        f"({1000 * cpu / reports:.1f} ms a report), memory {_megabytes(usage):.0f} MB"
    )
    print(
        f"{len(states)} states, the largest {max(states):,} bytes, together "
        f"{sum(states):,}; result {summary['result']}"
    )


def _megabytes(usage: resource.struct_rusage) -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * unit / 1e6


def main() -> None:
    """Measure one size: the first load, and a second run with nothing new."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--profiles", type=int, default=300)
    parser.add_argument("--cprofile", help="file for cProfile's figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, emulator(*OPTIONS) as client:
        client.set_accounts(world(options.profiles))
        folder = Path(name)
        config = folder / "config.json"
        settings = {
            "poll_interval_seconds": 2,
            "poll_interval_max_seconds": 5,
            "max_concurrency": 16,
        }
        config.write_text(json.dumps(tap_settings(client) | settings))
        chosen = catalog(config, folder)
        arguments = ("--config", str(config), "--catalog", str(chosen))
        run(tap(*arguments, profile=options.cprofile), folder)


if __name__ == "__main__":
    main()
