"""The members of a dataset, in the form the audiences API keeps its own.

Only the names of the hashed fields differ. An external identity is kept as its JSON
behind a zero byte, which no packed hash begins with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from amazon_emulator.audiences.uploads.members import (
    Entry,
    Pii,
    pack,
    unpack,
    without_address,
)
from amazon_emulator.data_manager.contract import HASHED_FIELDS

FOREVER = 10.0**10
"""Seconds that a member lives: a dataset has no time to live."""
_EXTERNAL = b"\0"
_FIELDS = {name: field for field, name in HASHED_FIELDS.items()}


def member_entry(member: Mapping[str, Any], country: str) -> Entry:
    """Return a validated member in the form that is kept."""
    consent = member.get("userConsent")
    return Entry(
        member["action"] == "CREATE",
        member["externalUserId"],
        packed_identity(member["userIdentity"]),
        (consent or {}).get("geo", {}).get("countryCode", country),
        without_address(consent),
    )


def packed_identity(identity: Mapping[str, Any]) -> Pii:
    """Return hashed objects and external identities, in order, without repeats."""
    hashed = [
        pack({HASHED_FIELDS[key]: value for key, value in item.items()})
        for item in identity.get("hashedPiis", ())
        if item
    ]
    external = [
        _EXTERNAL + json.dumps(item, sort_keys=True).encode()
        for item in identity.get("externalIdentities", ())
        if item
    ]
    found = hashed + external
    return tuple(found) if len(found) == 1 else tuple(sorted(set(found)))


def shown_identity(packed: Pii) -> dict[str, list[dict[str, str]]]:
    """Return `hashed_piis` and `external_identities`."""
    hashed = [
        {_FIELDS[key]: value for key, value in unpack(item).items()}
        for item in packed
        if not item.startswith(_EXTERNAL)
    ]
    external = [json.loads(x[1:]) for x in packed if x.startswith(_EXTERNAL)]
    return {"hashed_piis": hashed, "external_identities": external}


def granted(consent: Mapping[str, Any] | None) -> bool:
    """Return whether Amazon's own consent signal is granted."""
    amzn = (consent or {}).get("consent", {}).get("amzn", {})
    return amzn.get("amznUserData") == "GRANTED" and (
        amzn.get("amznAdStorage", "GRANTED") in ("GRANTED", "NOT_APPLICABLE")
    )


def may_be_matched(consent: Mapping[str, Any] | None) -> bool:
    """Return whether a member may be matched: TCF and GPP come first."""
    given = (consent or {}).get("consent", {})
    amzn = set(given.get("amzn", {}).values())
    if given.get("tcf") or given.get("gpp"):
        return True
    return not amzn & {"DENIED", "UNKNOWN"}
