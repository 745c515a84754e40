"""Validates what is sent to a dataset.

A body against the contract is refused whole (400). What is wrong with the values of
one member rejects that member only, and the others are taken.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from amazon_emulator.audiences.contract import EMPTY_HASH
from amazon_emulator.audiences.parsing import as_object, text, with_keys
from amazon_emulator.data_manager.contract import (
    CONSENT_VALUES,
    COUNTRIES,
    DATASET_NAME,
    DESCRIPTION_LENGTH,
    EXTERNAL_FIELDS,
    HASHED_FIELDS,
    IDENTITIES,
    MEMBERS,
    UNKNOWN_COUNTRIES,
)
from amazon_emulator.data_manager.datasets.members import (
    granted,
    may_be_matched,
    member_entry,
)
from amazon_emulator.http import RefusalError

if TYPE_CHECKING:
    from amazon_emulator.audiences.uploads.members import Entry

_MEMBER = ("action", "externalUserId", "userIdentity", "userConsent")
_LISTS = {"hashedPiis": HASHED_FIELDS.keys(), "externalIdentities": EXTERNAL_FIELDS}
_GEO, _CONSENT = ("countryCode", "ipAddress"), ("amzn", "tcf", "gpp")
_AMZN = ("amznUserData", "amznAdStorage")
_HEX, _DIGITS = b"0123456789abcdef", 64
_HEX_DIGITS = set(_HEX.decode())
_NO_USER = "externalUserId is blank"
_NO_IDENTITY = "A hashed object or an external identity is required"
_TOO_MANY = f"A member has at most {IDENTITIES} identities of a kind"
_NO_HASH = "A value is no SHA-256 hash of 64 lower-case hex digits"
_EMPTY = "A value is the hash of an empty text"
_BLANK = "An external identity is blank"
_NO_CONSENT = "A consent signal is required"
_NO_COUNTRY = "No country is known"


@dataclass(frozen=True, slots=True)
class NewDataset:
    """A body that creates a dataset and passed."""

    name: str
    country: str
    description: str | None
    id_retention: bool | None


@dataclass(slots=True)
class Sorted:
    """The members of an upload by what becomes of them."""

    received: int
    entries: list[Entry] = field(default_factory=list)
    """CREATEs, and DELETEs that carry a granted consent."""
    ignored: int = 0
    """DELETEs without a granted consent: no error, no effect."""
    errors: list[tuple[int, str]] = field(default_factory=list)
    """Index of a rejected member and the reason."""

    @property
    def consented(self) -> int:
        """Members that may be matched."""
        return sum(may_be_matched(entry.consent) for entry in self.entries)


def validate_dataset(body: Mapping[str, object]) -> NewDataset:
    """Return the dataset a body asks for, or refuse (400)."""
    keys = ("name", "countryCode", "description", "idRetention")
    with_keys("The request body", body, keys, keys[:2])
    name, country = body["name"], body["countryCode"]
    if not isinstance(name, str) or not DATASET_NAME.fullmatch(name):
        message = f"name must match {DATASET_NAME.pattern}"
        raise RefusalError(400, message)
    _check_country("countryCode", country)
    description, retention = body.get("description"), body.get("idRetention")
    if "description" in body:
        text("description", description, DESCRIPTION_LENGTH)
    if "idRetention" in body and not isinstance(retention, bool):
        raise RefusalError(400, "idRetention must be a boolean")
    return NewDataset(
        name,
        str(country),
        None if description is None else str(description),
        retention if isinstance(retention, bool) else None,
    )


def check_count(count: int) -> None:
    """Refuse (400) an upload with no or too many members."""
    least, most = MEMBERS
    if not least <= count <= most:
        raise RefusalError(400, f"members must be a list of {least} to {most} items")


def read_members(body: Mapping[str, object]) -> Sequence[Mapping[str, Any]]:
    """Return the members of an upload, or refuse it (400) naming the first mistake."""
    with_keys("The request body", body, ("members",), ("members",))
    members = body["members"]
    if not isinstance(members, list):
        raise RefusalError(400, "members must be a list")
    check_count(len(members))
    for number, member in enumerate(members):
        check_member(f"members[{number}]", member)
    return members


def check_member(name: str, value: object) -> None:
    """Refuse (400) a member that is against the contract; no value is ever shown."""
    member = with_keys(name, value, _MEMBER, _MEMBER[:3])
    if member["action"] not in ("CREATE", "DELETE"):
        raise RefusalError(400, f"{name}.action must be CREATE or DELETE")
    if not isinstance(member["externalUserId"], str):
        raise RefusalError(400, f"{name}.externalUserId must be a string")
    check_identity(f"{name}.userIdentity", member["userIdentity"])
    if "userConsent" in member:
        _check_consent(f"{name}.userConsent", member["userConsent"])


def check_identity(name: str, value: object) -> None:
    """Refuse (400) an identity that is against the contract."""
    for key, listed in with_keys(name, value, _LISTS).items():
        if not isinstance(listed, list):
            raise RefusalError(400, f"{name}.{key} must be a list")
        for item in listed:
            _check_texts(f"{name}.{key}", item, _LISTS[key])


def sort_members(
    members: Sequence[Mapping[str, Any]],
    country: str,
    *,
    needs: tuple[bool, bool],
    refused: Mapping[int, str],
) -> Sorted:
    """Return what becomes of each member.

    `country` is that of the dataset, `needs` says whether a country and whether a
    consent must be there, `refused` holds reasons that come from elsewhere, by index.
    """
    found = Sorted(len(members))
    for index, member in enumerate(members):
        reason = refused.get(index) or _problem(member, country, needs)
        if reason:
            found.errors.append((index, reason))
            continue
        entry = member_entry(member, country)
        if entry.is_create or granted(entry.consent):
            found.entries.append(entry)
        else:
            found.ignored += 1
    return found


def identity_problem(identity: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the values of an identity."""
    hashed = identity.get("hashedPiis", ())
    external = identity.get("externalIdentities", ())
    if not any(hashed) and not any(external):
        return _NO_IDENTITY
    if max(len(hashed), len(external)) > IDENTITIES:
        return _TOO_MANY
    if not all(value.strip() for item in external for value in item.values()):
        return _BLANK
    return _hash_problem([value for item in hashed for value in item.values()])


