"""The page docs/tap-amazon-sp-streams.md, made from the catalogue of tap-amazon-sp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_amazon_sp.endpoints.definitions import ready_made
from tap_amazon_sp.endpoints.finances import finance_tables
from tap_amazon_sp.periods import Period
from tap_amazon_sp.reports.options import choices

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_amazon_sp.catalogue import (
        Catalogue,
        ColumnDefinition,
        ReportDefinition,
        StreamDefinition,
    )
    from tap_amazon_sp.endpoints.definitions import Table
    from tap_amazon_sp.periods import PeriodRules

INTRODUCTION = """\
# Streams of tap-amazon-sp

<!-- Made by scripts/make_docs.py from the catalogue; edit that. -->

The {types} report types below make {streams} streams; [orders](#orders) are four
more, [money](#money) two.
Any other report type is an [own report](tap-amazon-sp.md#own-reports), any other list
an [own endpoint](tap-amazon-sp.md#own-endpoints).

**Names.** *Your name* is the name of the report in the list this tap was made for.

**Keys** are what the tables say. Every row has `account_name` and `marketplace_id`,
and every option that tells rows apart is a column and part of the key. A document
whose rows say no dates gets those of the request: `window_start` and `window_end`. A
key column that is null with the chosen options is left out of the key.

**Columns** have Amazon's names; [what they mean](sp-columns.md). All but keys may be
null. *amount* is
`{{"amount": 12.5, "currencyCode": "USD"}}`; objects and lists keep their shape. Fields
that Amazon adds later go into the column `_extra` (setting `unknown_fields`).

**Options** are set by report, under its name here (the heading), see
[options](tap-amazon-sp.md#options); the default is **bold**.

**Periods.** *asked for after* is the hold-back: how long after its end a period is
first asked for. *expected within* is how late Amazon usually publishes it: until a
week after that, "not yet available" is waited for. *reaches back* is what Amazon
keeps, *one request* the most periods in it, *read again* the look-back. For hours,
all are hours.
"""

STREAMS_HEADER = (
    "| stream | array of the document | key | bookmark |\n|---|---|---|---|"
)
OPTIONS_HEADER = "| option | Amazon's name | values |\n|---|---|---|"
PERIODS_HEADER = (
    "| period | asked for after | expected within | reaches back | one request"
    " | read again |\n|---|---|---|---|---|---|"
)
ORDERS = """\
## Orders

Not reports but pages of Amazon's orders API, for sellers, one list for each
marketplace. `orders` and `order_items` are read together from one pass over the pages,
since the items stand in the order. The two of the old version are not selected by
default: Amazon removes those reads on 2027-03-27, and each order costs one more call
for its items (one in two seconds).

The bookmark is a time of change; what changed in the same second comes again, and the
key merges it. Names, addresses and e-mails of buyers are not asked for: see
[orders](tap-amazon-sp.md#orders) for how to add them.
"""
MONEY = """\
## Money

Pages of Amazon's Finances API, for sellers with the role *Finance and Accounting*: all
marketplaces of the account's region in one list. Not selected by default. What to add
up, and what not, says [transactions](transactions.md).
"""


def make_page(catalogue: Catalogue) -> str:
    """The whole page as Markdown."""
    parts = [
        INTRODUCTION.format(
            types=len({report.report_type for report in catalogue.reports}),
            streams=len(catalogue.streams),
        ),
        _overview(catalogue),
        *(_report(report, catalogue) for report in catalogue.reports),
        _endpoints(ORDERS, list(ready_made())),
        _endpoints(MONEY, list(finance_tables())),
    ]
    return "\n".join(parts)


def _overview(catalogue: Catalogue) -> str:
    lines = ["| your name | streams | report type | accounts |", "|---|---|---|---|"]
    lines += [
        _row(
            f"`{report.seed_name}`" if report.seed_name else "(extra)",
            _code(stream.name for stream in report.streams),
            f"[`{report.report_type}`](#{report.name})",
            _kinds(report),
        )
        for report in catalogue.reports
    ]
    return "\n".join(lines) + "\n"


# --- one report ----------------------------------------------------------------


def _report(report: ReportDefinition, catalogue: Catalogue) -> str:
    who = f"`{report.report_type}`, for {_kinds(report)}"
    yours = f"; your name: `{report.seed_name}`" if report.seed_name else ""
    parts = [f"## {report.name}", f"{who}{yours}."]
    parts.append("\n".join([STREAMS_HEADER, *_streams(report, catalogue)]))
    if report.options:
        parts.append("\n".join([OPTIONS_HEADER, *_options(report)]))
    parts.append(_periods(report))
    parts.append("\n".join(f"- {note}" for note in report.notes))
    parts += [
        f"Columns of `{stream.name}`: {_columns(stream.columns)}."
        for stream in report.streams
    ]
    return "\n\n".join(parts) + "\n"


def _streams(report: ReportDefinition, catalogue: Catalogue) -> Iterator[str]:
    choice = choices(catalogue, None)[report.name]
    for stream in report.streams:
        asked = [entry.context(stream) for entry in choice.of_stream(stream)]
        yield _row(
            f"`{stream.name}`",
            f"`{stream.array}`",
            _code(stream.primary_key(asked)) + _more_keys(stream),
            f"`{stream.replication_key}`" if stream.replication_key else "none",
        )


def _more_keys(stream: StreamDefinition) -> str:
    """Say which key columns join with other options."""
    words = []
    for option, by_value in stream.null_columns.items():
        names = {name for columns in by_value.values() for name in columns}
        for name in (column for column in stream.key if column in names):
            without = [value for value, columns in by_value.items() if name in columns]
            words.append(f"`{name}` unless {option} is {' or '.join(without)}")
    return f" ({'; '.join(words)})" if words else ""


def _options(report: ReportDefinition) -> Iterator[str]:
    for option in report.options:
        values = "a currency; the marketplace's own by default"
        if not option.is_currency:
            values = ", ".join(
                f"**{value}**" if value == option.default else value
                for value in option.values
            )
        yield _row(f"`{option.name}`", f"`{option.amazon_name}`", values)


def _periods(report: ReportDefinition) -> str:
    if report.dates == "none":
        return "No dates: one whole snapshot each run, and no bookmark."
    if report.dates == "offers":
        return (
            f"Each run asks for all offers that started in the last "
            f"{report.offer_days} days (`start_date` narrows that), with their numbers "
            "of now; there is no bookmark."
        )
    rows = [_period(period, rules) for period, rules in report.periods.items()]
    return "\n".join([PERIODS_HEADER, *rows])


def _period(period: Period, rules: PeriodRules) -> str:
    unit = "hour" if period is Period.HOUR else "day"
    return _row(
        period.value,
        _count(rules.holdback, unit),
        _count(rules.expected, unit),
        "not known" if rules.history is None else _count(rules.history, unit),
        "any number"
        if rules.per_request is None
        else _count(rules.per_request, "period"),
        _count(rules.lookback, "period") if rules.lookback else "no",
    )


def _columns(columns: Iterable[ColumnDefinition]) -> str:
    return ", ".join(f"`{column.name}` {_type(column)}" for column in columns)


def _type(column: ColumnDefinition) -> str:
    names = [field.name for field in column.fields]
    if names == ["amount", "currencyCode"]:
        return "amount"
    if column.kind == "list":
        return f"[{_columns(column.fields)}]"
    if column.kind == "object":
        return f"{{{_columns(column.fields)}}}"
    return column.kind


# --- endpoints -----------------------------------------------------------------


def _endpoints(words: str, tables: Sequence[Table]) -> str:
    header = "| stream | path | key | bookmark | selected |\n|---|---|---|---|---|"
    rows = [
        _row(
            f"`{table.name}`",
            f"`{table.listing.path}`",
            _code((*_added(table), *table.key)),
            f"`{table.replication_key}`",
            "yes" if table.is_default else "no",
        )
        for table in tables
    ]
    columns = [
        f"Columns of `{table.name}`: {_names(table)}.".rstrip() for table in tables
    ]
    return "\n\n".join([words.rstrip(), "\n".join([header, *rows]), *columns]) + "\n"


def _added(table: Table) -> tuple[str, ...]:
    has_marketplace = table.listing.has_marketplace
    return ("account_name", *(("marketplace_id",) if has_marketplace else ()))


def _names(table: Table) -> str:
    columns: Mapping[str, Any] = table.columns or {}
    return ", ".join(f"`{name}` {_json_type(spec)}" for name, spec in columns.items())


def _json_type(spec: Mapping[str, Any]) -> str:
    given = spec.get("type")
    types: Sequence[str] = [given] if isinstance(given, str) else given or ["any"]
    kind = next((word for word in types if word != "null"), "any")
    kind = {"array": "list"}.get(kind, kind)
    return str(spec.get("format", kind))


# --- words ---------------------------------------------------------------------


def _kinds(report: ReportDefinition) -> str:
    return " and ".join(f"{kind}s" for kind in report.accounts)


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}" + ("" if number == 1 else "s")


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
