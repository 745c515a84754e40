"""How old reports of a type are when they become ready, and when to look at one next.

Earlier runs have left ages in the state. A report is looked at when so many of its type
were ready that another look is worth its call: soon where many become ready, not at
all before the first one did. What is ready is found within a tenth of its age, mostly.
No clock and no I/O here; ages are seconds since Amazon accepted a report.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from random import Random

KEPT = 16
"""Ages of a report type in the state, from the youngest to the oldest."""
_FEW = 6
"""A type with fewer goes by the ages of all types."""
_LOOKS = 8
"""Looks at a report that takes as long as the slowest one known."""
_WIDEST = 1.3
"""Between two looks a report grows older by this factor at most, while the known ones
become ready."""
_CLOSEST = 1.04
"""And by this one at least."""
_SLOWER = 0.5
"""Past the slowest one known: the share of what it is late already to wait again."""


class ReadyAges:
    """The ages known from earlier runs, and those that this run adds."""

    def __init__(self, kept: object = None, seed: int = 0) -> None:
        self._known = dict(_read(kept))
        every = sorted(age for ages in self._known.values() for age in ages)
        self._of_all_types = every
        self._new: dict[str, list[float]] = {}
        self._seen: dict[str, int] = {}
        self._random = Random(seed)  # noqa: S311 - which ages are kept

    def note(self, report_type: str, age: float) -> None:
        """Take in the age of a report when it was ready."""
        ages = self._new.setdefault(report_type, [])
        seen = self._seen[report_type] = self._seen.get(report_type, 0) + 1
        if len(ages) < KEPT:
            ages.append(age)
        elif (place := self._random.randrange(seen)) < KEPT:
            ages[place] = age  # each of many has the same chance to be kept

    def next_look(self, report_type: str, age: float, longest: float) -> float | None:
        """Return the age at which to look next; None where no age is known.

        Past the slowest one known, `longest` is between two looks at most.
        """
        known: Sequence[float] = self._known.get(report_type, ())
        if len(known) < _FEW:
            known = self._of_all_types
        if len(known) < _FEW:
            return None
        later = known[bisect_right(known, age) :]
        if not later:
            wait = max(age * (_CLOSEST - 1), _SLOWER * (age - known[-1]))
            return age + min(wait, longest)
        share = max(round(len(known) / _LOOKS), 1)
        due = later[min(share, len(later)) - 1]
        return max(min(due, _WIDEST * max(age, later[0])), age * _CLOSEST)

    def in_state(self) -> dict[str, str]:
        """Return what the next run knows: ages in words of few bytes, by type."""
        found = dict(self._known)
        for report_type, ages in self._new.items():
            older = _thinned(found.get(report_type, []), KEPT - len(ages))
            found[report_type] = sorted([*older, *ages])
        return {
            report_type: " ".join(map(_written, ages))
            for report_type, ages in sorted(found.items())
        }


def age_between(created: object, ready: object) -> float | None:
    """Return the seconds between two instants as Amazon writes them; None: no idea."""
    try:
        begin, end = (
            datetime.fromisoformat(str(text).replace("Z", "+00:00"))
            for text in (created, ready)
        )
        age = (end - begin).total_seconds()
    except (ValueError, TypeError):  # no instants, or only one has a zone
        return None
    return age if age >= 0 else None


def _written(age: float) -> str:
    return f"{age:.0f}" if age >= 100 else f"{age:.3g}"  # noqa: PLR2004 - short words


def _thinned(ages: Sequence[float], count: int) -> list[float]:
    """Return so many of sorted ages, the first and the last among them."""
    if count >= len(ages):
        return list(ages)
    if count < 2:  # noqa: PLR2004 - a first and a last one
        return list(ages[len(ages) // 2 :][:count])
    step = (len(ages) - 1) / (count - 1)
    return [ages[round(number * step)] for number in range(count)]


def _read(kept: object) -> Iterable[tuple[str, list[float]]]:
    """Yield the types and their ages; what is damaged is learnt anew."""
    for report_type, text in kept.items() if isinstance(kept, Mapping) else ():
        try:
            ages = sorted(float(word) for word in str(text).split())
        except ValueError:
            continue
        if ages and ages[0] >= 0 and ages[-1] < float("inf"):
            yield str(report_type), ages[:KEPT]
