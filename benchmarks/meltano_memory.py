"""Memory and processor time of Meltano, tap and target together.

`meltano run` reads five report types of some hundred profiles from the emulator into a
local S3, and its processes are looked at every quarter of a second: what one pod needs.

    uv run benchmarks/meltano_memory.py --profiles 300
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import agency
import psutil
from harness import BIN, emulator, free_port, tap_settings
from stored_rows import KEY_ID, NAME, SECRET, Bucket, local_s3

from amazon_emulator.demo import environment

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_SECONDS = 0.25
PLUGINS = ("tap-amazon-ads", "target-s3")


def project(folder: Path) -> Path:
    """Make a Meltano project of the repository's definitions."""
    shutil.copyfile(ROOT / "meltano.yml", folder / "meltano.yml")
    shutil.copytree(ROOT / "plugins", folder / "plugins")
    return folder


def variables(tap: dict[str, object], bucket: Bucket, folder: Path) -> dict[str, str]:
    """Return the environment of the run."""
    chosen = json.dumps([f"{stream}.*" for stream in agency.STREAMS])
    return {
        **environment.inherited(dict(os.environ)),
        "MELTANO_PROJECT_ROOT": str(folder),
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PATH": f"{BIN}{os.pathsep}{os.defpath}",
        "TAP_AMAZON_ADS__SELECT": chosen,
        **environment.variables("TAP_AMAZON_ADS", tap),
        **environment.variables("TARGET_S3", _loading(bucket, folder)),
    }


def _loading(bucket: Bucket, folder: Path) -> dict[str, object]:
    address = environment.Bucket(bucket.url, NAME, "rows", "us-east-1", KEY_ID, SECRET)
    return environment.target_settings(address, folder)


def part_of(process: psutil.Process) -> str:
    """Return which of the three a process is."""
    words = " ".join(process.cmdline()[:2])
    return next((name for name in PLUGINS if name in words), "meltano")


def follow(process: subprocess.Popen[bytes]) -> tuple[Counter[str], int, Counter[str]]:
    """Return the most memory of each part, of all at once, and CPU seconds."""
    each, cpu, together = Counter[str](), Counter[str](), 0
    root = psutil.Process(process.pid)
    while process.poll() is None:
        now = Counter[str]()
        with contextlib.suppress(psutil.NoSuchProcess):
            for one in (root, *root.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                    name, times = part_of(one), one.cpu_times()
                    now[name] += one.memory_info().rss
                    cpu[name] = max(cpu[name], round(times.user + times.system))
        together = max(together, now.total())
        each |= now
        time.sleep(SAMPLE_SECONDS)
    return each, together, cpu


def main() -> None:
    """Run once and print what each part took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--profiles", type=int, default=300)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="meltano-memory-") as name,
        emulator(*agency.OPTIONS) as client,
        local_s3(free_port()) as bucket,
    ):
        client.set_accounts(agency.world(options.profiles))
        folder = project(Path(name))
        tap = {**tap_settings(client), "poll_interval_seconds": 2}
        began = time.perf_counter()
        with (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [str(BIN / "meltano"), "run", *PLUGINS],
                cwd=folder,
                env=variables(tap, bucket, folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            each, together, cpu = follow(process)
        seconds = time.perf_counter() - began
        if process.returncode:
            sys.exit((folder / "log.txt").read_text()[:5000])
        rows = sum(bucket.rows("rows").values())
    print(f"{options.profiles} profiles x {len(agency.STREAMS)}: {rows:,} rows")
    for part, size in each.most_common():
        print(f"{part}: {size / 1e6:.0f} MB, {cpu[part]} s of CPU")
    print(f"together at most {together / 1e6:.0f} MB, in {seconds:.0f} s")


if __name__ == "__main__":
    main()
