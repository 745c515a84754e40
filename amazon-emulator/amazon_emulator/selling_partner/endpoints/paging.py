"""Pages of a listing: tokens that age, and rows pinned to the first page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from amazon_emulator.clock import format_instant, parse_instant
from amazon_emulator.selling_partner.access.authorization import SpService
from amazon_emulator.selling_partner.access.refusals import invalid
from amazon_emulator.selling_partner.queries import (
    page_token,
    read_instant,
    read_page_token,
    read_query,
)

if TYPE_CHECKING:
    from amazon_emulator.http import Call

_Row = TypeVar("_Row")
LAG = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Family:
    """How the pages of one API work."""

    parameter: str
    size: int
    """Most rows on one page, and the number without a parameter."""
    size_parameter: str | None = None
    life_seconds: float = 86400
    expired: str = "The page token has expired."


@dataclass(frozen=True, slots=True)
class Page:
    """Where a listing stands, pinned to the instant of its first page."""

    operation: str
    query: Mapping[str, str]
    as_of: datetime
    now: datetime
    size: int
    offset: int = 0

    def cut(self, rows: Sequence[_Row]) -> tuple[Sequence[_Row], str | None]:
        """Return the rows of this page, and the token of the next one if any."""
        end = self.offset + self.size
        following = replace(self, offset=end)
        token = following.token() if end < len(rows) else None
        return rows[self.offset : end], token

    def token(self) -> str:
        """Return the text that leads to this page."""
        content = {
            "operation": self.operation,
            "query": dict(self.query),
            "as_of": format_instant(self.as_of),
            "made_at": format_instant(self.now),
            "offset": self.offset,
        }
        return page_token(content)


class ListingService(SpService):
    """A service whose listings come page by page."""

    def page(self, call: Call, family: Family) -> Page:
        """Return the page a call asks for; a wrong or old token is refused (400)."""
        query, now = read_query(call.request), self._state.clock.now()
        token = query.pop(family.parameter, "")
        size = self._size(query, family)
        if not token:
            return Page(call.operation, query, now, now, size)
        try:
            found: dict[str, Any] = read_page_token(token)
            if found["operation"] != call.operation:
                raise ValueError(token)  # noqa: TRY301 - as for any other text
            made_at, as_of = (parse_instant(found[k]) for k in ("made_at", "as_of"))
        except (ValueError, KeyError, TypeError):
            raise invalid("Token is not valid.") from None
        self._check_age(family, made_at)
        return Page(call.operation, found["query"], as_of, now, size, found["offset"])

    def _check_age(self, family: Family, made_at: datetime) -> None:
        seconds = self._state.settings.sp_page_token_seconds or family.life_seconds
        if self._state.clock.now() - made_at > timedelta(seconds=seconds):
            raise invalid(family.expired.format(minutes=f"{seconds / 60:g}"))

    def _size(self, query: Mapping[str, str], family: Family) -> int:
        size, name = family.size, family.size_parameter
        if name is not None and query.get(name):
            text = query[name]
            if not text.isdigit() or not 1 <= int(text) <= size:
                message = f"{name} must be a number from 1 to {size}."
                raise invalid(message)
            size = int(text)
        most = self._state.settings.sp_records_per_page
        return min(size, most) if most else size

    def is_visible(self, number: int, at: datetime, as_of: datetime) -> bool:
        """Return whether a record of this number and time has appeared by then."""
        settings = self._state.settings
        return at + settings.lateness(number) <= as_of


def read_range(
    query: Mapping[str, str],
    names: tuple[str, str],
    as_of: datetime,
    default_days: float,
) -> tuple[datetime, datetime]:
    """Return the time bounds of a listing, or refuse them (400)."""
    after_name, before_name = names
    latest = as_of - LAG
    before = read_instant(query, before_name, latest)
    after = read_instant(query, after_name, before - timedelta(days=default_days))
    for name, instant in ((after_name, after), (before_name, before)):
        if query.get(name) and instant > latest:
            message = f"{name} must be more than two minutes before the request."
            raise invalid(message)
    if query.get(before_name) and not query.get(after_name):
        message = f"{before_name} needs {after_name}."
        raise invalid(message)
    if after >= before:
        message = f"{after_name} must be before {before_name}."
        raise invalid(message)
    return after, before
