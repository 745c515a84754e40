"""Rows of any report document, whatever its format: recognised by its bytes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from singer_amazon.documents.json_array import unpacked
from singer_amazon.errors import DocumentError
from tap_amazon_sp.catalogue.model import Schema
from tap_amazon_sp.documents.charsets import Charset
from tap_amazon_sp.documents.flat_files import (
    FileFormat,
    FlatRows,
    checked_format,
)
from tap_amazon_sp.documents.json_pieces import pieces
from tap_amazon_sp.documents.json_sections import SectionReader, read_arrays
from tap_amazon_sp.documents.json_source import JsonSource
from tap_amazon_sp.documents.xml_rows import XmlRows, fitted

Row = dict[str, Any]
ROWS_AT_ONCE = 1000
TEXT: Schema = {"type": ["string", "null"]}

_DECODER = msgspec.json.Decoder(list[dict[str, Any]])


class DocumentRows:
    """The rows of one document, in lists."""

    def __init__(
        self,
        path: Path,
        *,
        claimed: FileFormat | None,
        records_path: str | None,
        charset: Charset,
        warn: Callable[[str], None],
    ) -> None:
        self._path = path
        self._records_path = records_path
        head = next(unpacked(path), b"")
        self.format, warning = checked_format(claimed, head)
        if warning:
            warn(warning)
        self._tabular: FlatRows | XmlRows | None = None
        if self.format == "XML":
            self._tabular = XmlRows(self._open, records_path)
        elif self.format != "JSON" and head.strip():
            if charset.warning:
                warn(charset.warning)
            self._tabular = FlatRows(self._open, charset)

    def __iter__(self) -> Iterator[list[Row]]:
        """Yield the rows in lists.

        Raises:
            DocumentError: the document is damaged, or cannot be read for certain.
        """
        if self._tabular is not None:
            yield from _in_lists(self._tabular)
        elif self.format == "JSON":
            yield from self._json()

    def columns(self) -> Mapping[str, Schema]:
        """Return the columns the document shows; none where only its rows do.

        They are known once a row has been read, or the end.
        """
        if isinstance(self._tabular, FlatRows):
            return dict.fromkeys(self._tabular.columns, TEXT)
        return self._tabular.columns if self._tabular is not None else {}

    def fitted(self, rows: list[Row], columns: Mapping[str, Schema]) -> list[Row]:
        """Return rows as the columns of an earlier document want them."""
        if isinstance(self._tabular, XmlRows):
            return [fitted(row, columns) for row in rows]
        return rows

    def _open(self) -> Iterator[bytes]:
        return unpacked(self._path)

    def _json(self) -> Iterator[list[Row]]:
        source = JsonSource(unpacked(self._path))
        if source.next_byte() == b"[":
            yield from pieces(source, _rows)
            return
        path = self._records_path
        if path is None:
            header, arrays = read_arrays(unpacked(self._path))
            if not arrays:
                yield [header]
                return
            if len(arrays) > 1:
                msg = (
                    f"the document has several arrays ({', '.join(arrays)}): set "
                    "records_path to the one with the rows"
                )
                raise DocumentError(msg)
            path = arrays[0]
        for _, rows in SectionReader({path: _rows}).read(unpacked(self._path)):
            yield rows


def _rows(array: bytes) -> list[Row]:
    try:
        return _DECODER.decode(array)
    except msgspec.ValidationError:
        values: list[Any] = msgspec.json.decode(array)
        return [v if isinstance(v, dict) else {"value": v} for v in values]


def _in_lists(rows: Iterable[Row]) -> Iterator[list[Row]]:
    found = iter(rows)
    while some := list(itertools.islice(found, ROWS_AT_ONCE)):
        yield some
