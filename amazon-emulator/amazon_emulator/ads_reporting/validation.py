"""Validates a create request as Amazon does: the first mistake is a 400 with its text.

Where Amazon's text is known it is used; the others are worded here (docs/emulator.md
lists which).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeGuard

from amazon_emulator.ads_accounts.scope import ACCOUNT
from amazon_emulator.ads_reporting.contract import DSP, report_types
from amazon_emulator.http import RefusalError

if TYPE_CHECKING:
    from amazon_emulator.ads_accounts.scope import Account
    from amazon_emulator.ads_reporting.contract import ReportType

AD_PRODUCTS = (
    "ALL",
    DSP,
    "SPONSORED_BRANDS",
    "SPONSORED_DISPLAY",
    "SPONSORED_PRODUCTS",
    "SPONSORED_TELEVISION",
)
MAX_ADVERTISERS = 100
WRONG_ACCOUNT = "Invalid Advertiser or Marketplace ID."
_TOP = {"name", "startDate", "endDate", "configuration"}
_LISTS = ("groupBy", "columns")
_TEXTS = ("adProduct", "reportTypeId", "timeUnit", "format")
_CONFIGURATION = {*_LISTS, *_TEXTS, "filters"}
_MISSING = "Required fields are invalid or missing:"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """A create request that passed."""

    report_type: ReportType
    start: date
    end: date
    time_unit: str
    file_format: str
    group_by: Sequence[str]
    columns: Sequence[str]
    filters: Mapping[str, Sequence[str]]
    advertiser_ids: Sequence[str]

    @property
    def identity(self) -> str:
        """What makes two requests of one account duplicates; order does not count."""
        parts: list[object] = [
            self.report_type.report_type_id,
            self.start,
            self.end,
            self.time_unit,
            self.file_format,
            sorted(self.group_by),
            sorted(self.columns),
            sorted((name, sorted(values)) for name, values in self.filters.items()),
        ]
        return repr(parts)


@dataclass(frozen=True, slots=True)
class Retention:
    """How far back reports go, and how Amazon says so."""

    wording: str = "old"
    days: int | None = None
    """None: as the report type says."""


def validate(
    body: object,
    account: Account,
    now: datetime,
    retention: Retention = Retention(),
) -> ReportRequest:
    """Return the request if Amazon would take it, else raise a RefusalError (400)."""
    given, configuration = _checked(body)
    report_type = _report_type(configuration)
    _account_fits(report_type, account)
    group_by, columns = configuration["groupBy"], configuration["columns"]
    time_unit, file_format = configuration["timeUnit"], configuration["format"]
    _grouping(report_type, group_by)
    _one_of("timeUnit", time_unit, report_type.time_units)
    _one_of("format", file_format, report_type.formats)
    check_columns(columns, report_type.allowed_columns(group_by, time_unit))
    filters = _filters(report_type, group_by, configuration.get("filters"))
    advertiser_ids = _advertisers(report_type, account, filters)
    start, end = (_date(name, given[name]) for name in ("startDate", "endDate"))
    _range(report_type, start, end)
    todays = [now.astimezone(zone).date() for zone in account.zones(advertiser_ids)]
    _reach(report_type, (start, end), todays, retention)
    return ReportRequest(
        report_type,
        start,
        end,
        time_unit,
        file_format,
        group_by,
        columns,
        filters,
        advertiser_ids,
    )


def check_columns(columns: Iterable[str], allowed: Sequence[str]) -> None:
    """Refuse columns that are not allowed, in the words Amazon uses."""
    wrong = [name for name in columns if name not in set(allowed)]
    if wrong:
        message = (
            f"configuration columns includes invalid values: ({', '.join(wrong)}). "
            f"Allowed values: ({', '.join(allowed)})"
        )
        raise RefusalError(400, message)


def _checked(body: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a body and its configuration whose fields are all there and fit."""
    if not isinstance(body, dict):
        raise RefusalError(400, "Request body must be a JSON object")
    configuration = body.get("configuration")
    inner = configuration if isinstance(configuration, dict) else {}
    missing = [name for name in ("startDate", "endDate") if not _text(body.get(name))]
    if not isinstance(configuration, dict):
        missing.append("configuration")
    else:
        missing += [f"configuration {n}" for n in _TEXTS if not _text(inner.get(n))]
        missing += [f"configuration {n}" for n in _LISTS if not _names(inner.get(n))]
    if missing:
        raise RefusalError(400, f"{_MISSING} {', '.join(missing)}")
    unknown = [str(key) for key in body if key not in _TOP]
    unknown += [f"configuration {key}" for key in inner if key not in _CONFIGURATION]
    if unknown:
        raise RefusalError(400, f"Unknown fields: {', '.join(unknown)}")
    if body.get("name") is not None and not isinstance(body["name"], str):
        raise RefusalError(400, "name must be a string")
    return body, inner


