"""Reads the rows of XML documents in flat memory.

A row is an element on the path of the records: its attributes (`@name`) and its
children by name, nested as they are; children of one name are a list.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.parsers import expat  # document types, which can do harm, are refused below

from singer_amazon.errors import DocumentError

_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_NAMES = {"windows-31j": "cp932"}
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_HEAD_BYTES = 256
_TEXT = "#text"


def xml_rows(
    blocks: Iterable[bytes], path: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a document.

    `path` names the elements below the root that lead to a row, e.g. `Message.Order`;
    without it every child of the root that has children of its own is a row.

    Raises:
        DocumentError: it is no whole XML, or it brings a document type along.
    """
    tree = _Tree(tuple(path.split(".")) if path else None)
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = tree.open
    parser.EndElementHandler = tree.close
    parser.CharacterDataHandler = tree.text
    parser.StartDoctypeDeclHandler = _refuse
    try:
        for block in _utf8(blocks):
            parser.Parse(block, False)  # noqa: FBT003 - expat's own signature
            yield from tree.rows
            tree.rows.clear()
        parser.Parse(b"", True)  # noqa: FBT003
    except (expat.ExpatError, UnicodeDecodeError) as error:
        msg = f"the document is not whole XML ({error})"
        raise DocumentError(msg) from None


def _refuse(*_: object) -> None:
    raise DocumentError("the XML document has a document type: it is not read")


def _utf8(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the document as UTF-8: expat itself cannot read Japanese ones."""
    source = iter(blocks)
    head = b""
    for block in source:
        head += block
        if len(head) >= _HEAD_BYTES:
            break
    decoder = codecs.getincrementaldecoder(_codec(head))()
    text = _DECLARATION.sub("", decoder.decode(head).removeprefix("\ufeff"))
    yield text.encode()
    for block in source:
        yield decoder.decode(block).encode()
    yield decoder.decode(b"", final=True).encode()


def _codec(head: bytes) -> str:
    """Return how a document is written: by its first bytes, else its first line."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    found = _ENCODING.search(head)
    name = found[1].decode().lower() if found else "utf-8"
    try:
        return codecs.lookup(_NAMES.get(name, name)).name
    except LookupError:
        msg = f"the XML document is written in {name!r}, which is not known here"
        raise DocumentError(msg) from None


class _Tree:
    """The elements open at the moment; whole rows wait in `rows`."""

    def __init__(self, path: tuple[str, ...] | None) -> None:
        self.rows: list[dict[str, Any]] = []
        self._path = path
        self._names: list[str] = []
        self._row: list[dict[str, Any]] = []
        """The elements from the row down to the one that is open."""

    def open(self, name: str, attributes: dict[str, str]) -> None:
        self._names.append(name.rpartition(":")[2])
        if self._row or self._is_row():
            own = {f"@{k}": v for k, v in attributes.items() if k[:5] != "xmlns"}
            self._row.append(own)

    def text(self, text: str) -> None:
        if self._row:
            self._row[-1][_TEXT] = self._row[-1].get(_TEXT, "") + text

    def close(self, _: str) -> None:
        name = self._names.pop()
        if not self._row:
            return
        element = self._row.pop()
        if not str(element.get(_TEXT, "")).strip():
            element.pop(_TEXT, None)
        if self._row:
            _add(self._row[-1], name, element)
        elif self._path is not None or element.keys() - {_TEXT}:
            self.rows.append(element)

    def _is_row(self) -> bool:
        below = tuple(self._names[1:])
        return len(below) == 1 if self._path is None else below == self._path


def _add(parent: dict[str, Any], name: str, element: dict[str, Any]) -> None:
    """Put an element into its parent; one with text only is its text."""
    value: Any = element or None
    if element.keys() == {_TEXT}:
        value = element[_TEXT].strip()
    if name not in parent:
        parent[name] = value
    elif isinstance(parent[name], list):
        parent[name].append(value)
    else:
        parent[name] = [parent[name], value]
