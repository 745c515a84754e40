"""Singer lines made wrong, into both targets: stored, or counted, or a sentence."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from support.audience import runner
from support.audience.emulator import InProcessEmulator
from support.campaigns.fuzz import Fuzz, expect
from support.campaigns.mutation import json_text, mutated_bytes, mutated_value
from support.campaigns.plan import Plan
from support.core.capture import kept_signals
from support.s3.bucket import KEY
from support.s3.loader import Run, record, schema, state
from target_s3.settings import Settings

Json = dict[str, Any]
Report = Callable[[str], None]
STREAM = "campaigns"
COLUMNS = {
    "id": "string",
    "name": "string",
    "clicks": "integer",
    "cost": "number",
    "is_video": "boolean",
    "parts": "object",
}
RECORDS = [
    record(
        id=f"{n}",
        name=name,
        clicks=n * 10,
        cost=0.1 * n,
        is_video=n % 2 == 0,
        parts={"a": [1, {"b": None}]},
    )
    for n, name in enumerate(("Sommer ä", 'a,b "c"', "x\ny", "😀", ""), 1)
]


def make_lines(chance: random.Random) -> list[bytes]:
    """A SCHEMA, records and a STATE; most of the changes are in one record."""
    messages: list[Any] = [schema(columns=COLUMNS), *RECORDS[: chance.randint(1, 5)]]
    where = chance.randrange(len(messages)) if chance.random() < 0.3 else -1
    messages[where] = mutated_value(chance, messages[where])
    lines = [json_text(chance, message).replace(b"\n", b"") for message in messages]
    if chance.random() < 0.5:
        lines[where] = mutated_bytes(chance, lines[where])
    return [*lines, json.dumps(state(1)).encode()]


def is_usual(line: bytes) -> bool:
    """Whether Python reads a line, and there is no half emoji nor NaN in it."""
    try:
        text = json.dumps(json.loads(line))
    except (ValueError, RecursionError):
        return False
    return not any(word in text for word in ("\\ud", "NaN", "Infinity"))


def python_record(line: bytes) -> Any:
    """Return the record of a line as Python reads it; None where it has none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_record = isinstance(found, dict) and found.get("type") == "RECORD"
    return found.get("record") if is_record else None


def test_records_into_target_s3(plan: Plan, report: Report, tmp_path: Path) -> None:
    def check(case: tuple[str, list[bytes]]) -> bool:
        kind, lines = case
        run = Run(Settings(bucket="b", format=kind, add_record_metadata=False))
        run.feed(lines)
        given = [
            r
            for line in b"\n".join(lines).split(b"\n")
            if (r := python_record(line)) is not None
        ]
        stored = [
            row
            for key, content in sorted(run.store.objects.items())
            if KEY.fullmatch(key)
            for row in read_rows(kind, content)
        ]
        expect(len(stored) >= len(given), f"{len(given)} records, {len(stored)} rows")
        if not all(map(is_usual, lines)):  # how much is mended is for other tests
            return True
        expect(len(stored) == len(given), f"{len(given)} records, {len(stored)} rows")
        if kind == "jsonl":
            expect(same_rows(stored, given), "a row is not the record")
        if kind == "csv":
            for row, values in zip(stored, given, strict=True):
                for name, value in row.items():
                    if isinstance(values.get(name), str):
                        expect(value == values[name], f"{name} is {value!r} in the CSV")
        expect(run.states, "no STATE, though all is stored")
        return True

    def make(chance: random.Random) -> tuple[str, list[bytes]]:
        kind = chance.choice(("jsonl", "jsonl", "csv", "csv", "parquet"))
        return kind, make_lines(chance)

    fuzz = Fuzz("records into target-s3", make, check, lambda c: b"\n".join(c[1]))
    report(fuzz.run(plan, plan.choose(2500, 40_000), tmp_path))


def same_rows(stored: list[Json], given: list[Json]) -> bool:
    return json.dumps(stored) == json.dumps(given)


def read_rows(kind: str, content: bytes) -> list[Json]:
    if kind == "csv":
        return list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    if kind == "parquet":
        rows: list[Json] = pq.read_table(io.BytesIO(content)).to_pylist()
        return rows
    return [json.loads(line) for line in content.decode().split("\n") if line]


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> runner.Runner:
    return runner.Runner(tmp_path, monkeypatch, InProcessEmulator())


def test_customers_into_an_audience(
    target: runner.Runner, plan: Plan, report: Report, tmp_path: Path
) -> None:
    def check(lines: list[bytes]) -> bool:
        target.emulator.reset()
        for path in target.database.parent.glob("state.sqlite3*"):
            path.unlink()
        with kept_signals():
            ran = target.run([b"".join(lines).decode("latin-1")], rejects_path=None)
        if ran.error is not None:
            raise ran.error
        given = sum(python_record(line) is not None for line in lines)
        taken = ran.report["records"] + ran.summary["unreadable_lines"]
        expect(taken >= given, f"{taken} of {given} records are accounted for")
        return True

    def make(chance: random.Random) -> list[bytes]:
        people = [
            runner.person(n, firstname="Ada", phone="+1 206 555 0100", postal="98101")
            for n in range(4)
        ]
        index = chance.randrange(4)
        people[index] = mutated_value(chance, people[index])
        lines = [json_text(chance, one).replace(b"\n", b"") for one in people]
        if chance.random() < 0.5:
            lines[index] = mutated_bytes(chance, lines[index])
        return [line + b"\n" for line in lines]

    fuzz = Fuzz("customers into an audience", make, check, b"".join)
    report(fuzz.run(plan, plan.choose(150, 4000), tmp_path))
