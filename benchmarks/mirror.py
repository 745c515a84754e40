"""What target-amazon-audience needs to mirror an audience, beside adding to it.

Mirrors an audience of RECORDS members a second time: one in a hundred has left, as many
have come. Amazon is the emulator, in a process of its own, answering at once without
reading the records; the members' ids come in no order. Prints what the first mirror
(which waits for its jobs), the second and an APPEND of the same file took (the best of
ROUNDS), the ratio ``second mirror : append`` in time (wanted: 1.5 at most), and its
memory over that of a mirror of few (1.2 at most)::

    uv run python benchmarks/mirror.py [RECORDS [ROUNDS]]

A hash of the number is the id, as customer data platforms have them: what a table in
the order of ids costs when they come in another is in the figures.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from harness import Usage, emulator

from amazon_emulator import EmulatorClient
from audience import (
    FEW,
    FULL,
    measure,
    print_ratio,
    target_settings,
    write_input,
)

LEAVE = 100
"""One member in so many leaves, and as many come."""


class Runs(NamedTuple):
    """An APPEND and two mirrors."""

    append: Usage
    first: Usage
    second: Usage


class Bench:
    """The inputs of an audience of some size, and runs on them."""

    def __init__(self, folder: Path, amazon: EmulatorClient, members: int) -> None:
        self._folder = folder / f"{members}"
        self._folder.mkdir()
        self._amazon = amazon
        everyone = self._folder / "everyone.singer"
        gone = members // LEAVE
        write_input(everyone, members + gone)
        self.before = self._part(everyone, "before", 0, members)
        self.after = self._part(everyone, "after", gone, members + gone)
        everyone.unlink()

    def _part(self, source: Path, name: str, first: int, end: int) -> Path:
        path = self._folder / f"{name}.singer"
        with source.open(encoding="utf-8") as lines, path.open("w") as file:
            file.write(next(lines))
            file.writelines(_hashed(islice(lines, first, end)))
            file.write('{"type": "STATE", "value": {}}\n')  # nobody goes without it
        return path

    def runs(self) -> Runs:
        """Run everything once, each kind with a database of its own."""
        append = self._run(self.after, "APPEND")
        self._forget()
        first = self._run(
            self.before, "MIRROR", wait_until_finish=True, max_wait_time=60
        )
        second = self._run(self.after, "MIRROR")
        self._forget()
        return Runs(append, first, second)

    def _run(self, source: Path, upload_mode: str, **more: object) -> Usage:
        config = {
            **target_settings(self._amazon),
            "upload_mode": upload_mode,
            "state_path": str(self._folder / "state" / "state.sqlite3"),
            **more,
        }
        path = self._folder / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        return measure(source, FULL, "--config", str(path))

    def _forget(self) -> None:
        self._amazon.reset()
        shutil.rmtree(self._folder / "state")


def _hashed(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        message = json.loads(line)
        record = message["record"]
        digest = hashlib.sha256(record["externaluserid"].encode())
        record["externaluserid"] = digest.hexdigest()[:32]
        yield json.dumps(message) + "\n"


def compare(few: Bench, many: Bench, records: int, rounds: int) -> None:
    """Measure everything and print the figures."""
    small = [few.runs() for _ in range(rounds)]
    large = [many.runs() for _ in range(rounds)]
    print("program          seconds   CPU seconds   peak MB")
    for name in Runs._fields:
        runs: list[Usage] = [getattr(found, name) for found in large]
        best = min(runs)
        print(
            f"{name:14}{best.seconds:10.1f}{min(r.cpu_seconds for r in runs):14.1f}"
            f"{max(r.peak_mb for r in runs):10.0f}"
        )
    print_ratio(
        "second mirror : append, in time",
        min(found.second.seconds for found in large)
        / min(found.append.seconds for found in large),
        1.5,
    )
    print_ratio(
        f"memory of {records:,} : {FEW:,}",
        max(found.second.peak_mb for found in large)
        / max(found.second.peak_mb for found in small),
        1.2,
    )


def main() -> None:
    """Run the comparison against an emulator of its own process."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    options = ("--judge-records", "none", "--records-per-hour", "0")
    with emulator(*options) as amazon, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, many = (Bench(folder, amazon, count) for count in (FEW, records))
        compare(few, many, records, rounds)


if __name__ == "__main__":
    main()
