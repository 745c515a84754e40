"""Create, retrieve and delete of unified reports: one report each, index by index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.lifecycle import LIVE
from amazon_emulator.ads_unified.advertisers import advertisers_of, of_manager
from amazon_emulator.ads_unified.documents import begin_documents
from amazon_emulator.ads_unified.query import (
    create_target,
    read_report_id,
    read_request,
)
from amazon_emulator.ads_unified.store import COMPLETED, FAILED, UnifiedReport
from amazon_emulator.ads_unified.validation import UNKNOWN, Problem, problems_of
from amazon_emulator.clock import format_instant
from amazon_emulator.faults.rules import Target, first_rule
from amazon_emulator.http import Call, RefusalError, Route, route
from amazon_emulator.login.tokens import SignedInService

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.ads_accounts.accounts import AdsAccounts
    from amazon_emulator.ads_unified.advertisers import Advertiser
    from amazon_emulator.ads_unified.query import ReportRequest
    from amazon_emulator.ads_unified.store import UnifiedReportStore
    from amazon_emulator.login.tokens import TokenStore
    from amazon_emulator.state import EmulatorState
    from amazon_emulator.stored_files import UrlSigner

CLIENT_ID = "Amazon-Ads-ClientId"
CREATE = "create_unified_report"
_NOWHERE = 404
"""More parts than a report may have."""
NOT_AUTHORIZED = "Multi-account authorization failed"
CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    413: "CONTENT_TOO_LARGE",
    429: "TOO_MANY_REQUESTS",
}


class _ProblemsError(Exception):
    """A report that is refused although the call as such is right."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].message)
        self.problems = problems


