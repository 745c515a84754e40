"""How fast target-amazon-audience takes records, and how much memory it needs for it.

Pipes RECORD lines of nine fields into four programs, all in one run of this one::

    stock    the SDK's own target path, with a BatchSink that does nothing
    path     our target with normalising and hashing stubbed out
    full     our target
    loop     a bare loop that parses, normalises and hashes, and does nothing else

Amazon is the emulator, in a process of its own, answering at once without reading the
records. Each program runs ROUNDS times, one after the other; its best time counts, less
that of an empty input. Prints the rates, the ratios ``path : stock`` (wanted: 8 at
least) and ``full : loop`` in time (1.5 at most), and the memory of many records over
that of few (1.2 at most)::

    uv run python benchmarks/audience.py [RECORDS [ROUNDS]]

With ``--api ads_data_manager`` it measures ``full`` alone, by that API and by the
audience API, both with a constant consent, and prints their ratio (1.1 at most)::

    uv run python benchmarks/audience.py --api ads_data_manager [RECORDS [ROUNDS]]

Two cores at least are needed for the ratios to mean anything: the target sends and
keeps while it reads, the stock path and the loop have one thread.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness import Usage, emulator, metered, tap_settings

from amazon_emulator import EmulatorClient

AUDIENCES, DATA_MANAGER = "advertiser_audiences", "ads_data_manager"
MANAGER = "amzn1.ads1.ma1.na7k2"
DATASET: Mapping[str, object] = {
    "api": DATA_MANAGER,
    "manager_account_id": MANAGER,
}
CONSENT: Mapping[str, object] = {"consent": {"amznuserdata": "GRANTED"}}
FEW = 10_000
STOCK_RECORDS = 100_000
"""The stock path is given no more: it would take too long."""

STOCK = """
from singer_sdk import BatchSink, Target, typing as th

class Nothing(BatchSink):
    def process_batch(self, context): pass

class Stock(Target):
    name = "target-stock"
    config_jsonschema = th.PropertiesList().to_dict()
    default_sink_class = Nothing

Stock.cli()
"""
PATH = """
from target_amazon_audience.matching import hashing
from target_amazon_audience.matching.columns import blocks
digits = "0" * 64
def stub(values, country):
    return [digits] * len(values)
blocks.column_hashers = lambda *_: dict.fromkeys(hashing.PII_FIELDS, stub)
from target_amazon_audience.cli import main
main()
"""
FULL = "from target_amazon_audience.cli import main; main()"
LOOP = """
import sys, msgspec
from target_amazon_audience.matching.hashing import hashers
fields = list(hashers("recommended", {}).items())
for line in sys.stdin.buffer:
    message = msgspec.json.decode(line)
    if message["type"] == "RECORD":
        record = message["record"]
        for field, hasher in fields:
            hasher(record[field], "US")
