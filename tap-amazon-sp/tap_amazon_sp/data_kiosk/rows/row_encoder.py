"""Rows of Data Kiosk under the names of a stream's columns.

A column may lie deeper in Amazon's row (`groupByKey.asin`), have another name there
(`sales` for `salesByDate`), or stand once for a whole line that has many rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any

import msgspec

from singer_amazon.errors import DocumentError
from singer_amazon.records.columns import ColumnType, python_type
from singer_amazon.records.row_encoder import TypedRowEncoder
from tap_amazon_sp.data_kiosk.schema import Path


class KioskRowEncoder(TypedRowEncoder):
    """A TypedRowEncoder for rows that do not look like the records they become.

    `sources` leads from a column to its field; a column without one is of the line,
    and `line_values` has its value. `ignored` are fields that rows have and no column
    needs.
    """

    def __init__(
        self,
        columns: Mapping[str, ColumnType],
        key: Sequence[str],
        sources: Mapping[str, Path],
        *,
        ignored: Iterable[str] = (),
        hidden: Collection[str] = (),
        extra: str | None = None,
    ) -> None:
        super().__init__(columns, key, hidden=hidden, extra=extra)
        self.line_values: dict[str, object] = {}
        self._sources = {n: path for n, path in sources.items() if n in columns}
        self._ignored = frozenset(ignored)
        tree: dict[str, Any] = dict.fromkeys(self._ignored, "string")
        for name, path in self._sources.items():
            node = tree
            for part in path[:-1]:
                node = node.setdefault(part, {})
            node[path[-1]] = columns[name]
        self._document = msgspec.json.Decoder(list[_structure(tree)])  # type: ignore[misc]  # made at run time
        self._getters = {n: _getter(tree, path) for n, path in self._sources.items()}

    def _decode(self, array: bytes) -> list[Any]:
        try:
            found = self._document.decode(array)
            return list(map(self._row, *self._values(found)))
        except (msgspec.ValidationError, AttributeError):
            return [self._conform(self._flat(row)) for row in self._any.decode(array)]

    def _values(self, rows: list[Any]) -> Iterator[Iterable[Any]]:
        for name in self.columns:
            getter = self._getters.get(name)
            if getter is None:
                yield repeat(self.line_values.get(name), len(rows))
            else:
                yield map(getter, rows)

    def _flat(self, row: object) -> dict[str, Any]:
        """Return a row by column; what no column takes stays under its own name."""
        if not isinstance(row, dict):
            msg = f"a row of the document is not an object but {type(row).__name__}"
            raise DocumentError(msg)
        rest = {name: v for name, v in row.items() if name not in self._ignored}
        found = dict(self.line_values)
        for name, path in self._sources.items():
            found[name] = _taken(rest, path)
        # a field that Amazon adds cannot have a column's name: it would be the column
        unknown = {n: v for n, v in rest.items() if v not in ({}, None)}
        return {**{n: v for n, v in unknown.items() if n not in found}, **found}


def _taken(row: dict[str, Any], path: Path) -> Any:  # noqa: ANN401 - any JSON value
    """Take a field out of a row; objects on the way are copied first."""
    for part in path[:-1]:
        inner = row.get(part)
        if not isinstance(inner, dict):
            return None
        row[part] = row = dict(inner)
    return row.pop(path[-1], None)


def _structure(tree: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a type for msgspec
    """Return the type of a row: fields that are not there are None."""
    fields: list[tuple[str, Any, Any]] = [
        (f"c{index}", _field_type(inner), None)
        for index, inner in enumerate(tree.values())
    ]
    return msgspec.defstruct(
        "Line",
        fields,
        rename={f"c{index}": name for index, name in enumerate(tree)},
        forbid_unknown_fields=True,
        gc=False,
    )


def _field_type(inner: Any) -> Any:  # noqa: ANN401 - a branch or a column type
    if isinstance(inner, dict):
        return _structure(inner) | None
    return python_type(inner)


def _getter(tree: Mapping[str, Any], path: Path) -> Callable[[Any], Any]:
    attributes = []
    node: Any = tree
    for part in path:
        attributes.append(f"c{list(node).index(part)}")
        node = node[part]
    return attrgetter(".".join(attributes))
