"""How old reports are when they become ready, and when to look at one next.

Earlier runs have left ages in the state, and each report of this run adds what is seen
of it. A look is worth its call once it would, on the average, find the report late by
some small share of its age: so reports are looked at often where many become ready,
hardly before the first one did, and only the oldest of them where nobody knows. What is
ready is found within a tenth of its age, mostly.
No clock and no I/O here; ages are seconds since Amazon accepted a report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from singer_amazon.reports.polling.survival import Observations

KEPT = 16
"""Ages of a report type in the state, from the youngest to the oldest."""
_WORTH = 0.009
"""A look is worth its call once it would find the report so late, as a share of its
age; on the average, and not at all late where it is not ready yet."""
_OF_ALL = 0.8
"""How many reports the settings' waits count as, beside those seen of all types."""
_NEAR = 0.97
"""Where reports are seen unready up to an age, so much further nobody looks at once."""
_OF_TYPE = 12.0
"""How many reports all types count as, beside those seen of one type."""
_LONG_AGE = 10
"""A report older than so many of the longest waits is not found later for its age."""
_STEP = 1.35
"""How much longer a wait is tried where a shorter one is not worth a look."""
_HALVINGS = 4
"""How often the step in which it becomes worth one is halved."""
_SOON = 0.15
"""Of its age: what is known of others is not thought over more often than that."""
_LATER = 1.04
"""And no sooner than when it has grown older by this factor."""
_GUESS_MOST = 3.0
"""However long a report has waited, its settings' wait counts as so many of a look."""


@dataclass(frozen=True, slots=True)
class PollWaits:
    """What the settings say of the waits between two looks at a report, in seconds."""

    usual: float
    """Where nothing is known of others."""
    least: float
    most: float
    longest: float
    """The longest usual one."""


class ReadyAges:
    """The ages known from earlier runs, and what this run sees."""

    def __init__(self, kept: object = None, seed: int = 0) -> None:
        self._known = dict(_read(kept))
        self._of_type = {
            report_type: Observations(ages, weight=_OF_TYPE)
            for report_type, ages in self._known.items()
        }
        every = (age for ages in self._known.values() for age in ages)
        self._of_all = Observations(every, weight=_OF_ALL, near=_NEAR)
        self._new: dict[str, list[float]] = {}
        self._seen: dict[str, int] = {}
        self._random = Random(seed)  # noqa: S311 - which ages are kept

    def note(self, report_type: str, age: float, looked: float | None = None) -> None:
        """Take in the age of a report when it was ready.

        `looked`: the age at the look that found it, if `look` was told of it.
        """
        for observations in self._observations(report_type):
            observations.saw_ready(age, looked)
        ages = self._new.setdefault(report_type, [])
        seen = self._seen[report_type] = self._seen.get(report_type, 0) + 1
        if len(ages) < KEPT:
            ages.append(age)
        elif (index := self._random.randrange(seen)) < KEPT:
            ages[index] = age  # each of many has the same chance to be kept

    def look(self, report_type: str, age: float, before: float | None) -> None:
        """Take in that a report is looked at; until the answer it counts as unready.

        `before`: its age at the last look.
        """
        for observations in self._observations(report_type):
            observations.saw_unready(age, before)

    def forget_look(self, report_type: str, age: float) -> None:
        """Take back a look that brought no answer."""
        for observations in self._observations(report_type):
            observations.forget(age)

    def next_look(
        self, report_type: str, seen: float, age: float, waits: PollWaits
    ) -> float:
        """Return the age at which to look, by what is known now: `age` means at once.

        `seen`: the age at which it was last seen unready.
        """
        low, high = self._bracket(report_type, seen, age, waits)
        if low < high:
            for _ in range(_HALVINGS):
                middle = (low + high) / 2
                if self._is_worth(report_type, seen, middle, waits):
                    high = middle
                else:
                    low = middle
        return high

    def next_thought(
        self, report_type: str, seen: float, age: float, waits: PollWaits
    ) -> float:
        """Return the age at which to ask again; `age`: the look is worth its call.

        Half-way, since what others do meanwhile may bring the look nearer.
        """
        _, look = self._bracket(report_type, seen, age, waits)
        if look <= age:
            return age
        # what puts it off little by little does not make anybody ask all the time
        later = max(age * _LATER, age + waits.least * (_LATER - 1))
        usual = seen + waits.usual
        look = max(look, min(later, usual) if look <= usual else later)
        return min(look, age + max((look - age) / 2, _SOON * age))

    def _bracket(
        self, report_type: str, seen: float, age: float, waits: PollWaits
    ) -> tuple[float, float]:
        """Return an age at which a look is worth its call, and one before it is."""
        wait = max(age - seen, waits.least)
        before = seen + wait
        while wait < waits.most:
            if self._is_worth(report_type, seen, seen + wait, waits):
                return before, seen + wait
            before, usual = seen + wait, waits.usual
            wait = usual if wait < usual < wait * _STEP else wait * _STEP
        return before, max(seen + waits.most, age)

    def _is_worth(
        self, report_type: str, seen: float, age: float, waits: PollWaits
    ) -> bool:
        """Whether a look at an age is worth its call."""
        worth = _WORTH * min(age, _LONG_AGE * waits.longest)
        # where nothing is known: just so after the usual wait
        guess = worth * min((age - seen) / waits.usual, _GUESS_MOST)
        late = self._of_all.late(seen, age, guess + self._of_all.trend(seen, age))
        of_type = self._of_type.get(report_type)
        if of_type is not None:
            late = of_type.late(seen, age, late)
        return late >= worth * (1 - 1e-9)

    def _observations(self, report_type: str) -> tuple[Observations, Observations]:
        of_type = self._of_type.get(report_type)
        if of_type is None:
            of_type = self._of_type[report_type] = Observations(weight=_OF_TYPE)
        return self._of_all, of_type

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
