"""Custom endpoints (the setting `endpoints`) as tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from singer_amazon.errors import ConfigError
from tap_amazon_sp.catalogue.model import Schema
from tap_amazon_sp.endpoints.definitions import MARKETPLACE, Listing, Table, ready_made
from tap_amazon_sp.endpoints.expansions import Expansion, read_expansions
from tap_amazon_sp.endpoints.pagination import known, pagination_of
from tap_amazon_sp.endpoints.schemas import OPEN, RecordSchema, record_schemas
from tap_amazon_sp.marketplaces import AccountKind
from tap_amazon_sp.timestamps import parse_instant

_NAMED_SO = re.compile(r"marketplaceids?", re.IGNORECASE)
_SELLERS_ONLY = ("/orders/", "/fba/", "/finances/", "/inbound/", "/awd/", "/listings/")
_VENDORS_ONLY = ("/vendor/",)
_VARIABLE = re.compile(r"\{\w+\}")


def tables(entries: Iterable[Mapping[str, Any]]) -> list[Table]:
    """Return the ready-made tables, then those of the setting `endpoints`.

    Raises:
        ConfigError: an entry cannot be meant so.
    """
    return [*ready_made(), *(_custom_table(entry) for entry in entries)]


@dataclass(slots=True)
class _Entry:
    """An entry of `endpoints`, and how to complain about it."""

    raw: Mapping[str, Any]
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = str(self.raw.get("name") or "").strip()
        if not self.name:
            raise ConfigError("endpoints: an entry has no name: it is the stream's")

    def error(self, text: str) -> ConfigError:
        return ConfigError(f"endpoints.{self.name}: {text}")

    def text(self, name: str) -> str | None:
        value = self.raw.get(name)
        return str(value) if value not in {None, ""} else None


def _custom_table(raw: Mapping[str, Any]) -> Table:
    entry = _Entry(raw)
    config = raw.get("record_config") or {}
    record_schema = _record_schema(entry)
    listing = _custom_listing(entry, config.get("last_modified_field"))
    id_field = str(config.get("id_field") or "")
    if "." in id_field:
        text = (
            f"record_config.id_field {id_field!r} lies inside another field: only a "
            "field of the record itself can be its key"
        )
        raise entry.error(text)
    if not id_field and record_schema is not None:
        id_field = record_schema.key[0]
    key = (
        (id_field,)
        if config.get("id_field")
        else record_schema.key
        if record_schema
        else ()
    )
    try:
        expansions = read_expansions(raw.get("extend_resources") or ())
    except ConfigError as error:
        raise entry.error(str(error)) from None
    table = Table(
        name=entry.name,
        listing=listing,
        key=key,
        columns=None,
        id_field=id_field,
        expansions=expansions,
    )
    return replace(
        table, columns=_custom_columns(entry, record_schema, expansions, table.needed)
    )


def _record_schema(entry: _Entry) -> RecordSchema | None:
    path = known(entry.text("path") or "")
    found = (
        m for m in record_schemas().values() if path is not None and m.path == path.path
    )
    # a nested table has the path of its parent: `rows` tells them apart
    return next((m for m in found if path and m.rows == path.list_path), None)


def _custom_listing(entry: _Entry, last_modified: object) -> Listing:
    path = entry.text("path") or ""
    if not path.startswith("/"):
        text = f"path {path!r} is none: write it as /orders/v0/orders"
        raise entry.error(text)
    if variables := _VARIABLE.findall(path):
        text = (
            f"path has {', '.join(variables)}: write its value there, or read it as a "
            "sub-request (extend_resources)"
        )
        raise entry.error(text)
    documented = known(path)
    list_path = entry.text("results_key") or (
        documented.list_path if documented else None
    )
    if list_path is None:
        text = "results_key is missing: where do the rows stand in an answer?"
        raise entry.error(text)
    params = dict(entry.raw.get("params") or {})
    named = [name for name in params if _NAMED_SO.fullmatch(name)]
    needed = documented.marketplace if documented else None
    is_ours = any(MARKETPLACE in str(value) for value in params.values())
    updated_at = entry.text("updated_at_param")
    updated_before = entry.text("updated_before_param")
    if updated_before is None and documented and updated_at:
        updated_before = _before(updated_at)
    for name in (updated_at, updated_before):
        if name is not None and name in params and parse_instant(params[name]) is None:
            text = (
                f"params.{name} {params[name]!r} is no time: write 2026-01-31T00:00:00Z"
            )
            raise entry.error(text)
    slice_hours = entry.raw.get("slice_hours")
    if slice_hours and not (updated_at and updated_before):
        text = "slice_hours needs updated_at_param and updated_before_param"
        raise entry.error(text)
    try:
        pagination = pagination_of(path, entry.raw.get("pagination"))
    except ConfigError as error:
        raise entry.error(str(error)) from None
    return Listing(
        path=path.rstrip("/"),
        params=params,
        list_path=list_path,
        pagination=pagination,
        rate=documented.rate if documented else None,
        updated_at=updated_at,
        updated_before=updated_before,
        last_modified=str(last_modified) if last_modified else None,
        slice_hours=slice_hours,
        marketplace_param=named[0] if named else needed,
        is_by_marketplace=is_ours or (needed is not None and not named),
        kinds=_kinds(path),
    )


def _kinds(path: str) -> tuple[AccountKind, ...]:
    """Return which accounts have a path; where that is not sure, Amazon decides."""
    if path.startswith(_VENDORS_ONLY):
        return ("vendor",)
    return ("seller",) if path.startswith(_SELLERS_ONLY) else ()


def _before(updated_at: str) -> str | None:
    """Return the upper bound that documented paths have beside a lower one."""
    if not updated_at.endswith("After"):
        return None
    return f"{updated_at.removesuffix('After')}Before"


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
