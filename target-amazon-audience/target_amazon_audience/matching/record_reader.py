"""From a Singer record to a member of an audience, or to the reason why not.

Field names are found in any case, once per set of columns that a record has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from target_amazon_audience.matching.consent import (
    CONSENT_FIELDS,
    ConsentRules,
    ConsentStatus,
)
from target_amazon_audience.matching.hashing import (
    DISPUTED,
    MAX_VALUE_LENGTH,
    PII_FIELDS,
    Hasher,
    as_text,
    hashers,
    postal_text,
)
from target_amazon_audience.matching.member import Member, Reason, Refusal
from target_amazon_audience.matching.reference import as_country

EXTERNAL_ID = "externaluserid"
COUNTRY = "countrycode"
FIELDS = (*PII_FIELDS, COUNTRY, EXTERNAL_ID, *CONSENT_FIELDS)
ID_MODES = ("as_is", "sha256", "from_email", "from_phone")

_is_id = re.compile(r"[0-9a-zA-Z\-_]{1,128}").fullmatch
_MAX_SHAPES = 1000


@dataclass(frozen=True, slots=True)
class RecordRules:
    """What the settings say about reading records."""

    country: str
    field_mapping: Mapping[str, str]
    modes: Mapping[str, str]
    normalisation: str = "recommended"
    external_id: str = "as_is"
    consent_mode: str = "strict"
    consent: Mapping[str, str] | None = None
    needs_consent: bool = True
    """What is only ever deleted needs none."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where the fields stand in records with one set of columns."""

    pii: tuple[tuple[str, Hasher], ...]
    """Columns with their hashers, in the order of ``fields``."""
    fields: tuple[str, ...]
    external_id: str | None
    country: str | None
    consent: tuple[tuple[str, str], ...]


