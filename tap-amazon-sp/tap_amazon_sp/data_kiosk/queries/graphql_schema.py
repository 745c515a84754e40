"""Our arrangement of a domain as a schema that graphql-core can check queries by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from graphql import GraphQLSchema, build_schema

from tap_amazon_sp.data_kiosk.schema import DEPRECATED, KioskSchema

_DOMAIN_TYPE = "KioskDomain"


def graphql_schema(schemas: Iterable[KioskSchema]) -> GraphQLSchema:
    """Return one schema of several domains, each a field of the query.

    Types of two domains may have one name: those of the second get a number.
    """
    text: list[str] = ["scalar Date", "scalar Long"]
    fields = []
    for number, schema in enumerate(schemas):
        text += _Domain(schema, number).lines()
        fields.append(f"{schema.domain}: {_DOMAIN_TYPE}{number}")
    return build_schema("\n".join([*text, f"type Query {{ {' '.join(fields)} }}"]))


class _Domain:
    def __init__(self, schema: KioskSchema, number: int) -> None:
        self._schema = schema
        self._number = number
        self._ours = {*schema.types, *schema.inputs, *schema.enums}

    def lines(self) -> Iterator[str]:
        schema = self._schema
        for name, values in schema.enums.items():
            yield f"enum {self._named(name)} {{ {' '.join(values)} }}"
        for name, fields in schema.inputs.items():
            yield f"input {self._named(name)} {{ {self._fields(fields)} }}"
        for name, fields in schema.types.items():
            yield f"type {self._named(name)} {{ {self._fields(fields)} }}"
        roots = " ".join(
            f"{name}({self._fields(root.arguments)}): [{self._named(root.row)}]"
            for name, root in schema.roots.items()
        )
        yield f"type {_DOMAIN_TYPE}{self._number} {{ {roots} }}"

    def _fields(self, fields: Mapping[str, str]) -> str:
        return " ".join(f"{name}: {self._type(text)}" for name, text in fields.items())

    def _type(self, text: str) -> str:
        kind = text.removesuffix(DEPRECATED)
        name = kind.strip("[]!")
        return kind.replace(name, self._named(name))

    def _named(self, name: str) -> str:
        is_shared = self._number > 0 and name in self._ours
        return f"{name}{self._number}" if is_shared else name
