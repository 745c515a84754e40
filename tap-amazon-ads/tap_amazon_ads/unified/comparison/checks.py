"""Whether the rows of Ads API v1 agree with those of v3, for one account. Pure.

Four checks, the first two decisive:

- A presence: what v3 has traffic of is in v1, and nothing else; the same for the values
  of fields that have been seen to change their meaning
- B grain: one row per day and campaign
- C traffic: impressions, clicks and cost agree on settled days
- D conversions: difference and sign only, since v1 counts them by other rules
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Result = Literal["pass", "fail", "differs", "shifts", "shown", "nothing"]
"""`shifts`: the days differ, their sum does not; `shown`: there is no mark to pass;
`nothing`: there was no traffic to compare."""
Values = Mapping[str, Decimal]

TRAFFIC = ("impressions", "clicks", "cost")
CONVERSIONS = ("purchases", "sales")
TOLERANCE = Decimal("0.005")
FLOORS: Values = {
    "impressions": Decimal(20),
    "clicks": Decimal(2),
    "cost": Decimal("0.5"),
}
"""Differences below these are none, whatever their share."""
MAX_MISSING = Decimal("0.01")
"""Share of the impressions on days of campaigns that v1 may lack, and of the clicks
whose value of a field it may not know: days are cut a little otherwise there."""
MAX_DAYS = 5
"""Days that are shown where they differ, those that differ most."""
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Measured:
    """A row of either API: a day, what it is of, and its numbers."""

    day: str
    item: str
    """The campaign or order, or the value of a field."""
    values: Values


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a comparison."""

    check: Literal["A", "B", "C", "D"]
    what: str
    v3: Decimal
    v1: Decimal
    result: Result
    note: str = ""

    @property
    def difference(self) -> Decimal:
        """What v1 has more than v3."""
        return self.v1 - self.v3


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that was found for one account and ad product."""

    findings: tuple[Finding, ...]

    def failed(self, checks: str = "ABC") -> bool:
        """Whether one of these checks is not passed."""
        return any(
            f.result in {"fail", "differs"} for f in self.findings if f.check in checks
        )

    @property
    def has_traffic(self) -> bool:
        """Whether v3 or v1 had anything to compare."""
        return any(f.check == "C" and (f.v3 or f.v1) for f in self.findings)

    @property
    def passed(self) -> bool:
        """Whether v1 may take the place of v3."""
        return self.has_traffic and not self.failed()

    @property
    def words(self) -> str:
        """The whole in two or three words."""
        for check, words in (
            ("A", "v1 lacks rows"),
            ("B", "v1 repeats rows"),
            ("C", "numbers differ"),
        ):
            if self.failed(check):
                return words
        return "agree" if self.has_traffic else "nothing to compare"


def compare(
    v3: Sequence[Measured], v1: Sequence[Measured], *, what: str, known_gap: str = ""
) -> Comparison:
    """Compare the rows of one account and ad product; `what` they are of, in plural.

    `known_gap` is what Amazon is known to leave out, said where items are missing.
    """
    whole = _distinct(v1)
    return Comparison(
        (
            presence(v3, whole, what=what, known_gap=known_gap),
            grain(v3, v1),
            *(_traffic(name, v3, whole) for name in TRAFFIC),
            *_days(v3, whole),
            *(_conversions(name, v3, whole) for name in CONVERSIONS),
        )
    )


def _distinct(rows: Iterable[Measured]) -> list[Measured]:
    """Return the rows without those that say what one before has said."""
    found = {(row.day, row.item, *sorted(row.values.items())): row for row in rows}
    return list(found.values())


# --- A: presence ------------------------------------------------------------


def presence(
    v3: Sequence[Measured], v1: Sequence[Measured], *, what: str, known_gap: str = ""
) -> Finding:
    """Look for items with traffic in v3 that v1 has none of, and the other way."""
    ours, theirs = _seen(v3), _seen(v1)
    missing, more = ours - theirs, theirs - ours
    sizes = Decimal(len(ours)), Decimal(len(theirs))
    if not ours and not theirs:
        return Finding("A", what, *sizes, "nothing")
    if ours and not theirs:
        return Finding("A", what, *sizes, "fail", "v1 has no row with traffic at all")
    notes = [f"{len(missing)} of v3 are not in v1"] if missing else []
    absent = _absent_days(v3, v1)
    if absent > MAX_MISSING:
        notes.append(f"v1 has no row for {absent:.0%} of the impressions of v3")
    notes += [f"{len(more)} of v1 are not in v3"] if more else []
    if missing and known_gap:
        notes.append(known_gap)
    return Finding("A", what, *sizes, "fail" if notes else "pass", "; ".join(notes))


def values(v3: Sequence[Measured], v1: Sequence[Measured], *, what: str) -> Finding:
    """Look whether a field has the values it has in v3, by the clicks they stand for.

    v1 names some values only where there were clicks.
    """
    ours, theirs = _clicks(v3), _clicks(v1)
    sizes = Decimal(len(ours)), Decimal(len(theirs))
    if not ours:
        return Finding("A", what, *sizes, "nothing")
    if not theirs:
        note = "v1 has no row with clicks at all"
        return Finding("A", what, *sizes, "fail", note)
    unknown = sum((n for item, n in ours.items() if item not in theirs), _ZERO)
    share = unknown / sum(ours.values(), _ZERO)
    if share <= MAX_MISSING:
        return Finding("A", what, *sizes, "pass")
    note = f"v1 has other values for {share:.0%} of the clicks: has the field changed?"
    return Finding("A", what, *sizes, "fail", note)


def _seen(rows: Iterable[Measured]) -> set[str]:
    return {row.item for row in rows if any(row.values.get(n) for n in TRAFFIC)}


def _absent_days(v3: Sequence[Measured], v1: Sequence[Measured]) -> Decimal:
    """Return the share of v3's impressions on days when v1 has no row of the item."""
    known = {(row.day, row.item) for row in v1}
    all_of_it = _sum(v3, "impressions")
    lost = _sum((r for r in v3 if (r.day, r.item) not in known), "impressions")
    return lost / all_of_it if all_of_it else _ZERO


