"""The rows of one document, however Amazon writes it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from singer_amazon.documents.json_array import unpacked
from tap_amazon_sp.data_kiosk.rows.json_lines import line_pieces
from tap_amazon_sp.data_kiosk.rows.metric_rows import (
    Begin,
    LateHeaderError,
    headers,
    nested_rows,
    rows_under,
)
from tap_amazon_sp.documents.json_sections import SectionReader

T = TypeVar("T")

_WRAPPED = b'{"data":'


class KioskDocument:
    """A document of one root: a row a line, or one object with a list of rows.

    Only the first has been seen of Amazon; the second is in its own samples. `notes`
    says what should be known of it.
    """

    def __init__(self, path: Path, domain: str, root: str) -> None:
        self.notes: list[str] = []
        self._path = path
        self._list = f"data.{domain}.{root}"

    def rows(self, parse: Callable[[bytes], T]) -> Iterator[T]:
        """Yield pieces; `parse` gets a JSON array of some rows.

        Raises:
            DocumentError: it is damaged, or cut.
        """
        start, blocks = _peeked(unpacked(self._path))
        if not _is_wrapped(start):
            yield from line_pieces(blocks, parse)
            return
        self.notes.append(
            "Amazon sends its rows inside one object, unlike before; they are "
            "read, but look at them"
        )
        for _, rows in SectionReader({self._list: parse}).read(blocks):
            yield rows

    def nested_rows(
        self,
        rows: str,
        names: Iterable[str],
        begin: Begin,
        parse: Callable[[bytes], T],
    ) -> Iterator[T]:
        """Yield the rows that lie in a list of each line; `begin` hears of each line.

        Raises:
            DocumentError: it is damaged, or cut.
        """
        needed = list(names)
        try:
            yield from nested_rows(unpacked(self._path), rows, needed, begin, parse)
        except LateHeaderError:
            found = list(headers(unpacked(self._path)))
            yield from rows_under(unpacked(self._path), found, rows, begin, parse)


def _peeked(blocks: Iterator[bytes]) -> tuple[bytes, Iterable[bytes]]:
    """Return the first bytes of a document, and all of it."""
    first: list[bytes] = []
    for block in blocks:
        first.append(block)
        if sum(map(len, first)) >= 64:  # noqa: PLR2004 - more than is looked at
            break
    return b"".join(first)[:64], itertools.chain(first, blocks)


def _is_wrapped(start: bytes) -> bool:
    return bytes(start).translate(None, b" \t\r\n\xef\xbb\xbf").startswith(_WRAPPED)
