"""Objects of a schema type whose values follow from a word. Pure.

What the market knows is given by path; all else is drawn, so that every field has a
value, and the same one whatever else is selected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import GraphQLList, GraphQLNonNull, GraphQLObjectType, get_named_type

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.data_kiosk.query_text import Selection
    from amazon_emulator.selling_partner.rows.plan import Row
    from amazon_emulator.selling_partner.seeded_values import SeededDraw

_LISTED = 2
_WORDS = ("quality", "size", "price", "packaging", "battery")


@dataclass(frozen=True, slots=True)
class ObjectMaker:
    """Makes objects from numbers that follow from a word."""

    draw: SeededDraw
    currency: str
    known: Mapping[str, Any] = field(default_factory=dict)
    """Path -> the value there."""
    empty: frozenset[str] = frozenset()
    """Names of fields that are null wherever they are."""

    def made(
        self, kind: GraphQLObjectType, selection: Selection | None, path: str = ""
    ) -> Row:
        """Return an object with the selected fields (None: all) of a type."""
        names = kind.fields if selection is None else selection
        row: Row = {}
        for name in names:
            inner = None if selection is None else selection[name]
            where = f"{path}.{name}" if path else name
            row[name] = self._value(kind.fields[name].type, inner, where)
        return row

    def _value(self, kind: Any, selection: Selection | None, path: str) -> Any:  # noqa: ANN401 - of a field
        if path in self.known:
            return self.known[path]
        if path.rpartition(".")[2] in self.empty:
            return None
        inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(inner, GraphQLList):
            return [
                self._value(inner.of_type, selection, f"{path}.{number}")
                for number in range(_LISTED)
            ]
        named: object = get_named_type(inner)
        if isinstance(named, GraphQLObjectType):
            if named.name == "Money":
                amount = self.draw.money(path)
                return {"amount": amount, "currencyCode": self.currency}
            return self.made(named, selection, path)
        return self._scalar(str(named), path)

    def _scalar(self, name: str, path: str) -> object:
        if name == "Float":
            return self.draw.share(path)
        if name in ("Long", "Int"):
            return self.draw.whole(path, 900)
        if name == "Date":
            return f"2026-01-{self.draw.whole(path, 28, 1):02d}"
        return f"{self.draw.pick(path, _WORDS)} {self.draw.whole(path, 99)}"
