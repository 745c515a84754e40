"""Reads what several bodies of Ads Data Manager have: texts, instants, page sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from amazon_emulator.audiences.parsing import read_object
from amazon_emulator.clock import parse_instant
from amazon_emulator.data_manager.contract import PAGE
from amazon_emulator.http import RefusalError
from amazon_emulator.settings import is_number

if TYPE_CHECKING:
    from datetime import datetime


def page_size(given: Mapping[str, object], name: str) -> int:
    """Return how many items are asked for, or refuse (400); without it, the most."""
    least, most = PAGE
    value = given.get(name, most)
    number = float(value) if isinstance(value, str) and value.isdigit() else value
    if not is_number(number) or not least <= number <= most or number % 1:
        message = f"{name} must be a whole number from {least} to {most}"
        raise RefusalError(400, message)
    return int(number)


def texts(
    given: Mapping[str, object], name: str, most: int | None = None, *, least: int = 1
) -> tuple[str, ...] | None:
    """Return a list of texts, or refuse (400); None: there is none."""
    if name not in given:
        return None
    value = given[name]
    is_list = isinstance(value, list) and all(isinstance(x, str) for x in value)
    found = tuple(map(str, value)) if isinstance(value, list) else ()
    if not is_list or not least <= len(found) <= (most or len(found)):
        raise RefusalError(400, f"{name} must be a list of texts")
    return found


def instant(given: Mapping[str, object], name: str) -> datetime | None:
    """Return an instant, or refuse (400); None: there is none."""
    if name not in given:
        return None
    try:
        return parse_instant(str(given[name]))
    except ValueError:
        raise RefusalError(400, f"{name} must be an instant") from None


def named_in(body: bytes, *keys: str) -> set[str]:
    """Return the values of these keys, however wrong the body is."""
    try:
        given = read_object(body)
    except RefusalError:
        return set()
    return {str(given[key]) for key in keys if key in given}
