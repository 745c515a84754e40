"""The list calls of Amazon Ads: profiles, advertisers, manager accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from singer_amazon.errors import RejectedError
from singer_amazon.http.client import ApiClient
from singer_amazon.http.transport import Response

SCOPE = "Amazon-Advertising-API-Scope"
PAGE = 100
FIRST_WAIT = 2.0
LONGEST_WAIT = 60.0
"""Seconds between two tries of a throttled list where Amazon names none."""


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
        pause = FIRST_WAIT
        while True:
            response = self.api.call("GET", path, headers=headers, params=params)
            if response.status == HTTPStatus.OK:
                return response
            if not self._waits(response, pause):
                break
            pause = min(pause * 2, LONGEST_WAIT)
        msg = f"GET {path} is refused (HTTP {response.status}: {response.message()})"
        raise RejectedError(msg, status=response.status, request_id=response.request_id)

    def _waits(self, response: Response, pause: float) -> bool:
        """Wait as long as a 429 asks for; say whether it was one and time is left."""
        now = self.api.clock.now()
        hint = response.retry_after(now)
        seconds = pause if hint is None else hint
        if (
            response.status != HTTPStatus.TOO_MANY_REQUESTS
            or now + timedelta(seconds=seconds) > self._give_up_at
        ):
            return False
        self.api.clock.sleep(seconds)
        return True


def _objects(value: object, path: str) -> list[dict[str, Any]]:
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    msg = f"GET {path} does not answer with a list of objects: is endpoint_uri right?"
    raise RejectedError(msg)
