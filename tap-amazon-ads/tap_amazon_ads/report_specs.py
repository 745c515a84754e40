"""What each report stream asks for: from the catalogue and from custom reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast, get_args

from singer_amazon.errors import ConfigError
from singer_amazon.records.columns import ColumnType
from tap_amazon_ads.accounts import Account
from tap_amazon_ads.catalogue import (
    AdProduct,
    Catalogue,
    ReportType,
    TimeUnit,
    time_columns,
)

DSP = "DEMAND_SIDE_PLATFORM"
UNKNOWN_RANGE = 31
UNKNOWN_RETENTION = 95
ADDED: Mapping[str, str] = {
    "profile_id": "Profile that the row was read for; null for a linked advertiser.",
    "country_code": "Country of the profile or advertiser.",
    "currency_code": "Currency of all money in the row.",
}
"""The tap's own columns, and what they hold."""
ENTITY_STREAMS = (
    *("ad_groups", "ads", "campaigns", "targets", "portfolios"),
    *("dsp_line_items", "dsp_orders", "sponsored_tv_campaigns"),
)
PLAIN_STREAMS = (
    *("advertisers", "profiles", "report_days", "report_log"),
    *ENTITY_STREAMS,
)
"""Streams that no report type is behind."""


@dataclass(frozen=True, slots=True)
class ReportSpec:
    """One report stream: what is asked of Amazon and how its rows are keyed.

    `columns` are all that can be asked for, time columns first, by type.
    `key` are Amazon's columns that identify a row, time columns included.
    """

    stream: str
    ad_product: str
    report_type_id: str
    group_by: tuple[str, ...]
    time_unit: str
    columns: Mapping[str, ColumnType] = field(hash=False)
    key: tuple[str, ...]
    max_range_days: int = UNKNOWN_RANGE
    retention_days: int = UNKNOWN_RETENTION
    key_fallbacks: Mapping[str, str] = field(default_factory=dict, hash=False)
    filters: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    seed_name: str | None = None
    is_default: bool = True
    is_custom: bool = False
    """Whether the user has defined it."""
    additive: frozenset[str] = frozenset()
    """The columns whose values add up over rows."""

    @property
    def is_dsp(self) -> bool:
        """Whether it is read for DSP advertisers."""
        return self.ad_product == DSP

    @property
    def is_summary(self) -> bool:
        """Whether it gives one total per key over the whole range."""
        return self.time_unit == "SUMMARY"

    @property
    def report_type(self) -> str:
        """What rate limits and refusals are counted by."""
        return f"{self.report_type_id} by {'+'.join(self.group_by)}"

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The key of the Singer stream; empty for a custom report without one."""
        if not self.key:
            return ()
        account = "advertiserId" if self.is_dsp else "profile_id"
        return (*(name for name in self.key if name != account), account)

    @property
    def time_columns(self) -> tuple[str, ...]:
        """The columns that date a row."""
        unit = cast("TimeUnit", self.time_unit)
        return tuple(column.name for column in time_columns(self.ad_product, unit))

    def request(self, columns: Sequence[str]) -> dict[str, object]:
        """Return what decides the rows, in a form that can be compared."""
        return {
            "adProduct": self.ad_product,
            "reportTypeId": self.report_type_id,
            "groupBy": list(self.group_by),
            "columns": sorted(columns),
            "timeUnit": self.time_unit,
            "filters": [dict(item) for item in self.filters],
        }


@dataclass(frozen=True, slots=True)
class RequestSpec:
    """What a request is made of besides its window: a report of an account."""

    report: ReportSpec
    account: Account


def report_specs(catalogue: Catalogue, config: Mapping[str, Any]) -> list[ReportSpec]:
    """Return every report stream of this configuration.

    Raises:
        ConfigError: `extra_columns` or `reports` do not make sense.
    """
    unit = config.get("time_unit") or "DAILY"
    extra = config.get("extra_columns") or {}
    found = [
        _from_catalogue(entry, cast("TimeUnit", unit))
        for entry in catalogue.report_types
    ]
    names = {spec.stream for spec in found} | set(PLAIN_STREAMS)
    for custom in _custom_reports(catalogue, config.get("reports") or [], unit):
        if custom.stream in names:
            msg = (
                f"reports: the name {custom.stream!r} belongs to another stream: "
                "choose a different one"
            )
            raise ConfigError(msg)
        names.add(custom.stream)
        found.append(custom)
    for stream in extra:
        if stream not in names or stream in PLAIN_STREAMS:
            msg = f"extra_columns: there is no report stream {stream!r}"
            raise ConfigError(msg)
    wide = (_widened(s, catalogue, extra.get(s.stream) or ()) for s in found)
    return [replace(s, additive=catalogue.additive & s.columns.keys()) for s in wide]


def _from_catalogue(entry: ReportType, unit: TimeUnit) -> ReportSpec:
    times = {column.name: column.type for column in entry.time_columns(unit)}
    columns: dict[str, ColumnType] = {
        **times,
        **{column.name: column.type for column in entry.columns},
    }
    return ReportSpec(
        stream=entry.stream,
        ad_product=entry.ad_product,
        report_type_id=entry.report_type_id,
        group_by=entry.group_by,
        time_unit=unit,
        columns=columns,
        key=(*times, *entry.key),
        max_range_days=entry.max_range_days,
        retention_days=entry.retention_days,
        key_fallbacks=entry.key_fallbacks,
        seed_name=entry.seed_name,
        is_default=entry.seed_name is not None,
    )


def _widened(
    spec: ReportSpec, catalogue: Catalogue, extra: Sequence[str]
) -> ReportSpec:
    """Add columns the catalogue does not give by default; Amazon may refuse them."""
    added: dict[str, ColumnType] = {
        name: catalogue.column_type(name) or "string"
        for name in extra
        if name not in spec.columns and name not in ADDED
    }
    return replace(spec, columns={**spec.columns, **added})


def _custom_reports(
    catalogue: Catalogue, reports: Sequence[Mapping[str, Any]], unit: str
) -> Iterator[ReportSpec]:
    for report in reports:
        complaint = _complaint(report)
        if complaint:
            msg = f"reports: {report.get('name') or 'an entry'}{complaint}"
            raise ConfigError(msg)
        yield _custom_report(catalogue, report, str(report.get("time_unit") or unit))


def _complaint(report: Mapping[str, Any]) -> str | None:
    """Say what is wrong with a custom report, to follow its name."""
    for needed in ("name", "ad_product", "report_type_id", "group_by", "columns"):
        if not report.get(needed):
            return f" has no {needed}: it is required"
    products = get_args(AdProduct)
    if report["ad_product"] not in products:
        return (
            f": ad_product {report['ad_product']!r} is not one of {', '.join(products)}"
        )
    if any(item.get("field") == "advertiserId" for item in report.get("filters") or ()):
        return (
            ": the filter advertiserId is set by the tap: name the advertisers in "
            "advertiser_ids instead"
        )
    return None


def _custom_report(
    catalogue: Catalogue, report: Mapping[str, Any], unit: str
) -> ReportSpec:
    group_by = tuple(str(value) for value in report["group_by"])
    type_id = str(report["report_type_id"])
    entry = catalogue.find(type_id, group_by)
    family = catalogue.families.get(type_id)
    times: dict[str, ColumnType] = {
        column.name: column.type
        for column in time_columns(report["ad_product"], cast("TimeUnit", unit))
    }
    key = report.get("key")
    if key is None:
        key = entry.key if entry is not None else ()
    if key:
        key = tuple(dict.fromkeys((*times, *key)))
    names = [*times, *key, *report["columns"]]
    if report["ad_product"] == DSP:
        names.insert(0, "advertiserId")
    columns: dict[str, ColumnType] = {
        name: times.get(name) or catalogue.column_type(name) or "string"
        for name in dict.fromkeys(names)
        if name not in ADDED  # the tap's own: Amazon has none of that name
    }
    return ReportSpec(
        stream=str(report["name"]),
        ad_product=str(report["ad_product"]),
        report_type_id=type_id,
        group_by=group_by,
        time_unit=unit,
        columns=columns,
        key=tuple(key),
        max_range_days=family.max_range_days if family else UNKNOWN_RANGE,
        retention_days=family.retention_days if family else UNKNOWN_RETENTION,
        key_fallbacks=entry.key_fallbacks if entry else {},
        filters=tuple(report.get("filters") or ()),
        is_custom=True,
    )