class UnifiedReportsService(SignedInService):
    """The three report calls of one emulator."""

    def __init__(
        self,
        state: EmulatorState,
        accounts: AdsAccounts,
        tokens: TokenStore,
        reports: UnifiedReportStore,
        signer: UrlSigner,
    ) -> None:
        super().__init__(tokens)
        self._state, self._accounts = state, accounts
        self._reports, self._signer = reports, signer

    def target(self, call: Call) -> Target:
        """Say which accounts, ad product and days the call is about."""
        body = parsed(call.body)
        if call.operation != CREATE:
            return self._target_of_id(body)
        found = create_target(body)
        advertisers = advertisers_of(self._accounts)
        named = (advertisers[x].ids for x in found.accounts if x in advertisers)
        return replace(found, accounts=found.accounts.union(*named))

    def error_body(self, refusal: RefusalError) -> object:
        """Return the error body of this API."""
        return error_body(refusal)

    def respond_to(self, route: Route, call: Call) -> Response:
        """Carry a call out; remember a create that was turned down."""
        try:
            return super().respond_to(route, call)
        except RefusalError as refusal:
            self._remember(call, refusal.status, refusal.message)
            raise
        except _ProblemsError as error:
            return self._refused(call, error.problems)

    @route("POST", "/adsApi/v1/create/reports", CREATE)
    def create(self, call: Call) -> Response:
        """Validate a request and begin a report."""
        refuse_headers(call)
        body = parsed(call.body)
        request = read_request(body)
        advertisers = self._advertisers(request)
        now = self._state.clock.now()
        today = max(x.today(now) for found in advertisers for x in found.markets)
        problems = [*_refused_fields(call, request), *problems_of(request, today)]
        if problems:
            raise _ProblemsError(problems)
        content = body if isinstance(body, dict) else {}
        report = self._reports.create(request, advertisers, content, call.faults)
        begin_documents(report)
        return self._respond(report, LIVE[0], call)

    @route("POST", "/adsApi/v1/retrieve/reports", "retrieve_unified_report")
    def retrieve(self, call: Call) -> Response:
        """Show a report as it is now, its parts with fresh addresses."""
        report = self._found(call)
        with self._state.lock:
            report.looks += 1
            now = self._state.clock.now()
            status = report.status(now, call.faults)
            if status != report.last_status:
                report.last_status, report.updated_at = status, now
        return self._respond(report, status, call)

    @route("POST", "/adsApi/v1/delete/reports", "delete_unified_report")
    def delete(self, call: Call) -> Response:
        """Forget a report."""
        report = self._found(call)
        with self._state.lock:
            report.is_deleted = True
        return self._respond(report, report.last_status, call)

    def _found(self, call: Call) -> UnifiedReport:
        refuse_headers(call)
        report = self._reports.find(read_report_id(parsed(call.body)))
        if report is None:
            text, where = "report not found", "reportIds[0]"
            raise _ProblemsError([Problem(400000, text, where, "NOT_FOUND")])
        return report

    def _target_of_id(self, body: object) -> Target:
        try:
            report = self._reports.any(read_report_id(body))
        except RefusalError:
            report = None
        return Target() if report is None else report_target(report)

    def _advertisers(self, request: ReportRequest) -> list[Advertiser]:
        """Return whose rows are asked for, if the token may see all of them."""
        every = advertisers_of(self._accounts)
        found = [every.get(name) for name in request.advertiser_account_ids]
        for manager_id in request.manager_account_ids:
            linked = of_manager(self._accounts, manager_id, every.values())
            found += [None] if linked is None else linked
        known = [advertiser for advertiser in found if advertiser is not None]
        if len(known) < len(found) or not known:
            where = "accessRequestedAccounts"
            raise _ProblemsError([Problem(400000, NOT_AUTHORIZED, where, "FORBIDDEN")])
        return list({each.advertiser_account_id: each for each in known}.values())

    def _refused(self, call: Call, problems: Sequence[Problem]) -> Response:
        first = problems[0]
        message = f"{first.code}: {first.message}"
        if self._state.settings.unified_refusals == "bad_request":
            self._remember(call, 400, message)
            return self.refuse(RefusalError(400, message))
        self._remember(call, 207, message)
        errors = [{"index": 0, "errors": [found.as_json() for found in problems]}]
        return self.respond({"success": [], "error": errors}, 207)

    def _remember(self, call: Call, status: int, message: str) -> None:
        if call.operation == CREATE:
            self._reports.refuse(parsed(call.body), status, message)

    def _respond(self, report: UnifiedReport, status: str, call: Call) -> Response:
        shown = _plain_object(report, status)
        rules = (*call.faults, *report.rules)
        if status == FAILED:
            failed = first_rule(rules, "failed")
            reason = "" if failed is None else failed.text("reason")
            shown |= {"failureCode": "INTERNAL_ERROR", "failureReason": reason}
        if status == COMPLETED:
            shown["completedDateTime"] = format_instant(report.ready_at)
            if first_rule(rules, "no_url") is None:
                shown["completedReportParts"] = self._parts(report, call)
        success = [{"index": 0, "report": shown}]
        # As seen live; the file knows no null here.
        return self.respond({"success": success, "error": None}, 207)

    def _parts(self, report: UnifiedReport, call: Call) -> list[dict[str, object]]:
        life = self._state.settings.url_lifetime_seconds
        hidden = first_rule((*call.faults, *report.rules), "missing_part")
        other = call.fault("other_url")
        shown: list[dict[str, object]] = []
        for number, document in enumerate(report.documents):
            is_hidden = hidden is not None and hidden.number("number") == number
            if hidden is not None and is_hidden and not hidden.parameters["listed"]:
                continue
            name = _NOWHERE if is_hidden else number
            path = f"/unified-report-storage/{report.report_id}/{name}"
            url, expires = self._signer.sign(path, life)
            shown.append(
                {
                    "sizeInBytes": document.size,
                    "url": url if other is None else other.text("url"),
                    "urlExpirationDateTime": format_instant(expires),
                }
            )
        return shown


def error_body(refusal: RefusalError) -> object:
    """Return the error body that all calls of Ads API v1 share."""
    code = CODES.get(refusal.status, "INTERNAL_ERROR")
    return {"code": code, "message": refusal.message}


def refuse_headers(call: Call) -> None:
    """Refuse a call that lacks the client id under the name of this API."""
    if CLIENT_ID not in call.request.headers:
        raise RefusalError(400, f"The header {CLIENT_ID} is missing")
    if call.request.mimetype != "application/json":
        raise RefusalError(400, "Content type must be application/json")


def parsed(body: bytes) -> object:
    """Return a body as JSON; None where it is none."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def report_target(report: UnifiedReport) -> Target:
    """Return what the rules may match about a report that is there."""
    found = create_target(report.body)
    return replace(found, accounts=report.account_ids)


def _plain_object(report: UnifiedReport, status: str) -> dict[str, object]:
    reports = report.body["reports"]
    asked = reports[0] if isinstance(reports, list) else {}
    return {
        **asked,
        "reportId": report.public_id,
        "status": status,
        "creationDateTime": format_instant(report.created_at),
        "lastUpdatedDateTime": format_instant(report.updated_at),
    }


def _refused_fields(call: Call, request: ReportRequest) -> list[Problem]:
    rule = call.fault("refuse_columns")
    names = [] if rule is None else rule.texts("columns")
    return [
        Problem(UNKNOWN, f"field {name} is unknown", f"reports[0].query.fields[{at}]")
        for at, name in enumerate(request.fields)
        if name in names
    ]
