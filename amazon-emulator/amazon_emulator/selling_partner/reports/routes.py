"""Reports 2021-06-30: create, list, show, cancel, document address."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.clock import format_seconds
from amazon_emulator.faults.rules import Target, first_rule
from amazon_emulator.http import Call, RefusalError, route
from amazon_emulator.selling_partner.access.authorization import SpService
from amazon_emulator.selling_partner.access.refusals import (
    denied,
    invalid,
    read_body,
)
from amazon_emulator.selling_partner.queries import page_token
from amazon_emulator.selling_partner.report_types import SALES_AND_TRAFFIC
from amazon_emulator.selling_partner.reports.lifecycle import (
    IN_QUEUE,
    STATUSES,
    SpReport,
    has_document,
    status_of,
)
from amazon_emulator.selling_partner.reports.listing import (
    ListingFilter,
    read_listing,
)
from amazon_emulator.selling_partner.reports.request_validation import validate

if TYPE_CHECKING:
    from datetime import datetime

    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.selling_partner.access.authorization import Authorization
    from amazon_emulator.selling_partner.access.tokens import Grant
    from amazon_emulator.selling_partner.reports.store import SpReportStore
    from amazon_emulator.stored_files import UrlSigner

_REPORTS = "/reports/2021-06-30/reports"
_REPORT = f"{_REPORTS}/<path:report_id>"
_DOCUMENT = "/reports/2021-06-30/documents/<path:document_id>"
STORED = "/sp-report-storage/{0}"
ENCODED = "response-content-encoding"
_QUARTER_HOUR_RATE = 1 / 900


class SpReportsService(SpService):
    """The five report calls of one emulator."""

    def __init__(
        self, authorization: Authorization, reports: SpReportStore, signer: UrlSigner
    ) -> None:
        super().__init__(authorization)
        self._reports, self._signer = reports, signer

    def target(self, call: Call) -> Target:
        """Say which account, report type and days the call is about."""
        accounts = self._authorization.names(call)
        if call.operation == "create_report":
            return body_target(accounts, call.body)
        grant = self._authorization.tokens.find(call.request)
        report = None
        if "document_id" in call.arguments:
            report = self._reports.of_document(call.arguments["document_id"])
        elif grant is not None and "report_id" in call.arguments:
            name = grant.partner.name
            report = self._reports.find(name, call.arguments["report_id"])
        if report is None:
            return Target(accounts)
        return report_target(accounts, report)

    @route("POST", _REPORTS, "create_report")
    def create(self, call: Call, grant: Grant) -> Response:
        """Validate a request and begin a report."""
        body = read_body(call)
        now, extra = self._state.clock.now(), self._state.settings.sp_extra_delay_hours
        request = validate(body, grant.partner, now, extra)
        if request.report_type.name == SALES_AND_TRAFFIC:
            # One in a quarter of an hour, over all accounts of the application.
            limiter, name = self._authorization.rate_limiter, SALES_AND_TRAFFIC
            limiter.check_bucket(name, "application", _QUARTER_HOUR_RATE, 1)
        report = self._reports.create(grant.partner, request, body, call.faults)
        return self.respond({"reportId": report.public_id}, 202)

    @route("GET", _REPORT, "get_report")
    def show(self, call: Call, grant: Grant) -> Response:
        """Show a report as it is now."""
        report = self._own(call, grant)
        with self._state.lock:
            report.looks += 1
        return self.respond(self._object(report, call.faults))

    @route("DELETE", _REPORT, "cancel_report")
    def cancel(self, call: Call, grant: Grant) -> Response:
        """Cancel a report that still waits."""
        report = self._own(call, grant)
        with self._state.lock:
            status = status_of(report, self._state.clock.now())
            if status != IN_QUEUE:
                raise invalid("The report cannot be cancelled.", f"It is {status}.")
            report.is_cancelled, report.last_status = True, "CANCELLED"
        return Response(b"", 200, content_type="application/json")

    @route("GET", _DOCUMENT, "get_report_document")
    def document(self, call: Call, grant: Grant) -> Response:
        """Return a fresh URL of a document."""
        report = self._reports.of_document(call.arguments["document_id"])
        if report is None or report.account != grant.partner.name:
            raise RefusalError(404, "The report document was not found.")
        status = status_of(report, self._state.clock.now())
        if not has_document(report, status):
            raise RefusalError(404, "The report document was not found.")
        if report.plan.report_type.is_restricted and not grant.is_restricted:
            raise denied()
        with self._state.lock:
            report.document_calls += 1
        is_packed = report.document.is_packed or _starts_as_gzip(report)
        wants_header = call.request.args.get("enableContentEncodingUrlHeader") == "true"
        more = {ENCODED: "gzip"} if wants_header and is_packed else {}
        life = self._state.settings.sp_document_url_lifetime_seconds
        url, _ = self._signer.sign(STORED.format(report.document_id), life, more)
        other = call.fault("other_url")
        url = url if other is None else other.text("url")
        body = {"reportDocumentId": call.arguments["document_id"], "url": url}
        if is_packed:
            body["compressionAlgorithm"] = "GZIP"
        return self.respond(body)

    @route("GET", _REPORTS, "get_reports")
    def listed(self, call: Call, grant: Grant) -> Response:
        """List the reports of an account page by page, newest first."""
        query, offset = read_listing(call.request)
        asked = ListingFilter(query, self._state.clock.now())
        found = [
            shown
            for report in self._reports.of_account(grant.partner)
            if asked.fits(report, shown := self._object(report, ()))
        ]
        page = found[offset : offset + asked.page_size]
        body: dict[str, object] = {"reports": page}
        if offset + asked.page_size < len(found):
            body["nextToken"] = page_token(
                {"query": query, "offset": offset + asked.page_size}
            )
        return self.respond(body)

    def _own(self, call: Call, grant: Grant) -> SpReport:
        found = self._reports.find(grant.partner.name, call.arguments["report_id"])
        if found is None:
            raise RefusalError(404, "The report was not found.")
        return found

    def _object(self, report: SpReport, rules: Sequence[Rule]) -> dict[str, object]:
        status = status_of(report, self._state.clock.now(), rules)
        report.last_status = status
        plan = report.plan
        shown: dict[str, object] = {
            "reportId": report.public_id,
            "reportType": plan.report_type.name,
            "marketplaceIds": [each.marketplace_id for each in plan.marketplaces],
            "dataStartTime": _stamp(plan.start),
            "dataEndTime": _stamp(plan.end),
            "createdTime": _stamp(report.created_at),
            "processingStatus": status,
        }
        if status != IN_QUEUE:
            half = timedelta(seconds=report.ready_after_seconds / 2)
            shown["processingStartTime"] = _stamp(report.created_at + half)
        if status in STATUSES[2:]:
            shown["processingEndTime"] = _stamp(report.ready_at)
        if has_document(report, status, rules):
            other = first_rule(rules, "other_id")
            shown["reportDocumentId"] = (
                report.document_id
                if other is None
                else self._reports.name_document(report, other.text("id"))
            )
        if self._state.settings.sp_unknown_fields:
            shown["newField2027"] = {"note": "not in the model"}
        return shown


def body_target(accounts: frozenset[str], body: bytes) -> Target:
    """Return what the rules may match about a createReport, however wrong it is."""
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return Target(accounts)
    ids = content.get("marketplaceIds")
    marketplaces = {str(each) for each in ids} if isinstance(ids, list) else set()
    options = content.get("reportOptions")
    values = options.values() if isinstance(options, dict) else ()
    return Target(
        accounts | marketplaces,
        str(content.get("reportType")),
        frozenset(str(value) for value in values),
        _day(content.get("dataStartTime")),
        _day(content.get("dataEndTime")),
    )


def report_target(accounts: frozenset[str], report: SpReport) -> Target:
    """Return what the rules may match about a report."""
    plan = report.plan
    names = {plan.partner.name, plan.partner.partner_id}
    marketplaces = {each.marketplace_id for each in plan.marketplaces}
    return Target(
        accounts | names | marketplaces,
        plan.report_type.name,
        frozenset(plan.options.values()),
        plan.start.date().isoformat(),
        plan.end.date().isoformat(),
    )


def _day(value: object) -> str | None:
    return value[:10] if isinstance(value, str) else None


def _starts_as_gzip(report: SpReport) -> bool:
    with report.document.path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _stamp(instant: datetime) -> str:
    return format_seconds(instant, "+00:00")
