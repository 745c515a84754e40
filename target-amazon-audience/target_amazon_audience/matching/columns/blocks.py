"""The members of a block of records, column by column.

`RecordReader` says what a record comes to. Here the same is said of many at once, where
they are usual; whatever is not is handed to it, record by record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any, TypeGuard, TypeVar

from target_amazon_audience.matching.columns.hashing import (
    ColumnHasher,
    column_hashers,
)
from target_amazon_audience.matching.fields import Shape
from target_amazon_audience.matching.hashing import DISPUTED
from target_amazon_audience.matching.member import Member, Refusal
from target_amazon_audience.matching.record_reader import (
    RecordReader,
    is_id,
)
from target_amazon_audience.matching.values import NO_IDS, is_set

Record = dict[str, Any]
Digests = Sequence[str | None]
"""Of one field: 64 hex digits, or an empty text where there is no value.

None is whatever the reader of single records has to be asked of.
"""
Objects = Sequence[tuple[str, ...] | None]
"""Of each record: its JSON objects of hashes, or None in the same sense."""

K = TypeVar("K")
T = TypeVar("T")

_FEW = 8
"""Records that are sooner read one by one."""
_IDS = re.compile(r"[0-9a-zA-Z\-_]{1,128}(?:\n[0-9a-zA-Z\-_]{1,128})*")


class BlockReader:
    """Reads records of one audience that came together."""

    def __init__(self, reader: RecordReader) -> None:
        self._reader = reader
        rules = reader.rules
        is_both = rules.normalisation == "both"
        first = "recommended" if is_both else rules.normalisation
        self._hashers = column_hashers(first, rules.modes)
        self._others: Mapping[str, ColumnHasher] = {}
        if is_both:
            others = column_hashers("aws_uploader", rules.modes)
            self._others = {field: others[field] for field in DISPUTED}
        self._texts: dict[tuple[str, ...], Sequence[str]] = {}

    def read(self, records: Sequence[Record]) -> list[Member | Refusal]:
        """Return what each record comes to, in their order."""
        if not records:
            return []
        columns = tuple(records[0])
        if all(map(columns.__eq__, map(tuple, records))):
            return self._read_alike(records, columns)
        return _by_group(map(tuple, records), records, self._read_alike)

    def _read_alike(
        self, records: Sequence[Record], columns: tuple[str, ...]
    ) -> list[Member | Refusal]:
        """Read records with the same columns."""
        shape = self._reader.fields.shape(columns)
        if shape.country is None:
            return self._read_columns(records, shape, self._reader.home)
        countries = [self._reader.country_of(r[shape.country]) for r in records]
        return _by_group(
            countries,
            records,
            lambda some, country: self._read_columns(some, shape, country),
        )

    def _read_columns(
        self, records: Sequence[Record], shape: Shape, country: str | None
    ) -> list[Member | Refusal]:
        """Read records with the same columns and country."""
        if country is None or len(records) < _FEW or not shape.pii:
            return list(map(self._reader.read, records))
        columns = [
            _digests(self._hashers[field], _column(records, column), country)
            for field, (column, _) in zip(shape.fields, shape.pii, strict=True)
        ]
        ids = self._ids(records, shape, columns)
        if shape.deleted_at is not None:
            ids = [
                None if is_set(record[shape.deleted_at]) else found
                for record, found in zip(records, ids, strict=True)
            ]
        objects = self._objects(records, shape, columns, country)
        return self._members(records, shape, country, ids, objects)

    def _members(
        self,
        records: Sequence[Record],
        shape: Shape,
        country: str,
        ids: Sequence[str | None],
        objects: Objects,
    ) -> list[Member | Refusal]:
        if self._reader.asks_consent(shape, country):
            return [
                self._with_consent(record, shape, country, found, pii)
                for record, found, pii in zip(records, ids, objects, strict=True)
            ]
        if _is_whole(ids) and _is_whole(objects):
            return list(map(Member, ids, objects, repeat(country)))
        read = self._reader.read
        return [
            Member(found, pii, country) if found and pii else read(record)
            for record, found, pii in zip(records, ids, objects, strict=True)
        ]

    def _with_consent(
        self,
        record: Record,
        shape: Shape,
        country: str,
        external_id: str | None,
        pii: tuple[str, ...] | None,
    ) -> Member | Refusal:
        if not external_id or not pii:
            return self._reader.read(record)
        consent = self._reader.consent_of(record, shape, country, external_id)
        if isinstance(consent, Refusal):
            return consent
        if self._reader.rules.api.one_country:
            country = consent.country
        return Member(external_id, pii, country, consent.wire)

    # Identity

    def _ids(
        self, records: Sequence[Record], shape: Shape, columns: Sequence[Digests]
    ) -> Sequence[str | None]:
        """Return external ids; None where single records are asked."""
        mode = self._reader.rules.external_id
        if mode.startswith("from_"):
            field = mode.removeprefix("from_")
            if field not in shape.fields:
                return [None] * len(records)
            return columns[shape.fields.index(field)]
        if mode != "as_is" or shape.external_id is None:
            made = (self._reader.identity(r, shape, []) for r in records)
            return [None if isinstance(found, Refusal) else found for found in made]
        return _plain_ids(_column(records, shape.external_id))

    # Personal data

    def _objects(
        self,
        records: Sequence[Record],
        shape: Shape,
        columns: Sequence[Digests],
        country: str,
    ) -> Objects:
        found = self._as_json(shape.fields, columns)
        if not self._others:
            return found
        others = [
            self._otherwise(field, _column(records, column), known, country)
            for field, (column, _), known in zip(
                shape.fields, shape.pii, columns, strict=True
            )
        ]
        return [
            one and other and (one if one == other else one + other)
            for one, other in zip(
                found, self._as_json(shape.fields, others), strict=True
            )
        ]

    def _otherwise(
        self, field: str, values: Sequence[object], known: Digests, country: str
    ) -> Digests:
        """Return the digests of a field as the other way of writing has them."""
        if field not in self._others:
            return known
        made = _digests(self._others[field], values, country)
        return [other or first for other, first in zip(made, known, strict=True)]

    def _as_json(self, fields: tuple[str, ...], columns: Sequence[Digests]) -> Objects:
        if not all(map(all, columns)):
            rows = zip(*columns, strict=True)
            return [self._as_object(fields, row) for row in rows]
        head, *between, end = map(repeat, self._around(fields))
        parts = [head, columns[0]]
        for text, column in zip(between, columns[1:], strict=True):
            parts += text, column
        return list(zip(map("".join, zip(*parts, end))))  # noqa: B905 - texts have no end

    def _as_object(
        self, fields: tuple[str, ...], row: tuple[str | None, ...]
    ) -> tuple[str, ...] | None:
        if None in row or not any(row):
            return None
        there = tuple(f for f, digits in zip(fields, row, strict=True) if digits)
        head, *between = self._around(there)
        found = zip(filter(None, row), between, strict=True)
        return (head + "".join([digits + text for digits, text in found]),)

    def _around(self, fields: tuple[str, ...]) -> Sequence[str]:
        """Return the JSON before, between and after the hashes of fields."""
        if fields not in self._texts:
            first, *others = (self._reader.rules.api.names[f] for f in fields)
            between = [f'","{name}":"' for name in others]
            self._texts[fields] = [f'{{"{first}":"', *between, '"}']
        return self._texts[fields]


def in_a_row(
    found: Sequence[Member | Refusal],
) -> Iterator[tuple[int, list[Member] | Refusal]]:
    """Yield members that come in a row together, and each refusal, with their start."""
    members: list[Member] = []
    for number, one in enumerate(found):
        if isinstance(one, Member):
            members.append(one)
            continue
        if members:
            yield number - len(members), members
            members = []
        yield number, one
    if members:
        yield len(found) - len(members), members


def _by_group(
    keys: Iterable[K],
    records: Sequence[Record],
    read: Callable[[Sequence[Record], K], list[Member | Refusal]],
) -> list[Member | Refusal]:
    """Read records that have a key in common together."""
    groups: dict[K, list[int]] = {}
    for number, key in enumerate(keys):
        groups.setdefault(key, []).append(number)
    if len(groups) == 1:
        return read(records, next(iter(groups)))
    found: dict[int, Member | Refusal] = {}
    for key, numbers in groups.items():
        made = read([records[number] for number in numbers], key)
        found.update(zip(numbers, made, strict=True))
    return [found[number] for number in range(len(records))]


def _column(records: Sequence[Record], name: str) -> list[object]:
    return list(map(itemgetter(name), records))


def _digests(hasher: ColumnHasher, values: Sequence[object], country: str) -> Digests:
    if _are_texts(values) and "" not in values:
        made = hasher(values, country)
        return made if _is_whole(made) else [digits or None for digits in made]
    texts = [value for value in values if isinstance(value, str) and value]
    hashes = iter(hasher(texts, country) if texts else ())
    return [
        (next(hashes) or None)
        if isinstance(value, str) and value
        else ("" if value is None or value == "" else None)
        for value in values
    ]


def _plain_ids(values: Sequence[object]) -> Sequence[str | None]:
    if (
        _are_texts(values)
        and (joined := "\n".join(values)).count("\n") == len(values) - 1
        and _IDS.fullmatch(joined)
        and NO_IDS.isdisjoint(values)
    ):
        return values
    return [
        value
        if isinstance(value, str) and is_id(value) and value not in NO_IDS
        else None
        for value in values
    ]


def _are_texts(values: Sequence[object]) -> TypeGuard[Sequence[str]]:
    return set(map(type, values)) == {str}


def _is_whole(values: Sequence[T | None]) -> TypeGuard[Sequence[T]]:
    return all(values)
