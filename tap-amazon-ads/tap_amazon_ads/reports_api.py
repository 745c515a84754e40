"""The port to reporting v3: create, poll, document URL, cancel.

Sources: facts on `POST/GET/DELETE /reporting/reports`; Amazon's own words are
passed on in every refusal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from singer_amazon.http.client import ApiClient
from singer_amazon.http.transport import Response
from singer_amazon.reports import model
from singer_amazon.reports.api import OutcomeError
from singer_amazon.reports.model import Outcome, ReportRequest
from singer_amazon.reports.polling.ready_ages import age_between
from tap_amazon_ads import wordings
from tap_amazon_ads.refused_columns import RefusedColumns
from tap_amazon_ads.report_specs import ReportSpec, RequestSpec

logger = logging.getLogger(__name__)

PATH = "/reporting/reports"
CREATE_TYPE = "application/vnd.createasyncreportrequest.v3+json"
_URL_IS_FRESH = timedelta(minutes=1)
"""An address lives for an hour; one of a minute ago is sure to work."""
_WORKING = {"PENDING", "PROCESSING"}
_ENDED = {"FAILED", "FAILURE", "CANCELLED"}
NEXT_STEP: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: (
        "Give the user of the refresh token access to this account, or leave it "
        "out with exclude_profile_ids"
    ),
    HTTPStatus.FORBIDDEN: (
        "Check the permissions of the user of the refresh token for this account"
    ),
}
_REFUSED_SCOPE: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "account",
    HTTPStatus.FORBIDDEN: "type",
}


class ReportsApi:
    """Speaks reporting v3 for all accounts and streams of a run."""

    def __init__(
        self,
        api: ApiClient,
        refused_columns: RefusedColumns,
        warn_once: Callable[[str], None],
    ) -> None:
        self._api = api
        self._refused_columns = refused_columns
        self._warn_once = warn_once
        self._urls: dict[str, tuple[str, datetime]] = {}
        """Report id to the address that its last poll gave, and when."""

    # --- the port ----------------------------------------------------------

    def create(self, request: ReportRequest) -> Outcome:
        """Refused columns are dropped and it is asked once more."""
        response = self._post(request)
        refused = _refused_columns(response)
        if refused:
            outcome = self._drop(request, refused, response)
            if outcome is not None:
                return outcome
            response = self._post(request)
        return self._created(request, response)

    def poll(self, request: ReportRequest, report_id: str) -> Outcome:
        """Read what Amazon says of the report."""
        response = self._get(request, report_id)
        if response.status != HTTPStatus.OK:
            return self._unreadable_status(request, response)
        body = response.json_object()
        status = str(body.get("status"))
        if status == "COMPLETED":
            size, url = body.get("fileSize"), body.get("url")
            if not url:
                return model.Empty()
            self._urls[report_id] = (str(url), self._api.clock.now())
            return model.Ready(
                int(size) if isinstance(size, (int, float)) else None,
                age=age_between(body.get("createdAt"), body.get("generatedAt")),
            )
        if status in _ENDED:
            reason = body.get("failureReason") or "no reason given"
            return model.Failed(f"Amazon ended the report as {status}: {reason}")
        return model.Running(None if status in _WORKING else status)

    def document_url(self, request: ReportRequest, report_id: str) -> str:
        """Return the address of a finished report; that of its poll, if just now."""
        known, seen_at = self._urls.pop(report_id, ("", None))
        if seen_at is not None and self._api.clock.now() - seen_at < _URL_IS_FRESH:
            return known
        response = self._get(request, report_id)
        if response.status == HTTPStatus.OK:
            url = response.json_object().get("url")
            if isinstance(url, str) and url:
                return url
            raise OutcomeError(self._without_url(response))
        raise OutcomeError(self._unreadable_status(request, response))

    def cancel(self, request: ReportRequest, report_id: str) -> Outcome:
        """Amazon deletes only what it has not begun."""
        response = self._api.call(
            "DELETE", f"{PATH}/{report_id}", headers=self._headers(request)
        )
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._throttled(response)
        return model.Cancelled()

    # --- creating ----------------------------------------------------------

    def body(self, request: ReportRequest) -> dict[str, object]:
        """Return the create body for a request, without refused columns."""
        configuration: dict[str, Any] = dict(request.definition)
        spec, columns = _spec(request), self._refused_columns
        stand_ins = columns.filled_keys(request.account, spec.report).values()
        possible = {*configuration["columns"], *stand_ins}
        possible -= columns.of(request.account, spec.report)
        configuration["columns"] = sorted(possible)
        configuration["format"] = "GZIP_JSON"
        filters = list(configuration.pop("filters"))
        if request.members:
            filters.append({"field": "advertiserId", "values": sorted(request.members)})
        if filters:
            configuration["filters"] = filters
        return {
            "startDate": request.window.start.isoformat(),
            "endDate": request.window.end.isoformat(),
            "configuration": configuration,
        }

    def _post(self, request: ReportRequest) -> Response:
        return self._api.call(
            "POST",
            PATH,
            headers=self._headers(request),
            json=self.body(request),
            content_type=CREATE_TYPE,
        )

    def _created(self, request: ReportRequest, response: Response) -> Outcome:
        if response.status in {HTTPStatus.OK, HTTPStatus.ACCEPTED}:
            report_id = response.json_object().get("reportId")
            if isinstance(report_id, str) and report_id:
                return model.Accepted(report_id)
            return model.Unavailable("the answer to a create holds no reportId")
        if response.status == HTTPStatus.TOO_EARLY:
            return self._duplicate(request, response)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._throttled(response)
        return _refusal(response, _spec(request).report)

    def _drop(
        self, request: ReportRequest, bad: frozenset[str], response: Response
    ) -> Outcome | None:
        """Remember refused columns; a key column without stand-in is final."""
        spec = _spec(request)
        report = spec.report
        refused = bad | self._refused_columns.of(request.account, report)
        lost = [
            name
            for name in report.key
            if name in refused and report.key_fallbacks.get(name, name) in refused
        ]
        if lost:
            return model.Refused(
                f"Amazon refuses the key column {', '.join(lost)} here "
                f"({response.message()}). Without it rows cannot be told apart: "
                "deselect this stream for the account, or define an own report",
                scope="type",
            )
        self._refused_columns.add(request.account, report, bad)
        self._warn_once(
            f"{request.stream} of {spec.account.label}: Amazon refuses the columns "
            f"{', '.join(sorted(bad))}; they are left out and stay null"
        )
        return None

    def _duplicate(self, request: ReportRequest, response: Response) -> Outcome:
        """Adopt the report a 425 names, if it is what we asked for."""
        message = response.message()
        report_id = wordings.value("duplicate", message)
        if not report_id:
            return model.Conflict(None, f"HTTP 425 without a report id ({message})")
        named = self._get(request, report_id)
        if named.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._throttled(named)
        body = named.json_object()
        if named.status != HTTPStatus.OK or str(body.get("status")) in _ENDED:
            return model.Conflict(report_id, f"{message}, which is of no use any more")
        if _comparable(body) != _comparable(self.body(request)):
            return model.Conflict(
                report_id, f"{message}, which asks for something else"
            )
        logger.info(
            "%s %s: taken up as report %s, which Amazon is already working on",
            request.stream,
            request.window,
            report_id,
        )
        return model.Accepted(report_id, adopted=True)

    # --- polling -----------------------------------------------------------

    def _get(self, request: ReportRequest, report_id: str) -> Response:
        return self._api.call(
            "GET", f"{PATH}/{report_id}", headers=self._headers(request)
        )

    def _unreadable_status(self, request: ReportRequest, response: Response) -> Outcome:
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._throttled(response)
        if response.status == HTTPStatus.NOT_FOUND:
            return model.Vanished()
        if response.status == HTTPStatus.UNAUTHORIZED and wordings.says(
            "no access", response.message()
        ):
            return _refusal(response, _spec(request).report)
        return model.Unavailable(
            f"its status cannot be read (HTTP {response.status}: {response.message()})"
        )

    def _without_url(self, response: Response) -> Outcome:
        status = str(response.json_object().get("status"))
        if status == "COMPLETED":
            return model.Empty()
        if status in _ENDED:
            return model.Failed(f"Amazon ended the report as {status}")
        return model.Unavailable(f"it was complete and is {status} again")

    # --- common ------------------------------------------------------------

    def _headers(self, request: ReportRequest) -> dict[str, str]:
        return _spec(request).account.headers()

    def _throttled(self, response: Response) -> model.Throttled:
        return model.Throttled(response.retry_after(self._api.clock.now()))


def _spec(request: ReportRequest) -> RequestSpec:
    assert isinstance(request.spec, RequestSpec)  # noqa: S101 - from our streams
    return request.spec


def _refused_columns(response: Response) -> frozenset[str]:
    if response.status != HTTPStatus.BAD_REQUEST:
        return frozenset()
    names = wordings.value("column refused", response.message()).split(",")
    return frozenset(name.strip() for name in names if name.strip())


def _refusal(response: Response, report: ReportSpec) -> model.Refused:
    message = response.message()
    text = f"Amazon refuses it (HTTP {response.status}: {message})"
    if response.request_id:
        text += f" [request {response.request_id}]"
    if _is_not_offered(response.status, message, report):
        return model.Refused(
            f"not offered for this account ({message}). exclude_streams leaves it out",
            scope="type",
            offered=False,
        )
    scope = _REFUSED_SCOPE.get(response.status, "request")
    step = NEXT_STEP.get(response.status)
    is_too_old = scope == "request" and wordings.says("too old", message)
    return model.Refused(
        f"{text}. {step}" if step else text,
        scope=scope,
        history=is_too_old,
        kept_from=_day(wordings.value("too old", message)) if is_too_old else None,
    )


def _is_not_offered(status: int, message: str, report: ReportSpec) -> bool:
    """Whether this account cannot have the report, which is nobody's fault."""
    if status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN}:
        return False
    if wordings.says("not offered", message):
        return True
    # in a report of the user's own the ad product may simply be wrong
    return not report.is_custom and wordings.says(
        "not offered with this ad product", message
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _comparable(body: Mapping[str, Any]) -> object:
    """Return what two requests must share to be the same report."""
    asked = body.get("configuration") or {}
    filters = asked.get("filters") or []
    return (
        body.get("startDate"),
        body.get("endDate"),
        *(asked.get(name) for name in ("adProduct", "reportTypeId", "timeUnit")),
        sorted(asked.get("groupBy") or []),
        sorted(asked.get("columns") or []),
        sorted(
            (str(item.get("field")), tuple(sorted(map(str, item.get("values") or []))))
            for item in filters
        ),
    )
