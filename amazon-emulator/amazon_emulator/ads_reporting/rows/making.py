"""Makes the rows of one report, as JSON texts in batches: same plan, same bytes.

Where each row is one combination of a campaign, its numbers are made once for every
outcome of the day (there are `VARIANTS`), and a million rows cost a million string
joins and no more. Else (a SUMMARY, or several combinations in one campaign) the
combinations of a row are added up. In either case a row needs no other row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.contract import column_types
from amazon_emulator.ads_reporting.rows.cells import Cell, cell_maker
from amazon_emulator.ads_reporting.rows.dimensions import (
    Dimension,
    dimension,
    is_below_campaign,
    is_dimension,
    json_text,
    owner_value,
)
from amazon_emulator.ads_reporting.rows.numbers import Sums, number_texts
from amazon_emulator.ads_reporting.rows.shares import share_of
from amazon_emulator.market_model.combinations import (
    POSITIONS,
    day_offset,
    firsts,
    variant_and_position,
)
from amazon_emulator.market_model.entities import EntityBook
from amazon_emulator.market_model.outcomes import outcome

if TYPE_CHECKING:
    from datetime import date

    from amazon_emulator.ads_reporting.rows.plan import RowPlan
    from amazon_emulator.market_model.outcomes import Outcome

BATCH = 2000
_START, _END = "\0start", "\0end"
_TIMES = {
    **dict.fromkeys(("date", "startDate", "intervalStart"), f'"{_START}"'),
    **dict.fromkeys(("endDate", "intervalEnd"), f'"{_END}"'),
}
Batch = list[str]


def row_batches(plan: RowPlan) -> Iterator[Batch]:
    """Yield the rows as lists of JSON objects, day by day, owner by owner."""
    return (batch for _, _, batch in dated_batches(plan))


def dated_batches(
    plan: RowPlan,
) -> Iterator[tuple[Mapping[str, object], Sequence[date], Batch]]:
    """Yield owner, days and rows of each batch."""
    makers = [_RowMaker(plan, owner) for owner in plan.owners]
    for period in plan.periods:
        for owner, maker in zip(plan.owners, makers, strict=True):
            for batch in maker.batches(period):
                yield owner, period, batch


class _RowMaker:
    """Makes the rows of one owner; prepared once, used for every period."""

    def __init__(self, plan: RowPlan, owner: Mapping[str, object]) -> None:
        self._plan, self._owner = plan, owner
        self._account = plan.account(owner)
        self._ad_product = plan.report_type.ad_product
        self._book = EntityBook(self._account, self._ad_product)
        self._numbers = number_texts(tuple(plan.columns), self._ad_product)
        self._share = share_of(plan.report_type.report_type_id)
        self._keeps = self._filter()
        self._cell = cell_maker(self._account.products)
        self._keys = [dimension(name, self._book) for name in plan.grain]
        self._of_campaign = any(map(is_below_campaign, plan.grain))
        self._template, self._texts = self._prepare()

    def batches(self, period: Sequence[date]) -> Iterator[Batch]:
        """Yield the rows of one period."""
        template = self._template.replace(_START, period[0].isoformat())
        template = template.replace(_END, period[-1].isoformat())
        days = [_Day(self, day) for day in period]
        make = partial(self._grouped, days)
        if len(days) == 1 and self._account.combinations == 1:
            make = partial(self._plain if self._share is None else self._parts, days[0])
        for first in range(0, self._account.campaigns, BATCH):
            numbers = range(first, min(first + BATCH, self._account.campaigns))
            yield make(template, numbers)

    def outcome(self, day: date, variant: int) -> Outcome:
        """Return an outcome as it is known when the report is made."""
        age = self._plan.age(self._owner, day)
        number = day.toordinal()
        return outcome(self._account, self._ad_product, number, variant, age)

    def offset(self, day: date) -> int:
        """Return what the choices of a day are offset by."""
        return day_offset(self._account, self._ad_product, day.toordinal())

    def parts(self, found: Outcome) -> Iterable[tuple[int, Sums]]:
        """Return the sums that this report shows of an outcome, by part."""
        if self._share is None:
            return ((0, self._numbers.sums(found)),)
        return [(part, self._numbers.sums(x)) for part, x in self._share(found)]

    def text(self, sums: Sums) -> str:
        """Return the number columns of a row as JSON, with the end of the row."""
        return self._numbers.text(sums)

    def _plain(self, day: _Day, template: str, numbers: Sequence[int]) -> Batch:
        """Return rows that are one combination each, and show all of it."""
        texts, keeps, cell_of = self._texts, self._keeps, self._cell
        fragments = day.fragments
        made: Batch = []
        for number, variant, position in firsts(numbers, day.offset):
            if keeps is None or keeps(cell_of(number, position, number)):
                cell = cell_of(number, position, number)
                shown = tuple([text(cell[place]) for place, text in texts])
                fragment = fragments.get(variant) or day.fragment(variant)
                made.append(template % shown + fragment)
        return made

    def _parts(self, day: _Day, template: str, numbers: Sequence[int]) -> Batch:
        """Return rows that are a part of one combination each, or none."""
        texts, keeps, cell_of = self._texts, self._keeps, self._cell
        made: Batch = []
        for number, variant, position in firsts(numbers, day.offset):
            if keeps is None or keeps(cell_of(number, position, number)):
                for shift, fragment in day.part_fragments(variant):
                    cell = cell_of(number, position + shift, number)
                    shown = tuple([text(cell[place]) for place, text in texts])
                    made.append(template % shown + fragment)
        return made

    def _grouped(
        self, days: Sequence[_Day], template: str, numbers: Sequence[int]
    ) -> Batch:
        """Return rows that add up what has the same key."""
        return [
            template % tuple([text(cell[place]) for place, text in self._texts])
            + self.text(sums)
            for number in numbers
            for cell, sums in self._groups(days, number).values()
        ]

    def _groups(
        self, days: Sequence[_Day], number: int
    ) -> dict[tuple[str, ...], tuple[Cell, Sums]]:
        """Return the rows of one campaign, or of one site: key -> (cell, sums)."""
        found: dict[tuple[str, ...], tuple[Cell, Sums]] = {}
        keeps = self._keeps
        for numbers, day, variant in self._members(days, number):
            if keeps is not None and not keeps(self._cell(*numbers)):
                continue
            campaign, position, site = numbers
            for part, sums in day.parts(variant):
                cell = self._cell(campaign, position + POSITIONS * part, site)
                key = tuple([text(cell[place]) for place, text in self._keys])
                known = found.get(key)
                if known is not None:
                    found[key] = known[0], [*map(int.__add__, known[1], sums)]
                else:
                    found[key] = cell, sums
        return found

    def _members(
        self, days: Sequence[_Day], number: int
    ) -> Iterator[tuple[tuple[int, int, int], _Day, int]]:
        """Yield the combinations of one campaign, or those seen on one site."""
        campaigns = self._account.campaigns
        for day in days:
            for index in range(self._account.combinations):
                site = (number + index) % campaigns
                campaign = number if self._of_campaign else (number - index) % campaigns
                variant, position = variant_and_position(campaign, day.offset, index)
                here = site if self._of_campaign else number
                yield (campaign, position, here), day, variant

    def _prepare(self) -> tuple[str, list[Dimension]]:
        """Return the start of every row, with %s where the texts go."""
        parts, texts = [], []
        for column in self._plan.columns:
            if not is_dimension(column):
                continue
            fixed = _TIMES.get(column) or owner_value(column, self._owner)
            if fixed is None:
                parts.append(f"{json_text(column)}:%s")
                texts.append(dimension(column, self._book))
            else:
                parts.append(f"{json_text(column)}:{fixed.replace('%', '%%')}")
        joint = "," if parts and self._numbers.has_columns else ""
        return "{" + ",".join(parts) + joint, texts

    def _filter(self) -> Callable[[Cell], bool] | None:
        """Return which combinations pass the filters; None for all."""
        checks = []
        for name, values in self._plan.filters.items():
            if name in column_types() and name != "advertiserId":
                texts = frozenset(json_text(value) for value in values)
                checks.append((*dimension(name, self._book), texts))
        if not checks:
            return None
        return lambda cell: all(
            text(cell[place]) in texts for place, text, texts in checks
        )


class _Day:
    """The numbers of one owner and day: made once per outcome."""

    def __init__(self, maker: _RowMaker, day: date) -> None:
        self._maker, self._day = maker, day
        self.offset = maker.offset(day)
        self.fragments: dict[int, str] = {}
        """Outcome -> the end of a row that shows all of it, as far as made."""
        self._parts: dict[int, Iterable[tuple[int, Sums]]] = {}
        self._part_fragments: dict[int, Sequence[tuple[int, str]]] = {}

    def parts(self, variant: int) -> Iterable[tuple[int, Sums]]:
        """Return the sums of an outcome, by part."""
        made = self._parts.get(variant)
        if made is None:
            found = self._maker.outcome(self._day, variant)
            made = self._parts[variant] = self._maker.parts(found)
        return made

    def fragment(self, variant: int) -> str:
        """Make the end of a row that shows all of an outcome."""
        ((_, sums),) = self.parts(variant)
        made = self.fragments[variant] = self._maker.text(sums)
        return made

    def part_fragments(self, variant: int) -> Sequence[tuple[int, str]]:
        """Return the ends of rows that show parts, with the shift of the position."""
        made = self._part_fragments.get(variant)
        if made is None:
            made = self._part_fragments[variant] = [
                (POSITIONS * part, self._maker.text(sums))
                for part, sums in self.parts(variant)
            ]
        return made
