"""Custom endpoints (the setting `endpoints`) as tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from singer_amazon.errors import ConfigError
from tap_amazon_sp.catalogue.model import Schema
from tap_amazon_sp.endpoints.custom.keys import ENTRY, PAGINATION, RECORD, check_keys
from tap_amazon_sp.endpoints.definitions import MARKETPLACE, Listing, Table, ready_made
from tap_amazon_sp.endpoints.expansions import (
    Expansion,
    read_expansions,
    split_query,
)
from tap_amazon_sp.endpoints.finances import finance_tables
from tap_amazon_sp.endpoints.pages.known_paths import KnownPath, known, pagination_of
from tap_amazon_sp.endpoints.schemas import OPEN, RecordSchema, record_schemas
from tap_amazon_sp.marketplaces import AccountKind
from tap_amazon_sp.timestamps import parse_instant

_NAMED_SO = re.compile(r"marketplaceids?", re.IGNORECASE)
_SELLERS_ONLY = ("/orders/", "/fba/", "/finances/", "/inbound/", "/awd/")
_VENDORS_ONLY = ("/vendor/",)
_VARIABLE = re.compile(r"\{\w*\}")
MAX_DAYS = 3660


def tables(entries: Iterable[Mapping[str, Any]]) -> list[Table]:
    """Return the ready-made tables, then those of the setting `endpoints`.

    Raises:
        ConfigError: an entry cannot be meant so.
    """
    custom = (_custom_table(entry) for entry in entries)
    return [*ready_made(), *finance_tables(), *custom]


@dataclass(slots=True)
class _Entry:
    """An entry of `endpoints`, and how to complain about it."""

    raw: Mapping[str, Any]
    name: str = field(init=False)
    path: str = field(init=False)
    params: dict[str, Any] = field(init=False)
    record: Mapping[str, Any] = field(init=False)
    documented: KnownPath | None = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.raw, Mapping):
            raise ConfigError("endpoints: an entry is no object: write name and path")
        self.name = str(self.raw.get("name") or "").strip()
        if not self.name:
            raise ConfigError("endpoints: an entry has no name: it is the stream's")
        with self.naming():
            self._check_keys()
            given = self.raw.get("params") or {}
            self.path, self.params = split_query(self.text("path") or "", given)
        if not self.path.startswith("/") or self.path == "/":
            text = f"path {self.path!r} is none: write it as /orders/v0/orders"
            raise self.error(text)
        self.record = self.raw.get("record_config") or {}
        self.documented = known(self.path)

    def _check_keys(self) -> None:
        check_keys(self.raw, ENTRY)
        check_keys(self.raw.get("record_config") or {}, RECORD, "record_config")
        check_keys(self.raw.get("pagination") or {}, PAGINATION, "pagination")

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Say of which entry a complaint is."""
        try:
            yield
        except ConfigError as error:
            raise self.error(str(error)) from None

    def error(self, text: str) -> ConfigError:
        return ConfigError(f"endpoints.{self.name}: {text}")

    def text(self, name: str) -> str | None:
        value = self.raw.get(name)
        return str(value) if value is not None and value != "" else None

    def days(self, name: str) -> timedelta | None:
        value = self.raw.get(name)
        if value is None:
            return None
        if not self.text("updated_at_param"):
            text = f"{name} needs updated_at_param: without it all is read each time"
            raise self.error(text)
        return timedelta(days=min(float(value), MAX_DAYS))


def _custom_table(raw: Mapping[str, Any]) -> Table:
    entry = _Entry(raw)
    record_schema = _record_schema(entry)
    own_id = _id_field(entry)
    key = (own_id,) if own_id else record_schema.key if record_schema else ()
    with entry.naming():
        expansions = read_expansions(raw.get("extend_resources") or ())
    listing = _custom_listing(entry, has_key=bool(key))
    _check_marketplaces(entry, listing, expansions)
    table = Table(
        name=entry.name,
        listing=listing,
        key=key,
        columns=None,
        id_field=own_id or (record_schema.key[0] if record_schema else ""),
        expansions=expansions,
    )
    return replace(
        table, columns=_custom_columns(entry, record_schema, expansions, table.needed)
    )


def _id_field(entry: _Entry) -> str:
    id_field = str(entry.record.get("id_field") or "")
    if "." in id_field:
        text = (
            f"record_config.id_field {id_field!r} lies inside another field: only a "
            "field of the record itself can be its key"
        )
        raise entry.error(text)
    return id_field


def _check_marketplaces(
    entry: _Entry, listing: Listing, expansions: Iterable[Expansion]
) -> None:
    for expansion in expansions:
        if expansion.has_marketplace and not listing.is_by_marketplace:
            text = (
                f"extend_resources: {expansion.path} has {MARKETPLACE}, but the list "
                f"is not read by marketplace: write {MARKETPLACE} in its params too"
            )
            raise entry.error(text)


