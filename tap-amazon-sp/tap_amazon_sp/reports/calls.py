"""What the adapters of reports and of Data Kiosk do alike: a call, and a no."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from singer_amazon.errors import RejectedError
from singer_amazon.http.transport import Response
from singer_amazon.reports.api import OutcomeError
from singer_amazon.reports.model import Outcome, Refused, ReportRequest, Throttled
from tap_amazon_sp.client import RATE_HEADER, ROTATION_ADVICE, SpClient
from tap_amazon_sp.reports.wordings import Meaning, refusal_meaning


class ReportCalls:
    """Calls about reports and queries, each with its account's client."""

    def __init__(
        self,
        client_of: Callable[[str], SpClient],
        on_rate: Callable[[str, str, str | None], None],
    ) -> None:
        self.client_of = client_of
        self._on_rate = on_rate

    def call(
        self,
        request: ReportRequest,
        operation: str,
        method: str,
        path: str,
        **arguments: Any,  # noqa: ANN401 - SpClient.call's own
    ) -> Response:
        """Make a call, and note the rate that its answer states.

        Raises:
            OutcomeError: the account's credential is refused.
        """
        client = self.client_of(request.account)
        try:
            response = client.call(operation, method, path, **arguments)
        except RejectedError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
            # the credential itself: nothing of this account has to wait for a no
            raise OutcomeError(Refused(str(error), "account")) from None
        self._on_rate(request.account, operation, response.headers.get(RATE_HEADER))
        return response

    def declined(
        self,
        request: ReportRequest,
        response: Response,
        name: str,
        *,
        without_right: str,
        otherwise: str,
    ) -> Outcome:
        """Return what a response means that is no success, with what to do next.

        `without_right` and `otherwise` are the advice where Amazon sees no right to
        `name`, and where it refuses it for another reason.
        """
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            now = self.client_of(request.account).clock.now()
            return Throttled(response.retry_after(now))
        said = f"HTTP {response.status}: {response.message()}"
        if response.request_id:
            said += f" (request {response.request_id})"
        if response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            if refusal_meaning(said) is Meaning.SECRET_ENDED:
                return Refused(f"{said}. {ROTATION_ADVICE}", "account")
            return Refused(f"no right to {name}: {said}. {without_right}", "type")
        return Refused(f"{name} is refused: {said}. {otherwise}")


def path_of(resource: str, name: str) -> str:
    """Return the path of one report, query or document."""
    return f"{resource}/{quote(name, safe='~:')}"
