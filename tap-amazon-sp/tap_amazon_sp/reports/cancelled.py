"""Reports that Amazon has cancelled: no data, or asked for too often?

Amazon gives no reason. A report of a type that must not be asked for too often is asked
for once more by a later run, not before the known pause is over and not within a pause
of another of its type; only if it is cancelled then too, there is nothing to report.
What is known of it stays in the state between runs.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from singer_amazon.reports.model import NoData, NotYet, Outcome, ReportRequest
from tap_amazon_sp.reports.wordings import pause_after
from tap_amazon_sp.timestamps import format_instant, parse_instant

_KEPT = timedelta(days=10)
_NAME = "cancelled_reports"
_Key = tuple[str, str, str]
_Type = tuple[str, str, str]
"""Account, report type and marketplaces: what Amazon's pause is about."""

NO_DATA = (
    "no data, Amazon gave no reason. Nothing to do if the account had no activity "
    "then; else check marketplace and dates in Seller or Vendor Central, and whether "
    "Amazon keeps the type that long"
)


@dataclass(frozen=True, slots=True)
class _Seen:
    type: _Type
    at: datetime

    @property
    def until(self) -> datetime:
        return self.at + timedelta(seconds=pause_after(self.type[1]))


class CancelledReports:
    """What was cancelled and waits to be asked for again; any thread may call."""

    def __init__(self, counters: Mapping[str, object], now: datetime) -> None:
        listed = counters.get(_NAME)
        self._was_kept = listed is not None
        self._lock = threading.Lock()
        self._seen: dict[_Key, _Seen] = {}
        for entry in listed if isinstance(listed, list) else ():
            if isinstance(entry, dict):
                self._read(entry, now)
        self._pauses: dict[_Type, datetime] = {}
        """Until when each type is to be left alone, from the beginning of the run."""
        for seen in self._seen.values():
            known = self._pauses.get(seen.type, seen.until)
            self._pauses[seen.type] = max(known, seen.until)

    def outcome(self, request: ReportRequest, created: datetime) -> Outcome:
        """Return what it means that a report is cancelled which was made then."""
        pause = pause_after(request.report_type)
        key = _key(request)
        with self._lock:
            known = self._seen.pop(key, None)
            if not pause or (known is not None and created >= known.until):
                return NoData(NO_DATA)
            seen = self._seen[key] = known or _Seen(_type(request), created)
        return NotYet(
            f"cancelled by Amazon without a reason: it may have been asked for too "
            f"often. {_from_then(seen)}, and only then it counts as empty"
        )

    def forget(self, request: ReportRequest) -> None:
        """Forget a report that has been made after all."""
        with self._lock:
            self._seen.pop(_key(request), None)

    def refusal(self, request: ReportRequest, now: datetime) -> Outcome | None:
        """Return why a report cannot be asked for now; None: it can."""
        until = self._pauses.get(_type(request))
        if until is None or now >= until:
            return None
        return NotYet(
            "Amazon has just cancelled a report of this type, it may have been asked "
            f"for too often. A run after {format_instant(until)} asks again"
        )

    def spacing(self, request: ReportRequest, now: datetime) -> int:
        """Return how many seconds lie between two reports of a cancelled type.

        0 for all others, and while none of it is asked for anyway.
        """
        until = self._pauses.get(_type(request))
        return 0 if until is None or now < until else pause_after(request.report_type)

    def counters(self, now: datetime) -> dict[str, object]:
        """Return what the next run has to know."""
        with self._lock:
            kept = {k: s for k, s in self._seen.items() if now - s.at < _KEPT}
        entries = [
            {
                "account_name": account,
                "fingerprint": fingerprint,
                "window": window,
                "report_type": seen.type[1],
                "marketplace_id": seen.type[2],
                "at": format_instant(seen.at),
            }
            for (account, fingerprint, window), seen in kept.items()
        ]
        # a list that has become empty must go out, too
        return {_NAME: entries} if entries or self._was_kept else {}

    def _read(self, entry: Mapping[str, object], now: datetime) -> None:
        """Take in an entry of the state; what is damaged or old is left out."""
        at = parse_instant(entry.get("at"))
        names = ("account_name", "fingerprint", "window")
        account, fingerprint, window = (str(entry.get(name)) for name in names)
        if at is not None and now - at < _KEPT:
            kind, where = (str(entry.get(n)) for n in ("report_type", "marketplace_id"))
            seen = _Seen((account, kind, where), min(at, now))
            self._seen[account, fingerprint, window] = seen


def _key(request: ReportRequest) -> _Key:
    return (request.account, request.fingerprint, str(request.window))


def _type(request: ReportRequest) -> _Type:
    return (request.account, request.report_type, request.marketplace)


def _from_then(seen: _Seen) -> str:
    minutes = pause_after(seen.type[1]) // 60
    return (
        f"A run after {format_instant(seen.until)} asks again ({minutes} minutes: this "
        "type is not made anew sooner)"
    )
