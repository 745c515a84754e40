"""The setting `reports`: what the custom reports of a user request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from string import Formatter
from typing import Any, Literal, cast, get_args

from singer_amazon.config.names import did_you_mean
from singer_amazon.errors import ConfigError
from tap_amazon_sp.documents.flat_files import FileFormat
from tap_amazon_sp.marketplaces import Marketplace, find_or_unknown
from tap_amazon_sp.periods import CUSTOM_PERIODS, Period

Dates = Literal["window", "fixed", "none"]

PLACEHOLDERS = {"name", "account", "marketplace_id", "start", "end", "report_id"}
WINDOW_DAYS = 30
_SPEC = {
    *("reportType", "reportOptions"),
    *("dataStartTime", "dataEndTime", "marketplaceIds"),
}
_WITH_PERIOD = "GET_BRAND_ANALYTICS_"
_WINDOWS = ("period", "window_days", "lookback_days", "holdback_days")
_SETTLEMENT = re.compile(r"SETTLEMENT_REPORT_DATA")


@dataclass(frozen=True, slots=True)
class CustomReport:
    """One entry of `reports`; durations in days.

    `marketplaces` empty means: each of the account's, one request each; else one
    request carries all of them. `fixed` are start and end as the user wrote them.
    """

    name: str
    is_listed: bool
    report_type: str
    options: Mapping[str, str]
    marketplaces: tuple[Marketplace, ...]
    dates: Dates
    period: Period | None
    """What its windows are whole ones of; None: any days."""
    is_period_set: bool
    """Whether the user has said so, not only its options."""
    fixed: tuple[str | None, str | None]
    window_days: int
    lookback_days: int
    holdback_days: int
    file_format: FileFormat | None
    records_path: str | None
    key: tuple[str, ...]
    accounts: tuple[str, ...]
    """Names of the accounts it is for; empty: all that can have the type."""
    output_file: str | None


def read_custom_reports(entries: Iterable[Mapping[str, Any]]) -> list[CustomReport]:
    """Read the setting.

    Raises:
        ConfigError: an entry cannot be meant so.
    """
    return [_custom_report(_Entry(entry)) for entry in entries]


class _Entry:
    """One entry, with its name at hand for complaints."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.name = str(values.get("name") or "").strip()
        if not self.name:
            raise ConfigError("reports: one has no name: it is the name of its stream")
        if not self.name.isprintable():
            msg = f"reports: the name {self.name!r} has signs that cannot be printed"
            raise ConfigError(msg)
        spec = values.get("report_spec")
        if not isinstance(spec, Mapping) or not spec.get("reportType"):
            raise self.error("report_spec.reportType is missing: name Amazon's type")
        self.spec: Mapping[str, Any] = spec
        self.report_type = str(spec["reportType"]).strip()

    def error(self, text: str) -> ConfigError:
        return ConfigError(f"reports.{self.name}: {text}")

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        return str(value).strip() or None if value is not None else None

    def days(self, name: str, default: int) -> int:
        value = self.values.get(name)
        return default if value is None else int(value)


def _custom_report(entry: _Entry) -> CustomReport:
    _check_spec(entry)
    is_listed = entry.text("mode") == "existing"
    if not is_listed and _SETTLEMENT.search(entry.report_type):
        raise entry.error(
            "settlement reports cannot be asked for, Amazon makes them: set mode to "
            "existing"
        )
    fixed = (_time(entry, "dataStartTime"), _time(entry, "dataEndTime"))
    dates = _dates(entry, fixed, is_listed=is_listed)
    options = _options(entry)
    period = _period(entry, options) if dates == "window" else None
    file_format = cast("FileFormat | None", entry.text("file_format"))
    records_path = entry.text("records_path")
    if records_path and file_format in {"CSV", "TSV"}:
        msg = f"records_path means nothing in a {file_format} file"
        raise entry.error(msg)
    return CustomReport(
        name=entry.name,
        is_listed=is_listed,
        report_type=entry.report_type,
        options=options,
        marketplaces=_marketplaces(entry),
        dates=dates,
        period=period,
        is_period_set=entry.text("period") is not None,
        fixed=fixed if dates == "fixed" else (None, None),
        window_days=entry.days("window_days", 1 if period else WINDOW_DAYS),
        lookback_days=entry.days("lookback_days", 0),
        holdback_days=entry.days("holdback_days", 0),
        file_format=file_format,
        records_path=records_path,
        key=tuple(str(name) for name in entry.values.get("key") or ()),
        accounts=tuple(str(name) for name in entry.values.get("accounts") or ()),
        output_file=_output_file(entry),
    )


