"""What a create asks for, read from its body: accounts, format, period, query.

Pure. What does not have the shape of the file is a RefusalError (400); whether the
fields fit together is for `validation` to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeGuard

from amazon_emulator.faults.rules import Target
from amazon_emulator.http import RefusalError

FORMATS = ("CSV", "GZIP_JSON", "PARTITIONED_CSV", "PARTITIONED_GZIP_JSON")
OPERATORS = ("EQUALS", "IN")
MAX_ACCOUNTS, MAX_FIELDS, MAX_FILTERS, MAX_VALUES = 5, 1000, 10, 2000
"""Accounts: as the guide has it; the file itself would allow 2000."""
_ACCOUNT_KEYS = ("advertiserAccountId", "managerAccountId")
_CURRENCY = re.compile("[A-Z]{3}")
_DATE_PERIOD = "reports[0].periods[0].datePeriod"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a filter; all of them have to hold."""

    field: str
    values: frozenset[str]
    is_negated: bool
    location: str

    def holds(self, value: object) -> bool:
        """Return whether a value passes."""
        return (str(value) in self.values) is not self.is_negated


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """A create whose shape is right."""

    advertiser_account_ids: Sequence[str]
    manager_account_ids: Sequence[str]
    file_format: str
    start: date
    end: date
    fields: Sequence[str]
    conditions: Sequence[Condition]
    currency: str | None

    @property
    def is_partitioned(self) -> bool:
        """Whether the document comes in parts."""
        return self.file_format.startswith("PARTITIONED")

    @property
    def is_csv(self) -> bool:
        """Whether the document is CSV."""
        return self.file_format.endswith("CSV")


def read_request(body: object) -> ReportRequest:
    """Read the body of a create.

    Raises:
        RefusalError: 400, it is not as the file has it.
    """
    top = _object(body, "body", {"accessRequestedAccounts", "reports"})
    accounts = _list(top, "accessRequestedAccounts", "", MAX_ACCOUNTS)
    named = [_account(entry, at) for at, entry in enumerate(accounts)]
    (report,) = _list(top, "reports", "", 1)
    known = {"format", "periods", "query", "currencyOfView"}
    given = _object(report, "reports[0]", known)
    if given.get("format") not in FORMATS:
        raise _wrong("reports[0].format", f"must be one of {', '.join(FORMATS)}")
    (period,) = _list(given, "periods", "reports[0].", 1)
    start, end = _period(period)
    query = _object(given.get("query"), "reports[0].query", {"fields", "filter"})
    fields = _list(query, "fields", "reports[0].query.", MAX_FIELDS)
    if not _all_texts(fields):
        raise _wrong("reports[0].query.fields", "must be a list of names")
    return ReportRequest(
        [value for key, value in named if key == _ACCOUNT_KEYS[0]],
        [value for key, value in named if key == _ACCOUNT_KEYS[1]],
        str(given["format"]),
        start,
        end,
        fields,
        list(_conditions(query.get("filter"), "reports[0].query.filter")),
        _currency(given.get("currencyOfView")),
    )


def read_report_id(body: object) -> str:
    """Read the body of a retrieve or delete: exactly one id.

    Raises:
        RefusalError: 400, with the code that a list of several was seen to get.
    """
    top = _object(body, "body", {"reportIds"})
    (report_id,) = _list(top, "reportIds", "", 1)
    if not isinstance(report_id, str) or not report_id:
        raise _wrong("reportIds[0]", "must be a text")
    return report_id


def create_target(body: object) -> Target:
    """Return what the rules may match about a create, however wrong it is.

    Accounts as they are named; the ad product of the filter as report type.
    """
    try:
        request = read_request(body)
    except RefusalError:
        return Target()
    products = [
        product
        for condition in request.conditions
        for product in sorted(condition.values)
        if condition.field == "adProduct.value"
    ]
    return Target(
        frozenset((*request.advertiser_account_ids, *request.manager_account_ids)),
        next(iter(products), None),
        frozenset(x for x in request.fields if not x.startswith("metric.")),
        request.start.isoformat(),
        request.end.isoformat(),
        frozenset(request.fields),
    )


def _account(entry: object, at: int) -> tuple[str, str]:
    where = f"accessRequestedAccounts[{at}]"
    given = _object(entry, where, set(_ACCOUNT_KEYS))
    pairs = [(str(key), value) for key, value in given.items()]
    if len(pairs) != 1 or not isinstance(pairs[0][1], str):
        raise _wrong(where, f"must have one of {' and '.join(_ACCOUNT_KEYS)}")
    return pairs[0]


def _period(entry: object) -> tuple[date, date]:
    where = "reports[0].periods[0]"
    inner = _object(entry, where, {"datePeriod"}).get("datePeriod")
    given = _object(inner, f"{where}.datePeriod", {"startDate", "endDate"})
    return _date(given, "startDate"), _date(given, "endDate")


def _date(given: Mapping[str, object], name: str) -> date:
    text = given.get(name)
    try:
        if isinstance(text, str) and _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _wrong(_DATE_PERIOD, f"must have {name}: YYYY-MM-DD")


def _conditions(given: object, where: str) -> list[Condition]:
    if given is None:
        return []
    entry = _object(given, where, {"on", "and"})
    if set(entry) == {"on"}:
        return [_condition(entry["on"], f"{where}.on")]
    if set(entry) != {"and"}:
        raise _wrong(where, "must have one of on and and")
    inner = _object(entry["and"], f"{where}.and", {"filters"})
    parts = _list(inner, "filters", f"{where}.and.", MAX_FILTERS)
    return [
        found
        for at, part in enumerate(parts)
        for found in _conditions(part, f"{where}.and.filters[{at}]")
    ]


def _condition(given: object, where: str) -> Condition:
    entry = _object(given, where, {"field", "comparisonOperator", "not", "values"})
    name, values = entry.get("field"), _list(entry, "values", f"{where}.", MAX_VALUES)
    if not isinstance(name, str) or not _all_texts(values):
        raise _wrong(where, "must have a field and values that are texts")
    operator = entry.get("comparisonOperator")
    if operator not in OPERATORS or (operator == "EQUALS" and len(values) != 1):
        raise _wrong(where, "must be EQUALS with one value, or IN")
    if not isinstance(entry.get("not"), bool):
        raise _wrong(where, "must say true or false under not")
    return Condition(name, frozenset(values), entry["not"] is True, where)


def _currency(given: object) -> str | None:
    if given is None or (isinstance(given, str) and _CURRENCY.fullmatch(given)):
        return given
    raise _wrong("reports[0].currencyOfView", "must be the code of a currency")


def _object(given: object, where: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise _wrong(where, "is missing or no JSON object")
    unknown = sorted(set(given) - known)
    if unknown:
        raise _wrong(where, f"has unknown fields: {', '.join(unknown)}")
    return given


def _list(
    given: Mapping[str, object], name: str, before: str, most: int
) -> Sequence[Any]:
    entries = given.get(name)
    if not isinstance(entries, list) or not 1 <= len(entries) <= most:
        size = "exactly 1 entry" if most == 1 else f"1 to {most} entries"
        where = f"{before}{name}"
        raise _wrong(where, f"must be a list of {size}")
    return entries


def _all_texts(values: Sequence[object]) -> TypeGuard[Sequence[str]]:
    return all(isinstance(value, str) and value for value in values)


def _wrong(where: str, what: str) -> RefusalError:
    return RefusalError(400, f"400000: {where} {what}")
