"""The list calls of Amazon Ads: profiles, advertisers, manager accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import msgspec

from singer_amazon.errors import RejectedError, TransientError, UnreachableError
from singer_amazon.http.client import ApiClient
from singer_amazon.http.throttling import wait_out_throttling
from singer_amazon.http.transport import Response
from singer_amazon.records.columns import exact
from singer_amazon.retry_policy import POLICY

SCOPE = "Amazon-Advertising-API-Scope"
PAGE = 100


NEXT_STEP: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: (
        "Check that client_id belongs to an application that Amazon has approved for "
        "the Ads API, that refresh_token was granted to it with the scope "
        "advertising::campaign_management, and region"
    ),
    HTTPStatus.FORBIDDEN: (
        "Check that Amazon has approved the application of client_id for the Ads API, "
        "and the permissions of the user of refresh_token"
    ),
    HTTPStatus.NOT_FOUND: "Check endpoint_uri",
}


def _is_unreachable(error: TransientError) -> bool:
    """Whether it is not this one call that fails."""
    return error.status is None or isinstance(error, UnreachableError)


_decoder = msgspec.json.Decoder(float_hook=exact)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, and what asks for the next one, if there is one."""

    rows: list[dict[str, Any]]
    """Numbers with a fraction are Decimals."""
    next_token: str | None


class AdsClient:
    """Reads lists; a 429 or an outage is waited out: nothing else can go on."""

    def __init__(self, api: ApiClient, give_up_at: datetime) -> None:
        self.api = api
        self._give_up_at = give_up_at

    def profiles(self) -> list[dict[str, Any]]:
        """Return all profiles that may see reports.

        Raises:
            RejectedError: Amazon refuses the list.
        """
        response = self._get(
            "/v2/profiles",
            params={"accessLevel": "view", "apiProgram": "report"},
            # nothing at all can be read without it
            is_outage=lambda _: True,
        )
        return _objects(response.json(), "/v2/profiles", response)

    def advertisers(self, profile_id: str) -> Iterator[dict[str, Any]]:
        """Yield the DSP advertisers of an agency profile, page by page.

        Raises:
            RejectedError: Amazon refuses the list.
        """
        start = 0
        while True:
            response = self._get(
                "/dsp/advertisers",
                headers={SCOPE: profile_id},
                params={"startIndex": str(start), "count": str(PAGE)},
            )
            body = response.json_object()
            page = _objects(body.get("response"), "/dsp/advertisers", response)
            yield from page
            start += len(page)
            total = body.get("totalResults")
            if not page or not isinstance(total, int) or start >= total:
                return

    def manager_accounts(self) -> list[dict[str, Any]]:
        """Return the manager accounts with what is linked to them.

        Raises:
            RejectedError: Amazon refuses the list.
        """
        response = self._get("/managerAccounts")
        accounts = response.json_object().get("managerAccounts")
        return _objects(accounts, "/managerAccounts", response)

    def page(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        headers: Mapping[str, str],
        media_type: str,
        array: str,
    ) -> Page:
        """Return a page of a list that is asked for by POST.

        Raises:
            RejectedError: Amazon refuses it, or it is no such list.
        """
        response = self._patiently(
            lambda: self.api.call(
                "POST",
                path,
                headers={**headers, "Accept": media_type},
                json=dict(body),
                content_type=media_type,
            ),
            f"POST {path}",
        )
        try:
            found = _decoder.decode(response.body)
        except (ValueError, RecursionError):
            found = None
        content = found if isinstance(found, dict) else {}
        rows = content.get(array)
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            msg = (
                f"POST {path} does not answer with {array} but with {response.kind()}: "
                "is endpoint_uri right?"
            )
            raise RejectedError(msg)
        token = content.get("nextToken")
        return Page(rows, str(token) if token else None)

    def _get(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        is_outage: Callable[[TransientError], bool] = _is_unreachable,
    ) -> Response:
        return self._patiently(
            lambda: self.api.call("GET", path, headers=headers, params=params),
            f"GET {path}",
            is_outage,
        )

    def _patiently(
        self,
        call: Callable[[], Response],
        what: str,
        is_outage: Callable[[TransientError], bool] = _is_unreachable,
    ) -> Response:
        response = wait_out_throttling(
            call,
            self.api.clock,
            first_wait=POLICY.list_first_wait,
            max_wait=POLICY.list_max_wait,
            give_up_at=self._give_up_at,
            is_outage=is_outage,
        )
        if response.status == HTTPStatus.OK:
            return response
        step = NEXT_STEP.get(response.status, "")
        msg = (
            f"{what} is refused (HTTP {response.status}: {response.message()})"
            f"{'. ' if step else ''}{step}"
        )
        raise RejectedError(msg, status=response.status, request_id=response.request_id)


def _objects(value: object, path: str, response: Response) -> list[dict[str, Any]]:
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    msg = (
        f"GET {path} does not answer with a list of objects but with "
        f"{response.kind()}: is endpoint_uri right?"
    )
    raise RejectedError(msg)