def _record_schema(entry: _Entry) -> RecordSchema | None:
    path = entry.documented
    found = (
        m
        for m in record_schemas().values()
        if path is not None and m.path == path.path and not m.only_ready_made
    )
    # a nested table has the path of its parent: `rows` tells them apart
    return next((m for m in found if path and m.rows == path.list_path), None)


def _custom_listing(entry: _Entry, *, has_key: bool) -> Listing:
    if variables := _VARIABLE.findall(entry.path):
        text = (
            f"path has {', '.join(variables)}: write its value there, or read it as a "
            "sub-request (extend_resources)"
        )
        raise entry.error(text)
    documented, params = entry.documented, entry.params
    list_path = entry.text("results_key") or (
        documented.list_path if documented else None
    )
    if list_path is None:
        text = "results_key is missing: where do the rows stand in an answer?"
        raise entry.error(text)
    named = [name for name in params if _NAMED_SO.fullmatch(name)]
    needed = documented.marketplace if documented else None
    is_ours = any(MARKETPLACE in str(value) for value in params.values())
    updated_at, updated_before = _bounds(entry)
    with entry.naming():
        pagination = pagination_of(entry.path, entry.raw.get("pagination"))
    last_modified = entry.record.get("last_modified_field")
    lookback, holdback = _lateness(entry, updated_at, has_key=has_key)
    return Listing(
        path=entry.path,
        params=params,
        list_path=list_path,
        pagination=pagination,
        rate=documented.rate if documented else None,
        updated_at=updated_at,
        updated_before=updated_before,
        last_modified=str(last_modified) if last_modified else None,
        slice_hours=entry.raw.get("slice_hours"),
        marketplace_param=named[0] if named else needed,
        is_by_marketplace=is_ours or (needed is not None and not named),
        kinds=_kinds(entry.path),
        documented=documented,
        lookback=lookback,
        holdback=holdback,
    )


def _bounds(entry: _Entry) -> tuple[str | None, str | None]:
    """Return the parameters that take the bounds of a slice."""
    updated_at = entry.text("updated_at_param")
    updated_before = entry.text("updated_before_param")
    if updated_before is None and entry.documented and updated_at:
        updated_before = entry.documented.bounds.get(updated_at)
    for name in (updated_at, updated_before):
        given = entry.params.get(name) if name is not None else None
        if given is not None and parse_instant(given) is None:
            text = f"params.{name} {given!r} is no time: write 2026-01-31T00:00:00Z"
            raise entry.error(text)
    if entry.raw.get("slice_hours") and not (updated_at and updated_before):
        text = "slice_hours needs updated_at_param and updated_before_param"
        raise entry.error(text)
    return updated_at, updated_before


def _lateness(
    entry: _Entry, updated_at: str | None, *, has_key: bool
) -> tuple[timedelta, timedelta]:
    """Return look-back and hold-back: the settings', else the path's own.

    With a key rows may come again, so what is late is read again; without one they
    would be counted twice, so that the newest have to wait.
    """
    lookback, holdback = entry.days("lookback_days"), entry.days("holdback_days")
    nothing = timedelta(0)
    if lookback is None and holdback is None and entry.documented and updated_at:
        path = entry.documented
        return (path.lookback, nothing) if has_key else (nothing, path.holdback)
    return lookback or nothing, holdback or nothing


def _kinds(path: str) -> tuple[AccountKind, ...]:
    """Return which accounts have a path; where that is not sure, Amazon decides."""
    if path.startswith(_VENDORS_ONLY):
        return ("vendor",)
    return ("seller",) if path.startswith(_SELLERS_ONLY) else ()


def _custom_columns(
    entry: _Entry,
    record_schema: RecordSchema | None,
    expansions: Sequence[Expansion],
    needed: Iterable[str],
) -> Mapping[str, Schema] | None:
    given = entry.raw.get("schema")
    if given:
        columns = given.get("properties") if isinstance(given, Mapping) else None
        if not isinstance(columns, Mapping) or not columns:
            text = 'schema has no properties: write {"properties": {"id": {...}}}'
            raise entry.error(text)
        for name, schema in columns.items():
            if not isinstance(schema, Mapping) or not schema.get("type"):
                text = f"schema: the property {name} has no type"
                raise entry.error(text)
    elif record_schema is not None:
        columns = record_schema.columns
    else:
        return None
    found: dict[str, Schema] = dict(columns)
    for expansion in expansions:
        found[expansion.new_field] = {
            "type": ["array", "null"],
            "items": _expansion_schema(expansion),
        }
    for name in needed:
        found.setdefault(name, {"type": ["string", "null"]})
    return found


def _expansion_schema(expansion: Expansion) -> Schema:
    path = known(expansion.path)
    for record_schema in record_schemas().values():
        if path is not None and record_schema.path == path.path:
            return {
                "type": ["object", "null"],
                "properties": dict(record_schema.columns),
            }
    return OPEN
