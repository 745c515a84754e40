"""What the audiences part counts and remembers for the statistics; never a body."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amazon_emulator.audiences.uploads.members import Effect

_NAMES = ("received", "added", "renewed", "removed", "without_effect")


class AudienceCounters:
    """Records by what became of them, refused calls, alarms; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Start anew."""
        with self._lock:
            self._records: Counter[str] = Counter()
            self._reasons: Counter[str] = Counter()
            self._refusals: list[Mapping[str, object]] = []
            self._alarms: list[str] = []

    def receive(self, records: int, reasons: Iterable[str]) -> None:
        """Count the records of an accepted upload, and why some are invalid."""
        with self._lock:
            self._records["received"] += records
            self._reasons.update(reasons)

    def apply(self, effect: Effect) -> None:
        """Count what a settled job did."""
        with self._lock:
            self._records.update(asdict(effect))

    def refuse(self, refusal: Mapping[str, object]) -> None:
        """Remember a call that was turned down."""
        with self._lock:
            self._refusals.append(refusal)

    def alarm(self, sentence: str) -> None:
        """Remember something no client may ever do."""
        with self._lock:
            self._alarms.append(sentence)

    def records(self) -> dict[str, object]:
        """Return the numbers of records, and the invalid ones by reason."""
        with self._lock:
            records = {name: self._records[name] for name in _NAMES}
            return {**records, "invalid": dict(self._reasons)}

    def as_json(self) -> dict[str, object]:
        """Return `records`, `audience_refusals` and `alarms`."""
        records = self.records()
        with self._lock:
            return {
                "records": records,
                "audience_refusals": list(self._refusals),
                "alarms": list(self._alarms),
            }
