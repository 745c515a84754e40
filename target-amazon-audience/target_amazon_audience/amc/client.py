"""Amazon's audiences over HTTP. Contract: the "Advertiser audiences" OpenAPI file.

Ids of audiences and advertisers are JSON integers beyond 2^53: they stay ``int``, never
``float``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from singer_amazon.errors import RejectedError
from singer_amazon.http.client import ApiClient
from singer_amazon.http.transport import Response
from target_amazon_audience.amc.models import (
    AmcAccount,
    AmcConnection,
    Audience,
    Changes,
    NewAudience,
    Terms,
)
from target_amazon_audience.amc.rate_limits import SharedLimiter
from target_amazon_audience.amc.responses import (
    MAX_MESSAGE_LENGTH,
    as_object,
    fee_of,
    message_of,
    metadata,
    number,
    objects,
    optional,
    required,
    text,
    whole,
)
from target_amazon_audience.delivery.calls import ApiCalls, Call, pages
from target_amazon_audience.delivery.models import (
    Job,
    JobState,
)
from target_amazon_audience.delivery.ports import Receipt

AUDIENCES = "application/vnd.amcaudiences.v1+json"
CONNECTIONS = "application/vnd.amcaudiencesconnections.v1+json"
INSTANCES = "application/vnd.amcinstances.v1+json"
CLIENT_ID = "Amazon-Advertising-API-ClientId"

_ADVERTISER = "Amazon-Advertising-API-AdvertiserId"
_MARKETPLACE = "Amazon-Advertising-API-MarketplaceId"
_METADATA = "/amc/audiences/metadata"
_RECORDS = "/amc/audiences/records"
_LINKS = "/amc/audiences/connections"
_TERMS = f"{_LINKS}/terms"
_PAGE = "100"

_STEPS = {
    HTTPStatus.UNAUTHORIZED: (
        "the token is good but not for this: the user who granted access must see "
        "this audience's account"
    ),
    HTTPStatus.FORBIDDEN: (
        "check that the user has access to the AMC instance or DSP advertiser, that "
        "AMC's terms are accepted, and that the client is approved for 'Data Provider'"
    ),
    HTTPStatus.NOT_FOUND: (
        "check the id, and that region is the one of the DSP advertiser"
    ),
    HTTPStatus.NOT_IMPLEMENTED: "Amazon does not support this target for the account",
}


class HttpAudienceApi:
    """The port of audiences, spoken with an ``ApiClient``."""

    def __init__(self, client: ApiClient, limiter: SharedLimiter) -> None:
        self._calls = ApiCalls(client, limiter, _STEPS, message_of)

    # Terms and connections

    def terms(self) -> Terms:
        """Return the state of AMC's terms."""
        body = self._call("GET", _TERMS, media=CONNECTIONS).json_object()
        return Terms(body.get("hasAccepted") is True, str(body.get("agreementToken")))

    def accept_terms(self, token: str) -> None:
        """Accept them in the user's name."""
        body = {"agreementToken": token, "hasAccepted": True}
        self._call("PATCH", _TERMS, body, media=CONNECTIONS)

    def connections(self, connection_id: str | None = None) -> list[AmcConnection]:
        """Return the connections of this client, or the one that is named."""
        params = {"connectionId": connection_id} if connection_id else None
        response = self._call("GET", _LINKS, params=params, media=CONNECTIONS)
        return [
            AmcConnection(
                id=text(item, "connectionId"),
                instance_id=text(item, "amcInstanceId"),
                advertiser_id=text(item, "dspAdvertiserId"),
                account_id=text(item, "amcAccountId"),
            )
            for item in objects(response, "connections")
        ]

    def add_connection(
        self, account: AmcAccount, instance_id: str, advertiser_id: str | None
    ) -> str:
        """Make a connection, never the default one, and return its id."""
        body = {
            "amcAccountId": account.id,
            "amcAccountMarketplaceId": account.marketplace_id,
            "amcInstanceId": instance_id,
            "dspAdvertiserId": advertiser_id,
        }
        given = {name: value for name, value in body.items() if value}
        response = self._call("POST", _LINKS, given, media=CONNECTIONS)
        return required(response, "connectionId")

    def accounts(self) -> list[AmcAccount]:
        """Return the AMC accounts."""
        found = self._pages("/amc/accounts", "amcAccounts", CONNECTIONS)
        return [
            AmcAccount(text(item, "accountId"), text(item, "marketplaceId"))
            for item in found
        ]

    def instances(self, account: AmcAccount) -> Iterator[str]:
        """Yield the ids of an account's AMC instances."""
        headers = {_ADVERTISER: account.id, _MARKETPLACE: account.marketplace_id}
        for item in self._pages(
            "/amc/instances", "instances", INSTANCES, headers, {"limit": _PAGE}
        ):
            yield text(item, "instanceId")

    # Audiences

    def create(self, audience: NewAudience) -> int:
        """Make an audience and return its id."""
        target: dict[str, object] = (
            {"connectionId": audience.connection_id}
            if audience.connection_id is not None
            else {"advertiserId": audience.advertiser_id}
        )
        more: dict[str, object] = {"externalAudienceId": audience.external_id}
        more |= metadata(audience.ttl, audience.fee)
        body = {
            "name": audience.name,
            "description": audience.description,
            "countryCode": audience.country,
            "targetResource": target,
            "metadata": more,
        }
        response = self._call("POST", _METADATA, body)
        found = response.json_object().get("audienceId")
        if isinstance(found, str) and found.isdigit():
            return int(found)
        if isinstance(found, int):
            return found
        msg = "Amazon made an audience and told no audienceId; ask Amazon's support."
        raise RejectedError(msg, request_id=response.request_id)

    def audience(self, audience_id: int) -> Audience:
        """Return an audience."""
        body = self._call("GET", f"{_METADATA}/{audience_id}").json_object()
        more = as_object(body.get("metadata"))
        return Audience(
            id=audience_id,
            name=optional(body.get("name"), str),
            description=optional(body.get("description"), str),
            ttl=whole(more.get("ttl")),
            fee=fee_of(more.get("audienceFees")),
        )

    def update(self, audience_id: int, changes: Changes) -> None:
        """Change an audience."""
        body: dict[str, object] = {}
        if changes.description is not None:
            body["description"] = changes.description
        if more := metadata(changes.ttl, changes.fee):
            body["metadata"] = more
        self._call("PUT", f"{_METADATA}/{audience_id}", body)

    # Records

    def upload(self, body: bytearray) -> Receipt:
        """Send one request with records, which becomes a job."""
        response = self._call_once("POST", _RECORDS, body)
        return Receipt(required(response, "jobRequestId"))

    def job(self, job_id: str) -> Job:
        """Look at a job."""
        body = self._call_once("GET", f"{_RECORDS}/{job_id}").json_object()
        word = body.get("jobState")
        word = word if isinstance(word, str) else ""
        known = {state.value: state for state in JobState}
        items = body.get("invalidRecords")
        invalid = [
            (text(item, "externalId"), text(item, "error")[:MAX_MESSAGE_LENGTH])
            for item in (items if isinstance(items, list) else [])
            if isinstance(item, dict)
        ]
        rate = as_object(body.get("successful")).get("recordsProcessedRate")
        state = known.get(word, JobState.UNKNOWN)
        return Job(state, word, invalid, number(rate))

    # Calls

    def _pages(
        self,
        path: str,
        key: str,
        media: str,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Iterator[dict[str, Any]]:
        def ask(page: Mapping[str, str]) -> Response:
            query = {**(params or {}), **page}
            return self._call("GET", path, params=query, headers=headers, media=media)

        for response in pages(ask):
            yield from objects(response, key)

    def _call(
        self,
        method: str,
        path: str,
        body: object | None = None,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        media: str = AUDIENCES,
    ) -> Response:
        """Call, and wait out a 429."""
        return self._calls.patiently(Call(method, path, media, body, params, headers))

    def _call_once(
        self, method: str, path: str, body: object | None = None
    ) -> Response:
        """Call once; a 429 is an error like any other."""
        return self._calls.once(Call(method, path, AUDIENCES, body))
