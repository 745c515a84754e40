"""Waiting for Amazon in the triggerer: no worker slot is taken meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

_LONGEST_SLEEP = 60.0
"""Seconds after which the clock is looked at again: it may have been set."""


class ReportsDueTrigger(BaseTrigger):
    """Fires when a shard's reports are to be looked at again."""

    def __init__(self, due: str) -> None:
        super().__init__()
        self.due = due

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what makes another one like this."""
        return f"{__name__}.{type(self).__name__}", {"due": self.due}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Sleep until then, and fire once; at once where that is over."""
        due = datetime.fromisoformat(self.due)
        while (left := _seconds_until(due)) > 0:  # noqa: ASYNC110 - waits for a clock
            await asyncio.sleep(min(left, _LONGEST_SLEEP))
        yield TriggerEvent(self.due)


def _seconds_until(due: datetime) -> float:
    return (due - datetime.now(timezone.utc)).total_seconds()
