"""Reads the catalogue's files, strictly: what does not fit is named with its file."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tap_amazon_ads.catalogue.model import (
    AdProduct,
    Catalogue,
    Column,
    ColumnType,
    Grouping,
    ReportFamily,
    ReportType,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.abc import Traversable

_SET = "set:"
_T = TypeVar("_T")


class CatalogueError(Exception):
    """A file of the catalogue is wrong; the text names the file and what is wrong."""

    def __init__(self, file: str, complaint: object) -> None:
        super().__init__(f"{file} of the report catalogue: {complaint}")


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """Base of the file shapes: a field nobody knows is an error."""


class _GroupingFile(_File):
    columns: list[str]
    filters: dict[str, str] = {}


class _StreamFile(_File):
    name: str
    seed_name: str | None
    group_by: list[str]
    key: list[str]
    key_fallbacks: dict[str, str] = {}
    offered: list[str] = []


class _FamilyFile(_File):
    report_type_id: str
    ad_product: AdProduct
    max_range_days: int
    retention_days: int
    source: str
    checked: str
    notes: list[str]
    base: _GroupingFile
    group_by: dict[str, _GroupingFile]
    offered: list[str]
    streams: list[_StreamFile]


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """The catalogue of this package, read once per process."""
    return read_catalogue(resources.files("tap_amazon_ads.catalogue"))


def read_catalogue(folder: Traversable) -> Catalogue:
    """Read a folder laid out as this package's; CatalogueError when it does not fit."""
    reader = _Reader(
        _decode(folder / "columns.json", dict[str, ColumnType]),
        _decode(folder / "column_sets.json", dict[str, list[str]]),
        _decode(folder / "filter_values.json", dict[str, list[str]]),
    )
    files = [f for f in (folder / "report_types").iterdir() if f.name.endswith(".json")]
    families: dict[str, ReportFamily] = {}
    report_types: list[ReportType] = []
    for file in sorted(files, key=lambda file: file.name):
        raw = _decode(file, _FamilyFile)
        if file.name != f"{raw.report_type_id}.json":
            complaint = f"its report_type_id is {raw.report_type_id}, unlike its name"
            raise CatalogueError(file.name, complaint)
        family = reader.family(file.name, raw)
        families[family.report_type_id] = family
        report_types += [reader.stream(file.name, s, family) for s in raw.streams]
    return Catalogue(
        tuple(sorted(report_types, key=lambda report_type: report_type.stream)),
        MappingProxyType(families),
        MappingProxyType(reader.columns),
        _additive(folder / "additive_columns.json", reader.columns),
    )


def _additive(file: Traversable, columns: Mapping[str, Column]) -> frozenset[str]:
    """Read the names of columns that can be added up; they must be numbers."""
    names = _decode(file, list[str])
    for name in names:
        if name not in columns or columns[name].type not in {"integer", "number"}:
            raise CatalogueError(file.name, f"{name} is no column of numbers")
    return frozenset(names)


def _decode(file: Traversable, shape: type[_T]) -> _T:
    try:
        return msgspec.json.decode(file.read_bytes(), type=shape)
    except (OSError, msgspec.DecodeError) as error:
        raise CatalogueError(file.name, error) from error


def _check_stream(
    file: str, raw: _StreamFile, family: ReportFamily, columns: set[str]
) -> None:
    for value in raw.group_by:
        if value not in family.group_by:
            complaint = f"{raw.name} groups by {value}, which group_by lacks"
            raise CatalogueError(file, complaint)
    for name in (*raw.key, *raw.key_fallbacks, *raw.key_fallbacks.values()):
        if name not in columns:
            complaint = f"{raw.name} has no column {name}, which its key names"
            raise CatalogueError(file, complaint)


class _Reader:
    """Turns the files of report types into objects, by the shared files."""

    def __init__(
        self,
        types: dict[str, ColumnType],
        sets: dict[str, list[str]],
        filter_values: dict[str, list[str]],
    ) -> None:
        self.columns = {name: Column(name, kind) for name, kind in types.items()}
        self._rank = {name: rank for rank, name in enumerate(types)}
        self._sets = sets
        self._filter_values = {k: tuple(v) for k, v in filter_values.items()}

    def family(self, file: str, raw: _FamilyFile) -> ReportFamily:
        """The report type of a file, without its streams."""
        group_by = {v: self._grouping(file, g) for v, g in raw.group_by.items()}
        return ReportFamily(
            report_type_id=raw.report_type_id,
            ad_product=raw.ad_product,
            max_range_days=raw.max_range_days,
            retention_days=raw.retention_days,
            source=raw.source,
            checked=raw.checked,
            notes=tuple(raw.notes),
            base=self._grouping(file, raw.base),
            group_by=MappingProxyType(group_by),
            offered=self._in_order(self._names(file, raw.offered)),
        )

    def stream(self, file: str, raw: _StreamFile, family: ReportFamily) -> ReportType:
        """A stream of a report type."""
        parts = family.parts(raw.group_by)
        names = {column.name for part in parts for column in part.columns}
        _check_stream(file, raw, family, names)
        offered = {column.name for column in family.offered}
        offered.update(self._names(file, raw.offered))
        rest = self._in_order(names.difference(raw.key))
        return ReportType(
            stream=raw.name,
            seed_name=raw.seed_name,
            ad_product=family.ad_product,
            report_type_id=family.report_type_id,
            group_by=tuple(raw.group_by),
            columns=(*(self.columns[name] for name in raw.key), *rest),
            offered=self._in_order(offered - names),
            key=tuple(raw.key),
            key_fallbacks=MappingProxyType(raw.key_fallbacks),
            max_range_days=family.max_range_days,
            retention_days=family.retention_days,
            filters=MappingProxyType(family.filters(raw.group_by)),
        )

    def _grouping(self, file: str, raw: _GroupingFile) -> Grouping:
        try:
            filters = {f: self._filter_values[v] for f, v in raw.filters.items()}
        except KeyError as error:
            complaint = f"{error} is not in filter_values.json"
            raise CatalogueError(file, complaint) from error
        return Grouping(
            self._in_order(self._names(file, raw.columns)),
            MappingProxyType(filters),
        )

    def _names(self, file: str, entries: list[str]) -> list[str]:
        """Column names of a list, with its sets unfolded."""
        names: list[str] = []
        for entry in entries:
            if not entry.startswith(_SET):
                names.append(entry)
            elif entry.removeprefix(_SET) in self._sets:
                names += self._sets[entry.removeprefix(_SET)]
            else:
                raise CatalogueError(file, f"{entry} is not in column_sets.json")
        unknown = [name for name in names if name not in self.columns]
        if unknown:
            raise CatalogueError(file, f"not in columns.json: {', '.join(unknown)}")
        if len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise CatalogueError(file, f"listed twice: {', '.join(twice)}")
        return names

    def _in_order(self, names: Iterable[str]) -> tuple[Column, ...]:
        ranked = sorted(names, key=self._rank.__getitem__)
        return tuple(self.columns[name] for name in ranked)
