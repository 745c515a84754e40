"""What has been asked so far: calls by operation and response, and how many at once."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict


class Counters:
    """Calls by operation, and how many were under way; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, Counter[str]] = defaultdict(Counter)
        self._under_way: Counter[str] = Counter()
        self._peak: Counter[str] = Counter()

    def begin(self, operation: str) -> None:
        """Count a call as under way."""
        with self._lock:
            for name in ("*", operation):
                self._under_way[name] += 1
                self._peak[name] = max(self._peak[name], self._under_way[name])

    def end(self, operation: str, outcome: str) -> None:
        """Count a finished call; the outcome is an HTTP status or `reset`."""
        with self._lock:
            for name in ("*", operation):
                self._under_way[name] -= 1
            self._calls[operation][outcome] += 1

    def clear(self) -> None:
        """Start counting anew; calls under way stay under way."""
        with self._lock:
            self._calls.clear()
            self._peak = +self._under_way

    def as_json(self) -> dict[str, object]:
        """Return `calls` (operation -> status -> number) and `peak` (at once)."""
        with self._lock:
            calls = {name: dict(count) for name, count in self._calls.items()}
            return {"calls": calls, "peak": dict(self._peak)}
