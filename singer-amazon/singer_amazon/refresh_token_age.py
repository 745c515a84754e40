"""How old a refresh token is: Amazon ends each a year after the consent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from singer_amazon.tap.settings import day

SETTING = "refresh_token_granted_on"
LIFE = timedelta(days=365)
"""Of tokens granted since 2026-07-30, and of public selling partner applications."""
NOTICE = timedelta(days=30)


def token_ages(config: Mapping[str, Any]) -> Iterator[tuple[str, date]]:
    """Yield whose token was granted on which day, where the settings say so.

    Raises:
        ConfigError: what they say is no date.
    """
    if granted := day(config, SETTING):
        yield "refresh_token", granted
    for entry in config.get("accounts") or []:
        if granted := day(entry, SETTING):
            yield f"refresh_token of {entry.get('name')}", granted


def age_words(granted: date, today: date) -> str:
    """Return what there is to know of a token of this age."""
    end = granted + LIFE
    left = (end - today).days
    if granted > today:
        return f"{SETTING} {granted} is in the future: write the day of the consent"
    if left < 0:
        return f"granted on {granted}: it ended on {end}, 365 days after the consent"
    return f"granted on {granted}: it ends on {end}, in {left} days"


def is_alarming(granted: date, today: date) -> bool:
    """Whether a token ends within 30 days, has ended, or was never granted."""
    return granted > today or granted + LIFE - today <= NOTICE


def warnings(config: Mapping[str, Any], today: date) -> list[str]:
    """Return a sentence for each token that ends soon."""
    return [
        f"{whose}, {age_words(granted, today)}. What to do: run the command auth for "
        f"a new one, then set {SETTING} to that day"
        for whose, granted in token_ages(config)
        if is_alarming(granted, today)
    ]
