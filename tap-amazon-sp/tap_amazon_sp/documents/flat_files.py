"""Reads the rows of flat files (TSV and CSV) in flat memory.

How a file is written is told by its bytes: its type says nothing certain, for some
sellers get the same type quoted and others not. Headers are kept as Amazon writes
them, in whatever language. Values stay text.

A file is read twice: it is whole and unambiguous before its first row is delivered.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from singer_amazon.errors import DocumentError
from tap_amazon_sp.documents.charsets import Charset, bytes_of_text, line_lists
from tap_amazon_sp.documents.flat_rows import (
    LineLists,
    Reader,
    Rows,
    loose_rows,
    plain_rows,
    plain_texts,
    quoted_rows,
)

FileFormat = Literal["JSON", "CSV", "TSV", "XML"]
Opened = Callable[[], Iterable[bytes]]
"""Opens a document; it may be read several times."""

_HEAD_LINES = 50


@dataclass(frozen=True, slots=True)
class FlatFileLayout:
    """How the lines of a flat file are cut into values."""

    delimiter: str
    is_quoted: bool


TSV = FlatFileLayout("\t", is_quoted=False)
QUOTED_TSV = FlatFileLayout("\t", is_quoted=True)
CSV = FlatFileLayout(",", is_quoted=True)


def layout_of(texts: Iterable[str]) -> FlatFileLayout:
    """Return the layout that the first lines of a document show.

    A header with quotation marks around a name is quoted, and so is a file in which
    all values of all rows are.
    """
    found = (text.removesuffix("\r") for text in texts)
    header, *rows = list(filter(None, itertools.islice(found, _HEAD_LINES))) or [""]
    delimiter = _delimiter(header)
    if delimiter != "\t":
        return FlatFileLayout(delimiter, is_quoted=True)
    cells = header.split(delimiter)
    is_quoted = any(_in_marks(cell) for cell in cells)
    if not is_quoted and len(cells) > 1 and len(rows) > 1:
        values = "\t".join(rows).split("\t")
        is_quoted = all(map(_in_marks, values)) and any(len(v) > 2 for v in values)  # noqa: PLR2004
    return FlatFileLayout(delimiter, is_quoted)


def _delimiter(header: str) -> str:
    if "\t" in header:
        return "\t"
    counts = {sign: header.count(sign) for sign in (",", ";")}
    best = max(counts, key=lambda sign: counts[sign])
    return best if counts[best] else "\t"


def _in_marks(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == cell[-1] == '"'


def format_of(head: bytes) -> FileFormat | None:
    """Return the format that the first bytes of a document show.

    None where they do not show it: an empty document, or a header of one column.
    """
    text = b"".join(bytes_of_text([head])).lstrip(b" \r\n")
    if text[:1] in {b"{", b"["}:
        return "JSON"
    if text[:1] == b"<":
        return "XML"
    header = text.partition(b"\n")[0]
    if b"\t" in header:
        return "TSV"
    return "CSV" if b"," in header or b";" in header else None


def checked_format(
    claimed: FileFormat | None, head: bytes
) -> tuple[FileFormat | None, str | None]:
    """Return the format to read by, and a warning where the config is wrong."""
    seen = format_of(head)
    if claimed is None or seen is None or seen == claimed:
        return seen or claimed, None
    return seen, (
        f"file_format says {claimed}, but the document is {seen}: it is read as "
        f"{seen}. Set file_format to {seen}"
    )


class FlatRows:
    """The rows of one flat file, each a dictionary from its header's names.

    `columns` are known once the rows are asked for. A value behind the last name of
    the header, where that ends with delimiters, is named like `column_12`.
    """

    def __init__(self, opened: Opened, charset: Charset) -> None:
        self.columns: tuple[str, ...] = ()
        self._opened = opened
        self._declared = charset

    def __iter__(self) -> Iterator[dict[str, str | None]]:
        """Yield row by row.

        Raises:
            DocumentError: rows do not fit the header, or quotation marks make no
                sense; nothing has been yielded then.
        """
        charset = self._declared.seen(self._opened())
        layout = layout_of(itertools.chain.from_iterable(self._lines(charset)))
        reader = self._reader(charset, layout)
        values = reader(self._lines(charset), layout.delimiter)
        header = next(values, [])
        self.columns = columns = tuple(_names(header))
        if len(columns) == len(header):
            yield from _named(columns, values)
            return
        for row in values:
            yield self._with_unnamed(row)

    def _lines(self, charset: Charset) -> LineLists:
        return line_lists(self._opened(), charset)

    def _reader(self, charset: Charset, layout: FlatFileLayout) -> Reader:
        """Return what reads the whole document, having read it once."""

        def rows(reader: Reader) -> Rows:
            return reader(self._lines(charset), layout.delimiter)

        if not layout.is_quoted:
            for _ in plain_texts(self._lines(charset), layout.delimiter):
                pass
            return plain_rows
        odd = _unreadable(rows(quoted_rows))
        if odd is None:
            if _unreadable(rows(loose_rows)) is None:
                _compare(rows(quoted_rows), rows(loose_rows))
            return quoted_rows
        if _unreadable(rows(loose_rows)) is None:
            return loose_rows
        raise odd

    def _with_unnamed(self, values: list[str]) -> dict[str, str | None]:
        """Return a row of a file whose lines end with delimiters."""
        width = len(self.columns)
        row: dict[str, str | None] = dict(zip(self.columns, values, strict=False))
        for index, value in enumerate(values[width:], width + 1):
            if value:
                row[f"column_{index}"] = value
        return row


def _named(columns: tuple[str, ...], rows: Rows) -> Iterator[dict[str, str | None]]:
    """Yield rows with as many values as there are columns, as readers give them out."""
    empty: dict[str, str | None] = dict.fromkeys(columns)
    for row in rows:
        named = empty.copy()  # has its size at once: one that grows is copied again
        named |= zip(columns, row)  # noqa: B905 - `strict` costs a tenth
        yield named


def _unreadable(rows: Rows) -> DocumentError | None:
    try:
        for _ in rows:
            pass
    except DocumentError as error:
        return error
    return None


def _compare(quoted: Rows, loose: Rows) -> None:
    """Refuse a document that two ways of quoting read differently.

    Raises:
        DocumentError: they do.
    """
    for number, row in enumerate(quoted, 1):
        if row != next(loose, None):
            msg = (
                f"row {number}: its quotation marks can be read in two ways. No row "
                "of this document is delivered"
            )
            raise DocumentError(msg)
    # a row too many would be one that the other reading has merged, and shown above


def _names(header: list[str]) -> Iterator[str]:
    """Yield the names of columns: none empty, none twice."""
    while header and not header[-1].strip():
        header = header[:-1]
    seen: set[str] = set()
    for index, text in enumerate(header, 1):
        name = base = text.strip() or f"column_{index}"
        number = 1
        while name in seen:
            number += 1
            name = f"{base}_{number}"
        seen.add(name)
        yield name
