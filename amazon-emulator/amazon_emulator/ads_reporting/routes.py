"""Create, status and delete of reporting v3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from amazon_emulator.ads_accounts.scope import Account, find_account, named_account
from amazon_emulator.ads_reporting.documents import begin_document
from amazon_emulator.ads_reporting.lifecycle import AdsReport, status_of
from amazon_emulator.ads_reporting.validation import (
    ReportRequest,
    Retention,
    check_columns,
    validate,
)
from amazon_emulator.clock import format_instant
from amazon_emulator.faults.rules import Target
from amazon_emulator.http import Call, RefusalError, Route, route
from amazon_emulator.login.tokens import SignedInService

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.ads_accounts.accounts import AdsAccounts
    from amazon_emulator.ads_reporting.store import AdsReportStore
    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.login.tokens import TokenStore
    from amazon_emulator.state import EmulatorState
    from amazon_emulator.stored_files import UrlSigner

CONTENT_TYPES = (
    "application/vnd.createasyncreportrequest.v3+json",
    "application/json",
)
"""The documented type, and the one that the live API was seen to take as well."""
NOT_OFFERED = {
    "unknown_type": "configuration reportTypeId is unknown or invalid",
    "kdp": "KDP authors do not have access to Sponsored Brands functionality",
    "vendor": "This report type is not available to Vendors",
    "marketplace": (
        "Tactic T00030 is not supported for report API in marketplace A1C3SOZRARQ6R3."
    ),
    "ad_product": "configuration adProduct is not supported for this report type",
}
"""Wordings of "not for this account"; any other text is said as it is."""
_PATH = "/reporting/reports"
_STORED = "/offline-report-storage/{0}/report-{0}.json.gz"


class ReportingService(SignedInService):
    """The three report calls of one emulator."""

    def __init__(
        self,
        state: EmulatorState,
        accounts: AdsAccounts,
        tokens: TokenStore,
        reports: AdsReportStore,
        signer: UrlSigner,
    ) -> None:
        super().__init__(tokens)
        self._state, self._accounts = state, accounts
        self._reports, self._signer = reports, signer

    def target(self, call: Call) -> Target:
        """Say which account, report type and days the call is about."""
        account = named_account(call.request.headers)
        if call.operation == "create":
            return body_target(account, _parse(call.body))
        report = self._reports.any(call.arguments["report_id"])
        return body_target(account, report.body if report else None)

    def respond_to(self, route: Route, call: Call) -> Response:
        """Carry a call out; remember a create that was turned down."""
        try:
            return super().respond_to(route, call)
        except RefusalError as refusal:
            if call.operation == "create":
                account = named_account(call.request.headers)
                body = _parse(call.body)
                self._reports.refuse(account, body, refusal.status, refusal.message)
            raise

    @route("POST", _PATH, "create")
    def create(self, call: Call) -> Response:
        """Validate a request and begin a report."""
        report = self._create(call, _parse(call.body))
        return self.respond(self._object(report, "PENDING", call))

    @route("GET", f"{_PATH}/<path:report_id>", "status")
    def status(self, call: Call) -> Response:
        """Show a report as it is now."""
        report = self._own(call)
        now = self._state.clock.now()
        with self._state.lock:
            report.looks += 1
            status = status_of(report, now, call.faults)
            if status != report.last_status:
                report.last_status, report.updated_at = status, now
        return self.respond(self._object(report, status, call))

    @route("DELETE", f"{_PATH}/<path:report_id>", "delete")
    def delete(self, call: Call) -> Response:
        """Cancel a report that is still PENDING."""
        report = self._own(call)
        with self._state.lock:
            status = status_of(report, self._state.clock.now())
            if status != "PENDING":
                text = f"Report cannot be deleted, its status is {status}"
                raise RefusalError(400, text)
            report.is_deleted, report.last_status = True, "DELETED"
        body = {"code": "200", "detail": "Report deleted"}
        return self.respond(body | {"reportId": report.public_id})

    def _create(self, call: Call, body: object) -> AdsReport:
        account = self._account(call)
        if call.request.mimetype not in CONTENT_TYPES:
            raise RefusalError(415, f"Content type must be {CONTENT_TYPES[0]}")
        _refuse_type(call)
        now, retention = self._state.clock.now(), self._retention(call)
        request = validate(body, account, now, retention)
        refused = call.fault("refuse_columns")
        if refused is not None:
            _refuse_columns(request, refused)
        content = body if isinstance(body, dict) else {}
        other = call.fault("duplicate_of")
        if other is not None:
            raise _duplicate(self._other_report(account, request, content, other))
        with self._state.lock:
            running = self._reports.duplicate(account, request)
            if running is not None:
                raise _duplicate(running.public_id)
            report = self._reports.create(account, request, content, call.faults)
        begin_document(report)
        return report

    def _retention(self, call: Call) -> Retention:
        rule, wording = call.fault("retention"), self._state.settings.retention_wording
        if rule is None:
            return Retention(wording)
        given = rule.parameters["wording"]
        return Retention(str(given or wording), int(rule.number("days")))

    def _other_report(
        self,
        account: Account,
        request: ReportRequest,
        body: Mapping[str, object],
        rule: Rule,
    ) -> str:
        """Return the id the rule names, else that of a report of another time unit.

        Seen live: Amazon called a SUMMARY request a duplicate of a DAILY one.
        """
        if rule.parameters["report_id"] is not None:
            return rule.text("report_id")
        times = request.report_type.time_columns
        unit = next(unit for unit in times if unit != request.time_unit)
        dated = times[request.time_unit]
        columns = [*times[unit], *(x for x in request.columns if x not in dated)]
        configuration = body["configuration"]
        inner = configuration if isinstance(configuration, dict) else {}
        changes = {"timeUnit": unit, "columns": columns}
        other_body = {**body, "configuration": {**inner, **changes}}
        other = replace(request, time_unit=unit, columns=columns)
        report = self._reports.create(account, other, other_body, ())
        report.is_asked = False
        begin_document(report)
        return report.report_id

    def _account(self, call: Call) -> Account:
        region = self._state.settings.region
        return find_account(self._accounts, region, call.request.headers)

    def _own(self, call: Call) -> AdsReport:
        account = self._account(call)
        report = self._reports.find(call.arguments["report_id"])
        if report is None or report.account != account.key:
            raise RefusalError(404, "Not Found")
        return report

    def _object(self, report: AdsReport, status: str, call: Call) -> dict[str, object]:
        rules = (*call.faults, *report.rules)
        shown = _plain_object(report, status)
        if status == "FAILED":
            reasons = [rule.text("reason") for rule in rules if rule.action == "failed"]
            shown["failureReason"] = next(iter(reasons), None)
        if status == "COMPLETED":
            shown["generatedAt"] = format_instant(report.ready_at)
            if not any(rule.action == "no_url" for rule in rules):
                report.document.complete()
                shown["fileSize"] = report.document.size
                life = self._state.settings.url_lifetime_seconds
                path = _STORED.format(report.report_id)
                url, expires = self._signer.sign(path, life)
                other = call.fault("other_url")
                shown["url"] = url if other is None else other.text("url")
                shown["urlExpiresAt"] = format_instant(expires)
        return shown


def _plain_object(report: AdsReport, status: str) -> dict[str, object]:
    configuration = report.body["configuration"]
    inner = configuration if isinstance(configuration, dict) else {}
    return {
        "reportId": report.public_id,
        "status": status,
        "name": report.body.get("name"),
        "startDate": report.body["startDate"],
        "endDate": report.body["endDate"],
        "configuration": {**inner, "filters": inner.get("filters") or None},
        "createdAt": format_instant(report.created_at),
        "updatedAt": format_instant(report.updated_at or report.created_at),
        "generatedAt": None,
        "failureReason": None,
        "fileSize": None,
        "url": None,
        "urlExpiresAt": None,
    }


def body_target(account: str | None, body: object) -> Target:
    """Return what the rules may match about a create body, however wrong it is."""
    top = body if isinstance(body, Mapping) else {}
    inner = top.get("configuration")
    configuration = inner if isinstance(inner, Mapping) else {}
    accounts = {account} if account else set()
    for entry in _list(configuration.get("filters")):
        if isinstance(entry, Mapping) and entry.get("field") == "advertiserId":
            accounts.update(str(value) for value in _list(entry.get("values")))
    report_type_id = configuration.get("reportTypeId")
    return Target(
        frozenset(accounts),
        None if report_type_id is None else str(report_type_id),
        frozenset(str(name) for name in _list(configuration.get("groupBy"))),
        _text(top.get("startDate")),
        _text(top.get("endDate")),
        frozenset(str(name) for name in _list(configuration.get("columns"))),
    )


def _refuse_type(call: Call) -> None:
    rule = call.fault("not_offered")
    if rule is not None:
        wording = rule.text("wording")
        raise RefusalError(int(rule.number("code")), NOT_OFFERED.get(wording, wording))


def _refuse_columns(request: ReportRequest, rule: Rule) -> None:
    names = set(_list(rule.parameters["columns"]))
    every = request.report_type.allowed_columns(request.group_by, request.time_unit)
    check_columns(request.columns, [name for name in every if name not in names])


def _duplicate(report_id: str) -> RefusalError:
    return RefusalError(425, f"The Request is a duplicate of : {report_id}")


def _parse(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
