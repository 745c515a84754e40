"""What the tap knows about report types, as frozen objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ColumnType = Literal["id", "string", "integer", "number", "boolean", "date"]
AdProduct = Literal[
    "ALL",
    "DEMAND_SIDE_PLATFORM",
    "SPONSORED_BRANDS",
    "SPONSORED_DISPLAY",
    "SPONSORED_PRODUCTS",
    "SPONSORED_TELEVISION",
]
TimeUnit = Literal["DAILY", "SUMMARY"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column by Amazon's own name; type ``id`` is emitted as text."""

    name: str
    type: ColumnType


_DAILY = (Column("date", "date"),)
_SUMMARY = (Column("startDate", "date"), Column("endDate", "date"))
_DSP_SUMMARY = (Column("intervalStart", "date"), Column("intervalEnd", "date"))


def time_columns(ad_product: str, time_unit: TimeUnit) -> tuple[Column, ...]:
    """The columns that date a row, which no column list of the catalogue repeats."""
    if time_unit == "DAILY":
        return _DAILY
    return _DSP_SUMMARY if ad_product == "DEMAND_SIDE_PLATFORM" else _SUMMARY


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """What one groupBy value (or the base of a report type) brings along.

    ``filters`` maps a field to the values Amazon takes; no values: takes any.
    """

    columns: tuple[Column, ...]
    filters: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class ReportFamily:
    """One reportTypeId with all its groupBy values; ranges count both end days.

    ``offered`` columns were seen in use, but are on no page of this report type: they
    are asked for only when the user names them.
    """

    report_type_id: str
    ad_product: AdProduct
    max_range_days: int
    retention_days: int
    source: str
    checked: str
    notes: tuple[str, ...]
    base: Grouping
    group_by: Mapping[str, Grouping]
    offered: tuple[Column, ...]

    @property
    def is_dsp(self) -> bool:
        """Whether agencies own it, and the advertiserId filter must be sent."""
        return self.ad_product == "DEMAND_SIDE_PLATFORM"

    def parts(self, group_by: Iterable[str]) -> tuple[Grouping, ...]:
        """The base and what each known value of a groupBy adds, in that order."""
        known = (self.group_by[value] for value in group_by if value in self.group_by)
        return (self.base, *known)

    def filters(self, group_by: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The filters Amazon takes: those that every groupBy value supports."""
        _, *added = self.parts(group_by)
        shared = {
            field: values
            for field, values in (added[0].filters if added else {}).items()
            if all(field in part.filters for part in added)
        }
        return {**self.base.filters, **shared}


@dataclass(frozen=True, slots=True, eq=False)
class ReportType:
    """A stream: one report type with one groupBy; compared by identity.

    ``columns`` are asked for by default: key first, then what describes the row, then
    metrics; neither they nor ``key`` hold the time columns. ``seed_name`` is the
    user's own name of the report, if it has one. ``key_fallbacks`` names the column
    that takes the place of a key column where Amazon refuses it.
    """

    stream: str
    seed_name: str | None
    ad_product: AdProduct
    report_type_id: str
    group_by: tuple[str, ...]
    columns: tuple[Column, ...]
    offered: tuple[Column, ...]
    key: tuple[str, ...]
    key_fallbacks: Mapping[str, str]
    max_range_days: int
    retention_days: int
    filters: Mapping[str, tuple[str, ...]]

    @property
    def is_dsp(self) -> bool:
        """Whether agencies own it, and the advertiserId filter must be sent."""
        return self.ad_product == "DEMAND_SIDE_PLATFORM"

    def time_columns(self, time_unit: TimeUnit) -> tuple[Column, ...]:
        """The columns that date a row of this report."""
        return time_columns(self.ad_product, time_unit)


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All report types; ``report_types`` (the streams) are sorted by stream name."""

    report_types: tuple[ReportType, ...]
    families: Mapping[str, ReportFamily]
    columns: Mapping[str, Column]
    additive: frozenset[str]
    """Names of columns whose values add up over rows: cost, sales, units, orders,
    impressions, clicks; never a rate, a share or a count of people."""

    def by_stream(self, name: str) -> ReportType:
        """The report type of a stream; KeyError when there is no such stream."""
        for report_type in self.report_types:
            if report_type.stream == name:
                return report_type
        msg = f"the catalogue has no stream {name!r}"
        raise KeyError(msg)

    def find(self, report_type_id: str, group_by: Iterable[str]) -> ReportType | None:
        """The stream with this type and groupBy (in any order), if there is one."""
        key = (report_type_id, frozenset(group_by))
        for report_type in self.report_types:
            if (report_type.report_type_id, frozenset(report_type.group_by)) == key:
                return report_type
        return None

    def column_type(self, name: str) -> ColumnType | None:
        """The type of a column, whichever report it belongs to; None when unknown."""
        column = self.columns.get(name)
        return None if column is None else column.type

    def is_known_report_type_id(self, report_type_id: str) -> bool:
        """Whether limits and columns of this reportTypeId are known."""
        return report_type_id in self.families

    def columns_of(
        self, report_type_id: str, group_by: Iterable[str]
    ) -> tuple[Column, ...]:
        """Columns documented for a type and groupBy; none where the type is unknown.

        Values of the groupBy that the catalogue does not know add nothing.
        """
        family = self.families.get(report_type_id)
        if family is None:
            return ()
        names = {c.name for part in family.parts(group_by) for c in part.columns}
        return tuple(c for name, c in self.columns.items() if name in names)
