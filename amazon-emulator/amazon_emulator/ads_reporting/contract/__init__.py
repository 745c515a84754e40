"""What reporting v3 allows, as data: one file per ad product, column types stated once.

Written from the public facts about Amazon's pages and answers; nothing here comes from
the tap, so that a mistake there cannot confirm itself.

    <ad product>.json     timeColumns, requiredFilters, reportTypes: name -> limits,
                          groupBy value -> {grain, filters, columns}, base columns,
                          columnsBeyondTheGuide (accepted, but on no guide page)
    column_types.json     JSON type -> column names

`grain` names the columns that identify the rows of one day; `a|b` are two columns of
which each row has exactly one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any

PRODUCTS = (
    "sponsored_products",
    "sponsored_brands",
    "sponsored_display",
    "sponsored_television",
    "demand_side_platform",
)
DSP = "DEMAND_SIDE_PLATFORM"


@dataclass(frozen=True, slots=True)
class Grouping:
    """What one groupBy value gives."""

    grain: Sequence[str]
    filters: Mapping[str, Sequence[str] | None]
    """Filter field -> its allowed values (None: any)."""
    columns: Sequence[str]


@dataclass(frozen=True, slots=True)
class ReportType:
    """What one reportTypeId allows."""

    report_type_id: str
    ad_product: str
    time_columns: Mapping[str, Sequence[str]]
    required_filters: Sequence[str]
    max_range_days: int
    retention_days: int
    time_units: Sequence[str]
    formats: Sequence[str]
    groupings: Mapping[str, Grouping]
    columns: Sequence[str]
    beyond_the_guide: Sequence[str]
    combinations: Sequence[Sequence[str]] | None
    """Legal groupBy lists of several values; None: any that meets the rules below."""
    must_include_one_of: Sequence[str] = ()
    needs: Mapping[str, str] = field(default_factory=dict)

    def allowed_columns(self, group_by: Iterable[str], time_unit: str) -> list[str]:
        """Return every column a request with this grouping and time unit may name.

        `date` under SUMMARY is known to be refused; the columns of SUMMARY under
        DAILY are not: Amazon's own samples name them there.
        """
        grouped = chain.from_iterable(self.groupings[g].columns for g in group_by)
        times = self.time_columns.get(time_unit, ())
        also = self.time_columns.get("SUMMARY", ()) if time_unit == "DAILY" else ()
        every = chain(times, self.columns, grouped, self.beyond_the_guide, also)
        return list(dict.fromkeys(every))

    def allowed_filters(
        self, group_by: Sequence[str]
    ) -> dict[str, Sequence[str] | None]:
        """Return the filters that every one of the groupBy values supports."""
        first, *others = (self.groupings[name].filters for name in group_by)
        return {
            name: values
            for name, values in first.items()
            if all(name in other for other in others)
        }

    def grain(self, group_by: Iterable[str]) -> list[str]:
        """Return the columns that tell rows of one day and owner apart."""
        every = chain.from_iterable(self.groupings[g].grain for g in group_by)
        return list(dict.fromkeys(every))

    def allows_grouping(self, group_by: Sequence[str]) -> bool:
        """Return whether these (known) groupBy values may stand together."""
        named = set(group_by)
        if self.must_include_one_of and named.isdisjoint(self.must_include_one_of):
            return False
        if any(name in named and self.needs[name] not in named for name in self.needs):
            return False
        if len(group_by) == 1 or self.combinations is None:
            return len(named) == len(group_by)
        return any(
            named == set(legal) and len(legal) == len(group_by)
            for legal in self.combinations
        )


@cache
def report_types() -> Mapping[str, ReportType]:
    """Return all report types by reportTypeId."""
    found = chain.from_iterable(_read_product(name) for name in PRODUCTS)
    return {report_type.report_type_id: report_type for report_type in found}


@cache
def column_types() -> Mapping[str, str]:
    """Return the JSON type of every column: integer, number, string or date."""
    return {
        column: kind
        for kind, columns in _read("column_types").items()
        for column in columns
    }


def _read(name: str) -> dict[str, Any]:
    text = files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def _read_product(name: str) -> Iterable[ReportType]:
    product = _read(name)
    for report_type_id, entry in product["reportTypes"].items():
        yield ReportType(
            report_type_id,
            product["adProduct"],
            product["timeColumns"],
            product["requiredFilters"],
            entry["maxRangeDays"],
            entry["retentionDays"],
            entry["timeUnits"],
            entry["formats"],
            {key: Grouping(**value) for key, value in entry["groupBy"].items()},
            entry["columns"],
            entry["columnsBeyondTheGuide"],
            entry.get("combinations"),
            entry.get("mustIncludeOneOf", ()),
            entry.get("needs", {}),
        )
