"""Scenarios of runs on one audience, with trouble and crashes, for property tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import strategies as st

from support.audience.emulator import RECORDS
from support.audience.runner import Ran, Runner, hashed, person, state
from target_amazon_audience.state.store import AudienceStore

DENIED, BROKEN = "denied", "broken"
ALWAYS = 99
"""A person whom every audience here has, so that no input is empty."""
FOREVER = 50
"""Polls of a job that does not end while runs wait for it."""
ENOUGH = FOREVER + 10
"""More, for some of them are spent on faults."""
_MODES = ("MIRROR", "APPEND", "DELETE")
_MINUTES = 5
_HOUR = 3600
Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One run: its mode, its records as (person, variant), and what goes wrong."""

    mode: str
    rows: tuple[tuple[int, str], ...]
    faults: tuple[Rule, ...] = ()
    jobs: tuple[Rule, ...] = ()
    """How the next jobs end."""
    polls: int = 0
    """How often each job is answered PENDING."""
    waits: bool = True
    crash: int | None = None
    settles: bool = True


@dataclass(frozen=True)
class Scenario:
    """Runs on one audience of an Amazon with habits of its own."""

    steps: tuple[Step, ...]
    delete_by: str = "pii"
    is_orderly: bool = True
    """Whether jobs are carried out in the order they were accepted in."""
    bad: frozenset[int] = frozenset()
    """Persons whose records Amazon refuses, always."""
    first: tuple[int, ...] = (0, 1, 2)
    last: Mapping[int, str] = field(default_factory=dict)
    """Persons and variants of the quiet mirror at the end."""


def _rule(action: str, operation: str = "records", **more: Any) -> Rule:
    """A fault rule of the emulator, for one call if nothing else is said."""
    return {"action": action, "operation": operation, "times": 1, **more}


def _ids(numbers: frozenset[int]) -> list[str]:
    return [f"user-{number}" for number in sorted(numbers)]


_ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(["", "x", "y", DENIED, BROKEN])),
    max_size=8,
).map(tuple)
_OPERATIONS = st.sampled_from(["records", "job"])
_FAULT = st.one_of(
    st.builds(
        lambda operation, code, times: _rule(
            "status", operation, code=code, times=times
        ),
        _OPERATIONS,
        st.sampled_from([429, 500, 503, 403, 413]),
        st.integers(1, 4),
    ),
    st.builds(
        lambda operation, times: _rule("lost_answer", operation, times=times),
        _OPERATIONS,
        st.integers(1, 4),
    ),
)
_FAILED = st.just(_rule("job_failed"))
_INVALID = st.frozensets(st.integers(0, 6), min_size=1, max_size=2).map(
    lambda numbers: _rule("invalid_record", external_user_ids=_ids(numbers))
)
_WORDS = st.sampled_from(["SUCCEEDED", "COMPLETED"]).map(
    lambda word: _rule("status_word", word=word)
)


def steps(modes: tuple[str, ...]) -> st.SearchStrategy[Step]:
    return st.builds(
        Step,
        mode=st.sampled_from(modes),
        rows=_ROWS,
        faults=st.one_of(st.just(()), st.lists(_FAULT, max_size=2).map(tuple)),
        jobs=st.lists(st.one_of(_FAILED, _FAILED, _WORDS, _INVALID), max_size=6).map(
            tuple
        ),
        polls=st.sampled_from([0, 0, 1, 3, FOREVER]),
        waits=st.booleans(),
        crash=st.one_of(st.none(), st.integers(0, 60)),
        settles=st.booleans(),
    )


