"""The setting `data_kiosk`: queries of the user's own, checked beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from singer_amazon.errors import ConfigError
from tap_amazon_sp.catalogue.model import ColumnDefinition
from tap_amazon_sp.data_kiosk.schema import base_of

if TYPE_CHECKING:
    from graphql.language import ast

    from tap_amazon_sp.data_kiosk.custom.checking import CheckedQuery

ADDED = ("account_name", "marketplace_id", "window_start", "window_end")


@dataclass(frozen=True, slots=True)
class CustomQuery:
    """One entry of the setting: a stream.

    `rows` is the list of each line whose entries are the rows, if they are not the
    lines; `columns` what a record has, by the schema.
    """

    name: str
    query: CheckedQuery
    window_days: int
    lookback_days: int
    holdback_days: int
    key: tuple[str, ...]
    rows: str
    columns: tuple[ColumnDefinition, ...]
    line: tuple[str, ...]

    @property
    def is_windowed(self) -> bool:
        """Whether it asks for one window after another, not for dates of its own."""
        return "{start}" in self.query.text or "{end}" in self.query.text

    @property
    def is_per_marketplace(self) -> bool:
        """Whether each marketplace is asked for in a query of its own."""
        return "{marketplace_id}" in self.query.text


def read_custom_queries(entries: Iterable[Mapping[str, Any]]) -> list[CustomQuery]:
    """Return the queries of the setting.

    Raises:
        ConfigError: one would be refused; with line and column.
    """
    return [_query(entry) for entry in entries]


def _query(entry: Mapping[str, Any]) -> CustomQuery:
    # graphql takes 0.2 s to import: only where there is a query
    from tap_amazon_sp.data_kiosk.custom.checking import (  # noqa: PLC0415
        QueryError,
        check_query,
    )

    name = str(entry.get("name") or "")
    where = f"data_kiosk.{name or '?'}"
    if not name:
        raise ConfigError("data_kiosk: an entry has no name")
    try:
        checked = check_query(_text(where, entry))
    except QueryError as error:
        msg = f"{where}.query: {error}. Nothing was sent to Amazon"
        raise ConfigError(msg) from None
    rows = str(entry.get("records_path") or "")
    columns, line = _columns(where, checked, rows)
    key = tuple(str(column) for column in entry.get("key") or ())
    known = {*ADDED, *(column.name for column in columns)}
    if missing := [column for column in key if column not in known]:
        msg = (
            f"{where}.key: {', '.join(missing)} is not asked for by the query; it has "
            f"{', '.join(sorted(known))}"
        )
        raise ConfigError(msg)
    days = {n: entry.get(n) for n in ("window_days", "lookback_days", "holdback_days")}
    return CustomQuery(
        name=name,
        query=checked,
        window_days=int(days["window_days"] or 1),
        lookback_days=int(days["lookback_days"] or 0),
        holdback_days=2
        if days["holdback_days"] is None
        else int(days["holdback_days"]),
        key=key,
        rows=rows,
        columns=columns,
        line=line,
    )


def _text(where: str, entry: Mapping[str, Any]) -> str:
    text, file = entry.get("query"), entry.get("query_file")
    if bool(text) == bool(file):
        msg = f"{where}: set either query or query_file"
        raise ConfigError(msg)
    if text:
        return str(text)
    try:
        return Path(str(file)).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        msg = f"{where}.query_file: {file} cannot be read ({reason})"
        raise ConfigError(msg) from None


def _columns(
    where: str, query: CheckedQuery, rows: str
) -> tuple[tuple[ColumnDefinition, ...], tuple[str, ...]]:
    """Return what is selected as columns, and which of them stand once on a line."""
    schema = query.schema
    row = schema.roots[query.root].row
    every = _selected(query, row, query.selection)
    if not rows:
        return every, ()
    lists = [c for c in every if c.kind == "list"]
    found = next((column for column in lists if column.name == rows), None)
    if found is None:
        names = ", ".join(column.name for column in lists) or "none"
        msg = f"{where}.records_path: {rows} is no list of the query; lists: {names}"
        raise ConfigError(msg)
    line = tuple(c for c in every if c is not found)
    inner = {column.name for column in found.fields}
    kept = tuple(column for column in line if column.name not in inner)
    return (*kept, *found.fields), tuple(column.name for column in kept)


def _selected(
    query: CheckedQuery, type_text: str, selection: ast.SelectionSetNode | None
) -> tuple[ColumnDefinition, ...]:
    fields = query.schema.types[base_of(type_text)]
    found: dict[str, ColumnDefinition] = {}
    for node in selection.selections if selection else ():
        if node.kind == "field":
            field = cast("ast.FieldNode", node)
            name = field.name.value
            inner = fields[name]
            column = query.schema.column(name, inner)
            if field.selection_set is not None:
                parts = _selected(query, inner, field.selection_set)
                column = ColumnDefinition(name, column.kind, parts)
            found[name] = column
    return tuple(found.values())
