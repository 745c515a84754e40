"""Histories of runs on one audience, with trouble and crashes, for property tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import strategies as st

from singer_amazon.clock import FakeClock
from support.audience_amazon import RECORDS, FakeAmazon, Fault
from support.audience_runs import START, Bench, Ran, person, state
from target_amazon_audience.state.store import AudienceStore

DENIED, BROKEN = "denied", "broken"
ALWAYS = 99
"""A person whom every audience here has, so that no input is empty."""
_MODES = ("MIRROR", "APPEND", "DELETE")
_MINUTES = 5


@dataclass(frozen=True)
class Step:
    """One run: its mode, its records as (person, variant), and what goes wrong."""

    mode: str
    rows: tuple[tuple[int, str], ...]
    faults: tuple[tuple[str, int, bool, int], ...] = ()
    jobs: tuple[str, ...] = ()
    invalid: frozenset[int] = frozenset()
    looks: int = 0
    waits: bool = True
    crash: int | None = None
    settles: bool = True


@dataclass(frozen=True)
class History:
    """Runs on one audience of an Amazon with habits of its own."""

    steps: tuple[Step, ...]
    delete_by: str = "pii"
    is_orderly: bool = True
    bad: frozenset[int] = frozenset()
    """Persons whose records Amazon refuses, always."""
    first: tuple[int, ...] = (0, 1, 2)
    wanted: Mapping[int, str] = field(default_factory=dict)


_ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(["", "x", "y", DENIED, BROKEN])),
    max_size=8,
).map(tuple)
_FAULTS = st.lists(
    st.tuples(
        st.sampled_from(["POST", "GET"]),
        st.sampled_from([429, 500, 503, 403, 413]),
        st.booleans(),
        st.integers(1, 4),
    ),
    max_size=2,
).map(tuple)
_WORDS = st.sampled_from(["SUCCEEDED", "FAILED", "FAILED", "COMPLETED"])


def steps(modes: tuple[str, ...]) -> st.SearchStrategy[Step]:
    return st.builds(
        Step,
        mode=st.sampled_from(modes),
        rows=_ROWS,
        faults=st.one_of(st.just(()), _FAULTS),
        jobs=st.lists(_WORDS, max_size=6).map(tuple),
        invalid=st.frozensets(st.integers(0, 6), max_size=2),
        looks=st.sampled_from([0, 0, 1, 3, 10**6]),
        waits=st.booleans(),
        crash=st.one_of(st.none(), st.integers(0, 60)),
        settles=st.booleans(),
    )


def histories(
    *modes: str, is_orderly: bool = True, most: int = 4
) -> st.SearchStrategy[History]:
    return st.builds(
        History,
        steps=st.lists(steps(modes or _MODES), min_size=1, max_size=most).map(tuple),
        delete_by=st.sampled_from(["pii", "user_id"]),
        is_orderly=st.just(is_orderly),
        bad=st.frozensets(st.integers(3, 6), max_size=1),
        wanted=st.dictionaries(st.integers(0, 6), st.sampled_from(["", "x", "y"])),
    )


class Crash(BaseException):
    """The process ends here: nobody catches it, nothing more is done."""


class Fuse:
    """Ends the process at one of its steps: a call, an answer, a transaction."""

    def __init__(self) -> None:
        self.left: int | None = None

    def burn(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            raise Crash


class FusedAmazon(FakeAmazon):
    """An Amazon whose callers may die before and after each of their calls."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self._fuse = fuse
        self.keeps_exchanges = False

    def handle(self, *call: Any) -> Any:
        self._fuse.burn()
        answer = super().handle(*call)
        self._fuse.burn()
        return answer


def fuse_stores(monkeypatch: pytest.MonkeyPatch, fuse: Fuse) -> None:
    """Let the process die before and after each transaction too."""
    transaction = AudienceStore.transaction

    @contextmanager
    def fused(store: AudienceStore) -> Iterator[sqlite3.Connection]:
        fuse.burn()
        with transaction(store) as connection:
            yield connection
        fuse.burn()

    monkeypatch.setattr(AudienceStore, "transaction", fused)


class Teller:
    """Plays histories on one bench, each with an empty database and a new Amazon."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        self._bench = bench
        self.fuse = Fuse()
        fuse_stores(monkeypatch, self.fuse)

    def play(self, history: History) -> dict[str, set[str]]:
        """Play a history and one quiet mirror; return whom Amazon holds at the end."""
        bench = self._bench
        amazon = bench.amazon = FusedAmazon(self.fuse)
        bench.clock = FakeClock(START)
        for path in bench.database.parent.glob("state.sqlite3*"):
            path.unlink()
        amazon.delete_by, amazon.is_orderly = history.delete_by, history.is_orderly
        self._run(Step("MIRROR", tuple((n, "") for n in (*history.first, ALWAYS))))
        amazon.bad_ids = {f"user-{n}": "bad" for n in history.bad}
        for step in history.steps:
            self._live(step, amazon)
        amazon.settle()
        last = [*history.wanted.items(), (ALWAYS, "")]
        ran = self._run(Step("MIRROR", tuple(last)))
        bad = set(history.bad) & set(history.wanted)
        assert ran is not None
        if not history.bad:
            assert ran.error is None, ran.error
        assert not bad or ran.error is not None
        return amazon.who()

    def _live(self, step: Step, amazon: FakeAmazon) -> None:
        amazon.faults = [
            Fault(method, RECORDS, status, is_after=after and status >= 500, times=n)
            for method, status, after, n in step.faults
        ]
        amazon.states = list(step.jobs)
        amazon.invalid = {f"user-{n}": "no" for n in step.invalid}
        amazon.looks = step.looks
        self.fuse.left = step.crash
        self._run(step)
        self.fuse.left = None
        amazon.faults, amazon.states, amazon.invalid = [], [], {}
        amazon.looks = 0
        self._bench.clock.sleep(3600)
        if step.settles:
            amazon.settle()

    def _run(self, step: Step) -> Ran | None:
        changes: dict[str, Any] = {
            "upload_mode": step.mode,
            "mirror_max_delete_percent": 100,
            "batch_size_rows": 3,
            "rejects_path": None,
            "wait_until_finish": step.waits,
            "max_wait_time": _MINUTES if step.waits else None,
        }
        try:
            return self._bench.run([*map(row, step.rows), state(1)], **changes)
        except Crash:
            return None


def row(told: tuple[int, str]) -> dict[str, Any]:
    number, variant = told
    if variant == DENIED:
        return person(number, amznuserdata="DENIED")
    found = person(number, **({"city": variant} if variant in {"x", "y"} else {}))
    if variant == BROKEN:
        found["record"]["email"] = "broken"
    return found


def right(history: History) -> dict[str, dict[str, str]]:
    """Return what Amazon must hold of whom after the quiet mirror."""
    wanted = {**history.wanted, ALWAYS: ""}
    return {
        f"user-{number}": _hashed(number, variant)
        for number, variant in wanted.items()
        if number not in history.bad
    }


def _hashed(number: int, variant: str) -> dict[str, str]:
    clear = {"email": f"person{number}@example.com"}
    if variant:
        clear["city"] = variant
    return {name: sha256(text.encode()).hexdigest() for name, text in clear.items()}
