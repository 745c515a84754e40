"""The reports of a run as the page's own script reads them: short, and JSON.

Words that come again and again (streams, accounts, reasons) are written once; a
report is a list of numbers and texts in the order of `FIELDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from singer_amazon.report_log.entry import LoggedReport

FIELDS = (
    *("stream", "account", "type", "from", "to", "part", "id", "adopted"),
    *("planned", "requested", "ready", "fetched", "delivered"),
    *("calls", "throttled", "attempts", "rows", "bytes", "repeated"),
    *("outcome", "reason", "columns", "refused", "zone", "currency"),
)
"""Times are seconds since the start of the run, or null."""
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@dataclass(slots=True)
class _Words:
    """Texts, each once; what stands for one is its number."""

    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))


def encode(
    entries: Iterable[LoggedReport],
    outcome_of: Callable[[LoggedReport], str],
    started: datetime,
    ended: datetime,
) -> tuple[str, int]:
    """Return the JSON of all reports, and how many there are.

    Nothing in it can end the element it stands in.
    """
    words = _Words()
    reports = [_row(entry, outcome_of(entry), words, started) for entry in entries]
    document = {
        "started": started.timestamp(),
        "seconds": round((ended - started).total_seconds(), 1),
        "fields": FIELDS,
        "words": list(words.numbers),
        "reports": reports,
    }
    text = msgspec.json.encode(document).decode()
    return text.translate(_ESCAPES), len(reports)


def _part(entry: LoggedReport) -> str:
    """Return what else tells it from others of its stream, account and window."""
    marketplace = entry.marketplace_id or ""
    return entry.part if marketplace in entry.part else f"{marketplace} {entry.part}"


def account_words(entry: LoggedReport) -> str:
    """Return an account as people know it, its id included."""
    name, number = entry.account_name, entry.account
    return name if number in name else f"{name} ({number})" if name else number


def _row(
    entry: LoggedReport, outcome: str, words: _Words, started: datetime
) -> list[object]:
    def since(at: datetime | None) -> float | None:
        return None if at is None else round((at - started).total_seconds(), 1)

    word = words.number
    return [
        word(entry.stream),
        word(account_words(entry)),
        word(entry.report_type),
        entry.window_start,
        entry.window_end,
        word(_part(entry)),
        entry.report_id,
        int(entry.adopted),
        *map(
            since,
            (
                *(entry.planned_at, entry.requested_at, entry.ready_at),
                *(entry.fetched_at, entry.delivered_at),
            ),
        ),
        *(entry.calls, entry.throttled, entry.attempts),
        *(entry.rows, entry.bytes, entry.repeated_keys),
        word(outcome),
        word(entry.reason),
        word(" ".join(entry.columns)),
        word(" ".join(entry.refused_columns)),
        word(entry.time_zone or ""),
        word(entry.currency_code or ""),
    ]
