"""Errors in the numbers of a report, planted so that somebody may find them.

The report looks as sound as any other: its status, size and columns are right.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from amazon_emulator.ads_reporting.rows.dimensions import CURRENCY, is_dimension
from amazon_emulator.ads_reporting.rows.making import Batch, dated_batches
from amazon_emulator.ads_reporting.rows.metric_kinds import Sum
from amazon_emulator.ads_reporting.rows.metrics import metric_of
from amazon_emulator.faults.actions import PLANTED

if TYPE_CHECKING:
    from amazon_emulator.ads_reporting.rows.plan import RowPlan
    from amazon_emulator.faults.rules import Rule

Owner = Mapping[str, object]
Row = dict[str, Any]
_Change = Callable[[Owner, Sequence[date], Batch], Batch]


def planted_batches(plan: RowPlan, rules: Iterable[Rule]) -> Iterator[Batch]:
    """Yield the rows of a report with the errors that its rules plant."""
    planted = [rule for rule in rules if rule.action in PLANTED]
    is_doubled = any(rule.action == "doubled_document" for rule in planted)
    for _ in range(2 if is_doubled else 1):
        changes = [_CHANGES[rule.action](plan, rule) for rule in planted]
        for owner, days, batch in dated_batches(plan):
            changed = batch
            for change in changes:
                changed = change(owner, days, changed)
            yield changed


def _unchanged(plan: RowPlan, rule: Rule) -> _Change:
    del plan, rule
    return lambda _owner, _days, batch: batch


@dataclass(slots=True)
class _DroppedRow:
    """Leaves out one row of a day, of every account in the report."""

    day: date
    number: int
    last: tuple[object, Sequence[date]] | None = None
    passed: int = 0

    def __call__(self, owner: Owner, days: Sequence[date], batch: Batch) -> Batch:
        if self.day not in days:
            return batch
        if self.last != (owner["id"], days):
            self.last, self.passed = (owner["id"], days), 0
        place = self.number - self.passed
        self.passed += len(batch)
        return batch[:place] + batch[place + 1 :] if 0 <= place < len(batch) else batch


def _dropped_row(plan: RowPlan, rule: Rule) -> _Change:
    return _DroppedRow(_day(plan, rule), int(rule.number("number")))


def _restated_day(plan: RowPlan, rule: Rule) -> _Change:
    day, raised = _day(plan, rule), _raised(plan, rule)

    def change(owner: Owner, days: Sequence[date], batch: Batch) -> Batch:
        return raised(owner, days, batch) if day in days else batch

    return change


def _late_account(plan: RowPlan, rule: Rule) -> _Change:
    """Return what leaves out the newest days that others have already."""
    newest = timedelta(days=int(rule.number("days")))

    def change(owner: Owner, days: Sequence[date], batch: Batch) -> Batch:
        today = owner.get("today")
        if not isinstance(today, date):
            return batch
        return [] if days[-1] >= today - newest else batch

    del plan
    return change


def _mixed_currency(plan: RowPlan, rule: Rule) -> _Change:
    """Return what converts all amounts, and names the other currency if any is."""
    rate, currency = rule.number("rate"), rule.text("currency")
    amounts = [name for name, metric in _sums(plan).items() if metric.is_amount]
    named = dict.fromkeys(set(plan.columns).intersection(CURRENCY), currency)

    def convert(row: Row) -> Row:
        exact = {name: row[name] for name in amounts if row[name] is not None}
        return row | {k: round(v * rate, 2) for k, v in exact.items()} | named

    return partial(_each_row, convert)


def _raised(plan: RowPlan, rule: Rule) -> _Change:
    """Return what raises everything that adds up by so many per cent."""
    factor, sums = 1 + rule.number("percent") / 100, _sums(plan)

    def convert(row: Row) -> Row:
        known = {name: row[name] for name in sums if row[name] is not None}
        return row | {
            name: round(value * factor, 2 if sums[name].is_amount else None)
            for name, value in known.items()
        }

    return partial(_each_row, convert)


def _each_row(
    convert: Callable[[Row], Row], owner: Owner, days: Sequence[date], batch: Batch
) -> Batch:
    del owner, days
    return [json.dumps(convert(json.loads(text)), ensure_ascii=False) for text in batch]


def _sums(plan: RowPlan) -> dict[str, Sum]:
    metrics = {
        name: metric_of(name, plan.report_type.ad_product)
        for name in plan.columns
        if not is_dimension(name)
    }
    return {name: found for name, found in metrics.items() if isinstance(found, Sum)}


def _day(plan: RowPlan, rule: Rule) -> date:
    """Return the day a rule is about: its own, the one it covers, or the first."""
    named = rule.parameters["day"] or rule.covers
    return date.fromisoformat(str(named)) if named else plan.start


_CHANGES: Mapping[str, Callable[[RowPlan, Rule], _Change]] = {
    "dropped_row": _dropped_row,
    "doubled_document": _unchanged,
    "restated_day": _restated_day,
    "late_account": _late_account,
    "mixed_currency": _mixed_currency,
    "disagreeing_report": _raised,
}
