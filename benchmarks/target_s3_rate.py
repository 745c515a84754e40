"""How fast target-s3 takes records, and how much memory it needs for it.

Pipes RECORD lines of 20 fields into the real command, writing to a local S3, and into
a bare loop that only parses the same lines, as the measure of this machine. Prints one
line per format with records per second, the ratio to the bare loop, and peak memory;
the last line compares the memory of few records with that of many::

    uv run python benchmarks/target_s3_rate.py [RECORDS]
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from harness import metered

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.s3.bucket import local_s3

if TYPE_CHECKING:
    from support.s3.bucket import Bucket

COMMAND = Path(sys.executable).parent / "target-s3"
FORMATS = ("jsonl.gz", "jsonl", "csv.gz", "parquet")
FEW = 10_000
BARE_LOOP = """
import sys, msgspec
for line in sys.stdin.buffer:
    msgspec.json.decode(line)
"""


def write_input(path: Path, records: int) -> None:
    """Write Singer lines: 7 integers, 6 floats, 4 texts, 2 dates, 1 flag."""
    kinds = {f"i{n}": "integer" for n in range(7)}
    kinds |= {f"f{n}": "number" for n in range(6)}
    kinds |= {f"s{n}": "string" for n in range(4)}
    kinds |= {"d0": "string", "d1": "string", "b0": "boolean"}
    properties = {name: {"type": [kind, "null"]} for name, kind in kinds.items()}
    schema = {"type": "object", "properties": properties}
    message = {"type": "SCHEMA", "stream": "ads", "schema": schema}
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(message | {"key_properties": ["i0", "d0"]}) + "\n")
        for n in range(records):
            row: dict[str, object] = {f"i{k}": n * 7919 * (k + 1) for k in range(7)}
            row |= {f"f{k}": (n * 31 + k) % 9973 / 100 for k in range(6)}
            row |= {f"s{k}": f"campaign {n % 997} of group {k}" for k in range(4)}
            row |= {"d0": "2026-11-01", "d1": f"2026-10-{n % 28 + 1:02}", "b0": True}
            line = {"type": "RECORD", "stream": "ads", "record": row}
            line["time_extracted"] = f"2026-11-21T07:00:00.{n % 10**6:06}+00:00"
            file.write(json.dumps(line) + "\n")
        file.write('{"type": "STATE", "value": {"bookmarks": {"ads": 1}}}\n')


def target(folder: Path, bucket: Bucket, name: str) -> list[str]:
    """Return the command that writes this format."""
    config = folder / f"{name}.json"
    settings = bucket.target_config(format={"format_type": name})
    config.write_text(json.dumps(settings), encoding="utf-8")
    return [str(COMMAND), "--config", str(config)]


def main() -> None:
    """Measure every format and print the figures."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    with tempfile.TemporaryDirectory() as name, local_s3() as server:
        folder = Path(name)
        none, few, many = (folder / size for size in ("none", "few", "many"))
        for path, count in ((none, 0), (few, FEW), (many, records)):
            write_input(path, count)
        bare = metered([sys.executable, "-c", BARE_LOOP], many)
        bare_rate = records / bare.seconds
        print(f"bare loop, parsing only: {bare_rate:,.0f} records/s")
        for kind in FORMATS:
            command = target(folder, server.new_bucket(), kind)
            start = metered(command, none).seconds
            small, large = metered(command, few), metered(command, many)
            rate = records / (large.seconds - start)
            print(
                f"{kind}: {rate:,.0f} records/s ({rate / bare_rate:.2f} of "
                f"the bare loop; start-up {start:.1f} s left out), peak "
                f"{large.peak_mb:.0f} MB, {large.peak_mb / small.peak_mb:.2f} x that "
                f"of {FEW:,} records"
            )
            time.sleep(0.5)  # the local S3 shares this machine: let it finish


if __name__ == "__main__":
    main()
