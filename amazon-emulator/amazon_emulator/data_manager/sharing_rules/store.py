"""All sharing rules of one emulator: PENDING for some answers, then ACTIVE."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_instant
from amazon_emulator.data_manager.contract import (
    ACTIVE,
    DSP,
    PENDING,
    REVOKED_BY_DATASET,
    REVOKED_BY_SHARING_GRANT,
    REVOKED_BY_USER,
)
from amazon_emulator.state import EmulatorState, seeded_uuid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amazon_emulator.data_manager.accounts import Destination
    from amazon_emulator.data_manager.sharing_rules.validation import Filters, NewRule

_REVOKED = "REVOKED"
_FOR_EVER = 10**9


@dataclass(slots=True)
class SharingRule:
    """One rule; it goes on by being shown."""

    rule_id: str
    account_id: str
    made: NewRule
    destination: Destination
    created_at: datetime
    pending_answers: int
    """How many answers still show it PENDING."""
    status: str = PENDING
    activated_at: datetime | None = None
    revoked_at: datetime | None = None
    audience: Mapping[str, str] = field(default_factory=dict)
    """`audienceId` and `audienceIdV2` that a rule for DSP makes."""

    @property
    def is_revoked(self) -> bool:
        """Whether it shares no more."""
        return self.status.startswith(_REVOKED)

    def shares(self, made: NewRule) -> bool:
        """Return whether it shares the same with the same destination."""
        return not self.is_revoked and (
            (self.made.application, self.made.dataset_id)
            == (made.application, made.dataset_id)
            and self.made.destination_id == made.destination_id
            and self.made.marketplace_id == made.marketplace_id
        )

    def look(self, now: datetime) -> None:
        """Count an answer that shows the rule."""
        if self.status != PENDING:
            return
        if self.pending_answers > 0:
            self.pending_answers -= 1
        else:
            self.status, self.activated_at = ACTIVE, now

    def revoke(self, status: str, now: datetime) -> None:
        """End the rule."""
        self.status, self.revoked_at = status, now


class RuleStore:
    """Rules by id; all methods hold the core's lock."""

    def __init__(self, state: EmulatorState) -> None:
        self._state = state
        self.reset()

    def reset(self) -> None:
        """Forget everything; ids start anew."""
        with self._state.lock:
            self._rules: dict[str, SharingRule] = {}

    def create(
        self,
        account_id: str,
        made: NewRule,
        destination: Destination,
        lasting: str | None = None,
    ) -> tuple[SharingRule, bool]:
        """Return a new rule, and whether one that shares the same was there before.

        `lasting` is a status for ever; None: PENDING, and ACTIVE later.
        """
        settings = self._state.settings
        with self._state.lock:
            is_second = any(rule.shares(made) for rule in self.of_account(account_id))
            seed = f"{settings.seed}|rule|{len(self._rules) + 1}"
            rule = SharingRule(
                str(seeded_uuid(seed)),
                account_id,
                made,
                destination,
                self._state.clock.now(),
                _FOR_EVER if lasting else settings.adm_rule_pending_answers,
                lasting or PENDING,
                audience=_audience_ids(seed) if made.application == DSP else {},
            )
            self._rules[rule.rule_id] = rule
            rule.look(self._state.clock.now())
        return rule, is_second

    def of_account(self, account_id: str) -> list[SharingRule]:
        """Return the rules of an account, oldest first."""
        with self._state.lock:
            everyone = list(self._rules.values())
        return [rule for rule in everyone if rule.account_id == account_id]

    def look(self, account_id: str, filters: Filters) -> Sequence[SharingRule]:
        """Return the rules that pass the filters; this counts as an answer."""
        now = self._state.clock.now()
        with self._state.lock:
            found = [
                rule for rule in self.of_account(account_id) if _is_for(rule, filters)
            ]
            for rule in found:
                rule.look(now)
            return [rule for rule in found if _has_state(rule, filters)]

    def revoke(self, account_id: str, rule_id: str) -> bool:
        """Revoke a rule of an account for its user; False when there is none."""
        with self._state.lock:
            rule = self._rules.get(rule_id)
            if rule is None or rule.account_id != account_id:
                return False
            rule.revoke(REVOKED_BY_USER, self._state.clock.now())
            return True

    def set_status(self, rule_id: str, status: str) -> bool:
        """Give a rule any status, as somebody in the console might."""
        with self._state.lock:
            rule = self._rules.get(rule_id)
            if rule is not None:
                now = self._state.clock.now()
                rule.status, rule.pending_answers = status, 0
                rule.revoked_at = now if rule.is_revoked else None
                rule.activated_at = now if status == ACTIVE else rule.activated_at
            return rule is not None

    def dataset_is_gone(self, dataset_id: str) -> None:
        """Revoke the rules of a dataset that was deleted."""
        with self._state.lock:
            for rule in self._rules.values():
                if rule.made.dataset_id == dataset_id and not rule.is_revoked:
                    rule.revoke(REVOKED_BY_DATASET, self._state.clock.now())

    def sharing_ends(self, account_id: str, destinations: Collection[str]) -> None:
        """Revoke the rules of an account to destinations it may not share with."""
        with self._state.lock:
            for rule in self.of_account(account_id):
                if rule.made.destination_id in destinations and not rule.is_revoked:
                    rule.revoke(REVOKED_BY_SHARING_GRANT, self._state.clock.now())

    def active_destinations(self, account_id: str) -> set[tuple[str, str]]:
        """Return the pairs of dataset and destination that rules share."""
        return {
            (rule.made.dataset_id, rule.made.destination_id)
            for rule in self.of_account(account_id)
            if rule.status == ACTIVE
        }

    def all(self) -> list[dict[str, object]]:
        """Return all rules for the control calls, oldest first; no look is counted."""
        with self._state.lock:
            return [_as_json(rule) for rule in self._rules.values()]


def _is_for(rule: SharingRule, filters: Filters) -> bool:
    made = rule.made
    return (
        filters.application in (None, made.application)
        and filters.destination_id in (None, made.destination_id)
        and (filters.dataset_ids is None or made.dataset_id in filters.dataset_ids)
    )


def _has_state(rule: SharingRule, filters: Filters) -> bool:
    after, before = filters.activated_after, filters.activated_before
    since = rule.activated_at
    return (
        (filters.statuses is None or rule.status in filters.statuses)
        and (after is None or (since is not None and since >= after))
        and (before is None or (since is not None and since <= before))
    )


def _audience_ids(seed: str) -> dict[str, str]:
    number = int(sha256(seed.encode()).hexdigest(), 16)
    return {
        "audienceId": str(10**17 + number % 10**17),
        "audienceIdV2": f"amzn1.audience.{number % 36**12:012x}",
    }


def _as_json(rule: SharingRule) -> dict[str, object]:
    made = rule.made
    return {
        "rule_id": rule.rule_id,
        "account_id": rule.account_id,
        "application": made.application,
        "dataset_id": made.dataset_id,
        "destination_id": made.destination_id,
        "marketplace_id": made.marketplace_id,
        "entity_id": made.entity_id,
        "metadata": dict(made.metadata),
        "status": rule.status,
        "audience_id": rule.audience.get("audienceId"),
        "audience_id_v2": rule.audience.get("audienceIdV2"),
        "created_at": format_instant(rule.created_at),
    }
