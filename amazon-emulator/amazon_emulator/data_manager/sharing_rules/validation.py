"""Validates the bodies that create and list sharing rules; a mistake is a 400."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from amazon_emulator.audiences.parsing import text, with_keys
from amazon_emulator.data_manager.contract import (
    AMC,
    APPLICATIONS,
    AUDIENCE_NAME_LENGTH,
    METADATA,
    METADATA_KEYS,
    STATUSES,
)
from amazon_emulator.data_manager.parsing import instant, page_size, texts
from amazon_emulator.http import RefusalError

_REQUIRED = (
    *("application", "dataSetId", "destinationAccountId", "marketplaceId"),
    "metadata",
)
_FILTERS = (
    *("activatedAfter", "activatedBefore", "application", "datasetIds"),
    *("destinationAccountId", "maxResults", "nextToken", "statuses"),
)
_NAMES = (1, 1000)


@dataclass(frozen=True, slots=True)
class NewRule:
    """A body that creates a rule and passed."""

    application: str
    dataset_id: str
    destination_id: str
    marketplace_id: str
    entity_id: str | None
    """The parent DSP entity, if one is named."""
    metadata: Mapping[str, str]
    """What stands below `audienceMetadata` or `amcMetadata`."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a listing asks for; None: any."""

    application: str | None
    dataset_ids: tuple[str, ...] | None
    destination_id: str | None
    statuses: tuple[str, ...] | None
    activated_after: datetime | None
    activated_before: datetime | None
    size: int
    token: str | None


def validate_rule(body: Mapping[str, object]) -> NewRule:
    """Return the rule a body asks for, or refuse (400)."""
    keys = (*_REQUIRED, "accountEntityId")
    given = with_keys("The request body", body, keys, _REQUIRED)
    application = _one_of("application", given["application"], APPLICATIONS)
    if application not in METADATA:
        raise RefusalError(400, f"The application {application} is not emulated")
    destination = text("destinationAccountId", given["destinationAccountId"], _NAMES)
    entity = given.get("accountEntityId")
    if "accountEntityId" in given:
        text("accountEntityId", entity, _NAMES)
    metadata = _metadata(application, given["metadata"])
    if application == AMC and metadata["amcInstanceId"] != destination:
        message = "amcMetadata.amcInstanceId is not the destinationAccountId"
        raise RefusalError(400, message)
    return NewRule(
        application,
        text("dataSetId", given["dataSetId"], _NAMES),
        destination,
        text("marketplaceId", given["marketplaceId"], _NAMES),
        entity,
        metadata,
    )


def validate_filters(body: Mapping[str, object]) -> Filters:
    """Return what a body asks for, or refuse (400)."""
    given = with_keys("The request body", body, _FILTERS)
    for name in ("application", "destinationAccountId", "nextToken"):
        if not isinstance(given.get(name, ""), str):
            raise RefusalError(400, f"{name} must be a string")
    if "application" in given:
        _one_of("application", given["application"], APPLICATIONS)
    statuses = texts(given, "statuses")
    for status in statuses or ():
        _one_of("statuses", status, STATUSES)
    if isinstance(given.get("maxResults"), str):
        raise RefusalError(400, "maxResults must be a number")
    return Filters(
        given.get("application"),
        texts(given, "datasetIds"),
        given.get("destinationAccountId"),
        statuses,
        instant(given, "activatedAfter"),
        instant(given, "activatedBefore"),
        page_size(given, "maxResults"),
        given.get("nextToken"),
    )


def _metadata(application: str, value: object) -> dict[str, str]:
    """Return the part for this application; exactly one part may be given."""
    key = METADATA_KEYS[application]
    part = with_keys("metadata", value, (key,), (key,))[key]
    metadata = with_keys(f"metadata.{key}", part, *METADATA[application])
    for name, item in metadata.items():
        lengths = AUDIENCE_NAME_LENGTH if name == "audienceName" else (0, 1000)
        text(f"metadata.{key}.{name}", item, lengths)
    return metadata


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise RefusalError(400, f"{name} must be one of {', '.join(allowed)}")
    return value
