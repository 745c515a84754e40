"""Spans of time as people say them."""

from __future__ import annotations

_HOURS_SHOWN = 48
"""From here on days say more."""


def in_words(seconds: float) -> str:
    """Return a span of time: `45 s`, `3 min 20 s`, `2 h 05 min`, `3 days`."""
    whole = max(round(seconds), 0)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= _HOURS_SHOWN:
        return f"{-(-hours // 24):,} days"
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