def _check_spec(entry: _Entry) -> None:
    for name in sorted(set(entry.spec) - _SPEC):
        msg = (
            f"report_spec.{name} is none of Amazon's names: "
            f"{did_you_mean(name, _SPEC)} Amazon would not say so, but give other data"
        )
        raise entry.error(msg)


def _options(entry: _Entry) -> dict[str, str]:
    options = entry.spec.get("reportOptions") or {}
    if not isinstance(options, Mapping):
        raise entry.error(
            'report_spec.reportOptions is no object: write {"option": "value"}'
        )
    return {str(name): _option(entry, name, value) for name, value in options.items()}


def _option(entry: _Entry, name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    msg = f"report_spec.reportOptions.{name} is no text: Amazon takes text"
    raise entry.error(msg)


def _marketplaces(entry: _Entry) -> tuple[Marketplace, ...]:
    ids = entry.spec.get("marketplaceIds") or []
    found = {}
    for text in ids if isinstance(ids, list) else [ids]:
        marketplace = find_or_unknown(str(text))
        if marketplace is None:
            msg = (
                f"report_spec.marketplaceIds: {text!r} is no marketplace we know: "
                "write Amazon's id, or a country code"
            )
            raise entry.error(msg)
        found[marketplace.marketplace_id] = marketplace
    return tuple(found.values())


def _period(entry: _Entry, options: dict[str, str]) -> Period | None:
    """Return the kind of period of a report: its own, else that of its options.

    Where the type demands the option, the period is its value.
    """
    said = (entry.text("period") or "").upper()
    named = options.get("reportPeriod", "").upper()
    if said and named and said != named:
        msg = (
            f"period {said} and report_spec.reportOptions.reportPeriod {named} "
            "contradict each other: leave out one of them"
        )
        raise entry.error(msg)
    if said and entry.report_type.startswith(_WITH_PERIOD):
        options.setdefault("reportPeriod", said)
    if not said and named == Period.DAY.value:
        return None  # days of any number
    text = said or named
    return Period(text) if text in CUSTOM_PERIODS else None


def _time(entry: _Entry, name: str) -> str | None:
    value = entry.spec.get(name)
    if value is None:
        return None
    try:
        day_of(str(value))
    except ValueError:
        msg = (
            f"report_spec.{name} {value!r} is no time: write YYYY-MM-DD or "
            "YYYY-MM-DDTHH:MM:SSZ"
        )
        raise entry.error(msg) from None
    return str(value)


def day_of(text: str) -> date:
    """Return the day of a date or an instant; ValueError if it is neither."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).date()


def _dates(
    entry: _Entry, fixed: tuple[str | None, str | None], *, is_listed: bool
) -> Dates:
    said = entry.text("dates")
    start, end = fixed
    if is_listed and (said or start or end):
        raise entry.error(
            "mode existing takes no dates: it takes what Amazon lists since start_date"
        )
    if said is not None and said not in get_args(Dates):
        msg = f"dates {said!r} is none of window, fixed, none"
        raise entry.error(msg)
    usual = "window" if entry.text("period") else "none"
    dates = cast("Dates", said or ("fixed" if start or end else usual))
    if dates == "fixed" and not (start and end):
        raise entry.error(
            "dates fixed needs both dataStartTime and dataEndTime in report_spec: "
            "Amazon takes a missing one for now"
        )
    if dates != "fixed" and (start or end):
        msg = (
            f"dates {dates} and dates in report_spec contradict each other: leave out "
            "one of them"
        )
        raise entry.error(msg)
    if start and end and day_of(end) < day_of(start):
        msg = f"dataEndTime {end} is before dataStartTime {start}"
        raise entry.error(msg)
    for name in _WINDOWS:
        if dates != "window" and entry.values.get(name) is not None:
            msg = f"{name} works with dates window only"
            raise entry.error(msg)
    return dates


def _output_file(entry: _Entry) -> str | None:
    template = entry.text("output_file")
    if template is None:
        return None
    if not template.isprintable():
        msg = f"output_file {template!r} has signs that cannot be printed"
        raise entry.error(msg)
    names: set[str] = set()
    try:
        for _, name, form, conversion in Formatter().parse(template):
            if name is not None:
                names.add(f"{name}:{form}" if form or conversion else name)
    except ValueError:
        names = {"?"}
    bucket, _, key = template.removeprefix("s3://").partition("/")
    if template.startswith("s3://") and not (bucket and key):
        msg = (
            f"output_file {template!r} has no bucket or no name: write s3://bucket/name"
        )
        raise entry.error(msg)
    for name in sorted(names - PLACEHOLDERS):
        known = " ".join(f"{{{known}}}" for known in sorted(PLACEHOLDERS))
        msg = f"output_file: {{{name}}} is none of {known}"
        raise entry.error(msg)
    return template