def scenarios(
    *modes: str, is_orderly: bool = True, most: int = 4
) -> st.SearchStrategy[Scenario]:
    return st.builds(
        Scenario,
        steps=st.lists(steps(modes or _MODES), min_size=1, max_size=most).map(tuple),
        delete_by=st.sampled_from(["pii", "user_id"]),
        is_orderly=st.just(is_orderly),
        bad=st.frozensets(st.integers(3, 6), max_size=1),
        last=st.dictionaries(st.integers(0, 6), st.sampled_from(["", "x", "y"])),
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


class Player:
    """Plays scenarios, each with an empty database and a new emulator."""

    def __init__(self, target: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        self._target = target
        self._fuse = Fuse()
        self._bad: list[Rule] = []
        """Comes first, since the first rule that fits a call is the only one."""
        self._pending: list[Rule] = []
        """For jobs of earlier steps that have not been seen to end."""
        fuse_stores(monkeypatch, self._fuse)

    def play(self, scenario: Scenario) -> dict[str, list[Mapping[str, str]]]:
        """Play a scenario and one quiet mirror; return whom Amazon holds at the end."""
        target = self._target
        target.emulator.reset()
        target.prepare()
        for path in target.database.parent.glob("state.sqlite3*"):
            path.unlink()
        target.client.change(delete_by=scenario.delete_by)
        self._run(Step("MIRROR", tuple((n, "") for n in (*scenario.first, ALWAYS))))
        bad = _rule("refuse_record", external_user_ids=_ids(scenario.bad), times=None)
        self._bad = [bad] if scenario.bad else []
        for step in scenario.steps:
            self._play_step(step, scenario)
        self._settle()
        self._add(self._bad)
        ran = self._run(Step("MIRROR", (*scenario.last.items(), (ALWAYS, ""))))
        assert ran is not None
        if not scenario.bad:
            assert ran.error is None, ran.error
        assert not set(scenario.bad) & set(scenario.last) or ran.error is not None
        return target.held()

    def _add(self, rules: Any) -> None:
        for rule in map(self._target.rule, rules):
            if rule is not None:
                self._target.client.add_fault(**rule)

    def _play_step(self, step: Step, scenario: Scenario) -> None:
        target = self._target
        before = len(target.jobs())
        self._add((*self._bad, *step.faults, *self._pending, *step.jobs))
        if scenario.is_orderly:
            # carried out at once, and seen late
            times = None if step.polls == FOREVER else step.polls
            self._add([_rule("never_ready", "job", times=times)])
        else:
            target.client.change(job_ready_after_looks=max(step.polls, 1))
        is_orderly = scenario.is_orderly
        target.emulator.observer = self._burn if is_orderly else self._burn_and_end
        self._fuse.left = step.crash
        self._run(step)
        self._fuse.left = target.emulator.observer = None
        target.client.clear_faults()
        target.client.change(job_ready_after_looks=0)
        target.client.advance(_HOUR)
        if step.settles:
            self._settle()
        elif scenario.is_orderly and step.polls == FOREVER:
            self._pending += [
                _rule("never_ready", "job", account=job.job_id, times=None)
                for job in target.jobs()[before:]
            ]

    def _burn(self, _moment: str) -> None:
        self._fuse.burn()

    def _burn_and_end(self, moment: str) -> None:
        """Let what nobody will ever ask for be carried out by itself, and first.

        That is an upload whose answer is lost, or whose process dies before it has
        kept the job's id.
        """
        target = self._target
        call = target.emulator.exchanges[-1] if moment != "call" else None
        dies = moment == "answer" and self._fuse.left in {0, 1}
        if call and call.path == RECORDS and (dies or moment == "lost"):
            target.emulator.poll(target.jobs()[-1:], ENOUGH)
        if moment != "lost":
            self._fuse.burn()

    def _settle(self) -> None:
        """Let all jobs end."""
        self._pending = []
        pending = [job for job in self._target.jobs() if job.state == "PENDING"]
        self._target.emulator.poll(pending, ENOUGH)

    def _run(self, step: Step) -> Ran | None:
        changes: dict[str, Any] = {
            "upload_mode": step.mode,
            "mirror_max_delete_percent": 100,
            "batch_size_rows": 3,
            "rejects_path": None,
            "wait_until_finish": step.waits,
            "max_wait_time": _MINUTES if step.waits else None,
            "max_attempts": 3,
        }
        try:
            return self._target.run([*map(row, step.rows), state(1)], **changes)
        except Crash:
            return None


def row(given: tuple[int, str]) -> dict[str, Any]:
    number, variant = given
    if variant == DENIED:
        return person(number, amznuserdata="DENIED")
    found = person(number, **({"city": variant} if variant in {"x", "y"} else {}))
    if variant == BROKEN:
        found["record"]["email"] = "broken"
    return found


def expected_members(scenario: Scenario) -> dict[str, list[dict[str, str]]]:
    """Return what Amazon must hold of whom after the quiet mirror."""
    last = {**scenario.last, ALWAYS: ""}
    return {
        f"user-{number}": [_hashed(number, variant)]
        for number, variant in last.items()
        if number not in scenario.bad
    }


def _hashed(number: int, variant: str) -> dict[str, str]:
    city = {"city": variant} if variant else {}
    return hashed(email=f"person{number}@example.com", **city)
