"""What the tap knows about report types, as frozen objects."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from tap_amazon_sp.catalogue.descriptions import describe
from tap_amazon_sp.marketplaces import AccountKind
from tap_amazon_sp.periods import Period, PeriodRules

ColumnKind = Literal[
    "string", "integer", "number", "boolean", "date", "date-time", "object", "list"
]
Dates = Literal["periods", "offers", "none"]

EXTRA = "_extra"
Schema = Mapping[str, Any]
"""A JSON schema of one column."""

_FORMATS = {"date", "date-time"}


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """A column by Amazon's own name.

    `fields` are those of an object, or of the objects in a list; other kinds have
    none. Fields Amazon may add later are not refused.
    """

    name: str
    kind: ColumnKind
    fields: tuple[ColumnDefinition, ...] = ()

    def json_schema(self, *, is_key: bool = False) -> dict[str, Any]:
        """Return its JSON schema; all but keys may be null, on every level."""
        if is_key:
            text: dict[str, Any] = {"type": "string"}
            return {**text, "format": self.kind} if self.kind in _FORMATS else text
        if self.kind == "list":
            return {"type": ["array", "null"], "items": self._object()}
        if self.kind == "object":
            return self._object()
        if self.kind in _FORMATS:
            return {"type": ["string", "null"], "format": self.kind}
        return {"type": [self.kind, "null"]}

    def _object(self) -> dict[str, Any]:
        properties = {
            field.name: {**field.json_schema(), "description": describe(field.name)}
            for field in self.fields
        }
        return {"type": ["object", "null"], "properties": properties}


@dataclass(frozen=True, slots=True)
class Option:
    """One of a report's options, by our name and Amazon's.

    Without `values` it is a currency (ISO 4217); its default is then the
    marketplace's own.
    """

    name: str
    amazon_name: str
    values: tuple[str, ...]
    default: str | None

    @property
    def is_currency(self) -> bool:
        """Whether it takes any currency instead of listed values."""
        return not self.values


@dataclass(frozen=True, slots=True, eq=False)
class StreamDefinition:
    """A stream: one array of one report's document.

    `key` are Amazon's columns that identify a row within one document; `options`
    those of the report that tell its rows apart (each is a column of that name).
    `is_dated`: rows say their own dates, so that no window is added to them.
    `null_columns`: option to value to the key columns that are null with it.
    `per_request` goes before the report's own number of periods, where there is one.
    `additive` columns (dots lead into objects) add up over rows: cost, sales, units,
    orders, views; never a rate, a share or a stock.
    """

    name: str
    array: str
    key: tuple[str, ...]
    columns: tuple[ColumnDefinition, ...]
    options: tuple[str, ...]
    is_dated: bool
    replication_key: str | None
    adds_currency: bool
    null_columns: Mapping[str, Mapping[str, tuple[str, ...]]]
    per_request: int | None
    additive: tuple[str, ...] = ()
    is_per_account: bool = False
    """Whether one request brings all marketplaces of an account, named in its rows."""

    @property
    def period_column(self) -> str | None:
        """The column that says a row's period; None where rows say none."""
        names = ("date", "startDate", "startTime", "forecastGenerationDate")
        return next((name for name in self.key if name in names), None)

    @property
    def added(self) -> tuple[ColumnDefinition, ...]:
        """The columns we add, in order: who, which options, when, which currency."""
        columns = [
            ColumnDefinition("account_name", "string"),
        ]
        if not self.is_per_account:
            columns.append(ColumnDefinition("marketplace_id", "string"))
        columns += [ColumnDefinition(name, "string") for name in self.options]
        if not self.is_dated:
            columns += [
                ColumnDefinition("window_start", "date"),
                ColumnDefinition("window_end", "date"),
            ]
        if self.adds_currency:
            columns.append(ColumnDefinition("currency_code", "string"))
        return tuple(columns)

    def primary_key(self, asked: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
        """Return the key columns for the option values asked for (by our names).

        A column that is null in all of them is left out. One that is null in some
        stays: it is "" there.
        """
        gone = [self._null_with(values) for values in asked]
        never = set.intersection(*gone) if gone else set()
        added = [c.name for c in self.added if c.name != "currency_code"]
        return (*added, *(name for name in self.key if name not in never))

    def schema(
        self, key: Collection[str], *, keeps_unknown: bool = True
    ) -> dict[str, Any]:
        """Return the stream's JSON schema, key columns first."""
        columns = {column.name: column for column in (*self.added, *self.columns)}
        order = [*key, *(name for name in columns if name not in key)]
        properties = {
            name: columns[name].json_schema(is_key=name in key) for name in order
        }
        if keeps_unknown:
            properties[EXTRA] = {"type": ["object", "null"]}
        return {"type": "object", "properties": properties}

    def _null_with(self, values: Mapping[str, str]) -> set[str]:
        return {
            column
            for option, by_value in self.null_columns.items()
            for column in by_value.get(values.get(option, ""), ())
        }


@dataclass(frozen=True, slots=True, eq=False)
class ReportDefinition:
    """One kind of document at Amazon, and the streams made of it.

    `dates` says what a request covers: whole `periods`; all `offers` that started
    in the last `offer_days`, named by the two `offer_options`; or none, a snapshot.
    `period_option` is the option that says which period; without it there is one.
    """

    name: str
    report_type: str
    seed_name: str | None
    accounts: tuple[AccountKind, ...]
    takes_several_marketplaces: bool
    dates: Dates
    options: tuple[Option, ...]
    period_option: str | None
    periods: Mapping[Period, PeriodRules]
    offer_options: tuple[str, ...]
    offer_days: int | None
    streams: tuple[StreamDefinition, ...]
    notes: tuple[str, ...]
    source: str
    checked: str

    def option(self, name: str) -> Option | None:
        """Return an option by our name or Amazon's, in any case."""
        for option in self.options:
            if name.lower() in {option.name.lower(), option.amazon_name.lower()}:
                return option
        return None

    def rules(self, period: Period, streams: Iterable[str] = ()) -> PeriodRules:
        """Return what holds for one period when these streams are selected.

        The stream that allows the fewest periods decides for all that share the
        document.
        """
        chosen = set(streams)
        limits = [
            stream.per_request
            for stream in self.streams
            if stream.per_request is not None and (not chosen or stream.name in chosen)
        ]
        rules = self.periods[period]
        return replace(rules, per_request=min(limits)) if limits else rules


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All reports, sorted by name."""

    reports: tuple[ReportDefinition, ...]

    @property
    def streams(self) -> Mapping[str, StreamDefinition]:
        """All streams by name."""
        return {s.name: s for report in self.reports for s in report.streams}

    def report(self, name: str) -> ReportDefinition | None:
        """Return a report by its name."""
        return next((entry for entry in self.reports if entry.name == name), None)

    def of_stream(self, stream: str) -> ReportDefinition | None:
        """Return the report that a stream is read from."""
        for report in self.reports:
            if any(entry.name == stream for entry in report.streams):
                return report
        return None

    @property
    def period_types(self) -> frozenset[str]:
        """The report types that are requested by whole periods."""
        return frozenset(r.report_type for r in self.reports if r.dates == "periods")

    def kinds_of(self, report_type: str) -> tuple[AccountKind, ...]:
        """Return the kinds of account that can have a type, as far as we know."""
        kinds = {
            kind
            for report in self.reports
            if report.report_type == report_type
            for kind in report.accounts
        }
        if not kinds:  # a vendor's reports all say so in their name
            kinds = {"vendor" if report_type.startswith("GET_VENDOR_") else "seller"}
        return tuple(sorted(kinds))
