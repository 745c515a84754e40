"""Whether the fields of a query fit together, and its days are still there.

Pure. Amazon's own words are used for 400004 and 400006; of 400005, 400013 and the
limits of periods only the codes or the numbers are known, the words are ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from amazon_emulator.ads_unified.catalogue import known_fields

if TYPE_CHECKING:
    from amazon_emulator.ads_unified.catalogue import Field
    from amazon_emulator.ads_unified.query import ReportRequest

MAX_PROBLEMS = 20
INCOMPATIBLE, UNKNOWN, INCOMPLETE, MALFORMED = 400004, 400005, 400006, 400013
_NAME = re.compile("[a-zA-Z0-9]+[.][a-zA-Z0-9]+")
NEVER_OFFERED = ("target.id", "targeting.id", "keyword.id")
"""Names that users tried for the ids of targets; none is there."""
_MONTHS, _DAYS = "months", "days"
_Length = tuple[int, str]
PERIODS: Mapping[str, tuple[_Length, _Length]] = {
    "date": ((24, _MONTHS), (120, _DAYS)),
    "dayOfWeek": ((24, _MONTHS), (120, _DAYS)),
    "hour": ((14, _DAYS), (14, _DAYS)),
    "day": ((15, _MONTHS), (15, _MONTHS)),
    "week": ((24, _MONTHS), (15, _MONTHS)),
    "month": ((72, _MONTHS), (25, _MONTHS)),
    "dateRange": ((72, _MONTHS), (72, _MONTHS)),
    "year": ((72, _MONTHS), (72, _MONTHS)),
}
"""Time dimension -> how far back it goes, and how long one report may be."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a report is refused."""

    code: int
    message: str
    location: str
    word: str = "FIELD_VALUE_IS_INVALID"
    """The code of the API's own list."""

    def as_json(self) -> dict[str, object]:
        """Return it as an entry of `errors`."""
        message = f"{self.code}: {self.message}"
        return {"code": self.word, "message": message, "fieldLocation": self.location}


def problems_of(request: ReportRequest, today: date) -> list[Problem]:
    """Return what Amazon would refuse a request for, in the order it is met."""
    names = _problems_of_names(request)
    if names:
        return names[:MAX_PROBLEMS]
    known = known_fields()
    fields = [known[name] for name in request.fields]
    found = [*_problems_of_fields(fields), *_problems_of_period(request, fields, today)]
    if any(field.name.startswith("convertedCurrency") for field in fields):
        found += [] if request.currency else [_without_currency()]
    return found[:MAX_PROBLEMS]


def _problems_of_names(request: ReportRequest) -> list[Problem]:
    places = [
        *((x, f"reports[0].query.fields[{at}]") for at, x in enumerate(request.fields)),
        *((found.field, f"{found.location}.field") for found in request.conditions),
    ]
    named = (_problem_of_name(name, location) for name, location in places)
    no_filters = [
        Problem(UNKNOWN, f"field {name} is none to filter by", location)
        for name, location in places[len(request.fields) :]
        if name.split(".")[0] in ("metric", *PERIODS)
    ]
    return [problem for problem in named if problem is not None] + no_filters


def _problem_of_name(name: str, location: str) -> Problem | None:
    if not _NAME.fullmatch(name) or name in NEVER_OFFERED:
        return Problem(MALFORMED, f"field {name} has an invalid format", location)
    if name not in known_fields():
        return Problem(UNKNOWN, f"field {name} is unknown", location)
    return None


def _problems_of_fields(fields: Sequence[Field]) -> Iterator[Problem]:
    names = {field.name for field in fields}
    for at, field in enumerate(fields):
        location = f"reports[0].query.fields[{at}]"
        missing = [name for name in field.needs if name not in names]
        if missing:
            text = (
                f"field {field.name} cannot be used without also including fields: "
                f"{', '.join(missing)}"
            )
            yield Problem(INCOMPLETE, text, location)
        clashes = field.clashes(fields)
        if clashes:
            text = (
                f"field {field.name} cannot be used along with fields: "
                f"{', '.join(clashes)}"
            )
            yield Problem(INCOMPATIBLE, text, location)


def _problems_of_period(
    request: ReportRequest, fields: Sequence[Field], today: date
) -> Iterator[Problem]:
    where, word = "reports[0].periods[0].datePeriod", "FIELD_VALUE_IS_OUT_OF_RANGE"
    start, end = request.start, request.end
    times = [x.dimension for x in fields if x.dimension in PERIODS] or ["dateRange"]
    if end < start:
        yield Problem(400000, "endDate must not be before startDate", where, word)
    if end > today:
        yield Problem(400000, f"endDate {end} is in the future", where, word)
    for time in dict.fromkeys(times):
        (back, unit), (length, length_unit) = PERIODS[time]
        earliest = _before(today, back, unit)
        if start < earliest:
            text = f"startDate {start} is before {earliest}: {time} has {back} {unit}"
            yield Problem(400000, text, where, word)
        if _before(end, length, length_unit) > start:
            text = f"{start} to {end} is longer than {length} {length_unit} of {time}"
            yield Problem(400000, text, where, word)


def _before(day: date, length: int, unit: str) -> date:
    """Return the first day of a period of this length that ends on a day."""
    if unit == _DAYS:
        return day - timedelta(days=length - 1)
    months = day.year * 12 + day.month - 1 - length
    return date(months // 12, months % 12 + 1, min(day.day, 28))


def _without_currency() -> Problem:
    text = "convertedCurrency.value needs currencyOfView"
    return Problem(400000, text, "reports[0].currencyOfView")
