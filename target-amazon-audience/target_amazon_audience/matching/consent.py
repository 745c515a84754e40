"""Whether a person may be put into an audience, and what Amazon learns about it.

Amazon reads a TCF string first, then a GPP string, then its own signal. The first two
are handed on unread: they decide at Amazon. A denial is never sent, in any mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from ipaddress import ip_address

import msgspec

from target_amazon_audience.matching.reference import as_country, consent_countries

CONSENT_FIELDS = (
    "amznuserdata",
    "amznadstorage",
    "tcf",
    "gpp",
    "ipaddress",
    "consentcountrycode",
)
CONSENT_MODES = ("strict", "warn", "off")
GRANTED, NOT_APPLICABLE = "GRANTED", "NOT_APPLICABLE"
SIGNALS = (GRANTED, "DENIED", NOT_APPLICABLE, "UNKNOWN")
MAX_STRING_LENGTH = 10_000
"""Characters of a TCF or GPP string; real ones stay far below."""

_STRINGS: tuple[str, ...] = ("tcf", "gpp")
_REMEMBERED = 4096
_encode = msgspec.json.Encoder().encode


class ConsentStatus(Enum):
    """What follows for a record that would be created."""

    FINE = "fine"
    MISSING = "consent missing"
    DENIED = "consent denied"
    UNREADABLE = "consent value unknown"


@dataclass(frozen=True, slots=True)
class Consent:
    """What follows, and the JSON of ``userConsent`` where there is something to say."""

    status: ConsentStatus
    wire: str | None
    field: str = ""
    country: str = ""
    """The country that consent was given in."""


class ConsentRules:
    """Classifies the consent of records; equal values once."""

    def __init__(
        self, mode: str, constants: Mapping[str, str], *, everywhere: bool = False
    ) -> None:
        self._mode = mode
        self._everywhere = everywhere
        """Whether records of every country need consent, or a word that none is."""
        self._constants = {k: v for k, v in constants.items() if v.strip()}
        self._constant_items = tuple(self._constants.items())
        self._cached = lru_cache(_REMEMBERED)(self._classify)

    def classify(self, country: str, values: Mapping[str, str]) -> Consent:
        """Return the consent of a record; an empty value falls back to the constant."""
        if not values:
            return self._cached(country, self._constant_items)
        found = dict(self._constants)
        found.update((k, v.strip()) for k, v in values.items() if v and v.strip())
        return self._cached(country, tuple(found.items()))

    def _classify(self, country: str, items: tuple[tuple[str, str], ...]) -> Consent:
        values = dict(items)
        for name in CONSENT_FIELDS:
            if not _is_readable(name, values.get(name, "")):
                return Consent(ConsentStatus.UNREADABLE, None, name, country)
        given_in = as_country(values.get("consentcountrycode", "")) or country
        amzn = {
            wire: values[name].upper()
            for name, wire in (
                ("amznuserdata", "amznUserData"),
                ("amznadstorage", "amznAdStorage"),
            )
            if name in values
        }
        strings = {name: values[name] for name in _STRINGS if name in values}
        wire = _wire(given_in, values.get("ipaddress"), amzn, strings)
        status = self._classification({country, given_in}, amzn, strings)
        return Consent(status, wire, country=given_in)

    def _classification(
        self,
        countries: set[str],
        amzn: Mapping[str, str],
        strings: Mapping[str, str],
    ) -> ConsentStatus:
        if strings:
            return ConsentStatus.FINE
        if "DENIED" in amzn.values():
            return ConsentStatus.DENIED
        if self._mode == "off" or _grants(amzn):
            return ConsentStatus.FINE
        if not countries.isdisjoint(consent_countries()):
            return ConsentStatus.MISSING
        is_settled = not self._everywhere or NOT_APPLICABLE in amzn.values()
        return ConsentStatus.FINE if is_settled else ConsentStatus.MISSING


def is_granted(consent: str | None) -> bool:
    """Whether the JSON of ``userConsent`` holds Amazon's own signal, and it grants."""
    if consent is None:
        return False
    amzn = msgspec.json.decode(consent).get("consent", {}).get("amzn", {})
    return _grants(amzn)


def _grants(amzn: Mapping[str, str]) -> bool:
    return (
        amzn.get("amznUserData") == GRANTED
        and amzn.get("amznAdStorage", GRANTED) == GRANTED
    )


def _is_readable(name: str, value: str) -> bool:
    if not value:
        return True
    if name in {"amznuserdata", "amznadstorage"}:
        return value.upper() in SIGNALS
    if name == "consentcountrycode":
        return as_country(value) is not None
    if name == "ipaddress":
        return _is_address(value)
    return len(value) <= MAX_STRING_LENGTH and value.isascii() and value.isprintable()


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def _wire(
    country: str,
    address: str | None,
    amzn: Mapping[str, str],
    strings: Mapping[str, str],
) -> str | None:
    if not (amzn or strings or address):
        return None
    geo = {"countryCode": country}
    if address:
        geo["ipAddress"] = address  # last, so that it can be cut out again
    consent: dict[str, object] = {"amzn": amzn} if amzn else {}
    return _encode({"geo": geo, "consent": {**consent, **strings}}).decode()
