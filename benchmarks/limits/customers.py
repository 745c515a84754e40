"""Customers to an AMC audience: what is ours, and what normalising and hashing are."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness import Usage, emulator
from limits.figures import Figures, Row, Rows, Sizes, Skipped, times
from mirror import Bench as MirrorBench

from audience import FULL, LOOP, PATH, STOCK, Bench
from audience import measure as run

ANSWERS_AT_ONCE = ("--judge-records", "none", "--records-per-hour", "0")
STARTS = 3
ONE_CORE = ("taskset", "-c", "0")


def measure(sizes: Sizes, folder: Path) -> Rows:
    """Compare our target with the SDK's, and with a loop that only hashes."""
    with emulator(*ANSWERS_AT_ONCE) as amazon:
        bench = Bench(folder, amazon, sizes.customers, sizes.stock_customers)
        return [_path(bench, sizes), *_hashing(bench, sizes)]


def _path(bench: Bench, sizes: Sizes) -> Row:
    rounds = range(sizes.rounds)
    starts = [
        (bench.ours(bench.none, PATH), run(bench.none, STOCK)) for _ in range(STARTS)
    ]
    runs = [(bench.ours(bench.many, PATH), run(bench.some, STOCK)) for _ in rounds]
    counts = (sizes.customers, min(sizes.customers, sizes.stock_customers))
    ours, theirs = (
        _per_million([r[n] for r in runs], [s[n] for s in starts], counts[n])
        for n in (0, 1)
    )
    return Row(
        name="audience, hashing left out (a million people)",
        baseline="stock SDK target",
        by="wall",
        ours=ours,
        theirs=theirs,
        goal=12,
        is_speed=True,
    )


def _hashing(bench: Bench, sizes: Sizes) -> Rows:
    goals = {"one core": (ONE_CORE, 1.1), "two cores": ((), 0.65)}
    if shutil.which(ONE_CORE[0]) is None:
        del goals["one core"]
    rows: Rows = []
    for name, (prefix, goal) in goals.items():
        found: list[list[Usage]] = [[], [], [], []]
        for _ in range(STARTS):
            found[0].append(bench.ours(bench.none, FULL, prefix))
            found[1].append(run(bench.none, LOOP, prefix=prefix))
        for _ in range(sizes.rounds):
            found[2].append(bench.ours(bench.many, FULL, prefix))
            found[3].append(run(bench.many, LOOP, prefix=prefix))
        rows.append(
            Row(
                name=f"audience with hashing, {name} (a million people)",
                baseline="loop: parse, normalise, hash",
                by="wall",
                ours=_per_million(found[2], found[0], sizes.customers),
                theirs=_per_million(found[3], found[1], sizes.customers),
                goal=goal,
            )
        )
    if "one core" not in goals:
        rows.append(Skipped("audience with hashing, one core", "there is no taskset"))
    return rows


def _per_million(runs: list[Usage], starts: list[Usage], people: int) -> Figures:
    return {name: value / people * 1e6 for name, value in times(runs, starts).items()}


def measure_mirror(sizes: Sizes, folder: Path) -> Rows:
    """Compare the second MIRROR of an audience with an APPEND of the same file."""
    with emulator(*ANSWERS_AT_ONCE) as amazon:
        bench = MirrorBench(folder, amazon, sizes.members)
        runs = [bench.runs() for _ in range(sizes.rounds)]
    return [
        Row(
            name=f"audience, second MIRROR of {sizes.members:,}",
            baseline="APPEND of the same file",
            by="wall",
            ours=times([found.second for found in runs]),
            theirs=times([found.append for found in runs]),
            goal=1.3,
        )
    ]
