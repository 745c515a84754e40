"""How close everything comes to what the machine allows: one table of ratios.

    uv run python -m benchmarks                      # all of it, about half an hour
    uv run python -m benchmarks --quick              # smaller, about two minutes
    uv run python -m benchmarks --only start-up      # one part of it
    uv run python -m benchmarks --json FILE          # the figures for programs, too

Each line compares two things measured in the same run, in turn. CPU seconds are those
of whole processes on all cores; figures are medians. The exit code is 0 whether the
goals are reached or not.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tests")]

# these are found by the line above
from limits import (  # noqa: E402
    customers,
    documents,
    pipes,
    queue,
    records,
    startup,
    tables,
    waits,
)
from limits.figures import Rows, Sizes, Skipped, TooBusyError, as_table, machine  # noqa: E402

# As programs run for people: some test environments keep bytecode from a checkout, and
# have each write of a baseline's loop go to the pipe by itself.
for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
    os.environ.pop(name, None)

PARTS: dict[str, Callable[[Sizes, Path], Rows]] = {
    "start-up": startup.measure,
    "records": records.measure,
    "batch": pipes.measure,
    "audience": customers.measure,
    "mirror": customers.measure_mirror,
    "waiting": waits.measure,
    "queue": queue.measure,
    "documents": documents.measure,
    "tables": tables.measure,
}


def main() -> None:
    """Measure, print the table, write the file."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quick", action="store_true", help="smaller inputs, one round"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    sizes = Sizes.quick() if options.quick else Sizes()
    parts = {name: run(name, sizes) for name in options.only}
    found = machine()
    print(f"\n{found['at']}, {found['cores']} cores of {found['processor']}\n")
    print(as_table([row for rows in parts.values() for row in rows]))
    if options.json:
        content = found | {
            "is_quick": options.quick,
            "rows": [
                row.as_json() | {"repeat": f"python -m benchmarks --only {name}"}
                for name, rows in parts.items()
                for row in rows
            ],
        }
        options.json.write_text(json.dumps(content, indent=1), encoding="utf-8")


def run(name: str, sizes: Sizes) -> Rows:
    """Measure one part."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        try:
            rows = PARTS[name](sizes, Path(folder))
        except TooBusyError as error:
            rows = [Skipped(name, f"{error}: the machine is too busy")]
    print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return rows


if __name__ == "__main__":
    main()
