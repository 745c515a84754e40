"""Fault rules: what goes wrong, for which calls, how often.

A rule matches calls by operation, account and report; the first `skip` matching calls
pass, then it applies `times` times (None: for ever), at most for `lasts_seconds`. Of
several matching rules all delays and other `MODIFIERS` apply, and the first other one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from amazon_emulator.faults.actions import ACTIONS, MODIFIERS

_MATCHERS = ("account", "report_type_id", "start_date", "end_date", "covers")
_COUNTS = ("times", "skip", "lasts_seconds")
_FIELDS = {"operation", "action", "group_by", *_COUNTS, *_MATCHERS}


class FaultError(ValueError):
    """A fault rule that cannot work; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the rules may match about one call."""

    accounts: frozenset[str] = frozenset()
    report_type_id: str | None = None
    group_by: frozenset[str] | None = None
    start_date: str | None = None
    end_date: str | None = None
    columns: frozenset[str] = frozenset()
    body: bytes = b""
    """The request as it came, for rules about single records in it."""

    @classmethod
    def of(cls, *accounts: str | None) -> Target:
        """Return a target that only names accounts, if any."""
        return cls(frozenset(filter(None, accounts)))


@dataclass(slots=True)
class Rule:
    """One fault rule with its counters."""

    rule_id: int
    operation: str
    action: str
    parameters: Mapping[str, object]
    account: str | None = None
    report_type_id: str | None = None
    group_by: Sequence[str] | None = None
    start_date: str | None = None
    end_date: str | None = None
    covers: str | None = None
    times: int | None = None
    skip: int = 0
    lasts_seconds: int | None = None
    """The rule ends so long after the first call it applied to; None: never."""
    began_at: datetime | None = None
    seen: int = field(default=0)
    applied: int = field(default=0)
    met: set[bytes] = field(default_factory=set)
    """Calls that `once_each` has turned down already."""

    def matches(self, operation: str, target: Target) -> bool:
        """Return whether the rule is about this call."""
        if self.operation not in ("*", operation):
            return False
        if operation not in ACTIONS[self.action][0]:
            return False
        is_account = self.account is None or self.account in target.accounts
        return is_account and self._matches_report(target)

    def _matches_report(self, target: Target) -> bool:
        if self.group_by is not None and frozenset(self.group_by) != target.group_by:
            return False
        if self.action == "refuse_columns" and not self._refused(target.columns):
            return False
        if not self._holds_a_record_of(target.body):
            return False
        if self.covers is not None and not (
            (target.start_date or "~") <= self.covers <= (target.end_date or "")
        ):
            return False
        return all(
            own is None or own == found
            for own, found in (
                (self.report_type_id, target.report_type_id),
                (self.start_date, target.start_date),
                (self.end_date, target.end_date),
            )
        )

    def _refused(self, columns: frozenset[str]) -> bool:
        names = self.parameters["columns"]
        return isinstance(names, list) and not columns.isdisjoint(names)

    def _holds_a_record_of(self, body: bytes) -> bool:
        user_ids = self.texts("external_user_ids")
        return not user_ids or any(f'"{x}"'.encode() in body for x in user_ids)

    def is_over(self, now: datetime) -> bool:
        """Return whether the time of the rule is over; it begins with this call."""
        if self.lasts_seconds is None:
            return False
        self.began_at = self.began_at or now
        return now - self.began_at > timedelta(seconds=self.lasts_seconds)

    def meets(self, call: bytes) -> bool:
        """Return whether a call, path and body in one, comes for the first time."""
        is_new = call not in self.met
        self.met.add(call)
        return is_new

    def texts(self, name: str) -> list[str]:
        """Return a parameter as a list of texts; one that is no list is empty."""
        value = self.parameters.get(name)
        return [str(item) for item in value] if isinstance(value, list) else []

    def text(self, name: str) -> str:
        """Return a parameter as text."""
        return str(self.parameters[name])

    def number(self, name: str) -> float:
        """Return a parameter as a number."""
        value = self.parameters[name]
        return value if isinstance(value, int | float) else 0

    def as_json(self) -> dict[str, object]:
        """Return the rule and its counters as plain JSON values."""
        return {
            **self.parameters,  # one of them may be called id, too
            "id": self.rule_id,
            "operation": self.operation,
            "action": self.action,
            **{name: getattr(self, name) for name in (*_MATCHERS, "group_by")},
            "times": self.times,
            "skip": self.skip,
            "lasts_seconds": self.lasts_seconds,
            "seen": self.seen,
            "applied": self.applied,
        }


class Faults:
    """The list of rules; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._next_id = 1

    def add(self, description: Mapping[str, object]) -> Rule:
        """Append a rule from its JSON form; a wrong one raises FaultError."""
        with self._lock:
            rule = parse_rule(self._next_id, description)
            self._rules.append(rule)
            self._next_id += 1
            return rule

    def remove(self, rule_id: int) -> bool:
        """Drop one rule; False when there is none with this id."""
        with self._lock:
            kept = [rule for rule in self._rules if rule.rule_id != rule_id]
            found = len(kept) != len(self._rules)
            self._rules = kept
            return found

    def clear(self) -> None:
        """Drop all rules."""
        with self._lock:
            self._rules = []

    def as_json(self) -> list[dict[str, object]]:
        """Return all rules with their counters."""
        with self._lock:
            return [rule.as_json() for rule in self._rules]

    def take(self, operation: str, target: Target, now: datetime) -> tuple[Rule, ...]:
        """Count one call and return the rules that apply to it, in their order."""
        taken: list[Rule] = []
        with self._lock:
            for rule in self._rules:
                if not rule.matches(operation, target):
                    continue
                rule.seen += 1
                spent = rule.times is not None and rule.applied >= rule.times
                if spent or rule.seen <= rule.skip or rule.is_over(now):
                    continue
                rule.applied += 1
                taken.append(rule)
                if rule.action not in MODIFIERS:
                    break
        return tuple(taken)


