"""A report from the tap through target-s3, as RECORDs and as BATCH files."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from harness import BIN, Usage, emulator, metered
from limits.figures import Row, Rows, Sizes, times
from records import settings_of, tap_command

from support.s3.bucket import local_s3

if TYPE_CHECKING:
    from amazon_emulator import EmulatorClient
    from support.s3.bucket import Bucket

STARTS = 3
"""Starting both takes as long as many rows: it is measured more than once."""


def measure(sizes: Sizes, folder: Path) -> Rows:
    """Compare the CPU seconds of both programs of a pipe, start-up taken off."""
    with local_s3() as server:
        runs = {
            rows: _runs(rows, rounds, folder / str(rows), server.new_bucket())
            for rows, rounds in ((1, STARTS), (sizes.batch_rows, sizes.rounds))
        }
    found = {
        name: times(runs[sizes.batch_rows][name], runs[1][name])
        for name in ("BATCH", "RECORD")
    }
    return [
        Row(
            name=f"tap to target-s3 with BATCH, {sizes.batch_rows:,} rows",
            baseline="with RECORDs",
            by="CPU",
            ours=found["BATCH"],
            theirs=found["RECORD"],
            goal=0.33,
        )
    ]


def _runs(
    rows: int, rounds: int, folder: Path, bucket: Bucket
) -> dict[str, list[Usage]]:
    folder.mkdir()
    with emulator("--rows-per-day", str(rows)) as client:
        pipes = {
            "RECORD": _pipe(client, folder, bucket, batch_config=None),
            "BATCH": _pipe(
                client,
                folder,
                bucket,
                batch_config={
                    "encoding": {"format": "jsonl", "compression": "gzip"},
                    "storage": {"root": (folder / "batches").as_uri()},
                },
            ),
        }
        return {
            name: [metered(pipe) for _ in range(rounds)] for name, pipe in pipes.items()
        }


def _pipe(
    client: EmulatorClient, folder: Path, bucket: Bucket, *, batch_config: object
) -> list[str]:
    settings = settings_of(client, folder / "raw")
    del settings["raw_report_uri"]
    name = "records"
    if batch_config is not None:
        settings["batch_config"], name = batch_config, "batches"
    tap = tap_command(settings, folder, name)
    config = folder / f"{name}-target.json"
    config.write_text(json.dumps(bucket.target_config()), encoding="utf-8")
    target = [str(BIN / "target-s3"), "--config", str(config)]
    text = f"{shlex.join(tap)} | {shlex.join(target)}"
    return ["bash", "-o", "pipefail", "-c", text]
