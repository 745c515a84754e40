"""The port to reporting v3: create, look, address, cancel.

Sources: facts on `POST/GET/DELETE /reporting/reports`; Amazon's own words are
passed on in every refusal.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from singer_amazon.http.client import ApiClient
from singer_amazon.http.transport import Response
from singer_amazon.reports import model
from singer_amazon.reports.api import OutcomeError
from singer_amazon.reports.model import Outcome, ReportRequest
from tap_amazon_ads.accounts import Account
from tap_amazon_ads.definitions import Definition

logger = logging.getLogger(__name__)

PATH = "/reporting/reports"
CREATE_TYPE = "application/vnd.createasyncreportrequest.v3+json"
_WORKING = {"PENDING", "PROCESSING"}
_DEAD = {"FAILED", "FAILURE", "CANCELLED"}
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BAD_COLUMNS = re.compile(r"columns includes invalid values: \(([^)]*)\)")
_NO_SCOPE = re.compile(
    r"not authorized to access scope|no matching advertiser|scope header", re.IGNORECASE
)
_UNKNOWN_TYPE = re.compile(r"reportTypeId is unknown or invalid", re.IGNORECASE)
_TOO_OLD = re.compile(r"too far in the past", re.IGNORECASE)

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
        account_of: Callable[[str], Account],
        definitions: Mapping[str, Definition],
        warn_once: Callable[[str], None],
    ) -> None:
        self._api = api
        self._account_of = account_of
        self._definitions = definitions
        self._warn_once = warn_once
        self._lock = threading.Lock()
        self._refused: dict[tuple[str, str], frozenset[str]] = {}

    # --- what Amazon refused in this run -----------------------------------

    def refused_columns(self, account: str, report_type: str) -> frozenset[str]:
        """Return the columns Amazon refuses for this account and report type."""
        with self._lock:
            return self._refused.get((account, report_type), frozenset())

    def filled_keys(self, account: str, definition: Definition) -> dict[str, str]:
        """Return refused key columns, each with the column standing in for it."""
        refused = self.refused_columns(account, report_type(definition))
        fallbacks = definition.key_fallbacks
        return {name: fallbacks[name] for name in refused if name in fallbacks}

    # --- the port ----------------------------------------------------------

    def create(self, request: ReportRequest) -> Outcome:
        """See ReportApi; refused columns are dropped and it is asked once more."""
        answer = self._post(request)
        bad = _bad_columns(answer)
        if bad:
            outcome = self._drop(request, bad, answer)
            if outcome is not None:
                return outcome
            answer = self._post(request)
        return self._created(request, answer)

    def poll(self, request: ReportRequest, report_id: str) -> Outcome:
        """See ReportApi."""
        answer = self._get(request, report_id)
        if answer.status != HTTPStatus.OK:
            return self._not_seen(answer)
        body = answer.json_object()
        status = str(body.get("status"))
        if status == "COMPLETED":
            size = body.get("fileSize")
            if not body.get("url"):
                return model.Empty()
            return model.Ready(int(size) if isinstance(size, (int, float)) else None)
        if status in _DEAD:
            words = body.get("failureReason") or "no reason given"
            return model.Failed(f"Amazon ended the report as {status}: {words}")
        return model.Running(None if status in _WORKING else status)

    def document_url(self, request: ReportRequest, report_id: str) -> str:
        """See ReportApi."""
        answer = self._get(request, report_id)
        if answer.status == HTTPStatus.OK:
            url = answer.json_object().get("url")
            if isinstance(url, str) and url:
                return url
            raise OutcomeError(self._seen_without_url(answer))
        raise OutcomeError(self._not_seen(answer))

    def cancel(self, request: ReportRequest, report_id: str) -> Outcome:
        """See ReportApi; Amazon deletes only what it has not begun."""
        answer = self._api.call(
            "DELETE", f"{PATH}/{report_id}", headers=self._headers(request)
        )
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._throttled(answer)
        return model.Cancelled()

    # --- creating ----------------------------------------------------------

    def body(self, request: ReportRequest) -> dict[str, object]:
        """Return the create body for a request, without refused columns."""
        configuration: dict[str, Any] = dict(request.definition)
        definition = self._definitions[request.stream]
        refused = self.refused_columns(request.account, request.report_type)
        stand_ins = self.filled_keys(request.account, definition).values()
        wanted = {*configuration["columns"], *stand_ins} - refused
        configuration["columns"] = sorted(wanted)
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

    def _created(self, request: ReportRequest, answer: Response) -> Outcome:
        if answer.status in {HTTPStatus.OK, HTTPStatus.ACCEPTED}:
            report_id = answer.json_object().get("reportId")
            if isinstance(report_id, str) and report_id:
                return model.Accepted(report_id)
            return model.Unavailable("the answer to a create holds no reportId")
        if answer.status == HTTPStatus.TOO_EARLY:
            return self._duplicate(request, answer)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._throttled(answer)
        return _refusal(answer)

    def _drop(
        self, request: ReportRequest, bad: frozenset[str], answer: Response
    ) -> Outcome | None:
        """Remember refused columns; a key column without stand-in is final."""
        definition = self._definitions[request.stream]
        place = (request.account, request.report_type)
        refused = bad | self.refused_columns(*place)
        lost = [
            name
            for name in definition.key
            if name in refused and definition.key_fallbacks.get(name, name) in refused
        ]
        if lost:
            return model.Refused(
                f"Amazon refuses the key column {', '.join(lost)} here "
                f"({answer.message()}). Without it rows cannot be told apart: "
                "deselect this stream for the account, or define an own report",
                scope="type",
            )
        with self._lock:
            self._refused[place] = self._refused.get(place, frozenset()) | bad
        account = self._account_of(request.account)
        self._warn_once(
            f"{request.stream} of {account.label}: Amazon refuses the columns "
            f"{', '.join(sorted(bad))}; they are left out and stay null"
        )
        return None

    def _duplicate(self, request: ReportRequest, answer: Response) -> Outcome:
        """Adopt the report a 425 names, if it is what we asked for."""
        words = answer.message()
        found = _UUID.search(words)
        if found is None:
            return model.Conflict(None, f"HTTP 425 without a report id ({words})")
        report_id = found.group()
        named = self._get(request, report_id)
        if named.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._throttled(named)
        body = named.json_object()
        if named.status != HTTPStatus.OK or str(body.get("status")) in _DEAD:
            return model.Conflict(report_id, f"{words}, which is of no use any more")
        if _comparable(body) != _comparable(self.body(request)):
            return model.Conflict(report_id, f"{words}, which asks for something else")
        logger.info(
            "%s %s: taken up as report %s, which Amazon is already working on",
            request.stream,
            request.window,
            report_id,
        )
        return model.Accepted(report_id, adopted=True)

    # --- looking -----------------------------------------------------------

    def _get(self, request: ReportRequest, report_id: str) -> Response:
        return self._api.call(
            "GET", f"{PATH}/{report_id}", headers=self._headers(request)
        )

    def _not_seen(self, answer: Response) -> Outcome:
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._throttled(answer)
        if answer.status == HTTPStatus.NOT_FOUND:
            return model.Vanished()
        if answer.status == HTTPStatus.UNAUTHORIZED and _NO_SCOPE.search(
            answer.message()
        ):
            return _refusal(answer)
        return model.Unavailable(
            f"its status cannot be read (HTTP {answer.status}: {answer.message()})"
        )

    def _seen_without_url(self, answer: Response) -> Outcome:
        status = str(answer.json_object().get("status"))
        if status == "COMPLETED":
            return model.Empty()
        if status in _DEAD:
            return model.Failed(f"Amazon ended the report as {status}")
        return model.Unavailable(f"it was complete and is {status} again")

    # --- common ------------------------------------------------------------

    def _headers(self, request: ReportRequest) -> dict[str, str]:
        return self._account_of(request.account).headers()

    def _throttled(self, answer: Response) -> model.Throttled:
        return model.Throttled(answer.retry_after(self._api.clock.now()))


def report_type(definition: Definition) -> str:
    """Return what budgets and refusals are counted by."""
    return f"{definition.report_type_id} by {'+'.join(definition.group_by)}"


def _bad_columns(answer: Response) -> frozenset[str]:
    if answer.status != HTTPStatus.BAD_REQUEST:
        return frozenset()
    found = _BAD_COLUMNS.search(answer.message())
    names = found.group(1).split(",") if found else []
    return frozenset(name.strip() for name in names if name.strip())


def _refusal(answer: Response) -> model.Refused:
    words = answer.message()
    text = f"Amazon refuses it (HTTP {answer.status}: {words})"
    if answer.request_id:
        text += f" [request {answer.request_id}]"
    if _UNKNOWN_TYPE.search(words):
        return model.Refused(
            f"not offered for this account ({words})", scope="type", offered=False
        )
    scope = _REFUSED_SCOPE.get(answer.status, "request")
    step = NEXT_STEP.get(answer.status)
    return model.Refused(
        f"{text}. {step}" if step else text,
        scope=scope,
        history=bool(_TOO_OLD.search(words)),
    )


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