def _clicks(rows: Iterable[Measured]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in rows:
        if clicks := row.values.get("clicks"):
            found[row.item] = found.get(row.item, _ZERO) + clicks
    return found


# --- B: grain ---------------------------------------------------------------


def grain(v3: Sequence[Measured], v1: Sequence[Measured]) -> Finding:
    """Count the rows of v1 that repeat a day and item."""
    keys = Counter((row.day, row.item) for row in v1)
    repeated = len(v1) - len(keys)
    sizes = Decimal(len(v3)), Decimal(len(v1))
    if not v1:
        return Finding("B", "rows", *sizes, "nothing")
    if not repeated:
        return Finding("B", "rows", *sizes, "pass")
    firsts = {(row.day, row.item): row for row in reversed(v1)}
    once, all_of_it = _sum(firsts.values(), "cost"), _sum(v1, "cost")
    note = (
        f"{repeated} rows repeat a day and campaign; cost is {once:,.2f} without them "
        f"and {all_of_it:,.2f} with them"
    )
    return Finding("B", "rows", *sizes, "fail", note)


# --- C: traffic -------------------------------------------------------------


def _traffic(name: str, v3: Sequence[Measured], v1: Sequence[Measured]) -> Finding:
    ours, theirs = _sum(v3, name), _sum(v1, name)
    if not _is_close(name, ours, theirs):
        return Finding("C", name, ours, theirs, "differs", _share(ours, theirs))
    days = _differing(name, v3, v1)
    if days:
        note = f"{len(days)} days differ, their sum does not: v1 may cut days otherwise"
        return Finding("C", name, ours, theirs, "shifts", note)
    return Finding("C", name, ours, theirs, "pass" if ours or theirs else "nothing")


def _days(v3: Sequence[Measured], v1: Sequence[Measured]) -> list[Finding]:
    """Return the days whose impressions differ most, where there are any at all."""
    name = "impressions"
    found = _differing(name, v3, v1) if v3 and v1 else {}
    worst = sorted(found, key=lambda day: -abs(found[day][1] - found[day][0]))
    return [
        Finding("C", f"{name} {day}", *found[day], "shown", _share(*found[day]))
        for day in sorted(worst[:MAX_DAYS])
    ]


def _differing(
    name: str, v3: Sequence[Measured], v1: Sequence[Measured]
) -> dict[str, tuple[Decimal, Decimal]]:
    ours, theirs = _by_day(v3, name), _by_day(v1, name)
    both = {d: (ours.get(d, _ZERO), theirs.get(d, _ZERO)) for d in {*ours, *theirs}}
    return {day: pair for day, pair in both.items() if not _is_close(name, *pair)}


def _is_close(name: str, one: Decimal, other: Decimal) -> bool:
    return abs(other - one) <= max(FLOORS[name], TOLERANCE * abs(one))


# --- D: conversions ---------------------------------------------------------


def _conversions(name: str, v3: Sequence[Measured], v1: Sequence[Measured]) -> Finding:
    ours, theirs = _sum(v3, name), _sum(v1, name)
    return Finding("D", name, ours, theirs, "shown", _share(ours, theirs))


# --- sums -------------------------------------------------------------------


def _sum(rows: Iterable[Measured], name: str) -> Decimal:
    return sum((row.values.get(name, _ZERO) for row in rows), _ZERO)


def _by_day(rows: Iterable[Measured], name: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in rows:
        found[row.day] = found.get(row.day, _ZERO) + row.values.get(name, _ZERO)
    return found


def _share(ours: Decimal, theirs: Decimal) -> str:
    if ours == theirs or not ours:
        return ""
    return f"{(theirs - ours) / ours:+.1%}"