def _report_type(given: Mapping[str, Any]) -> ReportType:
    _one_of("adProduct", given["adProduct"], AD_PRODUCTS)
    report_type = report_types().get(given["reportTypeId"])
    if report_type is None:
        raise RefusalError(400, "configuration reportTypeId is unknown or invalid")
    if report_type.ad_product != given["adProduct"]:
        text = "configuration adProduct is not supported for this report type"
        raise RefusalError(400, text)
    return report_type


def _account_fits(report_type: ReportType, account: Account) -> None:
    is_dsp = account.kind in ("agency", "linked")
    fits = account.kind != "attribution" and is_dsp == (report_type.ad_product == DSP)
    if not fits:
        raise RefusalError(400, WRONG_ACCOUNT)


def _grouping(report_type: ReportType, group_by: Sequence[str]) -> None:
    allowed = ", ".join(report_type.groupings)
    wrong = [name for name in group_by if name not in report_type.groupings]
    if not wrong and not report_type.allows_grouping(group_by):
        if report_type.must_include_one_of:
            allowed += f"; {' or '.join(report_type.must_include_one_of)} is required"
        wrong = list(group_by)
    if wrong:
        message = (
            f"configuration invalid groupBy values: ({', '.join(wrong)}). "
            f"Allowed values: ({allowed})"
        )
        raise RefusalError(400, message)


def _filters(
    report_type: ReportType, group_by: Sequence[str], given: object
) -> dict[str, list[str]]:
    allowed = report_type.allowed_filters(group_by)
    filters = _filter_entries(given)
    wrong = [name for name in filters if name not in allowed]
    if wrong:
        groups = ", ".join(group_by)
        message = (
            f"configuration filters includes fields: ({', '.join(wrong)}) which are "
            f"invalid for groupBys: {groups}. Allowed filters for groupBy {groups}: "
            f"({', '.join(allowed)})"
        )
        raise RefusalError(400, message)
    for name, values in filters.items():
        choices = allowed[name]
        for value in values if choices is not None else ():
            _one_of(f"filters {name}", value, choices or ())
    for name in report_type.required_filters:
        if name not in filters:
            raise RefusalError(400, f"{_MISSING} configuration filters {name}")
    return filters


def _filter_entries(given: object) -> dict[str, list[str]]:
    entries = given if isinstance(given, list) else [] if given is None else [None]
    filters: dict[str, list[str]] = {}
    for entry in entries:
        content = entry if isinstance(entry, dict) else {}
        name, values = content.get("field"), content.get("values")
        fits = set(content) == {"field", "values"} and name not in filters
        if not fits or not _text(name) or not _names(values):
            text = "configuration filters must be a list of {field, values[]}"
            raise RefusalError(400, text)
        filters[name] = values
    return filters


def _advertisers(
    report_type: ReportType, account: Account, filters: Mapping[str, Sequence[str]]
) -> list[str]:
    if report_type.ad_product != DSP:
        return []
    requested = list(dict.fromkeys(filters["advertiserId"]))
    if account.header == ACCOUNT and requested != [account.account_id]:
        text = f"configuration filters advertiserId must be the one of {ACCOUNT}"
        raise RefusalError(400, text)
    if len(requested) > MAX_ADVERTISERS:
        text = f"configuration filters advertiserId takes 1 to {MAX_ADVERTISERS} values"
        raise RefusalError(400, text)
    if any(advertiser_id not in account.advertisers for advertiser_id in requested):
        raise RefusalError(400, WRONG_ACCOUNT)
    return requested


def _range(report_type: ReportType, start: date, end: date) -> None:
    days = (end - start).days + 1
    if days < 1:
        raise RefusalError(400, "endDate must not be before startDate")
    if days > report_type.max_range_days:
        message = (
            f"startDate to endDate range ({days} days) must not exceed "
            f"maximum range ({report_type.max_range_days} days)"
        )
        raise RefusalError(400, message)


def _reach(
    report_type: ReportType,
    days: tuple[date, date],
    todays: Sequence[date],
    retention: Retention,
) -> None:
    start, end = days
    kept = retention.days or report_type.retention_days
    if end > max(todays):
        raise RefusalError(400, f"endDate {end} must not be in the future")
    earliest = min(todays) - timedelta(days=kept - 1)
    if start >= earliest:
        return
    if retention.wording == "new":
        message = (
            f"startDate ({start}) must be equal to or after report type data retention "
            f"start date ({earliest})"
        )
        raise RefusalError(400, message)
    message = (
        f"Report date is too far in the past: startDate {start} is before "
        f"{earliest} ({kept} days are kept)"
    )
    raise RefusalError(400, message)


def _date(name: str, text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise RefusalError(400, f"{_MISSING} {name}")


def _one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        message = (
            f"configuration {name} includes invalid values: ({value}). "
            f"Allowed values: ({', '.join(allowed)})"
        )
        raise RefusalError(400, message)


def _text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value)


def _names(value: object) -> TypeGuard[list[str]]:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, str) for item in value)
        and len(set(value)) == len(value)
    )
