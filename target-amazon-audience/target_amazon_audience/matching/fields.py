"""Where the fields of an audience stand in records: names count in any case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from singer_amazon.target.messages import printable
from target_amazon_audience.matching.consent import CONSENT_FIELDS
from target_amazon_audience.matching.hashing import PII_FIELDS, Hasher
from target_amazon_audience.matching.rules import RecordRules

EXTERNAL_ID = "externaluserid"
COUNTRY = "countrycode"
DELETED_AT = "_sdc_deleted_at"
"""Singer's column for rows that the source has deleted: a time, or nothing."""
FIELDS = (*PII_FIELDS, COUNTRY, EXTERNAL_ID, *CONSENT_FIELDS)

_MAX_SHAPES = 1000


@dataclass(frozen=True, slots=True)
class Shape:
    """Where the fields stand in records with one set of columns."""

    pii: tuple[tuple[str, Hasher], ...]
    """Columns with their hashers, in the order of ``fields``."""
    fields: tuple[str, ...]
    external_id: str | None
    country: str | None
    consent: tuple[tuple[str, str], ...]
    deleted_at: str | None


class FieldFinder:
    """Finds the fields of one audience, once per set of columns that a record has."""

    def __init__(self, rules: RecordRules, hashers: Mapping[str, Hasher]) -> None:
        self._rules = rules
        self._hashers = hashers
        self._columns = {
            field: rules.field_mapping.get(field, field).lower() for field in FIELDS
        }
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self._missing = {*rules.field_mapping}
        """Fields with a column of the user's that no record has had yet."""

    def shape(self, columns: tuple[str, ...]) -> Shape:
        """Return where the fields stand in records with these columns."""
        found = self._shapes.get(columns)
        return self._new_shape(columns) if found is None else found

    def _new_shape(self, columns: tuple[str, ...]) -> Shape:
        by_name = {column.lower(): column for column in reversed(columns)}
        by_name.update((c, c) for c in columns if c == c.lower())
        column_of = {f: by_name[c] for f, c in self._columns.items() if c in by_name}
        self._missing -= column_of.keys()
        fields = [field for field in PII_FIELDS if field in column_of]
        shape = Shape(
            tuple((column_of[field], self._hashers[field]) for field in fields),
            tuple(fields),
            column_of.get(EXTERNAL_ID),
            column_of.get(COUNTRY),
            tuple((f, column_of[f]) for f in CONSENT_FIELDS if f in column_of),
            # what is only ever deleted is deleted anyway
            by_name.get(DELETED_AT) if self._rules.needs_consent else None,
        )
        if len(self._shapes) >= _MAX_SHAPES:
            self._shapes.clear()
        self._shapes[columns] = shape
        return shape

    def fields_of(self, columns: Iterable[str]) -> tuple[list[str], list[str]]:
        """Return our fields that columns hold, and the columns that hold none."""
        field_of = {column: field for field, column in self._columns.items()}
        found, ignored = [], []
        for column in columns:
            field = field_of.get(column.lower())
            if field is not None:
                is_ours = field == column.lower()
                found.append(field if is_ours else f"{field} ({printable(column)})")
            elif column.lower() != DELETED_AT:
                ignored.append(column)
        return sorted(found), ignored

    def never_came(self) -> list[tuple[str, str]]:
        """Return the fields whose columns no record has had, with these columns."""
        mapping = self._rules.field_mapping
        return [(field, mapping[field]) for field in sorted(self._missing)]
