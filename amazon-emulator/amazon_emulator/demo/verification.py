"""What the emulator sent against what lies in the bucket, value by value."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from amazon_emulator.client import Create
from amazon_emulator.demo.scenario import STREAMS

Row = Mapping[str, Any]
_ADDED = {"profile_id", "country_code", "currency_code", "_sdc_extracted_at"}
"""Columns that tap and target add to Amazon's own."""
_PROFILE_HEADER = "scope"


class RowSource(Protocol):
    """Who knows what a report's document holds: an EmulatorClient."""

    def expected_rows(self, report_id: str) -> list[dict[str, Any]]:
        """Return the rows of a report."""


@dataclass(frozen=True, slots=True)
class Line:
    """One stream in one run: reports asked for, rows sent, rows in the bucket."""

    stream: str
    reports: int | None
    """None: it reads pages, or shares the report above it."""
    sent: int
    found: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run; no sentence in `differences` is good."""

    lines: Sequence[Line]
    differences: Sequence[str]
    file: Row = field(default_factory=dict)
    """The row about the saved file, if there is one."""

    @property
    def reports(self) -> int:
        """Reports asked for."""
        return sum(line.reports or 0 for line in self.lines)

    @property
    def sent(self) -> int:
        """Rows in the documents of these reports."""
        return sum(line.sent for line in self.lines)

    @property
    def found(self) -> int:
        """Rows that came into the bucket."""
        return sum(line.found for line in self.lines)


def check(
    creates: Sequence[Create],
    source: RowSource,
    found: Mapping[str, Sequence[Row]],
) -> Outcome:
    """Compare the reports of a run with the rows it brought into the bucket."""
    reports: dict[str, list[Create]] = defaultdict(list)
    for create in creates:
        reports[stream_of(create)].append(create)
    streams = [*STREAMS, *sorted((set(reports) | set(found)) - set(STREAMS))]
    lines, differences = [], list(_asked_twice(creates))
    for stream in streams:
        sent = [
            _plain(row, _account(create))
            for create in reports[stream]
            for row in source.expected_rows(create.report_id)
        ]
        rows = found.get(stream, ())
        lines.append(Line(stream, len(reports[stream]), len(sent), len(rows)))
        differences += _compare(stream, sent, [_plain(row) for row in rows])
    return Outcome(lines, differences)


def validate(outcomes: Sequence[Outcome]) -> list[str]:
    """Return what is not as the three runs should show it; nothing is good."""
    wrong = [
        f"run {number}: {difference}"
        for number, outcome in enumerate(outcomes, 1)
        for difference in outcome.differences
    ]
    *asking, last = outcomes
    wrong += [
        f"run {number}: {line.stream} asked for no report."
        for number, outcome in enumerate(asking, 1)
        for line in outcome.lines
        if not line.reports
    ]
    if last.reports:
        wrong.append(
            f"run {len(outcomes)}: no day has ended since the run before, but "
            f"{last.reports} reports were asked for."
        )
    return wrong


@dataclass(frozen=True, slots=True)
class Restated:
    """A number that Amazon has changed between two runs."""

    column: str
    campaign: str
    day: str
    before: int
    now: int


def restated(before: Iterable[Row], now: Iterable[Row]) -> Restated | None:
    """Return an example of a number that has grown, from rows by campaign.

    Sales come in days after the click. The least growth is chosen.
    """
    column = "purchases14d"
    old = {_campaign_and_day(row): row.get(column) for row in before}
    grown = []
    for row in now:
        was, is_now = old.get(_campaign_and_day(row)), row.get(column)
        if isinstance(was, int) and isinstance(is_now, int) and was < is_now:
            _, campaign, day = _campaign_and_day(row)
            grown.append(Restated(column, campaign, day, was, is_now))
    return min(grown, key=lambda found: found.now - found.before, default=None)


def _campaign_and_day(row: Row) -> tuple[str, str, str]:
    return row["profile_id"], row["campaignId"], row["date"]


def stream_of(create: Create) -> str:
    """Return the stream a report is for, or a name of its own for a stranger."""
    configuration = create.body["configuration"]
    kind = (configuration["reportTypeId"], tuple(configuration["groupBy"]))
    for stream, known in STREAMS.items():
        if kind == known:
            return stream
    return f"{kind[0]} by {', '.join(kind[1])}"


def _asked_twice(creates: Sequence[Create]) -> Iterable[str]:
    expected = Counter((create.account, repr(create.body)) for create in creates)
    for (account, body), count in expected.items():
        if count > 1:
            yield f"One report was asked for {count} times, for {account}: {body}"


def _account(create: Create) -> str:
    is_profile = create.header.lower().endswith(_PROFILE_HEADER)
    return create.account if is_profile else ""


PlainRow = frozenset[tuple[str, str]]


def _plain(row: Row, profile_id: str | None = None) -> PlainRow:
    """Return a row as comparable text: ids are numbers here and text there.

    The account is part of it, so that rows of one account cannot stand in for
    those of another.
    """
    own = row.get("profile_id") if profile_id is None else profile_id
    values = {name: value for name, value in row.items() if name not in _ADDED}
    values["profile_id"] = own
    return frozenset((name, _text(value)) for name, value in values.items())


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _compare(
    stream: str, sent: Sequence[PlainRow], found: Sequence[PlainRow]
) -> Iterable[str]:
    missing, extra = Counter(sent) - Counter(found), Counter(found) - Counter(sent)
    if missing or extra:
        yield (
            f"{stream}: of {len(sent)} rows sent {missing.total()} are not in the "
            f"bucket as they were sent, and {extra.total()} of the {len(found)} rows "
            "there were not sent."
        )
    for word, rows in (("not in the bucket", missing), ("not sent", extra)):
        for row in list(rows)[:1]:
            values = ", ".join(f"{name}={value}" for name, value in sorted(row))
            yield f"{stream}: for example {word}: {values[:400]}"
