"""What the audiences API allows, as plain values; the validation applies them."""

from __future__ import annotations

import re

AUDIENCES_TYPE = "application/vnd.amcaudiences.v1+json"
CONNECTIONS_TYPE = "application/vnd.amcaudiencesconnections.v1+json"
INSTANCES_TYPE = "application/vnd.amcinstances.v1+json"

NAME_LENGTH = (10, 128)
DESCRIPTION_LENGTH = (0, 1000)
TTL_SECONDS = (0, 34300800)
FEES = (1, 13)
RECORDS = (1, 10_000)
PII_OBJECTS = (1, 100)
MAX_INVALID_RECORDS = 10_000
MAX_CONNECTIONS = 100

ACTIONS = frozenset({"CREATE", "DELETE"})
CONSENT_VALUES = frozenset({"GRANTED", "DENIED", "NOT_APPLICABLE", "UNKNOWN"})
PII_FIELDS = (
    "email",
    "phone",
    "firstname",
    "lastname",
    "address",
    "city",
    "state",
    "postal",
)
USER_ID = re.compile(r"[0-9a-zA-Z_-]{1,128}")
EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of nothing: a field that was empty and should have been left out."""

_CURRENCIES = "AED AUD CAD CNY EUR GBP INR JPY MXN SAR SEK TRY USD"
CURRENCIES = frozenset(_CURRENCIES.split())

_SECOND_LETTERS = {
    "A": "DEFGILMNOQRSTUWXZ",
    "B": "ABDEFGHIJLMNOQRSTVWYZ",
    "C": "ACDFGHIKLMNORUVWXYZ",
    "D": "EJKMOZ",
    "E": "CEGHRST",
    "F": "IJKMOR",
    "G": "ABDEFGHILMNPQRSTUWY",
    "H": "KMNRTU",
    "I": "DELMNOQRST",
    "J": "EMOP",
    "K": "EGHIMNPRWYZ",
    "L": "ABCIKRSTUVY",
    "M": "ACDEFGHKLMNOPQRSTUVWXYZ",
    "N": "ACEFGILOPRUZ",
    "O": "M",
    "P": "AEFGHKLMNRSTWY",
    "Q": "A",
    "R": "EOSUW",
    "S": "ABCDEGHIJKLMNORSTVXYZ",
    "T": "CDFGHJKLMNORTVWZ",
    "U": "AGMSYZ",
    "V": "ACEGINU",
    "W": "FS",
    "X": "K",
    "Y": "ET",
    "Z": "AMW",
}
UNKNOWN_COUNTRY = "UNKNOWN"
COUNTRIES = frozenset(
    {a + b for a, others in _SECOND_LETTERS.items() for b in others} | {UNKNOWN_COUNTRY}
)
"""ISO 3166-1 with AN and XK, and the word for not knowing."""

_EEA = (
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
)
CONSENT_COUNTRIES = frozenset(f"GB CH IS LI NO {_EEA}".split())
"""Where consent must come with a record once `require_consent` is set."""
