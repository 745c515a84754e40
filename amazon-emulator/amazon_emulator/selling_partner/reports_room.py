"""Reports 2021-06-30: create, list, show, cancel, document address."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.faults import Target
from amazon_emulator.selling_partner.contract import SALES_AND_TRAFFIC
from amazon_emulator.selling_partner.judge import judge, read_body
from amazon_emulator.selling_partner.lifecycle import (
    IN_QUEUE,
    STATUSES,
    SpReport,
    has_document,
    status_of,
)
from amazon_emulator.selling_partner.listing import Wanted, listing_token, read_listing
from amazon_emulator.selling_partner.refusals import (
    OVER_QUOTA,
    SpRefusalError,
    denied,
    invalid,
)
from amazon_emulator.wire import Call, Route, json_response

if TYPE_CHECKING:
    from amazon_emulator.faults import Rule
    from amazon_emulator.selling_partner.access import Grant
    from amazon_emulator.selling_partner.guard import Guard
    from amazon_emulator.selling_partner.reports import SpReportStore
    from amazon_emulator.storage import UrlSigner
    from amazon_emulator.wire import RefusalError

_REPORTS = "/reports/2021-06-30/reports"
_DOCUMENTS = "/reports/2021-06-30/documents"
STORED = "/sp-report-storage/{0}"
ENCODED = "response-content-encoding"
_QUARTER_HOUR_RATE = 1 / 900


class SpReportsRoom:
    """The five report calls of one emulator."""

    def __init__(self, guard: Guard, reports: SpReportStore, signer: UrlSigner) -> None:
        self._guard, self._core = guard, guard.core
        self._reports, self._signer = reports, signer

    @property
    def routes(self) -> Sequence[Route]:
        """Create, list, show, cancel, document."""
        one = f"{_REPORTS}/<report_id>"
        document = f"{_DOCUMENTS}/<document_id>"
        route = self._guard.route
        return (
            route("POST", _REPORTS, "create_report", self.create),
            route("GET", _REPORTS, "get_reports", self.listed),
            route("GET", one, "get_report", self.show),
            route("DELETE", one, "cancel_report", self.cancel),
            route("GET", document, "get_report_document", self.document),
        )

    def target(self, call: Call) -> Target:
        """Say which account, report type and days the call is about."""
        accounts = self._guard.account(call)
        if call.operation == "create_report":
            return body_target(accounts, call.body)
        grant = self._guard.access.find(call.request)
        report = None
        if "document_id" in call.arguments:
            report = self._reports.of_document(call.arguments["document_id"])
        elif grant is not None and "report_id" in call.arguments:
            name = grant.partner.name
            report = self._reports.find(name, call.arguments["report_id"])
        if report is None:
            return Target(accounts)
        return report_target(accounts, report)

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal as all these APIs do."""
        return self._guard.refuse(refusal)

    def reset(self) -> None:
        """Forget all reports, tokens and rates."""
        self._guard.reset()
        self._reports.reset()

    def create(self, call: Call, grant: Grant) -> Response:
        """Judge a request and begin a report."""
        if call.request.mimetype != "application/json":
            raise SpRefusalError(415, "Content type must be application/json.")
        body = read_body(call.body)
        now, extra = self._core.clock.now(), self._core.settings.sp_extra_delay_hours
        request = judge(body, grant.partner, now, extra)
        if request.report_type.name == SALES_AND_TRAFFIC:
            self._take_one_of_the_application()
        report = self._reports.create(grant.partner, request, body, call.faults)
        return json_response({"reportId": report.report_id}, 202)

    def show(self, call: Call, grant: Grant) -> Response:
        """Show a report as it is now."""
        report = self._own(call, grant)
        with self._core.lock:
            report.looks += 1
        return json_response(self._object(report, call.faults))

    def cancel(self, call: Call, grant: Grant) -> Response:
        """Cancel a report that still waits."""
        report = self._own(call, grant)
        with self._core.lock:
            word = status_of(report, self._core.clock.now())
            if word != IN_QUEUE:
                raise invalid("The report cannot be cancelled.", f"It is {word}.")
            report.is_cancelled, report.last_status = True, "CANCELLED"
        return Response(b"", 200, content_type="application/json")

    def document(self, call: Call, grant: Grant) -> Response:
        """Return a fresh address of a document."""
        report = self._reports.of_document(call.arguments["document_id"])
        if report is None or report.account != grant.partner.name:
            raise SpRefusalError(404, "The report document was not found.")
        word = status_of(report, self._core.clock.now())
        if not has_document(report, word):
            raise SpRefusalError(404, "The report document was not found.")
        if report.plan.report_type.is_restricted and not grant.is_restricted:
            raise denied()
        with self._core.lock:
            report.document_calls += 1
        is_packed = report.document.is_packed or _starts_as_gzip(report)
        wants_header = call.request.args.get("enableContentEncodingUrlHeader") == "true"
        more = {ENCODED: "gzip"} if wants_header and is_packed else {}
        life = self._core.settings.sp_document_url_lifetime_seconds
        url, _ = self._signer.sign(STORED.format(report.document_id), life, more)
        body = {"reportDocumentId": report.document_id, "url": url}
        if is_packed:
            body["compressionAlgorithm"] = "GZIP"
        return json_response(body)

    def listed(self, call: Call, grant: Grant) -> Response:
        """List the reports of an account page by page, newest first."""
        query, offset = read_listing(call.request)
        wanted = Wanted(query, self._core.clock.now())
        found = [
            shown
            for report in self._reports.of_account(grant.partner)
            if wanted.fits(report, shown := self._object(report, ()))
        ]
        page = found[offset : offset + wanted.page_size]
        body: dict[str, object] = {"reports": page}
        if offset + wanted.page_size < len(found):
            body["nextToken"] = listing_token(query, offset + wanted.page_size)
        return json_response(body)

    def _take_one_of_the_application(self) -> None:
        """Allow one of these in a quarter of an hour, over all accounts: 96 a day."""
        rates, name = self._guard.rates, SALES_AND_TRAFFIC
        if not rates.take_from(name, "application", _QUARTER_HOUR_RATE, 1):
            raise SpRefusalError(429, OVER_QUOTA)

    def _own(self, call: Call, grant: Grant) -> SpReport:
        found = self._reports.find(grant.partner.name, call.arguments["report_id"])
        if found is None:
            raise SpRefusalError(404, "The report was not found.")
        return found

    def _object(self, report: SpReport, rules: Sequence[Rule]) -> dict[str, object]:
        word = status_of(report, self._core.clock.now(), rules)
        report.last_status = word
        plan = report.plan
        shown: dict[str, object] = {
            "reportId": report.report_id,
            "reportType": plan.report_type.name,
            "marketplaceIds": [place.marketplace_id for place in plan.marketplaces],
            "dataStartTime": _stamp(plan.start),
            "dataEndTime": _stamp(plan.end),
            "createdTime": _stamp(report.created_at),
            "processingStatus": word,
        }
        if word != IN_QUEUE:
            half = timedelta(seconds=report.ready_after_seconds / 2)
            shown["processingStartTime"] = _stamp(report.created_at + half)
        if word in STATUSES[2:]:
            shown["processingEndTime"] = _stamp(report.ready_at)
        if has_document(report, word, rules):
            shown["reportDocumentId"] = report.document_id
        if self._core.settings.sp_unknown_fields:
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
    places = {str(place) for place in ids} if isinstance(ids, list) else set()
    options = content.get("reportOptions")
    words = options.values() if isinstance(options, dict) else ()
    return Target(
        accounts | places,
        str(content.get("reportType")),
        frozenset(str(word) for word in words),
        _day(content.get("dataStartTime")),
        _day(content.get("dataEndTime")),
    )


def report_target(accounts: frozenset[str], report: SpReport) -> Target:
    """Return what the rules may match about a report."""
    plan = report.plan
    names = {plan.partner.name, plan.partner.partner_id}
    places = {place.marketplace_id for place in plan.marketplaces}
    return Target(
        accounts | names | places,
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


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%S}+00:00"
