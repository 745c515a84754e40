"""The user's `report_options`, as combinations that Amazon accepts.

Only documented options are sent: one that a report type does not know makes it
fail at Amazon, without a word about which.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from singer_amazon.config.names import did_you_mean
from singer_amazon.errors import ConfigError
from tap_amazon_sp.catalogue.model import (
    Catalogue,
    Option,
    ReportDefinition,
    StreamDefinition,
)
from tap_amazon_sp.marketplaces import Marketplace
from tap_amazon_sp.periods import Period
from tap_amazon_sp.timestamps import format_instant, midnight

_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Combination:
    """One value for each option of a report, by our names: one request of its own."""

    report: ReportDefinition
    values: Mapping[str, str]

    def __str__(self) -> str:
        return " ".join((self.report.name, *self.values.values()))

    @property
    def period(self) -> Period | None:
        """The kind of period a request covers whole; None without dates."""
        if self.report.period_option is not None:
            return Period(self.values[self.report.period_option])
        return next(iter(self.report.periods), None)

    def context(self, stream: StreamDefinition) -> dict[str, str]:
        """Return the values that tell a stream's rows apart, as added columns."""
        return {name: self.values[name] for name in stream.options}

    def request_options(
        self,
        marketplace: Marketplace | None,
        offers: tuple[datetime, datetime] | None = None,
    ) -> dict[str, str]:
        """Return `reportOptions` of a request, all text, empty if it takes none.

        `offers` are the first and last start of the offers wanted. The currency is
        the marketplace's; where that is unknown none is sent.
        """
        sent = {}
        for option in self.report.options:
            value = self.values.get(option.name)
            if value is None and option.is_currency and marketplace is not None:
                value = marketplace.currency or None
            if value is not None and option.amazon_name:
                sent[option.amazon_name] = value
        if offers is not None:
            sent.update(
                zip(self.report.offer_options, map(format_instant, offers), strict=True)
            )
        return sent


@dataclass(frozen=True, slots=True)
class Choice:
    """The combinations of one report, and a line for each value left out."""

    combinations: tuple[Combination, ...]
    notes: tuple[str, ...] = ()

    def of_stream(self, stream: StreamDefinition) -> tuple[Combination, ...]:
        """Return the combinations a stream needs: the first of each it knows."""
        found: dict[tuple[tuple[str, str], ...], Combination] = {}
        for combination in self.combinations:
            context = tuple(combination.context(stream).items())
            found.setdefault(context, combination)
        return tuple(found.values())


def choices(
    catalogue: Catalogue, report_options: Mapping[str, object] | None
) -> dict[str, Choice]:
    """Return what to request of every report of the catalogue, by its name.

    Raises:
        ConfigError: `report_options` names what does not exist, or leaves no
            combination of a report.
    """
    given: dict[str, Mapping[str, object]] = {}
    for name, values in _nested(report_options or {}).items():
        report = _report(catalogue, name)
        if not isinstance(values, Mapping):
            msg = (
                f"report_options.{name} is not an object: write option and value, "
                'e.g. {"report_period": "WEEK"}'
            )
            raise ConfigError(msg)
        given[report.name] = values
    return {r.name: choose(r, given.get(r.name, {})) for r in catalogue.reports}


def _nested(options: Mapping[str, object]) -> dict[str, object]:
    """Undo `vendor_sales.report_period`: so Meltano writes them into variables."""
    found: dict[str, object] = {}
    for name, value in options.items():
        report, dot, option = name.partition(".")
        if not dot:
            found[name] = value
            continue
        inner = found.setdefault(report, {})
        if isinstance(inner, dict):
            inner[option] = value
    return found


