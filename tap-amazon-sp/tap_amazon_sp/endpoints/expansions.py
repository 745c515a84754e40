"""One more request for each record, as `extend_resources` describes it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from singer_amazon.errors import ConfigError
from singer_amazon.rate_limits import Rate
from tap_amazon_sp.endpoints.pagination import (
    PagesError,
    Pagination,
    Record,
    SeenTokens,
    known,
    pagination_of,
    rows_at,
)

_VARIABLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Expansion:
    """Rows from `path` for each record, stored in it as `new_field`.

    They come in pages of their own, within the rate of their own operation.
    """

    new_field: str
    path: str
    variable: str
    list_path: str
    pagination: Pagination | None
    rate: Rate | None

    def path_for(self, record: Mapping[str, Any], id_field: str) -> str:
        """Return the path for one record: its value replaces the variable.

        The value is the record's field of the variable's name, else its id.

        Raises:
            PagesError: the record has neither.
        """
        value = record.get(self.variable, record.get(id_field))
        if not isinstance(value, (str, int)) or value == "":
            msg = (
                f"{self.path}: a record has neither {self.variable} nor {id_field}, "
                "so its own path cannot be made"
            )
            raise PagesError(msg)
        return self.path.replace(f"{{{self.variable}}}", quote(str(value), safe=""))


@dataclass(slots=True, eq=False)
class ExpansionCall:
    """The request of one expansion for one record, page after page."""

    expansion: Expansion
    path: str
    rows: list[Any] = field(default_factory=list)
    _token: str | None = None
    _tokens: SeenTokens = field(init=False)

    def __post_init__(self) -> None:
        self._tokens = SeenTokens(self.expansion.path)

    def params(self) -> Mapping[str, Any]:
        """Return the parameters of the request for the next page."""
        pagination = self.expansion.pagination
        if self._token is None or pagination is None:
            return {}
        return pagination.next_params({}, self._token)

    def take(self, body: Mapping[str, Any]) -> bool:
        """Take the rows of a page; say whether there is another one.

        Raises:
            PagesError: the page holds no rows, or its token was there before.
        """
        pagination = self.expansion.pagination
        self.rows += rows_at(body, self.expansion.list_path, self.path)
        self._token = pagination.token(body) if pagination is not None else None
        if self._token is not None:
            self._tokens.note(self._token)
        return self._token is not None


@dataclass(slots=True, eq=False)
class PendingRecord:
    """A record whose expansions are not all read."""

    record: Record
    calls: deque[ExpansionCall]
    failed: set[str] = field(default_factory=set)
    """Fields that could not be read."""


def read_expansions(entries: Iterable[Mapping[str, Any]]) -> tuple[Expansion, ...]:
    """Read `extend_resources`.

    Raises:
        ConfigError: an entry lacks something, or its path has no such variable.
    """
    return tuple(_expansion(entry) for entry in entries)


def _expansion(entry: Mapping[str, Any]) -> Expansion:
    for needed in ("new_field_name", "path", "path_variable_name"):
        if not entry.get(needed):
            msg = f"extend_resources: an entry has no {needed}: it is required"
            raise ConfigError(msg)
    path, variable = str(entry["path"]), str(entry["path_variable_name"])
    if f"{{{variable}}}" not in path:
        found = ", ".join(_VARIABLE.findall(path)) or "none"
        msg = (
            f"extend_resources: {path} has no {{{variable}}}, which path_variable_name "
            f"says; its variables: {found}"
        )
        raise ConfigError(msg)
    entry_of = known(path)
    list_path = entry.get("results_key") or (entry_of.list_path if entry_of else None)
    if not list_path:
        msg = f"extend_resources: {path} has no results_key: it is required"
        raise ConfigError(msg)
    return Expansion(
        new_field=str(entry["new_field_name"]),
        path=path,
        variable=variable,
        list_path=str(list_path),
        pagination=pagination_of(path, entry.get("pagination")),
        rate=entry_of.rate if entry_of else None,
    )
