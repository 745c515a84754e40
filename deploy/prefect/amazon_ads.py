"""Prefect: Amazon Ads over shards of accounts; no task waits for Amazon.

    pip install prefect
    prefect concurrency-limit create amazon-ads-na 4
    MELTANO_PROJECT=/opt/pipelines python amazon_ads.py

One flow a day: each shard asks for all its reports, and collects them when they are
due. The flow sleeps between two looks, its tasks do not.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

from prefect import flow, get_run_logger, task, unmapped

SHARDS = 16
DEADLINE = timedelta(hours=6)
SHORTEST_WAIT = timedelta(seconds=15)
PROJECT = Path(os.environ.get("MELTANO_PROJECT", "."))


@task(retries=3, retry_delay_seconds=60, tags=["amazon-ads-na"])
def run_shard(number: int, mode: str, seconds: int) -> str | None:
    """Run tap and target over one shard; return when to look at it again."""
    with tempfile.TemporaryDirectory() as folder:
        summary = Path(folder) / "summary.json"
        settings = {
            "TAP_AMAZON_ADS_SHARD": f"{number}/{SHARDS}",
            "TAP_AMAZON_ADS_RUN_MODE": mode,
            "TAP_AMAZON_ADS_MAX_RUNTIME_SECONDS": str(seconds),
            "TAP_AMAZON_ADS_SUMMARY_PATH": str(summary),
        }
        suffix = f"--state-id-suffix=shard-{number}-of-{SHARDS}"
        plugins = ("tap-amazon-ads", "target-s3")
        subprocess.run(
            ["meltano", "--environment=prod", "run", "--force", suffix, *plugins],
            cwd=PROJECT,
            env={**os.environ, **settings},
            check=True,
        )
        due: str | None = json.loads(summary.read_text())["next_look_at"]
        return due


def due_shards(looks: Mapping[int, str | None], now: datetime) -> list[int]:
    """Return the shards whose reports are to be looked at now."""
    return [n for n, due in looks.items() if due and datetime.fromisoformat(due) <= now]


def run_all(numbers: list[int], mode: str, seconds: int) -> dict[int, str | None]:
    """Run these shards side by side; a shard that fails ends the flow as failed."""
    runs = run_shard.map(numbers, unmapped(mode), unmapped(seconds))
    return dict(zip(numbers, runs.result(), strict=True))


@flow(name="amazon-ads")
def amazon_ads() -> None:
    """Ask for everything, and collect it until nothing waits or the time is up."""
    end = datetime.now(timezone.utc) + DEADLINE
    looks = run_all(list(range(SHARDS)), "ask", 900)
    while any(looks.values()) and datetime.now(timezone.utc) < end:
        if due := due_shards(looks, datetime.now(timezone.utc)):
            looks |= run_all(due, "collect", 60)
        time.sleep(SHORTEST_WAIT.total_seconds())
    if waiting := [number for number, due in looks.items() if due]:
        get_run_logger().warning("The next run collects what waits of %s", waiting)


if __name__ == "__main__":
    amazon_ads.serve(cron="0 12 * * *")
