"""No query of this target reads a table again for each row of another one.

Every statement of whole runs is explained, by the SQLite that this Python has. What it
plans differs from release to release: what is asserted holds for each of them.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.audience.runner import WAIT, Runner, names, people, person, record
from target_amazon_audience.state import purge, store
from target_amazon_audience.state.database import open_database

DENIED = {"amznuserdata": "DENIED"}
NOT_USABLE = record(externaluserid="user-3", email="broken")
VALUE = re.compile(r"x?'(?:[^']|'')*'|:[a-z_]+|\b\d+(\.\d+)?\b", re.IGNORECASE)
EXPLAINED = re.compile(r"\s*(select|insert|update|delete)\b", re.IGNORECASE)
LOOP = re.compile(r"(SCAN|SEARCH) (?!\d* ?CONSTANT)")
BY_KEY = re.compile(r"\b(rowid|external_id|batch)=\?")
MADE_AT_RUN_TIME = re.compile(r"AUTOMATIC|MATERIALIZE|CO-ROUTINE|BLOOM")


class Statements:
    """The statements of runs, each wording with how often it was executed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found: Counter[str] = Counter()
        for module in (store, purge):
            monkeypatch.setattr(module, "open_database", self._open)

    def _open(self, path: Path, *, read_only: bool = False) -> sqlite3.Connection:
        connection = open_database(path, read_only=read_only)
        connection.set_trace_callback(self._add)
        return connection

    def _add(self, statement: str) -> None:
        # Python 3.10 hands out what was written, later ones the values in it
        if EXPLAINED.match(statement):
            self.found[VALUE.sub("?", statement)] += 1


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "empty.sqlite3")) as connection:
        yield connection


def play(target: Runner) -> None:
    """Add, remove, mirror and erase, with all that keeps a mirror from being done."""
    target.mirror(*people(*range(1, 9)), batch_size_rows=2)
    target.fault("job_failed", "job", times=1)
    changed = [person(2, city="x"), NOT_USABLE, person(4, **DENIED)]
    target.mirror(person(1), *changed, *people(5, 5, 9))
    target.fault("refuse_record", external_user_ids=["user-9"], times=None)
    target.run([person(9)], upload_mode="DELETE")
    target.client.clear_faults()
    target.fault("never_ready", "job")
    target.good([person(5)], upload_mode="DELETE")
    target.good(people(1, 10))
    target.mirror(*people(1, 2), dry_run=True)
    target.client.clear_faults()
    target.mirror(*people(1, 2))
    assert target.members() == names(1, 2)
    purge.purge(target.database, target.audience().audience_id)


def plan(database: sqlite3.Connection, statement: str) -> dict[int, tuple[int, str]]:
    """Return the steps of a statement's plan, each with the one it belongs to."""
    values = [None] * statement.count("?")
    rows = database.execute(f"explain query plan {statement}", values).fetchall()
    return {row[0]: (row[1], str(row[3])) for row in rows}


def faults(database: sqlite3.Connection, statement: str) -> list[str]:
    """Return the steps of a statement's plan that read too much, as SQLite has them."""
    steps = plan(database, statement)
    outer: set[int] = set()
    found = []
    for parent, step in steps.values():
        is_inner = parent in outer or "CORRELATED" in steps.get(parent, (0, ""))[1]
        if LOOP.match(step):
            outer.add(parent)
            if is_inner and not BY_KEY.search(step):
                found.append(step)
        if MADE_AT_RUN_TIME.search(step) or ("ORDER BY" in step and is_join(steps)):
            found.append(step)
    return found


def is_join(steps: dict[int, tuple[int, str]]) -> bool:
    return sum(bool(LOOP.match(step)) for _, step in steps.values()) > 1


def test_no_statement_reads_a_table_for_each_row_of_another(
    target: Runner, monkeypatch: pytest.MonkeyPatch, database: sqlite3.Connection
) -> None:
    statements = Statements(monkeypatch)
    play(target)
    assert len(statements.found) > 30
    plans = {words: faults(database, words) for words in statements.found}
    assert {words: steps for words, steps in plans.items() if steps} == {}


BATCHES = 40


def test_no_statement_of_each_batch_reads_a_whole_table(
    target: Runner, monkeypatch: pytest.MonkeyPatch, database: sqlite3.Connection
) -> None:
    statements = Statements(monkeypatch)
    target.good(people(*range(BATCHES)), batch_size_rows=1, **WAIT)
    target.good(people(*range(BATCHES)), batch_size_rows=1, upload_mode="DELETE")
    of_each = [words for words, n in statements.found.items() if n >= BATCHES]
    assert any("volume" in words for words in of_each)
    for words in of_each:
        steps = [step for _, step in plan(database, words).values()]
        assert not [step for step in steps if step.startswith("SCAN")], words


@pytest.mark.parametrize(
    "statement",
    [
        "select 1 from temp.staged s cross join members m",
        "select 1 from temp.staged s join members m on m.audience_id = s.sink",
        "select (select b.id from batches b where b.rows = m.batch) from members m",
        "select 1 from members m join batches b on b.id = m.batch order by m.pii",
    ],
)
def test_such_statements_are_found(
    database: sqlite3.Connection, statement: str
) -> None:
    assert faults(database, statement)