def choose(report: ReportDefinition, given: Mapping[str, object]) -> Choice:
    """Return the combinations of one report.

    Raises:
        ConfigError: see `choices`.
    """
    asked: dict[str, object] = {}
    for name, value in given.items():
        option = report.option(name)
        if option is None:
            raise ConfigError(_unknown_option(report, name))
        if option.name in asked:
            msg = (
                f"report_options.{report.name}: {option.name} is there twice, once as "
                f"{name}: leave one out"
            )
            raise ConfigError(msg)
        asked[option.name] = value
    notes: list[str] = []
    values = {
        option.name: _values(report, option, asked.get(option.name), notes)
        for option in report.options
    }
    chosen = {name: found for name, found in values.items() if found}
    combinations = (
        Combination(report, dict(zip(chosen, picked, strict=True)))
        for picked in itertools.product(*chosen.values())
    )
    return Choice(tuple(combinations), tuple(notes))


def offers_since(
    report: ReportDefinition, now: datetime, start: date | None
) -> tuple[datetime, datetime]:
    """Return the first and last start of the offers to request, in UTC.

    All that Amazon keeps, unless the user's own `start` narrows it; a bookmark
    never does, for the numbers of an offer change as long as it runs.

    Raises:
        ValueError: the report is not one of offers.
    """
    if report.offer_days is None:
        msg = f"{report.name} has no offers"
        raise ValueError(msg)
    last = now.astimezone(timezone.utc).replace(microsecond=0)
    first = midnight(last.date()) - timedelta(days=report.offer_days - 1)
    if start is not None:
        first = min(max(first, midnight(start)), last)
    return first, last


def _values(
    report: ReportDefinition, option: Option, value: object, notes: list[str]
) -> list[str]:
    """Return the values to request; none for a currency left to the marketplace."""
    where = f"report_options.{report.name}.{option.name}"
    if value is None:
        return [option.default] if option.default is not None else []
    texts = _texts(where, value)
    if option.is_currency:
        return _currency(where, texts)
    known = {known.upper(): known for known in option.values}
    good = [known[text] for text in texts if text in known]
    bad = [text for text in texts if text not in known]
    if not good:
        raise ConfigError(_no_value(where, report, option, bad))
    if bad:
        notes.append(
            f"{where}: {report.name} has no {', '.join(bad)}: skipped "
            f"(it has {', '.join(option.values)})"
        )
    return good


def _texts(where: str, value: object) -> list[str]:
    entries: Iterable[object] = value if isinstance(value, (list, tuple)) else [value]
    texts = []
    for entry in entries:
        if not isinstance(entry, str):
            msg = f"{where}: {entry!r} is not text: write a value or a list of them"
            raise ConfigError(msg)
        texts.append(entry.strip().upper())
    return list(dict.fromkeys(texts))


def _currency(where: str, texts: list[str]) -> list[str]:
    """Check a currency; rows of two could not be told apart by their key."""
    if len(texts) != 1 or not _CURRENCY.fullmatch(texts[0]):
        msg = f"{where}: write one currency of three letters, e.g. EUR"
        raise ConfigError(msg)
    return texts


def _no_value(
    where: str, report: ReportDefinition, option: Option, bad: list[str]
) -> str:
    if not bad:
        return f"{where} is an empty list: name a value or leave the option out"
    return (
        f"{where}: {report.name} has no {', '.join(bad)}. "
        f"Choose from {', '.join(option.values)}"
    )


def _report(catalogue: Catalogue, name: str) -> ReportDefinition:
    report = catalogue.report(name)
    if report is not None:
        return report
    of_stream = catalogue.of_stream(name)
    if of_stream is not None:
        msg = (
            f"report_options.{name}: options are set for a report, not for one of its "
            f"streams: write {of_stream.name}"
        )
        raise ConfigError(msg)
    names = [r.name for r in catalogue.reports if r.options]
    msg = f"report_options.{name}: there is no such report: {did_you_mean(name, names)}"
    raise ConfigError(msg)


def _unknown_option(report: ReportDefinition, name: str) -> str:
    names = ", ".join(option.name for option in report.options)
    takes = f"it takes {names}" if names else "it takes none: leave it out"
    close = did_you_mean(name, [o.name for o in report.options]) if names else takes
    hint = close if close.startswith("did") else takes
    return f"report_options.{report.name}: {report.name} has no option {name}; {hint}"
