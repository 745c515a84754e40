"""Up to when a state knows of queries, and which of the newest ones it knows.

A query created after the state was written is lost with the run that made it. Clocks
differ a little; so those of the last minutes are known by their ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from tap_amazon_sp.timestamps import format_instant, parse_instant

_KEPT = timedelta(minutes=5)
_MOST_IDS = 2000


class KnownQueries:
    """What a run finds in the state and leaves in it; workers note what they poll."""

    def __init__(self, kept: object) -> None:
        found = kept if isinstance(kept, dict) else {}
        self.until = parse_instant(found.get("known_until"))
        """When the state was written that this run began with."""
        ids = found.get("known")
        ids = ids if isinstance(ids, list) else []
        self.ids = frozenset(str(query_id) for query_id in ids)
        """The ids of the last minutes before; unique within an account only."""
        self.is_used = False
        """Whether this run has to do with queries."""
        self._polled: dict[str, datetime] = {}

    def polled(self, query_id: str, now: datetime) -> None:
        """Note a query that stands in the state: only such ones are polled."""
        self._polled[query_id] = now

    def counters(self, now: datetime) -> Mapping[str, object]:
        """Return what the state has to keep; empty if it never had queries."""
        if not self.is_used:
            if self.until is None:
                return {}
            kept = {"known_until": format_instant(self.until)}
            return kept | ({"known": sorted(self.ids)} if self.ids else {})
        recent = [i for i, at in list(self._polled.items()) if now - at < _KEPT]
        entry: dict[str, object] = {"known_until": format_instant(now)}
        return entry | ({"known": sorted(recent[-_MOST_IDS:])} if recent else {})
