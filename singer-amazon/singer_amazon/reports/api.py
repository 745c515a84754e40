"""The port between the engine and one Amazon API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from singer_amazon.reports.model import Outcome, ReportRequest

Address = str | tuple[str, ...]
"""Where a document is, or each of its parts in their order."""


class OutcomeError(Exception):
    """An answer that is no address but an outcome of its own."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(repr(outcome))
        self.outcome = outcome


class ReportApi(Protocol):
    """What an adapter can do with reports; called from several threads.

    Any method may also raise AuthError, which ends the run, or TransientError,
    which means that this call could not be made.
    """

    def create(self, request: ReportRequest) -> Outcome:
        """Ask for a report: Accepted, Throttled, Conflict or Refused."""

    def poll(self, request: ReportRequest, report_id: str) -> Outcome:
        """Poll a report: Running, Ready, Empty, Failed, Vanished, ..."""

    def document_url(self, request: ReportRequest, report_id: str) -> Address:
        """Return a fresh address of the document, or those of its parts.

        Raises:
            OutcomeError: there is none; its outcome says why.
        """

    def cancel(self, request: ReportRequest, report_id: str) -> Outcome:
        """Delete a report where Amazon allows it: Cancelled, Throttled, ..."""


class RoutedApi:
    """A ReportApi in front of several: which one is said by the request."""

    def __init__(self, api_of: Callable[[ReportRequest], ReportApi]) -> None:
        self._api_of = api_of

    def create(self, request: ReportRequest) -> Outcome:
        """Ask the API that the request is for."""
        return self._api_of(request).create(request)

    def poll(self, request: ReportRequest, report_id: str) -> Outcome:
        """Poll where it was asked for."""
        return self._api_of(request).poll(request, report_id)

    def document_url(self, request: ReportRequest, report_id: str) -> Address:
        """Return a fresh address of the document."""
        return self._api_of(request).document_url(request, report_id)

    def cancel(self, request: ReportRequest, report_id: str) -> Outcome:
        """Cancel it where it was asked for."""
        return self._api_of(request).cancel(request, report_id)
