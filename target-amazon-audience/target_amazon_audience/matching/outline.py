"""What a record looks like, for people who look for a fault: never what it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from singer_amazon.target.messages import printable

_MAX_COLUMNS = 12


def shown_names(names: Iterable[str]) -> str:
    """Return names of columns, some of them where there are many."""
    found = [*names]
    shown = ", ".join(map(printable, found[:_MAX_COLUMNS]))
    more = len(found) - _MAX_COLUMNS
    return f"{shown} and {more} more" if more > 0 else shown or "none"


def outline(record: Mapping[str, object]) -> str:
    """Return the columns of a record with kind and length of what they hold."""
    found = [f"{printable(name)}: {_kind(value)}" for name, value in record.items()]
    more = len(found) - _MAX_COLUMNS
    shown = "; ".join(found[:_MAX_COLUMNS])
    return f"{shown}; {more} more" if more > 0 else shown or "no columns"


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return _kind_of_text(value)
    if isinstance(value, Mapping):
        return "object"
    return "list" if isinstance(value, list) else "number"


def _kind_of_text(text: str) -> str:
    if not text.strip():
        return "empty text"
    if text.isdigit():
        kind = "digits"
    elif text.isalpha():
        kind = "letters"
    else:
        kind = "characters with @" if "@" in text else "characters"
    return f"{len(text)} {kind}"
