"""The rows of one report, as JSON texts in batches: same plan, same bytes.

Dimensions depend on the row number only (`layout`), metrics on (column, day, residue):
rows share metrics every `VARIANTS` rows, so a million rows cost a million string
joins and no more. A SUMMARY row is the sum of its DAILY rows (rates: the mean).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zlib import crc32

from amazon_emulator.ads_reporting.contract import column_types
from amazon_emulator.ads_reporting.layout import dimension
from amazon_emulator.ads_reporting.values import json_text, owner_value

if TYPE_CHECKING:
    from amazon_emulator.ads_reporting.contract import ReportType

VARIANTS = 13
BATCH = 2000
_POOL = 4093
_RATE = re.compile(
    "rate|percent|share|ctr|cpc|cpm|acos|roas|per|frequency|budget|average",
    re.IGNORECASE,
)
_START, _END = "\0start", "\0end"
_TIMES = {
    **dict.fromkeys(("date", "startDate", "intervalStart"), f'"{_START}"'),
    **dict.fromkeys(("endDate", "intervalEnd"), f'"{_END}"'),
}
_NULL_EVERY = 37
_WHOLE_EVERY = 5


@dataclass(frozen=True, slots=True)
class RowPlan:
    """Everything the rows of one report follow from."""

    report_type: ReportType
    group_by: Sequence[str]
    columns: Sequence[str]
    time_unit: str
    start: date
    end: date
    owners: Sequence[Mapping[str, object]]
    """Accounts the rows belong to: `id`, `currency`, for DSP also name and zone."""
    filters: Mapping[str, Sequence[str]]
    seed: int = 1
    rows_per_day: int = 5
    restate: int = 0

    @property
    def days(self) -> list[date]:
        """The days of the report, both ends included."""
        length = (self.end - self.start).days + 1
        return [self.start + timedelta(days=offset) for offset in range(length)]

    @property
    def cells(self) -> int:
        """How large the document is, in values, before filters."""
        periods = len(self.days) if self.time_unit == "DAILY" else 1
        return periods * len(self.owners) * self.rows_per_day * len(self.columns)


def row_batches(plan: RowPlan) -> Iterator[list[str]]:
    """Yield the rows as lists of JSON objects, day by day, owner by owner."""
    periods = [[day] for day in plan.days]
    if plan.time_unit != "DAILY":
        periods = [plan.days]
    prefix = f"{plan.seed}|{plan.report_type.report_type_id}|{sorted(plan.group_by)}"
    columns = [_metric(name, prefix) for name in plan.columns if _is_metric(name)]
    makers = [_RowMaker(plan, owner) for owner in plan.owners]
    for period in periods:
        measured = _Metrics(plan, prefix, columns, period)
        for maker in makers:
            yield from maker.batches(period, measured)


class _RowMaker:
    """Makes the rows of one owner; prepared once, used for every period."""

    def __init__(self, plan: RowPlan, owner: Mapping[str, object]) -> None:
        salt = f"{plan.seed}|{owner['id']}"
        self._rows_per_day = plan.rows_per_day
        self._offset = crc32(salt.encode())
        self._keeps = _filter(plan, salt)
        self._template, self._makers = _template(plan, owner, salt)

    def batches(
        self, period: Sequence[date], measured: _Metrics
    ) -> Iterator[list[str]]:
        """Yield the rows of one period."""
        template = self._template.replace(_START, period[0].isoformat())
        template = template.replace(_END, period[-1].isoformat())
        makers, offset, fragment = self._makers, self._offset, measured.fragment
        for first in range(0, self._rows_per_day, BATCH):
            yield [
                template % tuple([make(row) for make in makers])
                + fragment((row * 7 + offset) % VARIANTS)
                for row in self._kept(first)
            ]

    def _kept(self, first: int) -> Iterable[int]:
        rows = range(first, min(first + BATCH, self._rows_per_day))
        return rows if self._keeps is None else filter(self._keeps, rows)


def _template(
    plan: RowPlan, owner: Mapping[str, object], salt: str
) -> tuple[str, list[Callable[[int], str]]]:
    """Return the start of every row, with %s where the makers' texts go."""
    grain = plan.report_type.grain(plan.group_by)
    parts, makers = [], []
    for column in plan.columns:
        if _is_metric(column):
            continue
        fixed = _TIMES.get(column) or owner_value(column, owner)
        if fixed is not None:
            parts.append(f"{json_text(column)}:{fixed.replace('%', '%%')}")
            continue
        parts.append(f"{json_text(column)}:%s")
        makers.append(dimension(column, column_types()[column], grain, salt))
    return "{" + ",".join(parts), makers


