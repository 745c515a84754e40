"""Ads Data Manager over HTTP. Contract: the "Ads Data Manager" OpenAPI file.

Ids are opaque text. Every call names the account by exactly one header, also where
Amazon's file forgets to ask for it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from target_amazon_audience.amc.responses import objects, text, whole
from target_amazon_audience.data_manager.models import (
    Dataset,
    DuplicateNameError,
    LinkedAccount,
    NewDataset,
    NewRule,
    SharingRule,
    Terms,
)
from target_amazon_audience.data_manager.responses import (
    linked_accounts,
    message_of,
    reason_of,
    rule_of,
)
from target_amazon_audience.delivery.calls import ApiCalls, Call, pages
from target_amazon_audience.delivery.models import BadRequestError, NotFoundError
from target_amazon_audience.delivery.ports import Receipt

if TYPE_CHECKING:
    from singer_amazon.http.client import ApiClient
    from singer_amazon.http.transport import Response
    from target_amazon_audience.amc.rate_limits import SharedLimiter

logger = logging.getLogger(__name__)

JSON = "application/json"
MEMBERS = "application/vnd.admAudiences.v1+json"
METRICS = "application/vnd.admmetrics.v1+json"
MANAGERS = "application/vnd.getmanageraccountsresponse.v1+json"

_TERMS = "/adm/terms"
_DATAROOMS = "/adm/datarooms"
_AUDIENCES = "/adm/audiences"
_RULES = "/adm/sharingRules"
_REQUEST_ID = "Amazon-Advertising-API-RequestId"
_PAGE = 100

_STEPS = {
    HTTPStatus.UNAUTHORIZED: (
        "the token is good but not for this: the user who granted access must see the "
        "account of manager_account_id or ads_account_id"
    ),
    HTTPStatus.FORBIDDEN: (
        "check the user's role in the account (a role that may create datasets and "
        "sharing rules may still not send members: that takes ads_data_manager_edit "
        "in a manager account, audiences_edit in an advertiser account), that the "
        "terms of Ads Data Manager are accepted, and that the link to the destination "
        "has the permission to share data"
    ),
    HTTPStatus.NOT_FOUND: "check the id, the account and region",
}


class HttpDataManagerApi:
    """Ads Data Manager, spoken with an ``ApiClient``; ``headers`` name the account."""

    def __init__(
        self, client: ApiClient, limiter: SharedLimiter, headers: Mapping[str, str]
    ) -> None:
        self._calls = ApiCalls(client, limiter, _STEPS, message_of)
        self._headers = headers

    # Terms and data room

    def terms(self) -> Terms:
        """Return the state of the terms."""
        body = self._call("GET", _TERMS).json_object()
        return Terms(body.get("hasAccepted") is True, text(body, "agreementToken"))

    def accept_terms(self, token: str) -> None:
        """Accept them in the user's name."""
        self._call("PATCH", _TERMS, {"agreementToken": token, "hasAccepted": True})

    def has_dataroom(self) -> bool:
        """Whether the account has a data room."""
        try:
            self._call("GET", _DATAROOMS)
        except NotFoundError:
            return False
        return True

    def create_dataroom(self) -> None:
        """Make the account's data room; doing so twice leaves one."""
        self._call("POST", _DATAROOMS)

    def dataroom_counts(self) -> Mapping[str, object]:
        """Return what stands in the data room, in numbers."""
        path = f"{_DATAROOMS}/metadata"
        return self._call("GET", path, media=METRICS).json_object()

    # Datasets

    def datasets(self) -> Iterator[Dataset]:
        """Yield the datasets of audiences."""

        def ask(page: Mapping[str, str]) -> Response:
            return self._call("GET", _AUDIENCES, params={"limit": str(_PAGE), **page})

        for response in pages(ask):
            for item in objects(response, "dataSets"):
                yield _dataset(item, text(item, "dataSetId"))

    def dataset(self, dataset_id: str) -> Dataset:
        """Return a dataset."""
        body = self._call("GET", f"{_AUDIENCES}/{dataset_id}").json_object()
        return _dataset(body, dataset_id)

    def create_dataset(self, dataset: NewDataset) -> str | None:
        """Make a dataset and return its id, where Amazon tells it."""
        body = {
            "name": dataset.name,
            "countryCode": dataset.country,
            "description": dataset.description or None,
            "idRetention": dataset.id_retention,
        }
        given = {name: value for name, value in body.items() if value is not None}
        try:
            response = self._call("POST", _AUDIENCES, given)
        except BadRequestError as error:
            # told by the id, not by the code: that is written in several ways
            if known := text(error.body, "datasetId"):
                raise DuplicateNameError(str(error), known) from None
            raise
        return text(response.json_object(), "dataSetId") or None

    def metrics(self, dataset_id: str) -> Mapping[str, object]:
        """Return Amazon's counters of a dataset."""
        path = f"/adm/datasets/{dataset_id}/metrics"
        return self._call("GET", path, media=METRICS).json_object()

    # Members

    def send_members(self, dataset_id: str, body: bytearray) -> Receipt:
        """Send one request with members; a 429 is an error like any other."""
        path = f"{_AUDIENCES}/{dataset_id}/members"
        response = self._calls.once(
            Call("POST", path, MEMBERS, body, headers=self._headers)
        )
        found = response.json_object()
        logger.info(
            "Amazon took a batch: ingress id %s, request id %s",
            text(found, "ingressId") or "-",
            response.headers.get(_REQUEST_ID) or response.request_id or "-",
        )
        errors = found.get("errors")
        return Receipt(
            None,
            [
                (-1 if (row := whole(item.get("index"))) is None else row, reason)
                for item in (errors if isinstance(errors, list) else [])
                if isinstance(item, dict) and (reason := reason_of(item))
            ],
        )

    # Sharing rules

    def rules(self, dataset_id: str | None = None) -> Iterator[SharingRule]:
        """Yield the sharing rules of a dataset, or of all."""
        body: dict[str, object] = {"maxResults": _PAGE}
        if dataset_id is not None:
            body["datasetIds"] = [dataset_id]

        def ask(page: Mapping[str, str]) -> Response:
            return self._call("POST", f"{_RULES}/list", {**body, **page})

        for response in pages(ask):
            for item in objects(response, "sharingRules"):
                yield rule_of(item)

    def create_rule(self, rule: NewRule) -> SharingRule:
        """Make a sharing rule, with one try: a second one would make a second rule."""
        body = {
            "application": rule.application,
            "dataSetId": rule.dataset_id,
            "destinationAccountId": rule.destination_id,
            "marketplaceId": rule.marketplace_id,
            "metadata": rule.metadata,
        }
        if rule.entity_id is not None:
            body["accountEntityId"] = rule.entity_id
        call = Call("POST", _RULES, JSON, body, headers=self._headers, max_attempts=1)
        return rule_of(self._calls.once(call).json_object())

    # Accounts

    def linked_accounts(self) -> Iterator[LinkedAccount]:
        """Yield the accounts that the user's manager accounts are linked with."""
        call = Call("GET", "/managerAccounts", MANAGERS)
        return linked_accounts(self._calls.patiently(call).json_object())

    def _call(
        self,
        method: str,
        path: str,
        body: object | None = None,
        *,
        params: Mapping[str, str] | None = None,
        media: str = JSON,
    ) -> Response:
        """Call, and wait out a 429."""
        call = Call(method, path, media, body, headers=self._headers)
        return self._calls.patiently(replace(call, params=params))


def _dataset(item: Mapping[str, Any], dataset_id: str) -> Dataset:
    retention = item.get("idRetention")
    return Dataset(
        id=text(item, "dataSetId") or dataset_id,
        name=text(item, "name"),
        country=text(item, "countryCode"),
        description=text(item, "description"),
        id_retention=retention if isinstance(retention, bool) else None,
    )
