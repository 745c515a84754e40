"""Whole runs that get answers made wrong: they end, and the next run has the rest."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from amazon_emulator import Emulator
from amazon_emulator.faults.rules import Faults, Rule, Target, parse_rule
from support.ads import runs as tap_runs
from support.ads.runs import NOON, Run
from support.campaigns.fuzz import Fuzz, expect
from support.campaigns.mutation import json_text, mutated_bytes, mutated_value
from support.campaigns.plan import Plan
from support.sp import runs as sp_runs

Report = Callable[[str], None]
SHARE = 0.3
UUID = "0b1c2d3e-0000-4000-8000-000000000000"
ANSWERS: Mapping[str, Any] = {
    "token": {"access_token": "Atza|x", "token_type": "bearer", "expires_in": 3600},
    "profiles": [
        {"profileId": 1, "timezone": "UTC", "accountInfo": {"type": "seller"}}
    ],
    "create": {"reportId": UUID, "status": "PENDING", "configuration": {}},
    "status": {"reportId": UUID, "status": "COMPLETED", "url": "http://127.0.0.1:1/x"},
    "create_report": {"reportId": "50001"},
    "get_report": {"reportId": "50001", "processingStatus": "DONE"},
    "get_report_document": {"reportDocumentId": "d", "url": "http://127.0.0.1:1/x"},
    "search_orders": {"orders": [{"orderId": "1"}], "pagination": {"nextToken": "x"}},
}
"""What such a call may be answered, to begin with."""


class OddAnswers(Faults):
    """Answers some calls with what is not quite an answer."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self.given: list[str] = []

    def take(self, operation: str, target: Target, now: datetime) -> tuple[Rule, ...]:
        """Answer 200, 202 or an error with a body made wrong."""
        chance = self._chance
        if operation not in ANSWERS or chance.random() > SHARE:
            return super().take(operation, target, now)
        text = json_text(chance, mutated_value(chance, ANSWERS[operation]))
        body = mutated_bytes(chance, text).decode("utf-8", "replace")
        code = chance.choice((200, 200, 202, 400, 404, 409, 425, 429, 500))
        self.given.append(f"{operation} {code} {body}")
        description = {"action": "status", "code": code, "body": body}
        return (parse_rule(0, {**description, "operation": operation}),)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(now=NOON, frozen=True) as running:
        yield running


def ads(emulator: Emulator, state: Mapping[str, Any] | None = None) -> Run:
    return tap_runs.run(emulator, state=state, start_date="2026-11-17", max_attempts=2)


def sp(emulator: Emulator, state: Mapping[str, Any] | None = None) -> Run:
    streams = (sp_runs.SALES, sp_runs.SEARCH_TERMS, "orders")
    return sp_runs.run(
        emulator, *streams, state=state, start_date="2026-11-08", max_attempts=2
    )


def rows(ended: Run) -> set[str]:
    return {
        json.dumps([m["stream"], m["record"]], sort_keys=True)
        for m in ended.messages
        if m["type"] == "RECORD"
    }


def as_new(emulator: Emulator, faults: Faults) -> None:
    emulator.client.reset()
    emulator.client.set_now(NOON, frozen=True)
    emulator.client.change(ready_after_seconds=60)
    emulator.emulation.state.faults = faults


@pytest.mark.parametrize(("name", "run"), [("ads", ads), ("sp", sp)])
def test_the_run_after_odd_answers_has_what_they_kept_away(
    name: str,
    run: Callable[..., Run],
    plan: Plan,
    report: Report,
    emulator: Emulator,
    tmp_path: Path,
) -> None:
    as_new(emulator, Faults())
    expected = rows(run(emulator))

    def check(faults: OddAnswers) -> bool:
        as_new(emulator, faults)
        ended = run(emulator)
        for line in ended.log:
            expect("Traceback" not in line, "a traceback is logged")
        errors = [line for line in ended.log if line.startswith("ERROR")]
        expect(ended.code == 0 or errors, f"exit {ended.code} without a word")
        found = rows(ended)
        if ended.code == 0 and "pending_reports" not in json.dumps(ended.state):
            is_told = any(line.startswith("WARNING") for line in ended.log)
            expect(found >= expected or is_told, "rows are missing without a word")
            return True
        emulator.emulation.state.faults = Faults()
        emulator.client.expire_tokens()
        state = ended.state
        for _ in range(3):
            resumed = run(emulator, state)
            state = resumed.state or state
            found |= rows(resumed)
        expect(found >= expected, f"{len(expected - found)} rows never come")
        return False

    fuzz = Fuzz(
        f"answers to runs of {name}",
        OddAnswers,
        check,
        lambda faults: "\n".join(faults.given).encode(),
    )
    report(fuzz.run(plan, plan.choose(25, 1500), tmp_path))