def holds_clear_text(member: Mapping[str, Any]) -> bool:
    """Return whether a value that should be a hash has nothing of one."""
    return any(
        value and (len(value) < _DIGITS // 2 or not set(value.lower()) <= _HEX_DIGITS)
        for item in member["userIdentity"].get("hashedPiis", ())
        for value in item.values()
    )


def _problem(
    member: Mapping[str, Any], country: str, needs: tuple[bool, bool]
) -> str | None:
    if not member["externalUserId"].strip():
        return _NO_USER
    problem = identity_problem(member["userIdentity"])
    if problem or member["action"] == "DELETE":
        return problem
    consent = member.get("userConsent", {})
    needs_country, needs_consent = needs
    if needs_consent and not _has_signal(consent.get("consent", {})):
        return _NO_CONSENT
    geo = consent.get("geo", {})
    is_known = geo.get("countryCode", country) not in UNKNOWN_COUNTRIES
    if needs_country and not is_known and not geo.get("ipAddress"):
        return _NO_COUNTRY
    return None


def _has_signal(consent: Mapping[str, Any]) -> bool:
    amzn = consent.get("amzn", {})
    return bool(consent.get("tcf") or consent.get("gpp") or amzn.get("amznUserData"))


def _hash_problem(values: Sequence[str]) -> str | None:
    whole = "".join(values)
    if any(len(value) != _DIGITS for value in values) or not whole.isascii():
        return _NO_HASH
    if whole.encode().translate(None, _HEX):
        return _NO_HASH
    return _EMPTY if EMPTY_HASH in values else None


def _check_consent(name: str, value: object) -> None:
    given = with_keys(name, value, ("geo", "consent"))
    geo = _check_texts(f"{name}.geo", given.get("geo", {}), _GEO)
    if "countryCode" in geo:
        _check_country(f"{name}.geo.countryCode", geo["countryCode"])
    consent = with_keys(f"{name}.consent", given.get("consent", {}), _CONSENT)
    texts = {key: value for key, value in consent.items() if key != "amzn"}
    _check_texts(f"{name}.consent", texts, _CONSENT)
    amzn = _check_texts(f"{name}.consent.amzn", consent.get("amzn", {}), _AMZN)
    if not CONSENT_VALUES.issuperset(amzn.values()):
        message = f"{name}.consent.amzn must say {', '.join(sorted(CONSENT_VALUES))}"
        raise RefusalError(400, message)


def _check_country(name: str, value: object) -> None:
    if not isinstance(value, str) or value not in COUNTRIES:
        raise RefusalError(400, f"{name} must be an ISO 3166-1 alpha-2 code")


def _check_texts(name: str, value: object, keys: Collection[str]) -> dict[str, str]:
    given = as_object(name, value)
    if not given.keys() <= set(keys) or set(map(type, given.values())) - {str}:
        with_keys(name, given, keys)
        raise RefusalError(400, f"{name} must hold strings")
    return {key: str(item) for key, item in given.items()}


def shown_error(reason: str) -> dict[str, Any]:
    """Return the error of a rejected member as Amazon shows it, but for the index."""
    kind = "VALIDATION_ERROR"
    detail = {"errorType": kind, "errorMessage": reason, "errorCode": 400}
    return {"code": "400", "details": reason, "errors": [detail]}