"""


def write_input(path: Path, records: int) -> None:
    """Write Singer lines of customers: repeating names and places, the rest unique."""
    rng = random.Random(7)  # noqa: S311 - the same input each time
    first = [f"Name{n}" for n in range(3000)]
    last = [f"Family{n}" for n in range(20_000)]
    towns = [(f"Town {n}", f"{10_000 + n}") for n in range(20_000)]
    states = ["Washington", "New York", "CA", "Texas", "Virginia"]
    fields = "externaluserid email phone firstname lastname address city state postal"
    properties = {name: {"type": ["string", "null"]} for name in fields.split()}
    message = {
        "type": "SCHEMA",
        "stream": "customers",
        "schema": {"type": "object", "properties": properties},
        "key_properties": ["externaluserid"],
    }
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(message) + "\n")
        for n in range(records):
            town, postal = rng.choice(towns)
            phone = f"206-{n // 10_000 % 800 + 200}-{n % 10_000:04}"
            row = {
                "externaluserid": f"crm-{n}",
                "email": f"Customer.{n}@Example.com",
                "phone": phone if n % 2 else f"+1{phone}",
                "firstname": rng.choice(first),
                "lastname": rng.choice(last),
                "address": f"{n % 9000} North Main Street, Apt. #{n % 90}",
                "city": town,
                "state": rng.choice(states),
                "postal": postal,
            }
            line = {"type": "RECORD", "stream": "customers", "record": row}
            file.write(json.dumps(line) + "\n")
        file.write('{"type": "STATE", "value": {"bookmarks": {"customers": 1}}}\n')


def measure(
    source: Path, program: str, *options: str, prefix: Sequence[str] = ()
) -> Usage:
    """Run a program on the file through a pipe."""
    return metered([*prefix, sys.executable, "-c", program, *options], source)


class Bench:
    """The inputs, and a configuration with a new database for each run."""

    def __init__(
        self,
        folder: Path,
        amazon: EmulatorClient,
        records: int,
        stock_records: int = STOCK_RECORDS,
    ) -> None:
        self._folder = folder
        self._amazon = amazon
        self._runs = 0
        self.none, self.few, self.many, self.some = (
            self._input(count)
            for count in (0, FEW, records, min(records, stock_records))
        )

    def _input(self, count: int) -> Path:
        path = self._folder / f"{count}.singer"
        write_input(path, count)
        return path

    def ours(
        self,
        source: Path,
        program: str,
        prefix: Sequence[str] = (),
        changes: Mapping[str, object] | None = None,
    ) -> Usage:
        """Run our target, with these changes of its settings."""
        self._runs += 1
        self._amazon.set_adm_account(MANAGER, terms_accepted=True, dataroom=True)
        folder = self._folder / f"{self._runs}"
        config = {
            **target_settings(self._amazon),
            **(changes or {}),
            "state_path": str(folder / "state.sqlite3"),
        }
        path = self._folder / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        found = measure(source, program, "--config", str(path), prefix=prefix)
        self._amazon.reset()
        shutil.rmtree(folder)
        return found


def target_settings(amazon: EmulatorClient) -> dict[str, object]:
    """Return the settings that point the target to an emulator."""
    return {
        **tap_settings(amazon),
        "amc_instance_id": "amclight01",
        "external_audience_id": "loyal",
        "audience_name": "loyal customers",
        "country_code": "US",
    }


class Measure(NamedTuple):
    """What a program needs for a record, in microseconds, its start left out."""

    wall: float
    cpu: float

    @classmethod
    def of(
        cls, runs: Sequence[Usage], starts: Sequence[Usage], records: int
    ) -> Measure:
        """Return the best of several runs, less the best of several starts."""
        wall = min(r.seconds for r in runs) - min(r.seconds for r in starts)
        cpu = min(r.cpu_seconds for r in runs) - min(r.cpu_seconds for r in starts)
        return cls(wall / records * 1e6, cpu / records * 1e6)


def compare(bench: Bench, records: int, rounds: int) -> None:
    """Measure everything and print the figures."""
    names = ("stock", "path", "full", "loop")
    runs: dict[str, list[Usage]] = {name: [] for name in names}
    starts: dict[str, list[Usage]] = {name: [] for name in names}
    for _ in range(rounds):
        for source, found, some in (
            (bench.none, starts, bench.none),
            (bench.many, runs, bench.some),
        ):
            found["stock"].append(measure(some, STOCK))
            found["path"].append(bench.ours(source, PATH))
            found["full"].append(bench.ours(source, FULL))
            found["loop"].append(measure(source, LOOP))
    measures = {
        name: Measure.of(
            runs[name],
            starts[name],
            min(records, STOCK_RECORDS) if name == "stock" else records,
        )
        for name in names
    }
    few = max(bench.ours(bench.few, FULL).peak_mb for _ in range(rounds))
    many = max(run.peak_mb for run in runs["full"])
    print_figures(measures)
    print_ratio(
        "path : stock", measures["stock"].wall / measures["path"].wall, 8, at_least=True
    )
    print_ratio(
        "full : loop, in time", measures["full"].wall / measures["loop"].wall, 1.5
    )
    print_ratio(f"memory of {records:,} : {FEW:,}", many / few, 1.2)
    print(f"peak memory {many:.0f} MB")


def compare_apis(bench: Bench, records: int, rounds: int) -> None:
    """Measure both APIs in turn and print their ratio."""
    apis: list[Mapping[str, object]] = [CONSENT, {**CONSENT, **DATASET}]
    starts, runs = (
        [bench.ours(source, FULL, changes=api) for api in apis * rounds]
        for source in (bench.none, bench.many)
    )
    older, newer = (
        Measure.of(runs[n::2], starts[n::2], records) for n in range(len(apis))
    )
    print_figures({"audiences": older, "manager": newer})
    print_ratio("manager : audiences, in time", newer.wall / older.wall, 1.1)
    print_ratio("manager : audiences, in CPU", newer.cpu / older.cpu, 1.1)


def print_figures(measures: Mapping[str, Measure]) -> None:
    """Print the pace of each program."""
    print("program   records/s   us a record   CPU us a record, all threads")
    for name, pace in measures.items():
        print(f"{name:9}{1e6 / pace.wall:>10,.0f}{pace.wall:>14.1f}{pace.cpu:>14.1f}")


def print_ratio(
    title: str, value: float, goal: float, *, at_least: bool = False
) -> None:
    """Print a ratio beside its goal."""
    is_good = value >= goal if at_least else value <= goal
    words = f"at {'least' if at_least else 'most'} {goal:g}"
    print(f"{title:32}{value:6.2f}  {words}: {'reached' if is_good else 'MISSED'}")


def main() -> None:
    """Run the comparison against an emulator of its own process."""
    parser = argparse.ArgumentParser(description="Speed of target-amazon-audience.")
    parser.add_argument("records", type=int, nargs="?", default=1_000_000)
    parser.add_argument("rounds", type=int, nargs="?", default=2)
    parser.add_argument("--api", choices=[AUDIENCES, DATA_MANAGER], default=AUDIENCES)
    given = parser.parse_args()
    run = compare_apis if given.api == DATA_MANAGER else compare
    options = ("--judge-records", "none", "--records-per-hour", "0")
    with emulator(*options) as amazon, tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), amazon, given.records)
        run(bench, given.records, given.rounds)


if __name__ == "__main__":
    main()
