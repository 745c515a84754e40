"""The port to Amazon's exports: create, poll, document URL.

Source: Amazon's OpenAPI file of exports (2025-12). Asked again, Amazon makes another
export: there is no 425, and an id that is lost is a job that nobody picks up. So a
create is sent once; when its answer is lost it is sent once more, and never again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import quote

from singer_amazon.errors import TransientError
from singer_amazon.http.client import ApiClient
from singer_amazon.http.transport import Response
from singer_amazon.reports import model
from singer_amazon.reports.api import OutcomeError
from singer_amazon.reports.model import Outcome, ReportRequest
from singer_amazon.reports.polling.ready_ages import age_between
from tap_amazon_ads import wordings
from tap_amazon_ads.entities.definitions import ExportSpec
from tap_amazon_ads.entities.export_slots import ExportSlots

_WORKING = {"PROCESSING", "IN_PROGRESS", "PENDING"}
_CREATED = {HTTPStatus.OK, HTTPStatus.ACCEPTED}
_SCOPES: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "account",
    HTTPStatus.FORBIDDEN: "type",
}
_STEPS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: (
        "Give the user of the refresh token access to this account, or leave it "
        "out with exclude_profile_ids"
    ),
    HTTPStatus.FORBIDDEN: (
        "Give the user of the refresh token the permission advertiser_campaign_view "
        "for this account"
    ),
}


class ExportsApi:
    """Speaks Amazon's exports for all accounts and kinds of a run."""

    def __init__(
        self,
        api: ApiClient,
        slots: Callable[[str], ExportSlots],
        warn_once: Callable[[str], None],
    ) -> None:
        self._api = api
        self._slots = slots
        self._warn_once = warn_once
        self._lost: set[tuple[object, ...]] = set()
        """Requests whose answer was lost once."""
        self._lock = threading.Lock()

    # --- the port ----------------------------------------------------------

    def create(self, request: ReportRequest) -> Outcome:
        """Ask for an export; what is answered counts at once for the slots."""
        report_id: str | None = None
        try:
            outcome = self._create(request)
            if isinstance(outcome, model.Accepted):
                report_id = outcome.report_id
        finally:
            self._slots(request.stream).answered(report_id)
        return outcome

    def poll(self, request: ReportRequest, report_id: str) -> Outcome:
        """Read what Amazon says of the export."""
        outcome, _ = self._look(request, report_id)
        return outcome

    def document_url(self, request: ReportRequest, report_id: str) -> str:
        """Return a fresh address: each look at a finished export brings one."""
        outcome, url = self._look(request, report_id)
        if url is None:
            raise OutcomeError(outcome)
        return url

    def cancel(self, request: ReportRequest, report_id: str) -> Outcome:
        """Give an export up: Amazon has no call to delete it."""
        self._slots(request.stream).ended(report_id)
        return model.Cancelled()

    # --- creating ----------------------------------------------------------

    @staticmethod
    def body(request: ReportRequest) -> dict[str, object]:
        """Return the body of a create: filters, always said."""
        return {n: v for n, v in request.definition.items() if n != "entity"}

    def _create(self, request: ReportRequest) -> Outcome:
        try:
            return self._created(self._post(request))
        except TransientError as error:
            if not error.may_be_done:
                raise
            return self._answer_lost(request, error)

    def _post(self, request: ReportRequest) -> Response:
        definition = _spec(request).definition
        return self._api.call(
            "POST",
            definition.path,
            headers=_headers(request),
            json=self.body(request),
            content_type=definition.media_type,
            max_attempts=1,
        )

    def _created(self, response: Response) -> Outcome:
        if response.status in _CREATED:
            report_id = response.json_object().get("exportId")
            if isinstance(report_id, str) and report_id:
                return model.Accepted(report_id)
            return model.Failed("Amazon accepts it without an exportId", is_final=True)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            return model.Throttled(response.retry_after(self._api.clock.now()))
        return _refusal(response)

    def _answer_lost(self, request: ReportRequest, error: TransientError) -> Outcome:
        """Let it be asked once more; the second time it is left to the next run."""
        with self._lock:
            is_repeated = request.identity in self._lost
            self._lost.add(request.identity)
        if not is_repeated:
            return model.Unavailable(str(error), is_outage=True)
        reason = f"{error}; the answer to a create is lost for the second time"
        return model.Failed(reason, is_final=True)

    # --- polling -----------------------------------------------------------

    def _look(
        self, request: ReportRequest, report_id: str
    ) -> tuple[Outcome, str | None]:
        """Ask for the status, and keep count of what runs."""
        path = f"/exports/{quote(report_id, safe='')}"
        response = self._api.call("GET", path, headers=_headers(request))
        if response.status != HTTPStatus.OK:
            outcome, url = self._unreadable(response), None
        else:
            outcome, url = self._status(request, report_id, response.json_object())
        slots = self._slots(request.stream)
        if isinstance(outcome, model.Running) and url is None:
            slots.runs(report_id)
        elif isinstance(outcome, (model.Ready, model.Failed, model.Vanished)):
            slots.ended(report_id)
        return outcome, url

    def _status(
        self, request: ReportRequest, report_id: str, body: Mapping[str, object]
    ) -> tuple[Outcome, str | None]:
        status, url = str(body.get("status")), body.get("url")
        if status == "COMPLETED":
            if isinstance(url, str) and url:
                size = body.get("fileSize")
                is_known = isinstance(size, (int, float))
                ready = model.Ready(
                    int(size) if is_known else None,  # type: ignore[call-overload]  # it is a number
                    age=age_between(body.get("createdAt"), body.get("generatedAt")),
                )
                return ready, url
            # never taken as empty: that would look as if everything was deleted
            self._warn_once(
                f"{request.stream} of {_spec(request).account.label}: export "
                f"{report_id} is COMPLETED without a url; it is polled again until "
                "there is one"
            )
            return model.Running(), None
        if status == "FAILED":
            return model.Failed(f"Amazon ended the export: {_error_of(body)}"), None
        return model.Running(None if status in _WORKING else status), None

    def _unreadable(self, response: Response) -> Outcome:
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            return model.Throttled(response.retry_after(self._api.clock.now()))
        if response.status == HTTPStatus.NOT_FOUND:
            return model.Vanished()
        if response.status == HTTPStatus.UNAUTHORIZED and wordings.says(
            "no access", response.message()
        ):
            return _refusal(response)
        return model.Unavailable(
            f"its status cannot be read (HTTP {response.status}: {response.message()})"
        )


def _headers(request: ReportRequest) -> dict[str, str]:
    """Return whose export is meant, and the kind's own media type to accept."""
    spec = _spec(request)
    return {**spec.account.headers(), "Accept": spec.definition.media_type}


def _spec(request: ReportRequest) -> ExportSpec:
    assert isinstance(request.spec, ExportSpec)  # noqa: S101 - from our streams
    return request.spec


def _error_of(body: Mapping[str, object]) -> str:
    error = body.get("error")
    found = error if isinstance(error, dict) else {}
    words = [str(found[n]) for n in ("errorCode", "message") if found.get(n)]
    return ": ".join(words) or "no reason given"


def _refusal(response: Response) -> model.Refused:
    message, status = response.message(), response.status
    if status == HTTPStatus.FORBIDDEN and wordings.says("not offered", message):
        reason = f"not offered for this account ({message}). exclude_streams leaves it"
        return model.Refused(f"{reason} out", scope="type", offered=False)
    text = f"Amazon refuses it (HTTP {status}: {message})"
    if response.request_id:
        text += f" [request {response.request_id}]"
    step = _STEPS.get(status)
    return model.Refused(
        f"{text}. {step}" if step else text, scope=_SCOPES.get(status, "request")
    )
