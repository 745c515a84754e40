"""The list calls of Amazon Ads: profiles, advertisers, manager accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from singer_amazon.errors import RejectedError
from singer_amazon.http.client import ApiClient
from singer_amazon.http.throttling import wait_out_throttling
from singer_amazon.http.transport import Response
from singer_amazon.retry_policy import POLICY

SCOPE = "Amazon-Advertising-API-Scope"
PAGE = 100


class AdsClient:
    """Reads lists; a 429 is waited out here, since nothing else can go on."""

    def __init__(self, api: ApiClient, give_up_at: datetime) -> None:
        self.api = api
        self._give_up_at = give_up_at

    def profiles(self) -> list[dict[str, Any]]:
        """Return all profiles that may see reports.

        Raises:
            RejectedError: Amazon refuses the list.
        """
        response = self._get(
            "/v2/profiles", params={"accessLevel": "view", "apiProgram": "report"}
        )
        return _objects(response.json(), "/v2/profiles")

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
            page = _objects(body.get("response"), "/dsp/advertisers")
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
        body = self._get("/managerAccounts").json_object()
        return _objects(body.get("managerAccounts"), "/managerAccounts")

    def _get(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Response:
        response = wait_out_throttling(
            lambda: self.api.call("GET", path, headers=headers, params=params),
            self.api.clock,
            first_wait=POLICY.list_first_wait,
            max_wait=POLICY.list_max_wait,
            give_up_at=self._give_up_at,
        )
        if response.status == HTTPStatus.OK:
            return response
        msg = f"GET {path} is refused (HTTP {response.status}: {response.message()})"
        raise RejectedError(msg, status=response.status, request_id=response.request_id)


def _objects(value: object, path: str) -> list[dict[str, Any]]:
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    msg = f"GET {path} does not answer with a list of objects: is endpoint_uri right?"
    raise RejectedError(msg)