def first_rule(rules: Iterable[Rule], *actions: str) -> Rule | None:
    """Return the first rule with one of these actions."""
    return next((rule for rule in rules if rule.action in actions), None)


def parse_rule(rule_id: int, description: Mapping[str, object]) -> Rule:
    """Read one rule from its JSON form."""
    action = description.get("action")
    if not isinstance(action, str) or action not in ACTIONS:
        message = f"action must be one of {', '.join(ACTIONS)}, not {action!r}."
        raise FaultError(message)
    operations, defaults = ACTIONS[action]
    operation = description.get("operation", "*")
    if operation != "*" and operation not in operations:
        message = (
            f"The action {action} works for {', '.join(operations)} or *, "
            f"not for {operation!r}."
        )
        raise FaultError(message)
    unknown = set(description) - _FIELDS - set(defaults)
    if unknown:
        message = (
            f"A rule with the action {action} has no {', '.join(sorted(unknown))}. "
            f"Known: {', '.join(sorted(_FIELDS | set(defaults)))}."
        )
        raise FaultError(message)
    return _build(rule_id, str(operation), action, description)


def _build(
    rule_id: int, operation: str, action: str, description: Mapping[str, object]
) -> Rule:
    defaults = ACTIONS[action][1]
    account, report_type_id, start, end, covers = (
        None if description.get(name) is None else str(description[name])
        for name in _MATCHERS
    )
    return Rule(
        rule_id,
        operation,
        action,
        {name: description.get(name, value) for name, value in defaults.items()},
        account,
        report_type_id,
        _names(description.get("group_by")),
        start,
        end,
        covers,
        _count("times", description.get("times")),
        _count("skip", description.get("skip")) or 0,
        _count("lasts_seconds", description.get("lasts_seconds")),
    )


def _names(value: object) -> list[str] | None:
    if value is None:
        return None
    if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        return [str(name) for name in value]
    message = f"group_by must be a list of names, not {value!r}."
    raise FaultError(message)


def _count(name: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    message = f"{name} must be a whole number or null, not {value!r}."
    raise FaultError(message)
