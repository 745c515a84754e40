"""A storm: every fault that passes, at a fifth of all calls, drawn from a seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from amazon_emulator.faults.rules import Faults, Rule, Target, parse_rule

SHARE = 0.2
_Drawn = tuple[str, Mapping[str, Any]]

EVERYWHERE: tuple[_Drawn, ...] = (
    ("throttle", {"retry_after": 2}),
    ("throttle", {"retry_after": 3, "as_date": True}),
    ("throttle", {}),
    ("status", {"code": 500}),
    ("status", {"code": 502, "body": "bad gateway"}),
    ("status", {"code": 503, "headers": {"Retry-After": "1"}}),
    ("status", {"code": 504, "body": {"message": "Endpoint request timed out"}}),
    ("html", {"code": 503}),
    ("reset", {}),
    ("lost_answer", {}),
    ("truncate", {"after_bytes": 20}),
    ("delay", {"seconds": 2}),
    ("trickle", {"seconds": 0.0, "bytes": 512}),
)
"""What any call may meet and the next one not."""
ALSO: Mapping[str, tuple[_Drawn, ...]] = {
    "create": (
        ("throttle", {"accepted": True}),
        ("failed", {}),
        ("status_word", {"word": "FAILURE"}),
    ),
    "create_report": (("throttle", {"accepted": True}),),
    "status": (("never_ready", {}), ("failed", {}), ("no_url", {})),
    "get_report": (("stuck", {}),),
    "download": (("expired", {}),),
    "download_document": (("expired", {}),),
    "records": (("throttle", {"accepted": True}), ("job_failed", {})),
    "job": (("never_ready", {}), ("status", {"code": 404})),
}
"""What only these may meet; reports and jobs that fail are asked for again."""


class StormFaults(Faults):
    """The emulator's rules, and weather: `drawn` counts what it brought."""

    def __init__(self, chance: random.Random, share: float = SHARE) -> None:
        super().__init__()
        self.share = share
        self.drawn: Counter[str] = Counter()
        self._chance = chance

    def take(self, operation: str, target: Target, now: datetime) -> tuple[Rule, ...]:
        """Draw a fault for a fifth of the calls."""
        if self._chance.random() >= self.share:
            return super().take(operation, target, now)
        drawn = (*EVERYWHERE, *ALSO.get(operation, ()) * 3)
        action, parameters = self._chance.choice(drawn)
        self.drawn[action] += 1
        description = {"action": action, "operation": operation, **parameters}
        return (parse_rule(0, description),)
