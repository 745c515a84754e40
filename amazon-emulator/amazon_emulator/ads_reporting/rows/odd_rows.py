"""What an `odd_rows` rule does to the rows of a document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from amazon_emulator.ads_reporting.contract import column_types

if TYPE_CHECKING:
    from amazon_emulator.faults.rules import Rule

_HALF_EMOJI = "\ud83d"
_STATUS = "campaignStatus"
Row = dict[str, Any]


def odd_batches(batches: Iterable[list[str]], rule: Rule) -> Iterator[list[str]]:
    """Yield the rows as the rule wants them; keys are repeated once, at the place."""
    first, after, number = "", int(rule.number("repeat_after")), 0
    for batch in batches:
        made: list[str] = []
        for text in batch:
            changed = _changed(json.loads(text), number, rule)
            first = first or changed[0]
            made += changed
            number += 1
            if after and number == after:
                made.append(first)
        yield made


def _changed(row: Row, number: int, rule: Rule) -> list[str]:
    every = max(1, int(rule.number("every")))
    is_due = number % every == 0
    words = rule.texts("placeholders")
    if words and is_due:
        row |= _placeholders(row, words, number)
    if rule.parameters["half_emoji"] and is_due:
        row |= dict.fromkeys(_names(row)[:1], f"half {number} {_HALF_EMOJI}")
    rows = [row]
    if rule.parameters["twins"] and is_due:
        rows = [{**row, **_status(row, "ENABLED")}, _twin(row)]
    return [json.dumps(each) for each in rows]


def _placeholders(row: Row, words: Sequence[str], number: int) -> Row:
    """Return every third number column with one of the words."""
    columns = _metrics(row)
    if not columns:
        return {}
    return {
        column: words[(number + at) % len(words)]
        for at, column in enumerate(columns)
        if (number + at) % 3 == 0
    }


def _twin(row: Row) -> Row:
    """Return the row of an archived campaign of the same name and day."""
    numbers = {name: row[name] for name in _metrics(row)}
    raised = {k: v + 1 for k, v in numbers.items() if isinstance(v, int | float)}
    return {**row, **raised, **_status(row, "ARCHIVED")}


def _status(row: Row, word: str) -> Row:
    return {_STATUS: word} if _STATUS in row else {}


def _metrics(row: Row) -> list[str]:
    kinds = column_types()
    return [
        name
        for name in row
        if kinds[name] in ("integer", "number") and not name.endswith("Id")
    ]


def _names(row: Row) -> list[str]:
    return [name for name, value in row.items() if "Name" in name and value]
