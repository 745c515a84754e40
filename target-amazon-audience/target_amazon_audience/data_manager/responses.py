"""Reads what Ads Data Manager says; keys and words it may add later are ignored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from singer_amazon.errors import RejectedError
from target_amazon_audience.amc.responses import MAX_MESSAGE_LENGTH, as_object, text
from target_amazon_audience.data_manager.models import LinkedAccount, SharingRule

if TYPE_CHECKING:
    from singer_amazon.http.transport import Response

_REQUEST_ID = "Amazon-Advertising-API-RequestId"


def message_of(response: Response) -> str:
    """Return Amazon's own explanation, with the id of the request for its support."""
    said = _explanation(response.json_object())
    said = said or response.message()[:MAX_MESSAGE_LENGTH]
    request_id = response.headers.get(_REQUEST_ID)
    return f"{said} (request id {request_id})" if request_id else said


def reason_of(error: Mapping[str, Any]) -> str:
    """Return why one row was not taken."""
    return _explanation(error) or text(error, "code") or "no reason given"


def _explanation(body: Mapping[str, Any]) -> str:
    """Return the message, else the details, else the texts of the single errors."""
    for key in ("message", "Message", "details"):
        if said := " ".join(text(body, key).split()):
            return said[:MAX_MESSAGE_LENGTH]
    errors = body.get("errors")
    found = [
        text(item, "errorMessage") or text(item, "errorType")
        for item in (errors if isinstance(errors, list) else [])
        if isinstance(item, dict)
    ]
    return " ".join("; ".join(filter(None, found)).split())[:MAX_MESSAGE_LENGTH]


def rule_of(item: Mapping[str, Any]) -> SharingRule:
    """Return a sharing rule.

    Raises:
        RejectedError: it has no id.
    """
    audience = as_object(as_object(item.get("metadata")).get("audienceMetadata"))
    if not text(item, "sharingRuleId"):
        msg = "Amazon's answer on a sharing rule has no sharingRuleId; ask its support."
        raise RejectedError(msg)
    return SharingRule(
        id=text(item, "sharingRuleId"),
        application=text(item, "application"),
        dataset_id=text(item, "dataSetId"),
        destination_id=text(item, "destinationAccountId"),
        status=text(item, "status"),
        audience_name=text(audience, "audienceName"),
        audience_id=text(audience, "audienceId"),
        audience_id_v2=text(audience, "audienceIdV2"),
    )


def linked_accounts(body: Mapping[str, object]) -> Iterator[LinkedAccount]:
    """Yield the linked accounts of an answer on manager accounts."""
    managers = body.get("managerAccounts")
    for manager in managers if isinstance(managers, list) else ():
        linked = as_object(manager).get("linkedAccounts")
        for account in linked if isinstance(linked, list) else ():
            item = as_object(account)
            yield LinkedAccount(
                manager_id=text(manager, "managerAccountId"),
                account_id=text(item, "accountId"),
                marketplace_id=text(item, "marketplaceId"),
                dsp_advertiser_id=text(item, "dspAdvertiserId"),
            )
