"""One more request for each record, as `extend_resources` describes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

from singer_amazon.errors import ConfigError
from singer_amazon.rate_limits import Rate
from tap_amazon_sp.endpoints.custom.keys import EXPANSION, PAGINATION, check_keys
from tap_amazon_sp.endpoints.pages.known_paths import (
    known,
    pagination_of,
    token_params,
)
from tap_amazon_sp.endpoints.pages.pagination import (
    PagesError,
    Pagination,
    unclaimed,
)
from tap_amazon_sp.endpoints.pages.repeats import SeenRows, SeenTokens
from tap_amazon_sp.endpoints.pages.rows import rows_at

MARKETPLACE = "marketplace_id"
"""Name of the variable that stands for the marketplace of each request."""

_VARIABLE = re.compile(r"\{(\w*)\}")
_MAX_VALUE = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class UnknownPagesError(PagesError):
    """There are more pages than anybody knows how to ask for: the settings say it."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """Rows from `path` for each record, stored in it as `new_field`.

    They come in pages of their own, within the rate of their own operation. Variables
    stand in the path and in `params`: fields of the record, or the marketplace.
    """

    new_field: str
    path: str
    variable: str
    list_path: str
    pagination: Pagination | None
    rate: Rate | None
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_marketplace(self) -> bool:
        """Whether its requests name a marketplace."""
        return MARKETPLACE in _variables(self.path, self.params)

    def definition(self) -> list[Any]:
        """Return what decides which rows come."""
        params = [dict(self.params)] if self.params else []
        return [self.new_field, self.path, self.list_path, *params]

    def path_for(
        self, record: Mapping[str, Any], id_field: str, marketplace_id: str = ""
    ) -> str:
        """Return the path for one record: its values replace the variables.

        The value of a variable is the record's field of that name; of
        `path_variable_name` also the record's id.

        Raises:
            PagesError: the record has no value that a path can carry.
        """

        def value(found: re.Match[str]) -> str:
            text = self._value(found[1], record, id_field, marketplace_id)
            return quote(text, safe="")

        return _VARIABLE.sub(value, self.path)

    def params_for(
        self, record: Mapping[str, Any], id_field: str, marketplace_id: str = ""
    ) -> dict[str, Any]:
        """Return the parameters for one record.

        Raises:
            PagesError: as `path_for`.
        """

        def filled(value: Any) -> Any:  # noqa: ANN401 - any JSON
            if isinstance(value, str):
                return _VARIABLE.sub(
                    lambda m: self._value(m[1], record, id_field, marketplace_id), value
                )
            if isinstance(value, (list, tuple)):
                return [filled(entry) for entry in value]
            return value

        return {name: filled(value) for name, value in self.params.items()}

    def _value(
        self, name: str, record: Mapping[str, Any], id_field: str, marketplace_id: str
    ) -> str:
        if name == MARKETPLACE and marketplace_id:
            return marketplace_id
        is_main = name == self.variable
        value = record.get(name)
        if value is None and is_main:
            value = record.get(id_field)
        is_id = isinstance(value, (str, int)) and not isinstance(value, bool)
        if not is_id or value == "":
            names = f"neither {name} nor {id_field}" if is_main else f"no {name}"
            msg = f"{self.path}: a record has {names}, so its own path cannot be made"
            raise PagesError(msg)
        text = str(value)
        if text in {".", ".."} or len(text) > _MAX_VALUE or _CONTROL.search(text):
            msg = (
                f"{self.path}: the {name} of a record is none that a path can carry "
                f"({len(text)} characters), so its own path cannot be made"
            )
            raise PagesError(msg)
        return text


@dataclass(slots=True, eq=False)
class ExpansionCall:
    """The request of one expansion for one record, page after page."""

    expansion: Expansion
    path: str
    fixed_params: Mapping[str, Any] = field(default_factory=dict)
    rows: list[Any] = field(default_factory=list)
    _token: str | None = None
    _pagination: Pagination | None = field(init=False)
    _tokens: SeenTokens = field(init=False)
    _seen: SeenRows = field(init=False)

    def __post_init__(self) -> None:
        self._pagination = self.expansion.pagination
        self._tokens = SeenTokens(self.expansion.path)
        self._seen = SeenRows(self.expansion.path)

    def params(self) -> Mapping[str, Any]:
        """Return the parameters of the request for the next page."""
        if self._token is None or self._pagination is None:
            return self.fixed_params
        return self._pagination.next_params(self.fixed_params, self._token)

    def take(self, body: Mapping[str, Any]) -> bool:
        """Take the rows of a page; say whether there is another one.

        Raises:
            UnknownPagesError: nobody knows how to ask for the next page.
            PagesError: the page holds no rows, or was there before.
        """
        found = list(rows_at(body, self.expansion.list_path, self.path))
        had_token, self._token = self._token is not None, self._next_token(body)
        if had_token or self._token is not None:
            self._seen.note(found)
        self.rows += found
        if self._token is not None:
            self._tokens.note(self._token)
        return self._token is not None

    def _next_token(self, body: Mapping[str, Any]) -> str | None:
        token = self._pagination.token(body) if self._pagination is not None else None
        stray = unclaimed(body) if token is None else None
        if stray is None:
            return token
        params = token_params(stray) if self._pagination is None else ()
        if len(params) != 1:
            where = f"extend_resources of {self.expansion.new_field}"
            raise UnknownPagesError(unknown_pages(self.expansion.path, stray, where))
        self._pagination = Pagination(next(iter(params)), stray)
        return self._pagination.token(body)


def unknown_pages(what: str, stray: str, where: str) -> str:
    """Return the sentence about a page token nobody knows what to do with."""
    return (
        f"{what}: the answer has the token of another page in {stray}, and nothing "
        f'says which parameter takes it. Set pagination: {{"token_param": "...", '
        f'"token_path": "{stray}"}} in {where}'
    )


# --- the setting ---------------------------------------------------------------


def read_expansions(entries: Iterable[Mapping[str, Any]]) -> tuple[Expansion, ...]:
    """Read `extend_resources`.

    Raises:
        ConfigError: an entry lacks something, or its path has no such variable.
    """
    found = tuple(_expansion(entry) for entry in entries)
    names = [expansion.new_field for expansion in found]
    for name in names:
        if names.count(name) > 1:
            msg = f"extend_resources: two entries have the new_field_name {name}"
            raise ConfigError(msg)
    return found


def _expansion(entry: Mapping[str, Any]) -> Expansion:
    check_keys(entry, EXPANSION, "extend_resources")
    for needed in ("new_field_name", "path", "path_variable_name"):
        if not entry.get(needed):
            msg = f"extend_resources: an entry has no {needed}: it is required"
            raise ConfigError(msg)
    variable = str(entry["path_variable_name"]).strip("{} ")
    path, params = split_query(str(entry["path"]), entry.get("params") or {})
    path = _named(path, variable)
    if variable not in _variables(path, params):
        found = ", ".join(sorted(_variables(path, params))) or "none"
        msg = (
            f"extend_resources: {path} has no {{{variable}}}, which path_variable_name "
            f"says; its variables: {found}"
        )
        raise ConfigError(msg)
    entry_of, pagination = known(path), entry.get("pagination")
    list_path = entry.get("results_key") or (entry_of.list_path if entry_of else None)
    if not list_path:
        msg = f"extend_resources: {path} has no results_key: it is required"
        raise ConfigError(msg)
    if pagination:
        check_keys(pagination, PAGINATION, "extend_resources.pagination")
    return Expansion(
        new_field=str(entry["new_field_name"]),
        path=path,
        variable=variable,
        list_path=str(list_path),
        pagination=pagination_of(path, pagination),
        rate=entry_of.rate if entry_of else None,
        params=params,
    )


def _named(path: str, variable: str) -> str:
    """Return the path with its variable by name: `{}` is how older configs write it."""
    if not path.startswith("/"):
        msg = f"extend_resources: path {path!r} is none: write it as /orders/v0/orders"
        raise ConfigError(msg)
    if path.count("{}") > 1:
        msg = (
            f"extend_resources: {path} has {{}} {path.count('{}')} times: name the "
            "fields of the record, as {orderId}"
        )
        raise ConfigError(msg)
    return path.replace("{}", f"{{{variable}}}")


def _variables(path: str, params: Mapping[str, Any]) -> set[str]:
    return set(_VARIABLE.findall(f"{path} {list(params.values())}"))


def split_query(path: str, params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a path without its query string, and all parameters.

    Raises:
        ConfigError: a parameter stands in both with two values, or there is a `#`.
    """
    plain, _, text = path.strip().partition("?")
    if "#" in path or any(sign.isspace() for sign in plain):
        msg = f"path {path!r} is none: it may hold no blanks and no #"
        raise ConfigError(msg)
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found[name] = value if name not in found else f"{found[name]},{value}"
    for name, value in params.items():
        if found.setdefault(name, value) != value:
            msg = f"{name} stands in the path {path} and in params: write it once"
            raise ConfigError(msg)
    return plain.rstrip("/") or "/", found
