"""Which rows of a stream stand or fall together, and what a manifest says of them.

A *document* is a range of a stream's rows. Rows of the stream ``report_days`` are its
manifest: they come after a document's rows and before the STATE that confirms them, and
say for which values the document brings every row there is, and how many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from singer_amazon.target.errors import InputError

MANIFEST_STREAM = "report_days"
LOG_STREAMS = frozenset({MANIFEST_STREAM, "report_log"})
"""Streams of which every row is new: nothing in a table is ever replaced by one."""

Values = tuple[str | None, ...]
"""Values of the columns that are replaced by, as text, in the order of these."""


class ManifestRow(msgspec.Struct):
    """What a row of ``report_days`` says; without ``covers`` it cannot say it."""

    stream: str
    rows: int
    covers: dict[str, Any] | None = None
    report_id: str | None = None
    is_whole: bool | None = True


_decode = msgspec.json.Decoder(ManifestRow).decode


def manifest_row(record: bytes) -> ManifestRow:
    """Read a row of the stream ``report_days``.

    Raises:
        InputError: it is none.
    """
    try:
        return _decode(record)
    except msgspec.MsgspecError as error:
        msg = (
            f"A row of the stream {MANIFEST_STREAM} is not what write_mode replace "
            f"needs: {error}. Leave that stream out of the input, or rename it."
        )
        raise InputError(msg) from None


def text_of(value: object) -> str | None:
    """Return a value of a column that is replaced by; equal values, equal texts."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def values_of(columns: Sequence[str], row: Mapping[str, Any]) -> Values:
    """Return what a row has in the columns that are replaced by."""
    return tuple(text_of(row.get(column)) for column in columns)


@dataclass(slots=True)
class Document:
    """Rows of one stream, by bytes of its spool; ``numbers`` are the state tracker's.

    ``covers`` has the rows expected for each value that it covers whole, ``uncovered``
    those of values of which it cannot say that.
    """

    start: int
    opened_at: float
    end: int = 0
    rows: int = 0
    numbers: list[int] = field(default_factory=list)
    is_confirmed: bool = False
    has_manifest: bool = False
    is_whole: bool = True
    report_id: str | None = None
    covers: dict[Values, int] = field(default_factory=dict)
    uncovered: int = 0

    def expect(self, columns: Sequence[str], row: ManifestRow) -> None:
        """Take in one row of the manifest; ``columns`` are those replaced by."""
        self.has_manifest = True
        self.report_id = row.report_id
        self.is_whole = self.is_whole and row.is_whole is not False
        if row.covers is None:
            self.uncovered += row.rows
        else:
            values = values_of(columns, row.covers)
            self.covers[values] = self.covers.get(values, 0) + row.rows

    def take_over(self, earlier: Document) -> None:
        """Add the rows that came right before."""
        self.start, self.opened_at = earlier.start, earlier.opened_at
        self.rows += earlier.rows
        self.numbers = earlier.numbers + self.numbers
