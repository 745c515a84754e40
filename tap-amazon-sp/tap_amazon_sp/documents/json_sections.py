"""Reads the named arrays of one JSON document in flat memory, whatever their size.

A document is one object: a small specification and one array or several, in any
order. Members are read one after another; the rows of a wanted array come in pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from singer_amazon.errors import DocumentError
from tap_amazon_sp.documents.json_pieces import pieces
from tap_amazon_sp.documents.json_source import JsonSource, unexpected

T = TypeVar("T")

_ANYTHING = msgspec.json.Decoder(list[msgspec.Raw])


class ErrorDetailsError(DocumentError):
    """The document holds no data, only Amazon's reason; `message` is its own."""

    def __init__(self, message: str) -> None:
        super().__init__(f"the document holds only Amazon's reason: {message}")
        self.message = message


class SectionReader(Generic[T]):
    """Reads the wanted arrays of one document.

    `parsers` maps the path of an array (`reportData`, or `a.b` inside an object) to
    what reads its pieces: it gets a complete JSON array with some of the rows and
    raises msgspec.DecodeError when it is not one. Other arrays are passed over.
    `header` holds all other members seen so far, by path; it is whole at the end.
    """

    def __init__(self, parsers: Mapping[str, Callable[[bytes], T]]) -> None:
        self.header: dict[str, Any] = {}
        self._parsers = {tuple(path.split(".")): p for path, p in parsers.items()}
        self._met: dict[tuple[str, ...], str] = {}
        """What stands at each path that was met."""

    def read(self, blocks: Iterable[bytes]) -> Iterator[tuple[str, T]]:
        """Yield the path of an array and a piece of its rows, as they come.

        Raises:
            ErrorDetailsError: it has `errorDetails` and no array at all.
            DocumentError: the document is damaged, or lacks a wanted array.
        """
        source = JsonSource(blocks)
        kind = source.next_byte()
        if kind != b"{":
            text = {b"": "empty", b"[": "a JSON array"}.get(kind, "not JSON")
            msg = f"the document is {text}, not a JSON object with arrays of rows"
            raise DocumentError(msg)
        yield from self._members(source, ())
        if source.next_byte():
            raise DocumentError("more follows the end of the JSON document")
        self._check()

    def _members(
        self, source: JsonSource, above: tuple[str, ...]
    ) -> Iterator[tuple[str, T]]:
        """Read an object whose opening brace comes next."""
        source.take(b"{")
        if source.next_byte() == b"}":
            source.take(b"}")
            return
        while True:
            if source.next_byte() != b'"':
                raise unexpected(source.next_byte(), "a name")
            name: str = source.value()
            source.take(b":")
            yield from self._member(source, (*above, name))
            if source.next_byte() == b"}":
                source.take(b"}")
                return
            source.take(b",")

    def _member(
        self, source: JsonSource, path: tuple[str, ...]
    ) -> Iterator[tuple[str, T]]:
        kind, name = source.next_byte(), ".".join(path)
        self._met[path] = {b"[": "an array", b"{": "an object"}.get(kind, "a value")
        parse = self._parsers.get(path)
        if kind == b"[":
            if parse is None:
                for _ in pieces(source, _ANYTHING.decode):
                    pass
            else:
                for rows in pieces(source, parse):
                    yield name, rows
        elif kind == b"{" and self._leads_on(path):
            yield from self._members(source, path)
        else:
            self.header[name] = source.value()

    def _leads_on(self, path: tuple[str, ...]) -> bool:
        return any(known[: len(path)] == path for known in self._parsers)

    @property
    def arrays(self) -> list[str]:
        """The paths of all arrays met so far."""
        return [".".join(p) for p, kind in self._met.items() if kind == "an array"]

    def _check(self) -> None:
        arrays = self.arrays
        if "errorDetails" in self.header and not arrays:
            raise ErrorDetailsError(str(self.header["errorDetails"]))
        for path in self._parsers:
            if self._met.get(path) == "an array":
                continue
            found = ", ".join(".".join(p) for p in self._met) or "nothing"
            text = f"has no array {'.'.join(path)!r}"
            if path in self._met:
                text += f" ({'.'.join(path)} is {self._met[path]})"
            msg = f"the document {text}; it has: {found}"
            raise DocumentError(msg)


def read_arrays(blocks: Iterable[bytes]) -> tuple[dict[str, Any], list[str]]:
    """Return the members of a document that are no arrays, and the names of those.

    Raises:
        DocumentError: it is no JSON object, or damaged.
    """
    reader: SectionReader[Any] = SectionReader({})
    for _ in reader.read(blocks):
        pass
    return reader.header, reader.arrays
