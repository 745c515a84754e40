"""Reads the rows of flat files (TSV and CSV) in flat memory.

Headers are kept as Amazon writes them, in whatever language. Values stay text.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from singer_amazon.errors import DocumentError
from tap_amazon_sp.documents.charsets import Charset, lines

FileFormat = Literal["JSON", "CSV", "TSV", "XML"]
_QUOTED_TYPES = {"GET_LEDGER_SUMMARY_VIEW_DATA", "GET_LEDGER_DETAIL_VIEW_DATA"}
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class FlatFileLayout:
    """How the lines of a flat file are cut into values."""

    delimiter: str
    is_quoted: bool


TSV = FlatFileLayout("\t", is_quoted=False)
QUOTED_TSV = FlatFileLayout("\t", is_quoted=True)
CSV = FlatFileLayout(",", is_quoted=True)


def layout_of(file_format: FileFormat, report_type: str) -> FlatFileLayout:
    """Return the layout of a flat file of a report type.

    Only inventory ledgers quote the values of their TSV: in all others a quote sign
    is a sign like any other (inches, say).
    """
    if file_format == "CSV":
        return CSV
    return QUOTED_TSV if report_type in _QUOTED_TYPES else TSV


def format_of(head: bytes) -> FileFormat | None:
    """Return the format that the first bytes of a document show.

    None where they do not show it: an empty document, or a header of one column.
    """
    text = head.removeprefix(_BOM).lstrip(b" \r\n")
    if text[:1] in {b"{", b"["}:
        return "JSON"
    if text[:1] == b"<":
        return "XML"
    header = text.partition(b"\n")[0]
    if b"\t" in header:
        return "TSV"
    return "CSV" if b"," in header else None


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

    `columns` are known once the first row, or the end, has been reached. `odd` counts
    rows that are longer or shorter than the header: what is missing is None, what is
    too much gets names like `column_12`.
    """

    def __init__(
        self, blocks: Iterable[bytes], layout: FlatFileLayout, charset: Charset
    ) -> None:
        self.columns: tuple[str, ...] = ()
        self.odd = 0
        self._values = _values(lines(blocks, charset), layout)

    def __iter__(self) -> Iterator[dict[str, str | None]]:
        """Yield row by row.

        Raises:
            DocumentError: the quotes of the document cannot be made sense of.
        """
        try:
            header = next(self._values, [])
            self.columns = columns = tuple(_names(header))
            width = len(columns)
            for values in self._values:
                if len(values) == width:
                    yield dict(zip(columns, values, strict=True))
                else:
                    yield self._fitted(values)
        except csv.Error as error:
            msg = f"the flat file cannot be read ({error})"
            raise DocumentError(msg) from None

    def _fitted(self, values: list[str]) -> dict[str, str | None]:
        width = len(self.columns)
        while len(values) > width and not values[-1]:
            values.pop()  # some files end every line with a delimiter
        self.odd += len(values) != width
        row: dict[str, str | None] = dict.fromkeys(self.columns)
        row.update(zip(self.columns, values, strict=False))
        for index, value in enumerate(values[width:], width + 1):
            row[f"column_{index}"] = value
        return row


def _values(texts: Iterator[str], layout: FlatFileLayout) -> Iterator[list[str]]:
    """Yield the values of every line that is not empty."""
    if layout.is_quoted:
        # the reader joins lines where a quoted value goes on in the next one
        ended = (text + "\n" for text in texts)
        yield from filter(None, csv.reader(ended, delimiter=layout.delimiter))
        return
    for text in texts:
        if text:
            yield text.split(layout.delimiter)


def _names(header: list[str]) -> Iterator[str]:
    """Yield the names of columns: none empty, none twice."""
    while header and not header[-1].strip():
        header = header[:-1]
    seen: dict[str, int] = {}
    for index, text in enumerate(header, 1):
        name = text.strip() or f"column_{index}"
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}_{seen[name]}"
