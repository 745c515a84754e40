"""Reads the rows of XML documents in flat memory.

A row is an element on the path of the records: its attributes (`@name`) and its
children by name. What a child looks like is said by what it is, never by how often it
comes or which document is read first:

- a child of the row with text only: a text; the JSON list of them where it comes
  several times
- any other child of the row, with elements or attributes: a list of objects, be it one
  or many; so is every element that has elements, however deep
- deeper down, text with attributes: an object of both (`#text`); what comes several
  times anywhere in the document is a list everywhere in it

A document is read twice: the first time to see what comes several times.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from xml.parsers import expat  # document types, which can do harm, are refused below

from singer_amazon.errors import DocumentError
from tap_amazon_sp.catalogue.model import Schema
from tap_amazon_sp.documents.charsets import known_codec

MAX_ROW_BYTES = 64 * 1024 * 1024
"""The longest row that is read; each element counts a little extra."""

MAX_TAG_BYTES = 4 * 1024 * 1024
"""The longest tag or comment: to expat it is one piece."""

MAX_DEPTH = 100
_ELEMENT_BYTES = 256
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"'>]{1,60})[\"']")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_HEAD_BYTES = 256
_TEXT = "#text"
_ARRAY: Schema = {"type": ["array", "null"]}
_STRING: Schema = {"type": ["string", "null"]}
_BOM = codecs.BOM_UTF8

Opened = Callable[[], Iterable[bytes]]
"""Opens a document; it may be read several times."""
Path = tuple[str, ...]
Row = dict[str, Any]


class XmlRows:
    """The rows of one document.

    `path` names the elements below the root that lead to a row, e.g. `Message.Order`;
    without it every child of the root that has children of its own is a row.
    `columns` are known once the rows are asked for: text or lists.
    """

    def __init__(self, opened: Opened, path: str | None = None) -> None:
        self.columns: dict[str, Schema] = {}
        self._opened = opened
        self._path = tuple(path.split(".")) if path else None

    def __iter__(self) -> Iterator[Row]:
        """Yield row by row.

        Raises:
            DocumentError: it is no whole XML, brings a document type along, or has a
                row without an end; nothing has been yielded then.
        """
        codec = self._codec()
        survey = _Tree(self._path, frozenset())
        for rows in self._read(survey, codec):
            for row in rows:
                self._note_columns(row)
        for rows in self._read(_Tree(self._path, frozenset(survey.repeated)), codec):
            yield from rows

    def _note_columns(self, row: Row) -> None:
        for name, value in row.items():
            if isinstance(value, list):
                self.columns[name] = _ARRAY
            elif value is not None:
                self.columns.setdefault(name, _STRING)

    def _codec(self) -> str:
        """Return how it is written: as its bytes show, else as its first line says."""
        head = _head(self._opened())
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        found = _ENCODING.search(head)
        name = found[1].decode("ascii", "replace") if found else "utf-8"
        codec = known_codec(name)
        if codec is None and not name.lower().startswith("utf-16"):
            msg = f"the XML document is written in {name!r}, which is not known here"
            raise DocumentError(msg)
        if codec in {None, "utf-8"} or head.startswith(_BOM):
            return "utf-8"
        return "utf-8" if _is_utf8(self._opened()) else str(codec)

    def _read(self, tree: _Tree, codec: str) -> Iterator[list[Row]]:
        """Yield the rows in lists, as the blocks of the document bring them."""
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = tree.open
        parser.EndElementHandler = tree.close
        parser.CharacterDataHandler = tree.text
        parser.CommentHandler = parser.ProcessingInstructionHandler = tree.skip
        parser.StartDoctypeDeclHandler = _refuse
        try:
            for block in _utf8(self._opened(), codec):
                tree.waiting += len(block)
                parser.Parse(block, False)  # noqa: FBT003 - expat's own signature
                if tree.waiting > MAX_TAG_BYTES:
                    raise _too_long("a tag", MAX_TAG_BYTES)
                yield tree.rows
                tree.rows = []
            parser.Parse(b"", True)  # noqa: FBT003
            yield tree.rows
        except (expat.ExpatError, UnicodeError) as error:
            msg = f"the document is not whole XML ({error})"
            raise DocumentError(msg) from None


def _refuse(*_: object) -> None:
    raise DocumentError("the XML document has a document type: it is not read")


def _too_long(what: str, limit: int) -> DocumentError:
    return DocumentError(
        f"the XML document has {what} of more than {limit} bytes: records_path has to "
        "name the elements that are rows"
    )


def _head(blocks: Iterable[bytes]) -> bytes:
    head = b""
    for block in blocks:
        head += block
        if len(head) >= _HEAD_BYTES:
            break
    return head


def _is_utf8(blocks: Iterable[bytes]) -> bool:
    """Whether a whole document is valid UTF-8 and not only ASCII."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_ascii = True
    try:
        for block in blocks:
            is_ascii = is_ascii and block.isascii()
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return not is_ascii


