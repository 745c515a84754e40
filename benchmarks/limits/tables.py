"""What target-s3 needs of memory for Parquet files and Delta tables."""

from __future__ import annotations

from importlib import util
from pathlib import Path

from harness import metered
from limits.figures import Row, Rows, Sizes, Skipped
from target_s3_rate import target, write_input

from support.s3.bucket import local_s3

MAX_MB = 150.0
FLAT = 1.1
FORMATS = ("parquet", "delta")


def measure(sizes: Sizes, folder: Path) -> Rows:
    """Write few and many rows of twenty columns, once each."""
    inputs = {}
    for rows in (sizes.few_table_rows, sizes.table_rows):
        inputs[rows] = folder / f"{rows}.singer"
        write_input(inputs[rows], rows)
    return [row for name in FORMATS for row in _format(name, inputs, folder)]


def _format(name: str, inputs: dict[int, Path], folder: Path) -> Rows:
    few, many = inputs
    title = f"{name}, {many:,} rows of 20 columns: peak"
    if name == "delta" and util.find_spec("deltalake") is None:
        return [Skipped(title, "deltalake is not installed (--group delta)")]
    with local_s3() as server:
        peaks = {
            rows: {
                "MB": metered(target(folder, server.new_bucket(), name), path).peak_mb
            }
            for rows, path in inputs.items()
        }
    of_few = f"of {few:,} rows"
    return [
        Row(title, "the goal", "MB", peaks[many], {"MB": MAX_MB}, 1.0),
        Row(title, of_few, "MB", peaks[many], peaks[few], FLAT),
    ]
