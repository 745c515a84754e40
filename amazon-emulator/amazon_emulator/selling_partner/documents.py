"""Report documents: written to temporary files in flat memory, plain or as gzip."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from amazon_emulator.selling_partner.rows.plan import (
    Content,
    FlatContent,
    JsonContent,
    Section,
)
from amazon_emulator.selling_partner.rows.writing import write_flat, write_xml
from amazon_emulator.storage import HashingWriter, Writable

_AT_ONCE = 2000
_COMPRESSION = 1
JSON_TYPE = "application/json;charset=UTF-8"


class CancelledError(Exception):
    """The emulator was reset while a document was written."""


@dataclass(slots=True)
class Document:
    """The file of one report, made once; size, etag and row counts follow from it."""

    path: Path
    is_packed: bool
    """Whether the file is gzip (`compressionAlgorithm: GZIP`)."""
    content_type: str = JSON_TYPE
    size: int = 0
    etag: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    """Section (`rows` for files without sections) -> number of rows."""
    is_built: bool = False
    is_cancelled: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def build(self, write: Callable[[Writable, Document], None]) -> None:
        """Write the file unless it is there."""
        with self.lock:
            if self.is_built:
                return
            with self.path.open("wb") as raw:
                target = HashingWriter(raw)
                try:
                    self._write(target, write)
                except CancelledError:
                    return
            self.size, self.etag = target.size, target.digest.hexdigest()[:32]
            self.is_built = True

    def build_beside(self, write: Callable[[Writable, Document], None]) -> None:
        """Write the file in a thread of its own."""

        def run() -> None:
            # A reset may have removed the folder meanwhile.
            with suppress(FileNotFoundError):
                self.build(write)

        threading.Thread(target=run, daemon=True).start()

    def cancel(self) -> None:
        """Let a document that is being written come to an early end."""
        self.is_cancelled = True

    def _write(
        self, target: HashingWriter, write: Callable[[Writable, Document], None]
    ) -> None:
        if not self.is_packed:
            write(target, self)
            return
        with gzip.GzipFile("", "wb", _COMPRESSION, target, mtime=0) as packed:
            write(packed, self)


def write_content(
    content: Content, *, spec_last: bool = False
) -> Callable[[Writable, Document], None]:
    """Return what writes a content into a document."""

    def write(target: Writable, document: Document) -> None:
        if isinstance(content, JsonContent):
            _write_json(target, content, document, spec_last=spec_last)
        elif isinstance(content, FlatContent):
            document.counts["rows"] = write_flat(target, content)
        else:
            document.counts["rows"] = write_xml(target, content)

    return write


def section_rows(section: Section) -> Iterator[bytes]:
    """Yield the JSON array of a section piece by piece."""
    yield b"["
    is_first = True
    for batch in _batches(section.texts()):
        yield (b"" if is_first else b",\n") + ",\n".join(batch).encode()
        is_first = False
    yield b"]"


def _write_json(
    target: Writable, content: JsonContent, document: Document, *, spec_last: bool
) -> None:
    specification = json.dumps({"reportSpecification": content.specification})[1:-1]
    parts = [section.name for section in content.sections]
    target.write(b"{")
    if not spec_last:
        target.write(specification.encode() + (b"," if parts else b""))
    for place, section in enumerate(content.sections):
        target.write((b"," if place else b"") + f'"{section.name}":'.encode())
        document.counts[section.name] = _write_rows(target, section, document)
    if spec_last:
        target.write((b"," if parts else b"") + specification.encode())
    target.write(b"}")


def _write_rows(target: Writable, section: Section, document: Document) -> int:
    rows = 0
    target.write(b"[")
    for batch in _batches(section.texts()):
        if document.is_cancelled:
            raise CancelledError
        target.write(b"," if rows else b"")
        target.write(",".join(batch).encode())
        rows += len(batch)
    target.write(b"]")
    return rows


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    pending = iter(texts)
    while batch := list(islice(pending, _AT_ONCE)):
        yield batch


def as_bytes(content: bytes, *, is_packed: bool) -> bytes:
    """Return a document's bytes as they are stored."""
    return gzip.compress(content, _COMPRESSION, mtime=0) if is_packed else content


def raw_writer(content: bytes) -> Callable[[Writable, Document], None]:
    """Return what writes these very bytes."""

    def write(target: Writable, document: Document) -> None:
        del document
        target.write(content)

    return write