def _utf8(blocks: Iterable[bytes], codec: str) -> Iterator[bytes]:
    """Yield the document as UTF-8: expat itself cannot read Japanese ones."""
    source = iter(blocks)
    head = b""
    for block in source:
        head += block
        if len(head) >= _HEAD_BYTES:
            break
    decoder = codecs.getincrementaldecoder(codec)()
    text = _DECLARATION.sub("", decoder.decode(head).removeprefix("\ufeff"))
    yield text.encode()
    for block in source:
        yield decoder.decode(block).encode()
    yield decoder.decode(b"", final=True).encode()


class _Tree:
    """The elements open at the moment; whole rows wait in `rows`."""

    def __init__(self, path: Path | None, lists: frozenset[Path]) -> None:
        self.rows: list[Row] = []
        self.repeated: set[Path] = set()
        """Paths below a row of what came twice in one parent."""
        self.waiting = 0
        """Bytes read since the last event."""
        self._path = path
        self._lists = lists
        self._names: list[str] = []
        self._row: list[Row] = []
        """The elements from the row down to the one that is open."""
        self._texts: list[list[str]] = []
        self._size = 0

    def open(self, name: str, attributes: dict[str, str]) -> None:
        self.waiting = 0
        self._names.append(name.rpartition(":")[2])
        if len(self._names) > MAX_DEPTH:
            msg = f"the XML document is nested more than {MAX_DEPTH} elements deep"
            raise DocumentError(msg)
        if self._row or self._is_row():
            own = {f"@{k}": v for k, v in attributes.items() if k[:5] != "xmlns"}
            self._row.append(own)
            self._texts.append([])
            self._grow(_ELEMENT_BYTES + sum(map(len, own.values())))

    def text(self, text: str) -> None:
        self.waiting = 0
        if self._row:
            self._texts[-1].append(text)
            self._grow(len(text))

    def skip(self, *_: object) -> None:
        self.waiting = 0

    def close(self, _: str) -> None:
        self.waiting = 0
        name = self._names.pop()
        if not self._row:
            return
        element = self._row.pop()
        text = "".join(self._texts.pop())
        if text.strip():
            element[_TEXT] = text
        if self._row:
            self._add(name, element)
            return
        self._size = 0
        if self._path is not None or element.keys() - {_TEXT}:
            self.rows.append({k: _as_column(v) for k, v in element.items()})

    def _is_row(self) -> bool:
        below = tuple(self._names[1:])
        return len(below) == 1 if self._path is None else below == self._path

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > MAX_ROW_BYTES:
            raise _too_long("a row", MAX_ROW_BYTES)

    def _add(self, name: str, element: Row) -> None:
        """Put an element that has ended into its parent."""
        parent, depth = self._row[-1], len(self._row)
        path = (*self._names[len(self._names) - depth + 1 :], name)
        value: Any = element or None
        if element.keys() == {_TEXT}:
            value = element[_TEXT].strip()
        is_list = path in self._lists or _is_list(element, depth)
        if name not in parent:
            parent[name] = [value] if is_list and value is not None else value
            return
        self.repeated.add(path)
        found = parent[name]
        if not isinstance(found, list):
            found = parent[name] = [found]
        found.append(value)


def _as_column(value: Any) -> Any:  # noqa: ANN401 - text or list, or nothing
    """Return a child of a row: a text, or a list of objects."""
    if not isinstance(value, list):
        return value
    if all(item is None or isinstance(item, str) for item in value):
        return json.dumps(value, ensure_ascii=False) if len(value) > 1 else value[0]
    return [{_TEXT: item} if isinstance(item, str) else item for item in value]


def _is_list(element: Row, depth: int) -> bool:
    """Whether an element is one of a list, however often it comes."""
    has_elements = any(key[0] != "@" for key in element.keys() - {_TEXT})
    return has_elements or (depth == 1 and bool(element.keys() - {_TEXT}))


def fitted(row: Row, columns: Mapping[str, Schema]) -> Row:
    """Return a row in the columns that an earlier document has brought.

    A text becomes a list of one, a list its JSON: the column keeps its type, and
    nothing is lost.
    """
    for name, value in row.items():
        kind = columns.get(name, {}).get("type")
        if isinstance(value, list) and kind != _ARRAY["type"]:
            row[name] = json.dumps(value, ensure_ascii=False) if kind else value
        elif isinstance(value, str) and kind == _ARRAY["type"]:
            row[name] = [{_TEXT: value}]
    return row
