"""A real Airflow over shards of accounts, against the emulator and a local S3.

Airflow gets an environment of its own, an SQLite database, its scheduler, its triggerer
and a few worker slots. The rows must be those that one process delivers, also when a
worker is killed; how long slots were taken by runs that found nothing ready is printed.

    uv run benchmarks/airflow_shards.py --accounts 200 --shards 16 --slots 4 --kill
    uv run benchmarks/airflow_shards.py --accounts 6 --shards 3 --streams 1
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import agency
from airflow_installation import Airflow, installed
from harness import BIN, emulator, free_port, tap_settings
from stored_rows import Bucket, local_s3

from amazon_emulator import EmulatorClient

DAG = """\
from datetime import timedelta
from pathlib import Path

from airflow_amazon_singer import AmazonPipeline, amazon_dag

dag = amazon_dag(
    AmazonPipeline(
        name="amazon_ads",
        shards={shards},
        tap={tap!r},
        target={target!r},
        catalog=Path({catalog!r}),
        state_folder=Path({states!r}),
        tap_settings={tap_settings!r},
        target_settings={target_settings!r},
        tap_connection="amazon_ads",
        schedule="@once",
        shortest_wait=timedelta(seconds=2),
        longest_collect=timedelta(seconds=10),
        retry_delay=timedelta(seconds=5),
    )
)
"""
SECRETS = ("client_id", "client_secret", "refresh_token")


@dataclass(frozen=True, slots=True)
class World:
    """What both ways of running read from and write to."""

    settings: dict[str, Any]
    catalog: Path
    bucket: Bucket
    folder: Path

    @property
    def public(self) -> dict[str, Any]:
        """The tap's settings that are no secret."""
        return {k: v for k, v in self.settings.items() if k not in SECRETS}


def one_process(world: World) -> float:
    """Run tap and target as one pair; return the seconds it took."""
    config, loaded = world.folder / "one.json", world.folder / "one-target.json"
    config.write_text(json.dumps(world.settings))
    loaded.write_text(json.dumps(world.bucket.settings("one")))
    tap = [str(BIN / "tap-amazon-ads"), "--config", str(config)]
    began = time.monotonic()
    with (world.folder / "one.log").open("wb") as log:
        reader = subprocess.Popen(
            [*tap, "--catalog", str(world.catalog)], stdout=subprocess.PIPE, stderr=log
        )
        subprocess.run(
            [str(BIN / "target-s3"), "--config", str(loaded)],
            *(),
            stdin=reader.stdout,
            stdout=subprocess.DEVNULL,
            stderr=log,
            check=True,
        )
    assert reader.wait() == 0, (world.folder / "one.log").read_text()[-3000:]
    return time.monotonic() - began


def dag_file(world: World, shards: int) -> str:
    """Return the DAG file of the same pipeline over shards."""
    return DAG.format(
        shards=shards,
        tap=str(BIN / "tap-amazon-ads"),
        target=str(BIN / "target-s3"),
        catalog=str(world.catalog),
        states=str(world.folder / "states"),
        tap_settings=world.public,
        target_settings=world.bucket.settings("airflow"),
    )


def connection(world: World) -> str:
    """Return the Airflow connection with the tap's secrets."""
    return json.dumps(
        {
            "conn_type": "generic",
            "login": world.settings["client_id"],
            "password": world.settings["client_secret"],
            "extra": {"refresh_token": world.settings["refresh_token"]},
        }
    )


@contextlib.contextmanager
def world(options: argparse.Namespace) -> Iterator[World]:
    """Run Amazon and S3, with accounts, and yield how to reach them."""
    with (
        tempfile.TemporaryDirectory(prefix="airflow-shards-") as name,
        emulator(
            *("--ready-after-seconds", options.ready_after),
            *("--rows-per-day", "1"),
        ) as client,
        local_s3(free_port()) as bucket,
    ):
        folder = Path(name)
        yield World(
            settings=_settings(client, options),
            catalog=_catalog(client, options, folder),
            bucket=bucket,
            folder=folder,
        )


def _settings(client: EmulatorClient, options: argparse.Namespace) -> dict[str, Any]:
    client.set_accounts(agency.world(options.accounts))
    return tap_settings(client) | {
        "poll_interval_seconds": 5,
        "poll_interval_max_seconds": 15,
        "lookback_days": 0,
    }


def _catalog(client: EmulatorClient, options: argparse.Namespace, folder: Path) -> Path:
    config = folder / "discover.json"
    config.write_text(json.dumps(tap_settings(client)))
    return agency.catalog(config, folder, agency.STREAMS[: options.streams])


def compare(world: World, *, killed: bool) -> bool:
    """Print whether both ways delivered the same rows; return it."""
    one, many = world.bucket.rows("one"), world.bucket.rows("airflow")
    same = one.keys() == many.keys()
    twice = sum(many.values()) - len(many)
    print(
        f"rows: {len(one):,} by one process, {len(many):,} by Airflow, "
        f"{twice:,} of them twice; {'the same' if same else 'NOT THE SAME'}"
    )
    return bool(one) and same and (killed or not twice)


def main() -> None:
    """Run both ways, compare, and print what slots were taken for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--streams", type=int, default=len(agency.STREAMS))
    parser.add_argument("--ready-after", default="40-80", help="seconds, FROM-TO")
    parser.add_argument("--kill", action="store_true", help="kill a worker")
    parser.add_argument("--environment", type=Path, default=Path(".airflow-env"))
    parser.add_argument("--timeout", type=float, default=1800)
    options = parser.parse_args()
    environment = installed(options.environment)
    with world(options) as found:
        seconds = one_process(found)
        print(f"one process: {seconds:.0f} s")
        with Airflow(environment, found.folder, options.slots) as airflow:
            airflow.environment["AIRFLOW_CONN_AMAZON_ADS"] = connection(found)
            airflow.start(dag_file(found, options.shards), "amazon-default-na")
            run = airflow.follow("amazon_ads", options.timeout, kill=options.kill)
        print(run.text())
        same = compare(found, killed=options.kill)
    if not (same and run.state == "success"):
        sys.exit(1)


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    main()
