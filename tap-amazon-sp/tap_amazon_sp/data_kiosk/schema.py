"""Data Kiosk's schemas in our own arrangement: a file of facts for each domain.

A domain has roots; each takes arguments and gives rows of one type. Types are written
as Amazon writes them: `Long!` is never null, `[Fee]` is a list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from importlib import resources

import msgspec

from tap_amazon_sp.catalogue.model import ColumnDefinition, ColumnKind
from tap_amazon_sp.marketplaces import AccountKind

DEPRECATED = " @deprecated"
_KINDS: Mapping[str, ColumnKind] = {
    "Long": "integer",
    "Int": "integer",
    "Float": "number",
    "Boolean": "boolean",
    "Date": "date",
    "String": "string",
}
Path = tuple[str, ...]
"""The way to a field, from the row on."""


class SchemaRoot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query there is: its arguments with their types, and the type of its rows."""

    arguments: Mapping[str, str]
    row: str


class KioskSchema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One domain: `types`, `inputs` and `enums` by Amazon's names."""

    domain: str
    accounts: tuple[AccountKind, ...]
    roots: Mapping[str, SchemaRoot]
    types: Mapping[str, Mapping[str, str]]
    inputs: Mapping[str, Mapping[str, str]]
    enums: Mapping[str, tuple[str, ...]]

    def without(self, names: Collection[str]) -> KioskSchema:
        """Return it without the fields of these names, wherever they are."""
        if not names:
            return self
        types = {
            kind: {name: text for name, text in fields.items() if name not in names}
            for kind, fields in self.types.items()
        }
        return msgspec.structs.replace(self, types=types)

    def fields(self, type_text: str) -> Mapping[str, str]:
        """Return the fields of an object type; none for values. Old ones are out."""
        found = self.types.get(base_of(type_text), {})
        return {n: t for n, t in found.items() if not t.endswith(DEPRECATED)}

    def type_at(self, type_text: str, path: Path) -> str:
        """Return the type at the end of a path.

        Raises:
            KeyError: there is no such field.
        """
        for name in path:
            type_text = self.types[base_of(type_text)][name]
        return type_text

    def leaves(self, type_text: str, within: Path = ()) -> Iterator[Path]:
        """Yield the paths of all values in a type, in the schema's order."""
        fields = self.fields(type_text)
        if not fields:
            yield within
        for name, inner in fields.items():
            yield from self.leaves(inner, (*within, name))

    def column(self, name: str, type_text: str) -> ColumnDefinition:
        """Return a column of a type, fields inside included."""
        fields = self.fields(type_text)
        if not fields:
            return ColumnDefinition(name, _KINDS.get(base_of(type_text), "string"))
        inner = tuple(self.column(n, text) for n, text in fields.items())
        return ColumnDefinition(name, "list" if "[" in type_text else "object", inner)


def base_of(type_text: str) -> str:
    """Return the name of a type without list and null signs."""
    return type_text.removesuffix(DEPRECATED).strip("[]!")


@lru_cache(maxsize=1)
def load_schemas() -> Mapping[str, KioskSchema]:
    """Return the schemas of this package by their domains, read once per process."""
    folder = resources.files("tap_amazon_sp.data_kiosk") / "schemas"
    found = {}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".json"):
            schema = msgspec.json.decode(file.read_bytes(), type=KioskSchema)
            found[schema.domain] = schema
    return found