def _filter(plan: RowPlan, salt: str) -> Callable[[int], bool] | None:
    """Return which rows pass the filters on columns that exist; None for all."""
    grain = plan.report_type.grain(plan.group_by)
    checks = []
    for name, values in plan.filters.items():
        kind = column_types().get(name)
        if kind is None or name == "advertiserId":
            continue
        texts = frozenset(json_text(value) for value in values)
        checks.append((dimension(name, kind, grain, salt), texts))
    if not checks:
        return None
    return lambda row: all(make(row) in texts for make, texts in checks)


def _is_metric(column: str) -> bool:
    kind = column_types()[column]
    return kind in ("integer", "number") and not column.endswith("Id")


@dataclass(frozen=True, slots=True)
class _Metric:
    """One metric column: its offset in the pool differs, the pool is shared."""

    name: str
    base: int
    is_integer: bool
    is_rate: bool


class _Metrics:
    """The metric part of a row for one period: made once per residue.

    A cell is `pool[base of the column + offset of (day, residue)]`, so that making one
    costs an addition and an index.
    """

    def __init__(
        self,
        plan: RowPlan,
        prefix: str,
        columns: Sequence[_Metric],
        period: Sequence[date],
    ) -> None:
        self._prefix = prefix
        self._columns = columns
        self._days = [f"{day}|{plan.restate}" for day in period]
        self._joint = "," if columns and len(columns) < len(plan.columns) else ""
        self._made: dict[int, str] = {}

    def fragment(self, residue: int) -> str:
        """Return the end of a row: `,"clicks":3,...}`."""
        made = self._made.get(residue)
        if made is None:
            cells = self._cells(residue)
            made = self._made[residue] = f"{self._joint}{','.join(cells)}}}"
        return made

    def _cells(self, residue: int) -> list[str]:
        offsets = [crc32(f"{self._prefix}|{d}|{residue}".encode()) for d in self._days]
        if len(offsets) > 1:
            return [
                f'"{metric.name}":{_total(metric, offsets)}' for metric in self._columns
            ]
        texts = {True: _pool(is_integer=True)[1], False: _pool(is_integer=False)[1]}
        start = offsets[0]
        return [
            f'"{metric.name}":{texts[metric.is_integer][(metric.base + start) % _POOL]}'
            for metric in self._columns
        ]


def _metric(name: str, prefix: str) -> _Metric:
    base = crc32(f"{prefix}|{name}".encode())
    is_integer = column_types()[name] == "integer"
    return _Metric(name, base, is_integer, bool(_RATE.search(name)))


def _total(metric: _Metric, offsets: Sequence[int]) -> str:
    """Return the sum of a metric's days, or the mean of a rate, as JSON."""
    values = _pool(is_integer=metric.is_integer)[0]
    found = [values[(metric.base + offset) % _POOL] for offset in offsets]
    present = [value for value in found if value is not None]
    if not present:
        return "null"
    total = sum(present)
    value = total // len(present) if metric.is_rate else total
    return _text(value, is_integer=metric.is_integer)


@cache
def _pool(*, is_integer: bool) -> tuple[list[int | None], list[str]]:
    """Return the values a metric may have (money in hundredths) and their texts."""
    values: list[int | None] = [
        None if index % _NULL_EVERY == 0 else _drawn(index, is_integer=is_integer)
        for index in range(_POOL)
    ]
    texts = [
        "null" if value is None else _text(value, is_integer=is_integer)
        for value in values
    ]
    return values, texts


def _text(value: int, *, is_integer: bool) -> str:
    if is_integer:
        return str(value)
    return str(value // 100) if value % 100 == 0 else repr(value / 100)


def _drawn(index: int, *, is_integer: bool) -> int:
    drawn = crc32(index.to_bytes(4, "big"))
    if is_integer:
        return drawn % 5000
    return drawn % 10_000 * 100 if index % _WHOLE_EVERY == 0 else drawn % 1_000_000
