"""Sharing rules at Amazon: looked for, made where they are missing, looked at again.

A repeated POST would make a second rule. So a rule is looked for first, asked for with
one try, and looked for again where the answer is a 429, a 5xx or none at all: the rule
may exist all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from singer_amazon.errors import ConfigError, TransientError
from target_amazon_audience.data_manager.models import (
    ACTIVE,
    DataManagerApi,
    NewRule,
    SharingRule,
)
from target_amazon_audience.data_manager.sharing_rules.plan import existing, is_revoked
from target_amazon_audience.delivery.models import BadRequestError, ThrottledError
from target_amazon_audience.errors import UploadError

if TYPE_CHECKING:
    from singer_amazon.clock import Clock

logger = logging.getLogger(__name__)

_LOOKS = 3
"""How often a rule is looked for whose making is in doubt."""
_FIRST_WAIT_SECONDS = 2.0
_MAX_WAIT_SECONDS = 60.0
"""The list says when it has to be waited longer."""
_GROWTH = 1.5
_STEP_SECONDS = 1.0
_UNCERTAIN = (ThrottledError, TransientError)


@dataclass(slots=True)
class SharingRules:
    """The rules of one dataset that this run relies on."""

    api: DataManagerApi
    clock: Clock
    is_stopped: Callable[[], bool]
    found: list[SharingRule] = field(default_factory=list)

    def check(self, dataset_id: str, rules: Iterable[NewRule]) -> None:
        """Compare what exists with what is asked for; nothing is made.

        Raises:
            ConfigError: a rule was revoked, or its audience has another name.
        """
        self._sorted(dataset_id, rules)

    def ensure(self, dataset_id: str, rules: Iterable[NewRule]) -> None:
        """Make the rules that are missing.

        Raises:
            ConfigError: a rule was revoked, or its audience has another name.
            AmazonError: Amazon refuses one, or it is not certain whether it exists.
        """
        for rule in self._sorted(dataset_id, rules):
            self.found.append(self._made(rule))

    def _sorted(self, dataset_id: str, rules: Iterable[NewRule]) -> list[NewRule]:
        """Keep those that exist; return the others."""
        asked = list(rules)
        listed = list(self.api.rules(dataset_id)) if asked else []
        self.found, missing = [], []
        for rule in asked:
            same = existing(rule, listed)
            if same is None:
                missing.append(rule)
            else:
                _compare(rule, same)
                self.found.append(same)
        return missing

    def _made(self, rule: NewRule) -> SharingRule:
        try:
            made = self.api.create_rule(rule)
        except BadRequestError as error:
            msg = (
                f"{error}. The sharing rule was to lead to {rule.destination_id} in "
                f"marketplace {rule.marketplace_id}: check both (marketplace_id)."
            )
            raise UploadError(msg) from None
        except _UNCERTAIN as error:
            made = self._looked_for(rule, error)
        logger.info(
            "Sharing rule %s shares dataset %s with %s (%s)",
            made.id,
            rule.dataset_id,
            rule.destination_id,
            rule.application,
        )
        return made

    def _looked_for(
        self, rule: NewRule, error: ThrottledError | TransientError
    ) -> SharingRule:
        """Look whether a rule was made although its answer does not say so."""
        wait = getattr(error, "retry_after", None) or _FIRST_WAIT_SECONDS
        wait = min(wait, _MAX_WAIT_SECONDS)
        for _ in range(_LOOKS):
            self.pause(wait)
            wait *= 2
            found = existing(rule, self.api.rules(rule.dataset_id))
            if found is not None:
                return found
        msg = (
            "It is not certain whether a sharing rule was made with "
            f"{rule.destination_id} ({error}); Amazon does not list it. A second "
            "request could make a second rule: run it again later, it looks first."
        )
        raise UploadError(msg)

    def pause(self, seconds: float) -> None:
        """Wait in steps, until a signal arrives."""
        while seconds > 0 and not self.is_stopped():
            step = min(seconds, _STEP_SECONDS)
            self.clock.sleep(step)
            seconds -= step

    # At the end

    def await_active(
        self, dataset_id: str, until: float | None, interval: float, longest: float
    ) -> list[SharingRule]:
        """Look at the rules, until all are active or the time is up; return them."""
        while self.found:
            known = {rule.id for rule in self.found}
            now = [rule for rule in self.api.rules(dataset_id) if rule.id in known]
            listed = {rule.id: rule for rule in now}
            self.found = [listed.get(rule.id, rule) for rule in self.found]
            left = 0.0 if until is None else until - self.clock.now().timestamp()
            if all(rule.status == ACTIVE for rule in now) and len(now) == len(known):
                break
            if left <= 0 or self.is_stopped() or any(map(is_revoked, now)):
                break
            self.pause(min(interval, left))
            interval = min(interval * _GROWTH, longest)
        return self.found


def _compare(rule: NewRule, found: SharingRule) -> None:
    """Complain where a rule exists and is not what was asked for."""
    if is_revoked(found):
        msg = (
            f"Sharing rule {found.id} with {found.destination_id} was revoked "
            f"({found.status}), and this target does not share again what somebody has "
            "stopped: make the rule anew in the console, or leave this destination out "
            "of target."
        )
        raise ConfigError(msg)
    audience = rule.metadata.get("audienceMetadata")
    name = audience.get("audienceName") if isinstance(audience, dict) else None
    if name and found.audience_name and name != found.audience_name:
        msg = (
            f"Setting audience_name is {name!r}, and the audience of sharing rule "
            f"{found.id} is called {found.audience_name!r}: Ads Data Manager renames "
            "none. Write that name, or another external_audience_id."
        )
        raise ConfigError(msg)
