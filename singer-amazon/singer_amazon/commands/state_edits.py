"""What a Singer state of our taps says, and how it is changed by hand; pure.

A state is `{"bookmarks": {stream: {"partitions": [...]}}}`, as `docs/state.md` has it,
or one that Meltano wraps: `{"singer_state": {...}}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

from singer_amazon.errors import ConfigError
from singer_amazon.reports import periods
from singer_amazon.reports.model import (
    DateOrHour,
    Delivery,
    Window,
    step_back,
    step_on,
    text_of,
)
from singer_amazon.reports.partition_state import PartitionState

Json = dict[str, Any]
REPORT_PARTS = (
    *("pending_reports", "gaps", "closed_gaps", "delivered", "start_date"),
    "taken_reports",
)
"""What only partitions of report streams have."""


def singer_state(document: Json) -> Json:
    """Return the Singer state in a document, unwrapped."""
    inner = document.get("singer_state", document)
    return inner if isinstance(inner, dict) else {}


def partitions(document: Json) -> Iterator[tuple[str, Json]]:
    """Yield every partition with its stream's name.

    Raises:
        ConfigError: it is no state of a tap, or damaged.
    """
    bookmarks = singer_state(document).get("bookmarks", {})
    if not isinstance(bookmarks, dict):
        raise ConfigError("this is no Singer state: bookmarks is no object")
    for stream, found in bookmarks.items():
        if stream.startswith("_"):
            continue
        entries = found.get("partitions", []) if isinstance(found, dict) else None
        if not isinstance(entries, list) or not all(
            isinstance(entry, dict) for entry in entries
        ):
            msg = f"{stream}: partitions is no list of objects"
            raise ConfigError(msg)
        yield from ((stream, entry) for entry in entries)


def account_of(entry: Mapping[str, Any]) -> str:
    """Return a partition's context in one line."""
    context = entry.get("context")
    return " ".join(map(str, context.values())) if isinstance(context, dict) else ""


def _names(entry: Mapping[str, Any]) -> set[str]:
    """Return what an account may be called by: the values of its context."""
    context = entry.get("context")
    return set(map(str, context.values())) if isinstance(context, dict) else set()


def rows(document: Json, now: datetime) -> list[Json]:
    """Return one row per partition, for people; ages in whole days and hours."""
    return [_row(stream, entry, now) for stream, entry in partitions(document)]


def _row(stream: str, entry: Json, now: datetime) -> Json:
    pending = [p for p in entry.get("pending_reports") or [] if isinstance(p, dict)]
    gaps = [g for g in entry.get("gaps") or [] if isinstance(g, dict)]
    bookmark = entry.get("replication_key_value")
    return {
        "stream": stream,
        "account": account_of(entry),
        "bookmark": bookmark,
        "days behind": _days_behind(bookmark, now),
        "pending": len(pending),
        "oldest pending": max((_age(p, now) for p in pending), default=""),
        "gaps": [f"{g.get('start')}..{g.get('end')}: {g.get('reason')}" for g in gaps],
        "given up": len(entry.get("closed_gaps") or []),
    }


def _days_behind(bookmark: object, now: datetime) -> int | None:
    """Return how many whole days lie between a bookmark and yesterday."""
    try:
        day = date.fromisoformat(str(bookmark)[:10])
    except ValueError:
        return None
    return max((now.date() - day).days - 1, 0)


def _age(pending: Mapping[str, Any], now: datetime) -> str:
    try:
        asked = datetime.fromisoformat(str(pending.get("requested_at")))
    except ValueError:
        return "?"
    if asked.tzinfo is None:
        asked = asked.replace(tzinfo=timezone.utc)
    hours = max(now - asked, timedelta(0)).total_seconds() / 3600
    return f"{hours:6.1f} h"


def problems(document: Json, known: Callable[[str], bool]) -> list[str]:
    """Return a sentence for each part that a run could not use."""
    if not document:
        return []
    if "bookmarks" not in singer_state(document):
        return ["this is no Singer state: it has no bookmarks"]
    try:
        found = list(partitions(document))
    except ConfigError as error:
        return [str(error)]
    sentences = [
        f"{stream}: this tap has no such stream; its entry is left alone"
        for stream in dict.fromkeys(stream for stream, _ in found)
        if not known(stream)
    ]
    damage = [_damage(stream, entry) for stream, entry in found]
    return [*sentences, *filter(None, damage)]


def _damage(stream: str, entry: Json) -> str:
    """Return what is wrong with a partition of reports, if anything is."""
    try:
        if _is_report(entry):
            PartitionState.from_state(entry, in_hours=_in_hours(entry))
    except (KeyError, ValueError) as error:
        return f"{stream} of {account_of(entry)} is damaged: {error}"
    return ""


def reread(
    document: Json, stream: str, account: str, first: DateOrHour, last: DateOrHour
) -> int:
    """Let the next run ask for a window again; return in how many partitions.

    The bookmark goes back before it, and what is delivered behind it stays so.

    Raises:
        ConfigError: nothing there can be read again.
    """
    changed = 0
    for entry in _chosen(document, stream, account):
        state = _state_of(stream, entry)
        if state.bookmark is None or state.bookmark < first:
            continue
        after = step_on(last)
        if after <= state.bookmark:
            state.delivered.append(
                Delivery(Window(after, state.bookmark), state.members)
            )
        state.delivered = [
            Delivery(window, entry.members)
            for entry in state.delivered
            for window in periods.subtract([entry.window], [Window(first, last)])
        ]
        state.bookmark = step_back(first)
        if state.start is not None:
            state.start = min(state.start, first)
        _write(entry, state)
        changed += 1
    if not changed:
        msg = f"{stream}: no bookmark there has passed {text_of(first)}: nothing to do"
        raise ConfigError(msg)
    return changed


def close_gaps(document: Json, stream: str, account: str, now: datetime) -> int:
    """Give up the open gaps of partitions; return how many.

    Raises:
        ConfigError: there is none.
    """
    closed = 0
    for entry in _chosen(document, stream, account):
        state = _state_of(stream, entry)
        for gap in list(state.gaps):
            state.close(gap.window, gap.members, f"{gap.reason} (closed by hand)", now)
            closed += 1
        _write(entry, state)
    if not closed:
        msg = f"{stream}: there is no open gap"
        raise ConfigError(msg)
    return closed


def _chosen(document: Json, stream: str, account: str) -> list[Json]:
    found = [
        entry
        for name, entry in partitions(document)
        if name == stream and (not account or account in _names(entry))
    ]
    if not found:
        named = f" of {account}" if account else ""
        msg = f"the state has no {stream}{named}; `state show` lists what it has"
        raise ConfigError(msg)
    return found


def _state_of(stream: str, entry: Json) -> PartitionState:
    if sentence := _damage(stream, entry):
        raise ConfigError(sentence)
    if not _is_report(entry):
        msg = (
            f"{stream} is no stream of reports: set its replication_key_value to "
            "where it shall be read from"
        )
        raise ConfigError(msg)
    return PartitionState.from_state(entry, in_hours=_in_hours(entry))


def _is_report(entry: Json) -> bool:
    return any(name in entry for name in REPORT_PARTS)


def _in_hours(entry: Json) -> bool:
    return "T" in str(entry.get("replication_key_value") or entry.get("start_date"))


def _write(entry: Json, state: PartitionState) -> None:
    """Put a partition's state back, keeping what stands around it."""
    written = state.to_state()
    for name in (*REPORT_PARTS, "replication_key_value", "advertiser_ids"):
        entry.pop(name, None)
    entry.update(written)
