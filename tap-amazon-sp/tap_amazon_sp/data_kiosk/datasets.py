"""The datasets of Data Kiosk as data: a file for each stream, columns by the schema."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

import msgspec

from tap_amazon_sp.catalogue.file_shapes import (
    OptionShape,
    PeriodShape,
    null_columns,
    period_rules,
)
from tap_amazon_sp.catalogue.model import ReportDefinition, StreamDefinition
from tap_amazon_sp.data_kiosk.query_shape import GROUP, QueryShape
from tap_amazon_sp.data_kiosk.schema import load_schemas
from tap_amazon_sp.periods import Period


class _DatasetFile(msgspec.Struct, forbid_unknown_fields=True):
    stream: str
    domain: str
    root: str
    key: list[str]
    columns: dict[str, str]
    options: dict[str, OptionShape]
    periods: dict[Period, PeriodShape]
    sales: list[str]
    source: str
    checked: str
    notes: list[str]
    period_option: str = "date_granularity"
    rows: str = ""
    line: list[str] = []
    marketplace_argument: str | None = None
    asin_filter: str | None = None
    is_per_account: bool = False
    null_columns: dict[str, dict[str, list[str]]] = {}
    without: dict[str, list[str]] = {}
    left_out: list[str] = []
    optional: list[str] = []


@lru_cache(maxsize=1)
def _files() -> tuple[_DatasetFile, ...]:
    folder = resources.files("tap_amazon_sp.data_kiosk") / "dataset_files"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return tuple(
        msgspec.json.decode(file.read_bytes(), type=_DatasetFile)
        for file in files
        if file.name.endswith(".json")
    )


@lru_cache(maxsize=1)
def load_datasets() -> tuple[ReportDefinition, ...]:
    """Return the datasets as the catalogue has reports: one stream each."""
    return tuple(_report(file) for file in _files())


@lru_cache(maxsize=1)
def query_shapes() -> Mapping[str, QueryShape]:
    """Return how each stream's columns are asked for, by its name."""
    return {file.stream: _shape(file) for file in _files()}


def _shape(file: _DatasetFile) -> QueryShape:
    group = next((o for o in file.options.values() if o.amazon_name == GROUP), None)
    return QueryShape(
        schema=load_schemas()[file.domain].without(file.left_out),
        root=file.root,
        sources={n: tuple(path.split(".")) for n, path in file.columns.items()},
        rows=file.rows,
        line=tuple(file.line),
        groups=tuple(group.values) if group else (),
        marketplace_argument=file.marketplace_argument,
        asin_filter=file.asin_filter,
        without={period: frozenset(names) for period, names in file.without.items()},
        sales=tuple(file.sales),
        optional=tuple(file.optional),
        day="startDate",
    )


def _report(file: _DatasetFile) -> ReportDefinition:
    schema = load_schemas()[file.domain]
    return ReportDefinition(
        name=file.stream,
        report_type=f"{file.domain}.{file.root}",
        seed_name=None,
        accounts=schema.accounts,
        takes_several_marketplaces=False,
        dates="periods",
        options=tuple(o.option(name) for name, o in file.options.items()),
        period_option=file.period_option,
        periods=period_rules(file.periods),
        offer_options=(),
        offer_days=None,
        streams=(_stream(file),),
        notes=tuple(file.notes),
        source=file.source,
        checked=file.checked,
    )


def _stream(file: _DatasetFile) -> StreamDefinition:
    shape = query_shapes()[file.stream]
    nulls = {option: dict(by) for option, by in file.null_columns.items()}
    if shape.groups:
        nulls["group_by"] = {
            group: [other for other in shape.groups if other != group]
            for group in shape.groups
        }
    return StreamDefinition(
        name=file.stream,
        array=file.rows or file.root,
        key=(*file.key, *shape.groups),
        columns=shape.columns(),
        options=tuple(name for name, o in file.options.items() if o.values),
        is_dated=True,
        replication_key="endDate",
        adds_currency="currency" in file.options,
        null_columns=null_columns(nulls),
        per_request=None,
        is_per_account=file.is_per_account,
    )
