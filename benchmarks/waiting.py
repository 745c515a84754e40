"""How close a run comes to the wait for its slowest report.

59 report types over 4 accounts each (4 sellers for the sponsored types, 4
agencies for the DSP types): 236 reports, each ready after 5 to 20 seconds, 50 ms
per call, 8 calls at once.

    uv run benchmarks/waiting.py
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from harness import BIN, emulator, measure, tap_settings

SLOWEST = 20
GOAL = 1.3
OPTIONS = (
    *("--ready-after-seconds", f"5-{SLOWEST}", "--delay", "0.05"),
    *("--rows-per-day", "1"),  # the waiting is measured, not the rows
)


def world() -> dict[str, object]:
    """Return four sellers and four agencies with an advertiser each."""
    profiles = [
        {
            "profileId": 1000 + number,
            "countryCode": "US",
            "timezone": "America/Los_Angeles",
            "accountInfo": {"type": kind, "id": f"ENTITY{number}"},
        }
        for number, kind in enumerate(["seller"] * 4 + ["agency"] * 4)
    ]
    advertisers = {
        str(1000 + number): [
            {
                "advertiserId": f"77000{number}",
                "name": f"Advertiser {number}",
                "currency": "USD",
                "country": "US",
                "timezone": "America/Los_Angeles",
            }
        ]
        for number in range(4, 8)
    }
    return {"profiles": profiles, "advertisers": advertisers, "managerAccounts": []}


def main() -> None:
    """Measure start-up and the whole run, print the ratio."""
    with (
        tempfile.TemporaryDirectory() as folder,
        emulator(*OPTIONS) as client,
    ):
        client.set_accounts(world())
        config = Path(folder, "config.json")
        config.write_text(
            json.dumps(
                tap_settings(client)
                | {
                    "poll_interval_seconds": 1,
                    "poll_interval_max_seconds": 2,
                    "max_concurrency": 8,
                }
            )
        )
        tap = str(BIN / "tap-amazon-ads")
        start_up = measure([tap, "--config", str(config), "--discover"]).wall
        run = measure([tap, "--config", str(config)])
        statistics = client.statistics()
        reports = len(statistics.creates)
        calls = sum(statistics.count(name) for name in statistics.calls)
    ratio = (run.wall - start_up) / SLOWEST
    print(f"reports {reports}, API calls {calls}, records {run.records}")
    print(f"start-up {start_up:.1f} s, whole run {run.wall:.1f} s")
    print(f"run without start-up / slowest report = {ratio:.2f} (goal {GOAL})")


if __name__ == "__main__":
    main()