class RecordReader:
    """Reads the records of one audience; counts what it leaves out of them."""

    def __init__(self, rules: RecordRules) -> None:
        self._rules = rules
        self._home = rules.country
        self._columns = {
            field: rules.field_mapping.get(field, field).lower() for field in FIELDS
        }
        first = "recommended" if rules.normalisation == "both" else rules.normalisation
        self._hashers = hashers(first, rules.modes, as_json=True)
        self._others: dict[str, Hasher] = {}
        if rules.normalisation == "both":
            others = hashers("aws_uploader", rules.modes, as_json=True)
            self._others = {field: others[field] for field in DISPUTED}
        self._consent = ConsentRules(rules.consent_mode, rules.consent or {})
        self._is_as_is = rules.external_id == "as_is"
        self._has_constants = bool(rules.consent)
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._countries: dict[object, str | None] = {}
        self._free: set[str] = set()
        """Countries found to need no consent: it is not looked for in their records."""
        self.unusable: dict[str, int] = {}
        """Fields that held something which cannot be used, though the record went."""
        self.consent_missing = 0
        """Records sent although consent was missing, as ``consent_mode`` allows."""

    def read(self, record: dict[str, Any]) -> Member | Refusal:  # noqa: C901 - a check a line
        """Return the member a record describes, or why there is none.

        A million records pass here in seconds: the usual way through makes one call
        per field and hardly any other.
        """
        columns = tuple(record)
        shape = self._shapes.get(columns)
        if shape is None:
            shape = self._shape(columns)
        country = self._home
        if shape.country is not None:
            found = self._country(record[shape.country])
            if found is None:
                return self._of_nowhere(record, shape)
            country = found
        hashes: list[Any] = [
            hasher(value, country)
            if (value := record[column]).__class__ is str
            else None
            for column, hasher in shape.pii
        ]
        if not all(hashes):
            hashes = self._usable(record, shape, country, hashes)
        external_id: object = None
        if self._is_as_is and shape.external_id is not None:
            external_id = record[shape.external_id]
        if external_id.__class__ is not str or not _is_id(external_id):
            identity = self._identity(record, shape, hashes)
            if isinstance(identity, Refusal):
                return identity
            external_id = identity
        wire = None
        if self._has_constants or country not in self._free or shape.consent:
            consent = self._classify(record, shape, country, external_id)
            if isinstance(consent, Refusal):
                return consent
            wire = consent
        if not hashes:
            return Refusal(Reason.NO_DATA, None, external_id)
        pii: tuple[str, ...] = (f"{{{','.join(hashes)}}}",)
        if self._others:
            pii += self._otherwise(record, shape, country, hashes)
        return Member(external_id, pii, country, wire)

    def _shape(self, columns: tuple[str, ...]) -> _Shape:
        by_name = {column.lower(): column for column in reversed(columns)}
        by_name.update((c, c) for c in columns if c == c.lower())
        column_of = {f: by_name[c] for f, c in self._columns.items() if c in by_name}
        fields = [field for field in PII_FIELDS if field in column_of]
        shape = _Shape(
            tuple((column_of[field], self._hashers[field]) for field in fields),
            tuple(fields),
            column_of.get(EXTERNAL_ID),
            column_of.get(COUNTRY),
            tuple((f, column_of[f]) for f in CONSENT_FIELDS if f in column_of),
        )
        if len(self._shapes) >= _MAX_SHAPES:
            self._shapes.clear()
        self._shapes[columns] = shape
        return shape

    # Country

    def _country(self, value: object) -> str | None:
        """Return the code of a record's country; an empty one is the audience's."""
        if value is None:
            return self._home
        if not isinstance(value, str):
            return None
        if value not in self._countries:
            if len(self._countries) >= _MAX_SHAPES:
                self._countries.clear()
            empty = not value.strip()
            self._countries[value] = self._home if empty else as_country(value)
        return self._countries[value]

    def _of_nowhere(self, record: dict[str, Any], shape: _Shape) -> Refusal:
        """Refuse a record whose country nobody knows; say whose it is, if possible."""
        hashes: list[str] = []
        if not self._is_as_is:
            hashes = self._all_hashes(record, shape, self._home)
        identity = self._identity(record, shape, hashes)
        known = identity if isinstance(identity, str) else None
        return Refusal(Reason.COUNTRY_UNKNOWN, COUNTRY, known)

    # Personal data

    def _all_hashes(
        self, record: dict[str, Any], shape: _Shape, country: str
    ) -> list[str]:
        """Return the fields that can be matched, each with its hash, as JSON."""
        nothing = [None] * len(shape.fields)
        return self._usable(record, shape, country, nothing)

    def _usable(
        self,
        record: dict[str, Any],
        shape: _Shape,
        country: str,
        hashes: Sequence[str | None],
    ) -> list[str]:
        """Return what there is; read other values than text, count what is unusable."""
        found = []
        for field, (column, hasher), known in zip(
            shape.fields, shape.pii, hashes, strict=True
        ):
            made = known
            if made is None:
                made = _odd_hash(field, hasher, record[column], country)
            if made:
                found.append(made)
            elif made is None:
                self.unusable[field] = self.unusable.get(field, 0) + 1
        return found

    def _otherwise(
        self, record: dict[str, Any], shape: _Shape, country: str, hashes: list[str]
    ) -> tuple[str, ...]:
        """Return a second object where disputed values have another form."""
        other = {found.partition(":")[0]: found for found in hashes}
        for field, (column, _) in zip(shape.fields, shape.pii, strict=True):
            hasher = self._others.get(field)
            made = hasher and _odd_hash(field, hasher, record[column], country)
            if made:
                other[f'"{field}"'] = made
        found = [other[name] for name in sorted(other)]
        return () if found == hashes else (f"{{{','.join(found)}}}",)

    # Identity and consent

    def _identity(
        self, record: dict[str, Any], shape: _Shape, hashes: list[str]
    ) -> str | Refusal:
        mode = self._rules.external_id
        if mode.startswith("from_"):
            field = mode.removeprefix("from_")
            digits = msgspec.json.decode(f"{{{','.join(hashes)}}}").get(field)
            return digits or Refusal(Reason.ID_MISSING, field)
        value = None if shape.external_id is None else record[shape.external_id]
        text = as_text(value)
        if text is None:
            return Refusal(Reason.ID_NOT_ALLOWED, EXTERNAL_ID)
        text = text.strip()
        if not text:
            return Refusal(Reason.ID_MISSING, EXTERNAL_ID)
        if mode == "sha256" and len(text) <= MAX_VALUE_LENGTH:
            return sha256(text.encode("utf-8", "replace")).hexdigest()
        if _is_id(text):
            return text
        return Refusal(Reason.ID_NOT_ALLOWED, EXTERNAL_ID)

    def _classify(
        self, record: dict[str, Any], shape: _Shape, country: str, identity: str
    ) -> str | Refusal | None:
        values = {}
        for field, column in shape.consent:
            text = as_text(record[column])
            if text is None:
                if self._rules.needs_consent:
                    reason = ConsentStatus.UNREADABLE.value
                    return Refusal(reason, field, identity)
                continue
            values[field] = text
        consent = self._consent.classify(country, values)
        is_fine = consent.status is ConsentStatus.FINE
        if is_fine and not values and not self._has_constants:
            self._free.add(country)
        if is_fine or not self._rules.needs_consent:
            return consent.wire
        if (
            consent.status is ConsentStatus.MISSING
            and self._rules.consent_mode == "warn"
        ):
            self.consent_missing += 1
            return consent.wire
        return Refusal(
            consent.status.value,
            consent.field or None,
            identity,
            is_denied=consent.status is ConsentStatus.DENIED,
        )


def _odd_hash(field: str, hasher: Hasher, value: object, country: str) -> str | None:
    """Hash a value that did not come as text, where it can be read as one."""
    text = postal_text(value, country) if field == "postal" else as_text(value)
    return text if not text else hasher(text, country)
