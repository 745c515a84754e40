"""The port to the reports of Ads API v1: create, retrieve, addresses, delete.

Source: Amazon's OpenAPI file of Ads API v1 (2026-07). One report per create, one id per
retrieve. Asked again, Amazon makes another report: there is no 425 and no key against
it. So a create is sent once; where its answer is lost, this run asks no second time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus

from singer_amazon.errors import TransientError
from singer_amazon.http.client import ApiClient
from singer_amazon.http.transport import Response
from singer_amazon.masking import masked
from singer_amazon.reports import model
from singer_amazon.reports.api import OutcomeError
from singer_amazon.reports.model import Outcome, ReportRequest
from tap_amazon_ads.running_reports import RunningReports
from tap_amazon_ads.unified import answers
from tap_amazon_ads.unified.answers import Answer, RefusedFields
from tap_amazon_ads.unified.query import create_body
from tap_amazon_ads.unified.spec import UnifiedSpec

logger = logging.getLogger(__name__)

CREATE, RETRIEVE, DELETE = (
    f"/adsApi/v1/{verb}/reports" for verb in ("create", "retrieve", "delete")
)
MAX_REPAIRS = 5
"""How often one query is changed for what Amazon says against its fields."""
_MAX_SHOWN = 500
_NO_REASON = "no reason given"
_AMBIGUOUS = {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
"""Answers of a gateway that may have passed a create on."""
_COMPLETED = "COMPLETED"
_WORKING = {"PENDING", "PROCESSING"}
_STEPS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: (
        "Give the user of the refresh token access to this account, or leave it out "
        "with exclude_profile_ids"
    ),
    HTTPStatus.FORBIDDEN: (
        "The user of the refresh token may not report on this account by Ads API v1: "
        "set reporting_api to v3 for it"
    ),
}


class UnifiedApi:
    """Speaks Ads API v1 for all accounts and streams of a run."""

    def __init__(
        self,
        api: ApiClient,
        client_id: str,
        running: RunningReports,
        refused_fields: RefusedFields,
        warn_once: Callable[[str], None],
    ) -> None:
        self._api = api
        self._headers = {"Amazon-Ads-ClientId": client_id}
        self._running = running
        self._refused_fields = refused_fields
        self._warn_once = warn_once

    # --- the port ----------------------------------------------------------

    def create(self, request: ReportRequest) -> Outcome:
        """Ask for a report; fields that Amazon refuses are left out of the query."""
        report_id: str | None = None
        try:
            outcome = self._create(request)
            if isinstance(outcome, model.Accepted):
                report_id = outcome.report_id
        finally:
            self._running.answered(report_id)
        return outcome

    def poll(self, request: ReportRequest, report_id: str) -> Outcome:
        """Read what Amazon says of the report."""
        outcome, _ = self._look(request, report_id)
        return outcome

    def document_url(self, request: ReportRequest, report_id: str) -> tuple[str, ...]:
        """Return fresh addresses: those of all parts."""
        outcome, urls = self._look(request, report_id)
        if not urls:
            raise OutcomeError(outcome)
        return urls

    def cancel(self, request: ReportRequest, report_id: str) -> Outcome:
        """Delete a report."""
        del request
        answer = self._ask(DELETE, {"reportIds": [report_id]})[0]
        if answers.is_throttled(answer):
            return self._throttled(None)
        self._running.ended(report_id)
        return model.Cancelled()

    # --- creating ----------------------------------------------------------

    def body(self, request: ReportRequest) -> dict[str, object]:
        """Return the body of a create, without refused fields."""
        spec = _spec(request)
        return create_body(
            spec.account_ids(request.members),
            request.window,
            self._fields(request),
            _object(request.definition["filter"]),
        )

    def _fields(self, request: ReportRequest) -> set[str]:
        fields = request.definition["fields"]
        assert isinstance(fields, list)  # noqa: S101 - from UnifiedSpec.request
        return self._refused_fields.mended(request.account, request.stream, fields)

    def _create(self, request: ReportRequest) -> Outcome:
        for _ in range(MAX_REPAIRS):
            try:
                answer, response = self._ask(CREATE, self.body(request), once=True)
            except TransientError as error:
                if not (error.may_be_done or error.status in _AMBIGUOUS):
                    raise
                return _answer_lost(error)
            if not self._mend(request, answer):
                break
        return self._created(request, answer, response)

    def _created(
        self, request: ReportRequest, answer: Answer, response: Response
    ) -> Outcome:
        if answer.report is not None:
            report_id = answer.report.get("reportId")
            if isinstance(report_id, str) and report_id:
                return model.Accepted(report_id)
            return model.Refused("Amazon accepts it without a reportId")
        if answers.is_throttled(answer):
            return self._throttled(response)
        return _refusal(request, answer, response)

    def _mend(self, request: ReportRequest, answer: Answer) -> bool:
        """Change the query for what Amazon says against its fields, if it does."""
        if answer.report is not None or answers.is_throttled(answer):
            return False
        spec, asked = _spec(request), self._fields(request)
        repair = answers.repair_of(answer.messages, asked, spec.needed_fields)
        if not repair:
            return False
        self._refused_fields.add(request.account, request.stream, repair)
        self._warn_once(
            f"{request.stream} of {spec.account.label}: Ads API v1 refuses "
            f"{_listed(repair.dropped) or 'its fields'}; it is asked again "
            f"{f'with {_listed(repair.added)} besides' if repair.added else 'without'} "
            f"({_clipped(answer.message)})"
        )
        return True

    # --- polling -----------------------------------------------------------

    def _look(
        self, request: ReportRequest, report_id: str
    ) -> tuple[Outcome, tuple[str, ...]]:
        """Ask for the status, and keep count of what runs."""
        answer, response = self._ask(RETRIEVE, {"reportIds": [report_id]})
        outcome, urls = (
            (self._unreadable(request, answer, response), None)
            if answer.report is None
            else self._status(request, report_id, answer.report)
        )
        status = None if answer.report is None else answer.report.get("status")
        if isinstance(outcome, model.Running) and status != _COMPLETED:
            self._running.runs(report_id)
        elif not isinstance(outcome, (model.Throttled, model.Unavailable)):
            self._running.ended(report_id)
        return outcome, urls or ()

    def _status(
        self, request: ReportRequest, report_id: str, report: Mapping[str, object]
    ) -> tuple[Outcome, tuple[str, ...] | None]:
        status = str(report.get("status"))
        if status == _COMPLETED:
            urls = answers.part_urls(report)
            if urls is None:
                # never taken as empty: that would look as if nothing was sold
                self._warn_once(
                    f"{request.stream} of {_spec(request).account.label}: report "
                    f"{report_id} is COMPLETED without the address of a part; it is "
                    "polled again until there is one"
                )
                return model.Running(), None
            is_empty = not urls
            size = answers.size_of(report)
            return model.Empty() if is_empty else model.Ready(size), urls
        if status == "FAILED":
            words = [report.get(name) for name in ("failureCode", "failureReason")]
            reason = ": ".join(str(word) for word in words if word)
            said = _clipped(reason) or _NO_REASON
            return model.Failed(f"Amazon ended the report as FAILED: {said}"), None
        return model.Running(None if status in _WORKING else status), None

    def _unreadable(
        self, request: ReportRequest, answer: Answer, response: Response
    ) -> Outcome:
        if answers.is_throttled(answer):
            return self._throttled(response)
        if answers.is_unknown_report(answer):
            return model.Vanished()
        if answer.status == HTTPStatus.FORBIDDEN:
            return _refusal(request, answer, response)
        return model.Unavailable(
            f"its status cannot be read (HTTP {answer.status}: "
            f"{_clipped(answer.message)})"
        )

    # --- common ------------------------------------------------------------

    def _ask(
        self, path: str, body: Mapping[str, object], *, once: bool = False
    ) -> tuple[Answer, Response]:
        response = self._api.call(
            "POST",
            path,
            headers={**self._headers, "Accept": "application/json"},
            json=dict(body),
            max_attempts=1 if once else None,
        )
        return answers.read_answer(response), response

    def _throttled(self, response: Response | None) -> model.Throttled:
        now = self._api.clock.now()
        return model.Throttled(None if response is None else response.retry_after(now))


def _spec(request: ReportRequest) -> UnifiedSpec:
    assert isinstance(request.spec, UnifiedSpec)  # noqa: S101 - from our streams
    return request.spec


def _object(value: object) -> Mapping[str, object]:
    assert isinstance(value, dict)  # noqa: S101 - from UnifiedSpec.request
    return value


def _answer_lost(error: TransientError) -> model.Refused:
    return model.Refused(
        f"{error}; Amazon may be making it, and asked again it would make another: "
        "the next run asks for these days"
    )


def _refusal(
    request: ReportRequest, answer: Answer, response: Response
) -> model.Refused:
    text = (
        f"Ads API v1 refuses it (HTTP {answer.status}: {_clipped(answer.message)})"
        f"{f' [request {response.request_id}]' if response.request_id else ''}"
    )
    is_forbidden = answer.status in _STEPS or "authorization" in answer.message.lower()
    step = _STEPS.get(answer.status) or (
        _STEPS[HTTPStatus.FORBIDDEN]
        if is_forbidden
        else f'reporting_api {{"{request.stream}": "v3"}} reads it by reporting v3'
    )
    return model.Refused(f"{text}. {step}", scope="type" if is_forbidden else "request")


def _clipped(text: str) -> str:
    return masked(" ".join(text.split()))[:_MAX_SHOWN]


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
