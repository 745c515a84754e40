"""The port to Amazon's exports: create, poll, document URL.

Source: Amazon's OpenAPI file of exports (2025-12). Asked again, Amazon makes another
export: there is no 425, and an id that is lost is a job that nobody picks up. So a
create is sent once; when its answer is lost it is sent once more, and never again.

What is too large for Amazon (TIMED_OUT, or 400) is asked for in parts. Whoever polls
a report in parts asks for the next one, until all are there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote

from singer_amazon.errors import TransientError
from singer_amazon.http.client import ApiClient
from singer_amazon.http.transport import Response
from singer_amazon.reports import model
from singer_amazon.reports.api import Address, OutcomeError
from singer_amazon.reports.model import Outcome, ReportRequest
from singer_amazon.reports.polling.ready_ages import age_between
from tap_amazon_ads import wordings
from tap_amazon_ads.entities.definitions import ExportSpec
from tap_amazon_ads.entities.export_parts import ExportParts
from tap_amazon_ads.entities.export_refusals import error_of, refusal_of
from tap_amazon_ads.running_reports import RunningReports

_WORKING = {"PROCESSING", "IN_PROGRESS", "PENDING"}
_TOO_LARGE = "TIMED_OUT"
"""Amazon's code for an export that it cannot make, for the account has too much."""
_CREATED = {HTTPStatus.OK, HTTPStatus.ACCEPTED}


