"""Validates the bodies that create and update audiences; the first mistake is a 400."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from amazon_emulator.audiences.contract import (
    COUNTRIES,
    CURRENCIES,
    DESCRIPTION_LENGTH,
    FEES,
    NAME_LENGTH,
    TTL_SECONDS,
)
from amazon_emulator.audiences.parsing import text, whole, with_keys
from amazon_emulator.http import RefusalError
from amazon_emulator.settings import is_number

Fees = tuple[Mapping[str, object], ...]
_CREATE = ("name", "description", "targetResource", "metadata", "countryCode")
_UPDATE = ("description", "metadata")
_UPDATE_METADATA = ("ttl", "audienceFees")
_EXTERNAL_ID = "externalAudienceId"


@dataclass(frozen=True, slots=True)
class NewAudience:
    """A body that creates an audience and passed."""

    name: str
    description: str
    country: str | None
    connection_id: str | None
    advertiser_id: int | None
    """DSP only; exactly one of this and `connection_id` is given."""
    external_id: str
    ttl: float
    fees: Fees


@dataclass(frozen=True, slots=True)
class Changes:
    """A body that updates an audience; what it leaves out is None."""

    description: str | None
    ttl: float | None
    fees: Fees | None


def validate_create(body: Mapping[str, object]) -> NewAudience:
    """Return the audience a body asks for, or refuse (400)."""
    with_keys("The request body", body, _CREATE, _CREATE[:4])
    keys = (_EXTERNAL_ID, *_UPDATE_METADATA)
    metadata = with_keys("metadata", body["metadata"], keys, keys[:1])
    external_id = text(f"metadata.{_EXTERNAL_ID}", metadata[_EXTERNAL_ID], (1, 1000))
    connection_id, advertiser_id = _target(body["targetResource"])
    ttl = _ttl(metadata)
    return NewAudience(
        text("name", body["name"], NAME_LENGTH),
        text("description", body["description"], DESCRIPTION_LENGTH),
        _country(body),
        connection_id,
        advertiser_id,
        external_id,
        TTL_SECONDS[1] if ttl is None else ttl,
        _fees(metadata) or (),
    )


def validate_update(body: Mapping[str, object]) -> Changes:
    """Return what a body changes, or refuse (400)."""
    with_keys("The request body", body, _UPDATE)
    metadata = with_keys("metadata", body.get("metadata", {}), _UPDATE_METADATA)
    description = None
    if "description" in body:
        description = text("description", body["description"], DESCRIPTION_LENGTH)
    return Changes(description, _ttl(metadata), _fees(metadata))


def _target(value: object) -> tuple[str | None, int | None]:
    target = with_keys("targetResource", value, ("connectionId", "advertiserId"))
    if len(target) != 1:
        raise RefusalError(
            400, "targetResource must hold exactly one of connectionId and advertiserId"
        )
    if "advertiserId" in target:
        return None, whole("targetResource.advertiserId", target["advertiserId"])
    return text("targetResource.connectionId", target["connectionId"], (1, 200)), None


def _country(body: Mapping[str, object]) -> str | None:
    if "countryCode" not in body:
        return None
    country = body["countryCode"]
    if not isinstance(country, str) or country not in COUNTRIES:
        raise RefusalError(400, "countryCode must be an ISO 3166-1 alpha-2 code")
    return country


def _ttl(metadata: Mapping[str, object]) -> float | None:
    if "ttl" not in metadata:
        return None
    least, most = TTL_SECONDS
    ttl = metadata["ttl"]
    if not is_number(ttl) or not least <= ttl <= most:
        message = f"metadata.ttl must be a number of seconds from {least} to {most}"
        raise RefusalError(400, message)
    return ttl


def _fees(metadata: Mapping[str, object]) -> Fees | None:
    if "audienceFees" not in metadata:
        return None
    least, most = FEES
    fees = metadata["audienceFees"]
    if not isinstance(fees, list) or not least <= len(fees) <= most:
        message = f"metadata.audienceFees must be a list of {least} to {most} fees"
        raise RefusalError(400, message)
    return tuple(_fee(fee) for fee in fees)


def _fee(value: object) -> Mapping[str, object]:
    name = "metadata.audienceFees"
    keys = ("currency", "cpmCents")
    fee = with_keys(name, value, keys, keys)
    if str(fee["currency"]) not in CURRENCIES:
        message = f"{name}.currency must be one of {', '.join(sorted(CURRENCIES))}"
        raise RefusalError(400, message)
    cents = fee["cpmCents"]
    if not is_number(cents) or not 0 <= cents < float("inf"):
        raise RefusalError(400, f"{name}.cpmCents must be a number of cents, 0 or more")
    return fee
