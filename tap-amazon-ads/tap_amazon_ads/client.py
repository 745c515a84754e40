"""The list calls of Amazon Ads: profiles, advertisers, manager accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from singer_amazon.errors import RejectedError
from singer_amazon.http import Answer, ApiClient

SCOPE = "Amazon-Advertising-API-Scope"
PAGE = 100
LIST_TRIES = 8


class AdsClient:
    """Reads lists; a 429 is waited out here, since nothing else can go on."""

    def __init__(self, api: ApiClient) -> None:
        self.api = api

    def profiles(self) -> list[dict[str, Any]]:
        """Return all profiles that may see reports.

        Raises:
            RejectedError: Amazon refuses the list.
        """
        answer = self._get(
            "/v2/profiles", params={"accessLevel": "view", "apiProgram": "report"}
        )
        return _objects(answer.json(), "/v2/profiles")

    def advertisers(self, profile_id: str) -> Iterator[dict[str, Any]]:
        """Yield the DSP advertisers of an agency profile, page by page.

        Raises:
            RejectedError: Amazon refuses the list.
        """
        start = 0
        while True:
            answer = self._get(
                "/dsp/advertisers",
                headers={SCOPE: profile_id},
                params={"startIndex": str(start), "count": str(PAGE)},
            )
            body = answer.json_object()
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
    ) -> Answer:
        for number in range(1, LIST_TRIES + 1):
            answer = self.api.call("GET", path, headers=headers, params=params)
            if answer.status == HTTPStatus.OK:
                return answer
            if answer.status != HTTPStatus.TOO_MANY_REQUESTS or number == LIST_TRIES:
                break
            wait = answer.retry_after(self.api.clock.now())
            self.api.clock.sleep(2.0**number if wait is None else wait)
        msg = f"GET {path} is refused (HTTP {answer.status}: {answer.words()})"
        raise RejectedError(msg, status=answer.status, request_id=answer.request_id)


def _objects(value: object, path: str) -> list[dict[str, Any]]:
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    msg = f"GET {path} does not answer with a list of objects: is endpoint_uri right?"
    raise RejectedError(msg)
