"""From a Singer record to a member of an audience, or to the reason why not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from target_amazon_audience.matching.consent import (
    Consent,
    ConsentRules,
    ConsentStatus,
)
from target_amazon_audience.matching.fields import (
    COUNTRY,
    DELETED_AT,
    EXTERNAL_ID,
    FieldFinder,
    Shape,
)
from target_amazon_audience.matching.hashing import (
    DISPUTED,
    MAX_VALUE_LENGTH,
    PII_FIELDS,
    Hasher,
    as_text,
    flaw,
    hashers,
)
from target_amazon_audience.matching.member import Member, Reason, Refusal
from target_amazon_audience.matching.reference import as_country
from target_amazon_audience.matching.rules import RecordRules
from target_amazon_audience.matching.values import (
    NO_IDS,
    Flaw,
    as_digits,
    is_no_value,
    is_null_word,
    is_set,
)

is_id = re.compile(r"[0-9a-zA-Z\-_]{1,128}").fullmatch
_MAX_COUNTRIES = 1000


class RecordReader:
    """Reads the records of one audience; counts what it leaves out of them."""

    def __init__(self, rules: RecordRules) -> None:
        self.rules = rules
        self.home = rules.country
        first = "recommended" if rules.normalisation == "both" else rules.normalisation
        names = rules.api.names
        self._order = {f'"{names[name]}"': n for n, name in enumerate(PII_FIELDS)}
        self.fields = FieldFinder(rules, hashers(first, rules.modes, names))
        self._others: dict[str, Hasher] = {}
        if rules.normalisation == "both":
            others = hashers("aws_uploader", rules.modes, names)
            self._others = {field: others[field] for field in DISPUTED}
        self._one_country = rules.api.one_country
        self._consent = ConsentRules(
            rules.consent_mode,
            rules.consent or {},
            everywhere=rules.api.consent_everywhere,
        )
        self._is_as_is = rules.external_id == "as_is"
        self._has_constants = bool(rules.consent)
        self._countries: dict[object, str | None] = {}
        self._free: set[str] = set()
        """Countries found to need no consent: it is not looked for in their records."""
        self.unusable: Counter[str] = Counter()
        """Fields that held something which cannot be used."""
        self.flaws: Counter[tuple[str, str]] = Counter()
        """The same by field and reason."""
        self.countries_differ = 0
        """Records sent with the country of their consent in the place of their own."""
        self.consent_missing = 0
        """Records sent although consent was missing, as ``consent_mode`` allows."""

    def read(self, record: dict[str, Any]) -> Member | Refusal:  # noqa: C901 - a check a line
        """Return the member a record describes, or why there is none.

        A million records pass here in seconds: the usual way through makes one call
        per field and hardly any other.
        """
        shape = self.fields.shape(tuple(record))
        if shape.deleted_at is not None and is_set(record[shape.deleted_at]):
            return self._unsent(record, shape, Reason.DELETED, DELETED_AT)
        country = self.home
        if shape.country is not None:
            found = self.country_of(record[shape.country])
            if found is None:
                return self._unsent(record, shape, Reason.COUNTRY_UNKNOWN, COUNTRY)
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
        if (
            external_id.__class__ is not str
            or not is_id(external_id)
            or external_id in NO_IDS
        ):
            identity = self.identity(record, shape, hashes)
            if isinstance(identity, Refusal):
                return identity
            external_id = identity
        wire = None
        if self.asks_consent(shape, country):
            consent = self.consent_of(record, shape, country, external_id)
            if isinstance(consent, Refusal):
                return consent
            wire = consent.wire
            if self._one_country:
                country = consent.country
        if not hashes:
            return self._without_data(record, shape, external_id)
        pii: tuple[str, ...] = (f"{{{','.join(hashes)}}}",)
        if self._others:
            pii += self._otherwise(record, shape, country, hashes)
        return Member(external_id, pii, country, wire)

    # Country

    def country_of(self, value: object) -> str | None:
        """Return the code of a record's country; an empty one is the audience's."""
        if value is None:
            return self.home
        if not isinstance(value, str):
            return None
        if value not in self._countries:
            if len(self._countries) >= _MAX_COUNTRIES:
                self._countries.clear()
            empty = is_null_word(value)
            self._countries[value] = self.home if empty else as_country(value)
        return self._countries[value]

    def _unsent(
        self, record: dict[str, Any], shape: Shape, reason: str, field: str
    ) -> Refusal:
        """Refuse a record for what stands in a field; say whose it is, if possible."""
        hashes: list[str] = []
        if not self._is_as_is:
            hashes = self._all_hashes(record, shape, self.home)
        identity = self.identity(record, shape, hashes)
        known = identity if isinstance(identity, str) else None
        return Refusal(reason, field, known, must_go=reason == Reason.DELETED)

    # Personal data

    def _all_hashes(
        self, record: dict[str, Any], shape: Shape, country: str
    ) -> list[str]:
        """Return the fields that can be matched, each with its hash, as JSON."""
        nothing = [None] * len(shape.fields)
        return self._usable(record, shape, country, nothing)

    def _usable(
        self,
        record: dict[str, Any],
        shape: Shape,
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
                made = _odd_hash(hasher, record[column], country)
            if made:
                found.append(made)
            elif made is None:
                self._note_flaw(field, record[column])
        return found

    def _note_flaw(self, field: str, value: object) -> None:
        self.unusable[field] += 1
        mode = self.rules.modes.get(field, "auto")
        self.flaws[field, flaw(field, value, mode)] += 1

    def _without_data(
        self, record: dict[str, Any], shape: Shape, external_id: str
    ) -> Refusal:
        for field, (column, _) in zip(shape.fields, shape.pii, strict=True):
            mode = self.rules.modes.get(field, "auto")
            if flaw(field, record[column], mode) == Flaw.HASH_DAMAGED:
                return Refusal(Reason.HASH_DAMAGED, field, external_id)
        return Refusal(Reason.NO_DATA, None, external_id)

    def _otherwise(
        self, record: dict[str, Any], shape: Shape, country: str, hashes: list[str]
    ) -> tuple[str, ...]:
        """Return a second object where disputed values have another form."""
        other = {found.partition(":")[0]: found for found in hashes}
        for field, (column, _) in zip(shape.fields, shape.pii, strict=True):
            hasher = self._others.get(field)
            made = hasher and _odd_hash(hasher, record[column], country)
            if made:
                other[f'"{self.rules.api.names[field]}"'] = made
        found = [other[name] for name in sorted(other, key=self._order.__getitem__)]
        return () if found == hashes else (f"{{{','.join(found)}}}",)

    # Identity and consent

    def identity(
        self, record: dict[str, Any], shape: Shape, hashes: list[str]
    ) -> str | Refusal:
        """Return a person's external id where it needs a closer look."""
        mode = self.rules.external_id
        if mode.startswith("from_"):
            field = mode.removeprefix("from_")
            name = self.rules.api.names[field]
            digits = msgspec.json.decode(f"{{{','.join(hashes)}}}").get(name)
            return digits or Refusal(Reason.ID_MISSING, field)
        value = None if shape.external_id is None else record[shape.external_id]
        text = as_text(value)
        if text is None:
            return Refusal(Reason.ID_NOT_ALLOWED, EXTERNAL_ID)
        text = text.strip()
        if not text or text in NO_IDS or is_no_value(text):
            return Refusal(Reason.ID_MISSING, EXTERNAL_ID)
        text = as_digits(text) or text
        if mode == "sha256" and len(text) <= MAX_VALUE_LENGTH:
            return sha256(text.encode("utf-8", "replace")).hexdigest()
        if is_id(text):
            return text
        return Refusal(Reason.ID_NOT_ALLOWED, EXTERNAL_ID)

    def asks_consent(self, shape: Shape, country: str) -> bool:
        """Whether the consent of records has to be looked for."""
        return self._has_constants or bool(shape.consent) or country not in self._free

    def consent_of(
        self, record: dict[str, Any], shape: Shape, country: str, identity: str
    ) -> Consent | Refusal:
        """Return a person's consent, or why they are not sent for want of it."""
        values = {}
        for field, column in shape.consent:
            text = as_text(record[column])
            if text is None:
                if self.rules.needs_consent:
                    reason = ConsentStatus.UNREADABLE.value
                    return Refusal(reason, field, identity)
                continue
            if not is_null_word(text):
                values[field] = text
        consent = self._consent.classify(country, values)
        is_fine = consent.status is ConsentStatus.FINE
        if is_fine and not values and not self._has_constants:
            self._free.add(country)
        if self._one_country and self._differ(record, shape, consent):
            return Refusal(Reason.COUNTRIES_DIFFER, COUNTRY, identity)
        if is_fine or not self.rules.needs_consent:
            return consent
        if (
            consent.status is ConsentStatus.MISSING
            and self.rules.consent_mode == "warn"
        ):
            self.consent_missing += 1
            return consent
        return Refusal(
            consent.status.value,
            consent.field or None,
            identity,
            must_go=consent.status is ConsentStatus.DENIED,
        )

    def _differ(self, record: dict[str, Any], shape: Shape, consent: Consent) -> bool:
        """Whether a record names two countries; counted where they may differ."""
        if consent.status in {ConsentStatus.DENIED, ConsentStatus.UNREADABLE}:
            return False
        value = None if shape.country is None else record[shape.country]
        if (
            value is None
            or is_null_word(value)
            or self.country_of(value) == consent.country
        ):
            return False
        if self.rules.consent_mode == "strict" and self.rules.needs_consent:
            return True
        self.countries_differ += 1
        return False


def _odd_hash(hasher: Hasher, value: object, country: str) -> str | None:
    """Hash a value that did not come as text, where it can be read as one."""
    text = as_text(value)
    return text if not text else hasher(text, country)
