"""How likely a report becomes ready between two ages, as others of its kind did.

Each report says something: one that was ready says its age; one that Amazon still
works on says that its age will be higher (a censored observation). What they say
together is the hazard of Nelson and Aalen: each report that became ready adds one part
in as many as were known not to be ready just before. Pure; ages are seconds since
Amazon accepted a report.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from itertools import accumulate
from math import exp
from operator import mul

MOST = 4096
"""Observations of one kind that are kept: beyond it, every second one is dropped."""
_FRESH = 16
"""The hazard is summed up anew once one in so many observations is new."""
_RECENT = 1.3
"""How far back the hazard is looked at that may go on: by this factor of an age."""


class Observations:
    """Ages of reports of one kind: when they were ready, and last seen unready.

    `weight`: as many reports are added that do what somebody else guesses. `near`: a
    report seen unready at this share of an age says something of that age, too.
    """

    def __init__(
        self, ages: Iterable[float] = (), *, weight: float, near: float = 1.0
    ) -> None:
        self._weight, self._near = weight, near
        self._ready = sorted(ages)
        self._unready: list[float] = []
        """For each report the age at which it was last looked at."""
        self._ages: list[float] = []
        """Of the reports that the hazard is of."""
        self._hazard: list[float] = [0.0]
        """The hazard up to each of those ages, the first of all before it."""
        self._moments: list[float] = [0.0]
        """The same, each part times the age."""
        self._changes = len(self._ready)

    def __len__(self) -> int:
        """Return how many reports have been seen."""
        return len(self._ready) + len(self._unready)

    def saw_unready(self, age: float, before: float | None) -> None:
        """Take in a look at a report; `before`: the age at the last one, if any."""
        self._saw(self._unready, age, before)

    def saw_ready(self, age: float, before: float | None) -> None:
        """Take in the age at which a report became ready."""
        self._saw(self._ready, age, before)

    def forget(self, age: float) -> None:
        """Take back a look that has said nothing."""
        if _remove(self._unready, age):
            self._changes += 1

    def late(self, since: float, until: float, guess: float) -> float:
        """Return how late a report not ready at `since` is seen by a look at `until`.

        In seconds, and 0 where it is not ready then, on the average. `guess` is taken
        where nothing of those ages has been seen.
        """
        if self._changes * _FRESH > len(self._ready) + len(self._unready):
            self._sum_up()
        first, last = bisect_right(self._ages, since), bisect_right(self._ages, until)
        hazard = self._hazard[last] - self._hazard[first]
        at_risk = self._at_risk(until * self._near)
        guessed = guess * self._weight / (at_risk + self._weight)
        if not hazard:
            return guessed
        age = (self._moments[last] - self._moments[first]) / hazard
        share = exp(-hazard)
        return (1 - share) * (until - age) + share * guessed

    def trend(self, since: float, until: float) -> float:
        """Return the same if reports went on becoming ready as shortly before."""
        begin = since / _RECENT
        if since <= begin:
            return 0.0
        first, last = bisect_right(self._ages, begin), bisect_right(self._ages, since)
        rate = (self._hazard[last] - self._hazard[first]) / (since - begin)
        wait = until - since
        return (1 - exp(-rate * wait)) * wait / 2

    def _at_risk(self, age: float) -> int:
        """Return how many reports were known not to be ready at an age."""
        ready, unready = self._ready, self._unready
        younger = bisect_left(ready, age) + bisect_left(unready, age)
        return len(ready) + len(unready) - younger

    def _sum_up(self) -> None:
        self._changes, self._ages = 0, list(self._ready)
        unready, top = self._unready, len(self) + self._weight
        parts = [
            1 / (top - number - bisect_left(unready, age))
            for number, age in enumerate(self._ages)
        ]
        self._hazard = list(accumulate(parts, initial=0.0))
        moments = map(mul, parts, self._ages)
        self._moments = list(accumulate(moments, initial=0.0))

    def _saw(self, ages: list[float], age: float, before: float | None) -> None:
        if before is not None and not _remove(self._unready, before):
            return  # it has been dropped
        insort(ages, age)
        self._changes += 1
        if len(self) > MOST:
            del self._ready[::2]
            del self._unready[::2]


def _remove(ages: list[float], age: float) -> bool:
    """Remove an age, if it is there still; say whether it was."""
    at = bisect_left(ages, age)
    is_there = at < len(ages) and ages[at] == age
    if is_there:
        del ages[at]
    return is_there
