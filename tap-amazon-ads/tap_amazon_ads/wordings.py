"""Amazon's own words that this tap reacts to: a new wording is one line here.

Each line says what the words mean to us, how they are recognised in an answer, and who
has seen them. What they hold (columns, an id, a day) is the group `value`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Meaning = Literal[
    "column refused",
    "duplicate",
    "no access",
    "not offered",
    "not offered with this ad product",
    "too old",
]


@dataclass(frozen=True, slots=True)
class Wording:
    """Words in an answer; `source`: where they were seen, and when."""

    meaning: Meaning
    pattern: re.Pattern[str]
    source: str


_GUIDE = "Amazon's guide pages of 2025-09"


def _line(meaning: Meaning, pattern: str, source: str) -> Wording:
    return Wording(meaning, re.compile(pattern, re.IGNORECASE), source)


WORDINGS = (
    _line(
        "column refused",
        r"columns includes invalid values: \((?P<value>[^)]*)\)",
        "amzn/ads-advanced-tools-docs#278",
    ),
    _line(
        "duplicate",
        r"(?P<value>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
        "HTTP 425, live answers of 2026",
    ),
    _line("no access", r"not authorized to access scope", f"{_GUIDE}: errors"),
    _line("no access", r"no matching advertiser", f"{_GUIDE}: errors"),
    _line("no access", r"scope header", f"{_GUIDE}: errors"),
    _line(
        "too old",
        r"retention start date[\s:(]*(?P<value>\d{4}-\d{2}-\d{2})",
        "airbytehq/airbyte#55217 and programs of 2026: reporting v3",
    ),
    _line("too old", r"too far in the past", "airbytehq/airbyte, words of v2"),
    _line("too old", r"data retention", "as above, without a day"),
    _line(
        "not offered",
        r"reportTypeId is unknown or invalid",
        "amzn/ads-advanced-tools-docs#375",
    ),
    _line("not offered", r"KDP authors? do(?:es)? not", "airbytehq/airbyte#15571"),
    _line(
        "not offered",
        r"not (?:available|supported|offered)\b.{0,40}"
        r"\b(?:vendors?|sellers?|authors?|agenc(?:y|ies)|marketplaces?|countr(?:y|ies))",
        "airbytehq/airbyte#15951: vendors, marketplaces",
    ),
    _line(
        "not offered",
        r"\b(?:vendors?|sellers?|authors?) (?:do(?:es)? not have|ha(?:ve|s) no) access",
        "the same for other kinds of accounts",
    ),
    _line(
        "not offered with this ad product",
        r"adProduct is not supported for this report type",
        "amzn/ads-advanced-tools-docs#231",
    ),
)


def find(meaning: Meaning, text: str) -> re.Match[str] | None:
    """Return where a text says this, by the first line of the table that fits."""
    found = (w.pattern.search(text) for w in WORDINGS if w.meaning == meaning)
    return next((match for match in found if match is not None), None)


def says(meaning: Meaning, text: str) -> bool:
    """Whether a text says this."""
    return find(meaning, text) is not None


def value(meaning: Meaning, text: str) -> str:
    """Return what the words hold; empty where they hold nothing or are not there."""
    match = find(meaning, text)
    return "" if match is None else match.groupdict().get("value") or ""
