"""What the page says of a run besides its reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from singer_amazon.report_log.entry import LoggedReport
from singer_amazon.sync.summary import Problem

NEXT_STEP = "What to do: "


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run as a whole; instants are aware."""

    program: str
    version: str
    run_id: str
    started: datetime
    ended: datetime
    result: str
    """complete, waiting, partly or failed, as in the summary."""
    broke_off: str = ""
    """Why the run ended before its end; empty where it did not."""
    problems: Sequence[Problem] = ()
    accounts: Mapping[str, str] = field(default_factory=dict)
    """Accounts as problems name them, each with the key its reports have."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings that were written down, without secrets."""


NOT_OFFERED = "not offered"


class Outcomes:
    """What came of reports, in the words of the page.

    A refusal that is no failure means that Amazon has no such report there.
    """

    def __init__(self, facts: RunFacts) -> None:
        self._notices = {
            (facts.accounts.get(p.account, p.account), p.stream, p.window)
            for p in facts.problems
            if not p.is_failure
        }

    def of(self, entry: LoggedReport) -> str:
        """Return one word or two."""
        window = f"{entry.window_start}..{entry.window_end}"
        key = (entry.account, entry.stream, window)
        if entry.outcome == "refused" and key in self._notices:
            return NOT_OFFERED
        return entry.outcome


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """One reason, and everything it was given for."""

    reason: str
    next_step: str
    is_failure: bool
    where: Mapping[str, tuple[tuple[str, str], ...]]
    """Account to the streams and windows."""


def grouped_problems(problems: Sequence[Problem]) -> list[ProblemGroup]:
    """Return one group per reason, failures first."""
    groups: dict[tuple[bool, str], dict[str, list[tuple[str, str]]]] = {}
    for problem in problems:
        accounts = groups.setdefault((not problem.is_failure, problem.reason), {})
        found = (problem.stream, problem.window)
        accounts.setdefault(problem.account, []).append(found)
    return [
        ProblemGroup(
            *_divided(reason, is_failure=not is_notice),
            not is_notice,
            {account: tuple(found) for account, found in accounts.items()},
        )
        for (is_notice, reason), accounts in sorted(
            groups.items(), key=lambda item: item[0][0]
        )
    ]


def _divided(reason: str, *, is_failure: bool) -> tuple[str, str]:
    """Return a reason without its next step, and that."""
    words, _, step = reason.partition(NEXT_STEP)
    return words.strip(), step.strip() or _step(words, is_failure=is_failure)


def _step(words: str, *, is_failure: bool) -> str:
    small = words.lower()
    if "next run" in small:
        return (
            "Nothing for now. If the next runs say the same, send Amazon's words and "
            "the report id to its support."
        )
    if "given up" in small or "gap closed" in small:
        return (
            "If these days matter, ask for them again: state reread writes a state "
            "that does."
        )
    if "not authorized" in small or "401" in small or "403" in small:
        return (
            "Ask who granted access to give this user rights in the account, then run "
            "check."
        )
    if not is_failure:
        return "Nothing: this is for your information."
    return "Read Amazon's words; check says which accounts and reports are allowed."
