"""What answers teach the rate limiters, and which types are throttled every time."""

from __future__ import annotations

from datetime import datetime

from singer_amazon.rate_limits import RateLimiter
from singer_amazon.reports import model
from singer_amazon.reports.model import Outcome
from singer_amazon.reports.report import Action, CallKind
from singer_amazon.retry_policy import POLICY

Operation = tuple[str, CallKind, str]
"""Account, call and report type."""


class Throttling:
    """Counts the 429s of a run."""

    def __init__(self) -> None:
        self.count = 0
        self.refused: set[Operation] = set()
        """What was throttled every single time."""
        self._refusals: dict[Operation, int | None] = {}
        """429s without an answer between them; None: there was one."""

    def learn(
        self,
        action: Action,
        limiters: tuple[RateLimiter, ...],
        outcome: Outcome,
        now: datetime,
        jitter: float,
    ) -> None:
        """Tell the limiters of a call what came of it."""
        request = action.report.request
        operation = (request.account, action.kind, request.report_type)
        if not isinstance(outcome, model.Throttled):
            for limiter in limiters:
                limiter.succeeded()
            self._refusals[operation] = None
            self.refused.discard(operation)
            return
        self.count += 1
        action.report.throttled += 1
        for limiter in limiters:
            limiter.refused(action.started, now, outcome.retry_after, jitter)
        count = self._refusals.get(operation, 0)
        if count is not None:
            self._refusals[operation] = count + 1
            if count + 1 >= POLICY.refusals_to_report:
                self.refused.add(operation)