class ExportsApi:
    """Speaks Amazon's exports for all accounts and kinds of a run."""

    def __init__(
        self,
        api: ApiClient,
        slots: Callable[[str], RunningReports],
        warn_once: Callable[[str], None],
    ) -> None:
        self._api = api
        self._slots = slots
        self._warn_once = warn_once
        self._lost: set[tuple[object, ...]] = set()
        """Requests whose answer was lost once."""
        self._divided: set[tuple[object, ...]] = set()
        """Requests that are asked for in parts."""
        self._lock = threading.Lock()

    # --- the port ----------------------------------------------------------

    def create(self, request: ReportRequest) -> Outcome:
        """Ask for an export, or for the first part of one."""
        if request.identity in self._divided:
            return self._create_part(request, ExportParts())
        outcome = self._create(request, self.body(request))
        if request.identity in self._divided:  # now it is known to be too large
            self._slots(request.stream).take(self._api.clock.now())
            return self._create_part(request, ExportParts())
        return outcome

    def poll(self, request: ReportRequest, report_id: str) -> Outcome:
        """Read what Amazon says of the export, or go on with its parts."""
        parts = ExportParts.read(report_id)
        if parts is None:
            outcome, _ = self._look(request, report_id)
            if isinstance(outcome, model.Failed) and request.identity in self._divided:
                return self._ask_for_more(request, ExportParts())
            return outcome
        self._divided.add(request.identity)
        if parts.is_complete:
            outcome, _ = self._look_at_parts(request, parts)
            return outcome
        return self._ask_for_more(request, parts)

    def document_url(self, request: ReportRequest, report_id: str) -> Address:
        """Return a fresh address: each look at a finished export brings one."""
        parts = ExportParts.read(report_id)
        if parts is not None:
            outcome, urls = self._look_at_parts(request, parts)
            if not urls:
                raise OutcomeError(outcome)
            return urls
        outcome, url = self._look(request, report_id)
        if url is None:
            raise OutcomeError(outcome)
        return url

    def cancel(self, request: ReportRequest, report_id: str) -> Outcome:
        """Give an export up: Amazon has no call to delete it."""
        parts = ExportParts.read(report_id)
        for export_id in (report_id,) if parts is None else parts.ids:
            self._slots(request.stream).ended(export_id)
        return model.Cancelled()

    # --- parts -------------------------------------------------------------

    def _divide(self, request: ReportRequest, reason: str) -> None:
        """Let an export be asked for in parts from now on."""
        self._divided.add(request.identity)
        self._warn_once(
            f"{request.stream} of {_spec(request).account.label}: Amazon cannot make "
            f"the export in one piece ({reason}); it is asked for by ad product and "
            "state"
        )

    def _create_part(self, request: ReportRequest, parts: ExportParts) -> Outcome:
        body = {**self.body(request), **parts.next_filters}
        outcome = self._create(request, body, parts=parts)
        if isinstance(outcome, model.Accepted):
            return model.Accepted(parts.followed_by(outcome.report_id).report_id)
        return outcome

    def _ask_for_more(self, request: ReportRequest, parts: ExportParts) -> Outcome:
        """Ask for the next part if one more may be under way."""
        if self._slots(request.stream).try_take():
            return self._create_part(request, parts)
        for export_id in parts.ids:
            self._look(request, export_id, is_part=True)  # what is over makes room
        return model.Running()

    def _look_at_parts(
        self, request: ReportRequest, parts: ExportParts
    ) -> tuple[Outcome, tuple[str, ...]]:
        """Return that all are ready, and their addresses; else what the first says."""
        urls: list[str] = []
        sizes: list[int | None] = []
        for number, export_id in enumerate(parts.ids):
            outcome, url = self._look(request, export_id, is_part=True)
            if isinstance(outcome, model.Failed):
                reason = f"part {number + 1} ({parts.name(number)}): {outcome.reason}"
                return model.Failed(reason), ()
            if url is None:
                return outcome, ()
            urls.append(url)
            sizes.append(
                outcome.expected_bytes if isinstance(outcome, model.Ready) else None
            )
        known = [size for size in sizes if size is not None]
        whole = sum(known) if len(known) == len(sizes) else None
        return model.Ready(whole), tuple(urls)

    # --- creating ----------------------------------------------------------

    @staticmethod
    def body(request: ReportRequest) -> dict[str, object]:
        """Return the body of a create: filters, always said."""
        return {n: v for n, v in request.definition.items() if n != "entity"}

    def _create(
        self,
        request: ReportRequest,
        body: Mapping[str, object],
        parts: ExportParts | None = None,
    ) -> Outcome:
        """Send a create; what is answered counts at once for the slots."""
        report_id: str | None = None
        try:
            outcome = self._created(request, self._post(request, body), parts)
            if isinstance(outcome, model.Accepted):
                report_id = outcome.report_id
        except TransientError as error:
            if not error.may_be_done:
                raise
            return self._answer_lost(request, error)
        finally:
            self._slots(request.stream).answered(report_id)
        return outcome

    def _post(self, request: ReportRequest, body: Mapping[str, object]) -> Response:
        definition = _spec(request).definition
        return self._api.call(
            "POST",
            definition.path,
            headers=_headers(request),
            json=body,
            content_type=definition.media_type,
            max_attempts=1,
        )

    def _created(
        self, request: ReportRequest, response: Response, parts: ExportParts | None
    ) -> Outcome:
        if response.status in _CREATED:
            report_id = response.json_object().get("exportId")
            if isinstance(report_id, str) and report_id:
                return model.Accepted(report_id)
            return model.Failed("Amazon accepts it without an exportId", is_final=True)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            return model.Throttled(response.retry_after(self._api.clock.now()))
        is_bad = response.status == HTTPStatus.BAD_REQUEST
        if is_bad and parts is None:
            # it may be the size: Amazon does not say what it refuses so
            self._divide(request, f"HTTP 400: {response.message()}")
        refusal = refusal_of(response)
        if parts is None:
            return refusal
        reason = f"part {len(parts.ids) + 1} ({parts.name(len(parts.ids))}): "
        return replace(refusal, reason=reason + refusal.reason)

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
        self, request: ReportRequest, report_id: str, *, is_part: bool = False
    ) -> tuple[Outcome, str | None]:
        """Ask for the status, and keep count of what runs."""
        path = f"/exports/{quote(report_id, safe='')}"
        response = self._api.call("GET", path, headers=_headers(request))
        if response.status != HTTPStatus.OK:
            outcome, url = self._unreadable(response), None
        else:
            body = response.json_object()
            outcome, url = self._status(request, report_id, body)
            if body.get("status") == "FAILED" and not is_part:
                outcome = self._failed(request, body)
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
            return model.Failed(f"Amazon ended the export: {error_of(body)}"), None
        return model.Running(None if status in _WORKING else status), None

    def _failed(
        self, request: ReportRequest, body: Mapping[str, object]
    ) -> model.Failed:
        """Say why a whole export failed; one too large is asked for in parts."""
        reason = error_of(body)
        if reason.startswith(_TOO_LARGE):
            self._divide(request, reason)
        return model.Failed(f"Amazon ended the export: {reason}")

    def _unreadable(self, response: Response) -> Outcome:
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            return model.Throttled(response.retry_after(self._api.clock.now()))
        if response.status == HTTPStatus.NOT_FOUND:
            return model.Vanished()
        if response.status == HTTPStatus.UNAUTHORIZED and wordings.says(
            "no access", response.message()
        ):
            return refusal_of(response)
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
