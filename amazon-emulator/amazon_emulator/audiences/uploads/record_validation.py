"""Validates the records of an upload, and says which of them a job will call invalid.

A mistake against the contract refuses the whole upload (400). What only processing
can show, such as consent, makes single records invalid in the job's report. Uploads
are large, so all records are tested at once with C-speed tools first; only when
something is wrong are they read one by one, to name it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from amazon_emulator.audiences.contract import (
    ACTIONS,
    CONSENT_COUNTRIES,
    CONSENT_VALUES,
    COUNTRIES,
    EMPTY_HASH,
    PII_FIELDS,
    PII_OBJECTS,
    RECORDS,
    UNKNOWN_COUNTRY,
    USER_ID,
)
from amazon_emulator.audiences.parsing import as_object, with_keys
from amazon_emulator.http import RefusalError

Record = Mapping[str, Any]
_REQUIRED = ("externalUserId", "action", "hashedPII")
_KEYS = frozenset({*_REQUIRED, "countryCode", "userConsent", "measurements"})
_PII = frozenset(PII_FIELDS)
_GEO, _CONSENT = ("countryCode", "ipAddress"), ("amzn", "tcf", "gpp")
_AMZN = ("amznUserData", "amznAdStorage")
_HEX = b"0123456789abcdef"
_DIGITS = 64
_DENIED = "User consent is denied"
_NO_CONSENT = "User consent is missing"
_NO_COUNTRY = "Country code is missing"
_WRONG_COUNTRY = "Country code is not valid"


def check_count(count: int) -> None:
    """Refuse (400) an upload with no or too many records."""
    least, most = RECORDS
    if not least <= count <= most:
        raise RefusalError(400, f"records must be a list of {least} to {most} items")


def validate_records(records: object) -> Sequence[Record]:
    """Return the records of an upload, or refuse it (400) naming the first mistake."""
    if not isinstance(records, list):
        raise RefusalError(400, "records must be a list")
    check_count(len(records))
    if not _are_clean(records):
        for number, record in enumerate(records):
            validate_record(f"records[{number}]", record)
    return records


def validate_record(name: str, value: object) -> None:
    """Refuse (400) one record that breaks the contract; no value is ever shown."""
    record = with_keys(name, value, _KEYS, _REQUIRED)
    user_id = record["externalUserId"]
    if not isinstance(user_id, str) or not USER_ID.fullmatch(user_id):
        message = f"{name}.externalUserId must match ^[0-9a-zA-Z\\-\\_]{{1,128}}$"
        raise RefusalError(400, message)
    if record["action"] not in ("CREATE", "DELETE"):
        raise RefusalError(400, f"{name}.action must be CREATE or DELETE")
    if not isinstance(record.get("countryCode", ""), str):
        raise RefusalError(400, f"{name}.countryCode must be a string")
    as_object(f"{name}.measurements", record.get("measurements", {}))
    _validate_pii(f"{name}.hashedPII", record["hashedPII"])
    if "userConsent" in record:
        _validate_consent(f"{name}.userConsent", record["userConsent"])


def invalid_records(
    records: Iterable[Record], country: str | None, *, needs: tuple[bool, bool]
) -> dict[str, str]:
    """Return user id -> reason of the records that processing turns down.

    `country` is used where a record has none; `needs` says whether a country and
    whether consent must be there.
    """
    needs_country, needs_consent = needs
    invalid: dict[str, str] = {}
    for record in records:
        code = record.get("countryCode", country)
        consent = record.get("userConsent")
        if code in COUNTRIES and consent is None and not needs_consent:
            continue
        reason = None
        if record["action"] == "CREATE":
            reason = _consent_problem(consent, code, needed=needs_consent)
        if reason is None and code is None and needs_country:
            reason = _NO_COUNTRY
        if reason is None and code is not None and code not in COUNTRIES:
            reason = _WRONG_COUNTRY
        if reason is not None:
            invalid[record["externalUserId"]] = reason
    return invalid


def _are_clean(records: list[Any]) -> bool:
    """Return whether nothing is wrong; False may also mean that it is hard to say."""
    try:
        users: list[str] = list(map(itemgetter("externalUserId"), records))
        actions = set(map(itemgetter("action"), records))
        groups: list[list[Any]] = list(map(itemgetter("hashedPII"), records))
        keys = set(chain.from_iterable(records))
        if not keys <= _KEYS or not actions <= ACTIONS:
            return False
        if not _is_all(groups, list) or not _are_sized(groups, PII_OBJECTS):
            return False
        return _are_clean_hashes(list(chain.from_iterable(groups))) and (
            all(map(USER_ID.fullmatch, users)) and _are_clean_extras(records, keys)
        )
    except (TypeError, KeyError, RefusalError):
        return False


def _are_clean_hashes(objects: list[Any]) -> bool:
    if not _is_all(objects, dict) or not all(objects):
        return False
    if not _PII.issuperset(chain.from_iterable(objects)):
        return False
    values = list(chain.from_iterable(map(dict.values, objects)))
    if not _is_all(values, str) or not _are_sized(values, (_DIGITS, _DIGITS)):
        return False
    left = "".join(values).encode().translate(None, _HEX)
    return not left and EMPTY_HASH not in values


def _are_clean_extras(records: list[Any], keys: Collection[str]) -> bool:
    if "countryCode" in keys:
        codes = {record.get("countryCode", "") for record in records}
        if not _is_all(codes, str):
            return False
    if "measurements" in keys:
        extras = [record.get("measurements", {}) for record in records]
        if not _is_all(extras, dict):
            return False
    if "userConsent" in keys:
        for record in records:
            if "userConsent" in record:
                _validate_consent("userConsent", record["userConsent"])
    return True


def _is_all(values: Iterable[object], kind: type) -> bool:
    return set(map(type, values)) <= {kind}


def _are_sized(values: list[Any], sizes: tuple[int, int]) -> bool:
    lengths = list(map(len, values))
    least, most = sizes
    return not lengths or (least <= min(lengths) and max(lengths) <= most)


def _validate_pii(name: str, value: object) -> None:
    least, most = PII_OBJECTS
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise RefusalError(400, f"{name} must be a list of {least} to {most} objects")
    for number, item in enumerate(value):
        path = f"{name}[{number}]"
        pii = with_keys(path, item, _PII)
        if not pii:
            raise RefusalError(400, f"{path} must not be empty")
        for field, digest in pii.items():
            _validate_hash(f"{path}.{field}", digest)


def _validate_hash(name: str, value: object) -> None:
    is_hash = isinstance(value, str) and len(value) == _DIGITS and value.isascii()
    if not is_hash or str(value).encode().translate(None, _HEX):
        message = f"{name} must be a SHA-256 hash of 64 lower-case hex digits"
        raise RefusalError(400, message)
    if value == EMPTY_HASH:
        raise RefusalError(400, f"{name} is the hash of the empty string")


def _validate_consent(name: str, value: object) -> None:
    given = with_keys(name, value, ("geo", "consent"))
    geo = with_keys(f"{name}.geo", given.get("geo", {}), _GEO)
    if str(geo.get("countryCode", UNKNOWN_COUNTRY)) not in COUNTRIES:
        message = f"{name}.geo.countryCode must be an ISO 3166-1 alpha-2 code"
        raise RefusalError(400, message)
    consent = with_keys(f"{name}.consent", given.get("consent", {}), _CONSENT)
    amzn = with_keys(f"{name}.consent.amzn", consent.get("amzn", {}), _AMZN)
    if not CONSENT_VALUES.issuperset(map(str, amzn.values())):
        message = f"{name}.consent.amzn must say {', '.join(sorted(CONSENT_VALUES))}"
        raise RefusalError(400, message)
    texts = [geo.get("ipAddress", ""), consent.get("tcf", ""), consent.get("gpp", "")]
    if not _is_all(texts, str):
        raise RefusalError(400, f"{name}: ipAddress, tcf and gpp must be strings")


def _consent_problem(
    value: Mapping[str, Any] | None, country: object, *, needed: bool
) -> str | None:
    consent = (value or {}).get("consent", {})
    geo = (value or {}).get("geo", {}).get("countryCode")
    if consent.get("tcf") or consent.get("gpp"):
        return None
    amzn = consent.get("amzn", {})
    if "DENIED" in amzn.values():
        return _DENIED
    where = {geo, country} - {None, UNKNOWN_COUNTRY}
    if not needed or CONSENT_COUNTRIES.isdisjoint(where):
        return None
    is_granted = amzn.get("amznUserData") == "GRANTED" and (
        amzn.get("amznAdStorage", "GRANTED") == "GRANTED"
    )
    return None if is_granted else _NO_CONSENT
