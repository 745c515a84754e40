"""The port between the engine and one Amazon API."""

from __future__ import annotations

from typing import Protocol

from singer_amazon.reports.model import Outcome, ReportRequest


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

    def document_url(self, request: ReportRequest, report_id: str) -> str:
        """Return a fresh address of the document.

        Raises:
            OutcomeError: there is none; its outcome says why.
        """

    def cancel(self, request: ReportRequest, report_id: str) -> Outcome:
        """Delete a report where Amazon allows it: Cancelled, Throttled, ..."""
