"""How the columns of one stream stand in the queries and rows of Data Kiosk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tap_amazon_sp.catalogue.model import ColumnDefinition
from tap_amazon_sp.data_kiosk.rows.kiosk_document import KioskDocument
from tap_amazon_sp.data_kiosk.rows.metric_rows import Begin
from tap_amazon_sp.data_kiosk.schema import KioskSchema, Path, base_of

T = TypeVar("T")

GROUP = "groupByKey"
"""Stands for an option that is no argument: it says which group column is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class QueryShape:
    """What is asked of a root, and where its values lie.

    `rows` is the list of each line whose entries are the rows; without it a line is a
    row. `sources` leads from a column to its field in a row, `line` has the columns
    that stand once on a line. `groups` are the columns of which one is asked for.
    `without` has the names of fields that a period does not know. `sales` are the
    columns that tell whether anything was sold.
    """

    schema: KioskSchema
    root: str
    sources: Mapping[str, Path]
    rows: str = ""
    line: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    marketplace_argument: str | None = None
    asin_filter: str | None = None
    without: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sales: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    """Columns that are asked for where they are selected by name only."""
    day: str | None = None
    """The column with the first day of a row's period; None: the window's."""

    @property
    def row_type(self) -> str:
        """The type of what becomes a row."""
        line = self.schema.roots[self.root].row
        return line if not self.rows else self.schema.type_at(line, (self.rows,))

    def columns(self) -> tuple[ColumnDefinition, ...]:
        """Return the columns as the schema has them."""
        line = self.schema.roots[self.root].row
        of_line = [
            self.schema.column(name, self.schema.type_at(line, (name,)))
            for name in self.line
        ]
        of_rows = [
            self.schema.column(name, self.schema.type_at(self.row_type, path))
            for name, path in self.sources.items()
        ]
        return (*of_line, *of_rows)

    def paths(self, columns: Iterable[Path]) -> Iterator[Path]:
        """Yield the fields of columns (and of parts of them), from the line on."""
        for first, *inner in columns:
            if first in self.sources:
                above = (self.rows,) if self.rows else ()
                yield (*above, *self.sources[first], *inner)
            elif first in self.line:
                yield (first, *inner)

    def groups_of(self, paths: Iterable[Path]) -> Iterator[frozenset[Path]]:
        """Yield the paths of each column, which belong together."""
        above = (self.rows,) if self.rows else ()
        columns = [(*above, *source) for source in self.sources.values()]
        found: dict[Path, set[Path]] = {}
        for path in paths:
            of = next((c for c in columns if path[: len(c)] == c), path)
            found.setdefault(of, set()).add(path)
        yield from map(frozenset, found.values())

    def pieces(
        self, document: KioskDocument, begin: Begin, parse: Callable[[bytes], T]
    ) -> Iterator[T]:
        """Yield the rows of a document; `begin` hears of each line that holds some.

        Raises:
            DocumentError: it is damaged, or cut.
        """
        if not self.rows:
            return document.rows(parse)
        return document.nested_rows(self.rows, self.line, begin, parse)

    def in_order(self, paths: Iterable[Path]) -> tuple[Path, ...]:
        """Return the fields that there are, in the schema's order."""
        known = set(paths)
        leaves = self.schema.leaves(base_of(self.schema.roots[self.root].row))
        return tuple(path for path in leaves if path in known)


def arguments_of(options: Mapping[str, str]) -> dict[str, Any]:
    """Return arguments by the names options have: `aggregateBy.date` is inside one."""
    found: dict[str, Any] = {}
    for name, value in options.items():
        node, parts = found, name.split(".")
        for part in parts[:-1]:
            node = node.setdefault(part, {})
        if name != GROUP:
            node[parts[-1]] = value
    return found
