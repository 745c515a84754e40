"""How many queries of an account run at a time: Amazon names no number."""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import datetime, timedelta

LOOK_AGAIN = timedelta(seconds=5)


class RunningQueries:
    """A RateLimiter of one account: closed while as many run as may.

    The owner of the engine takes; workers say what became of each.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._ids: set[str] = set()
        self._asked = 0
        """Creates under way."""
        self._lock = threading.Lock()

    # --- what the engine asks ----------------------------------------------

    def ready_at(self, now: datetime, units: int = 1) -> datetime:
        """Return when a query may be created: now, or a little later to look again."""
        is_full = self._asked + len(self._ids) + units > self.most
        return now + LOOK_AGAIN if is_full else now

    def take(self, now: datetime, units: int = 1) -> None:
        """Account for a create made now."""
        del now
        with self._lock:
            self._asked += units

    def refused(
        self, started: datetime, now: datetime, retry_after: float | None, jitter: float
    ) -> None:
        """Take in a 429: the token bucket waits, not the number of queries."""

    def succeeded(self) -> None:
        """Take in an answer that was not a 429."""

    # --- what workers say --------------------------------------------------

    def answered(self, query_id: str | None) -> None:
        """Take in what a create brought: the id of a query, or none."""
        with self._lock:
            self._asked = max(self._asked - 1, 0)
            if query_id is not None:
                self._ids.add(query_id)

    def seen(self, query_id: str, *, is_running: bool) -> None:
        """Take in whether a query still runs."""
        with self._lock:
            if is_running:
                self._ids.add(query_id)
            else:
                self._ids.discard(query_id)


class AccountQueries:
    """The running queries of every account."""

    def __init__(self, most: int) -> None:
        self._of: defaultdict[str, RunningQueries] = defaultdict(
            lambda: RunningQueries(most)
        )

    def of(self, account: str) -> RunningQueries:
        """Return those of one account."""
        return self._of[account]
