"""Times as Amazon and people write them."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone, tzinfo

_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,]\d+)?\s*"
    r"(?:Z|([+-])(\d{2}):?(\d{2}))?)?",
    re.IGNORECASE,
)


def parse_instant(value: object) -> datetime | None:
    """Read ISO 8601 down to whole seconds; a day is its midnight in UTC."""
    found = _INSTANT.fullmatch(str(value).strip())
    if found is None:
        return None
    day, clock, sign, hours, minutes = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}")
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        zone = timezone(-offset if sign == "-" else offset)
        return moment.replace(tzinfo=zone).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def format_instant(moment: datetime) -> str:
    """Return an instant as bookmarks have it, in whole seconds of UTC."""
    return f"{moment.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def midnight(day: date, zone: tzinfo = timezone.utc) -> datetime:
    """Return the first instant of a day in a zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(timezone.utc)
