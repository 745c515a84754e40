"""Report documents: written to temporary files in flat memory, plain or as gzip."""

from __future__ import annotations

import base64
import gzip
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from amazon_emulator.stored_files import OCTETS, HashingWriter, Writable

if TYPE_CHECKING:
    from amazon_emulator.faults.rules import Rule

_COMPRESSION = 1
ROWS = "rows"
"""The one section of documents that have no sections."""


class CancelledError(Exception):
    """The emulator was reset while a document was written."""


@dataclass(slots=True)
class Document:
    """The file of one report, made once; size, etag and row counts follow from it."""

    path: Path
    content_type: str = OCTETS
    is_packed: bool = True
    """Whether the file is gzip (`compressionAlgorithm: GZIP`)."""
    size: int = 0
    etag: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    """Section -> number of rows."""
    is_built: bool = False
    is_cancelled: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    deferred: Writer | None = None
    """What writes the file once somebody asks for it."""

    @property
    def is_available(self) -> bool:
        """Whether it is written, or is so small that asking for it writes it."""
        return self.is_built or self.deferred is not None

    def defer(self, write: Writer) -> None:
        """Let the file be written by the first who needs it."""
        self.deferred = write

    def complete(self) -> None:
        """Write the file now if that was deferred."""
        if self.deferred is not None:
            self.build(self.deferred)

    def build(self, write: Writer) -> None:
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

    def build_beside(self, write: Writer) -> None:
        """Write the file in a thread of its own."""

        def run() -> None:
            # A reset may have removed the folder meanwhile.
            with suppress(FileNotFoundError):
                self.build(write)

        threading.Thread(target=run, daemon=True).start()

    def cancel(self) -> None:
        """Let a document that is being written come to an early end."""
        self.is_cancelled = True

    def counted(
        self, batches: Iterable[list[str]], section: str = ROWS
    ) -> Iterator[list[str]]:
        """Pass batches of rows on, count them, and stop where the document is over."""
        self.counts[section] = 0
        for batch in batches:
            if self.is_cancelled:
                raise CancelledError
            self.counts[section] += len(batch)
            yield batch

    def _write(self, target: HashingWriter, write: Writer) -> None:
        if not self.is_packed:
            write(target, self)
            return
        with gzip.GzipFile("", "wb", _COMPRESSION, target, mtime=0) as packed:
            write(packed, self)


Writer = Callable[[Writable, Document], None]
"""What writes the content of a document."""


def json_array(batches: Iterable[list[str]]) -> Iterator[bytes]:
    """Yield a JSON array of rows that are JSON already, piece by piece."""
    yield b"["
    before = ""
    for batch in batches:
        if batch:
            yield f"{before}{','.join(batch)}".encode()
            before = ","
    yield b"]"


def raw_writer(content: bytes) -> Writer:
    """Return what writes these very bytes."""

    def write(target: Writable, document: Document) -> None:
        del document
        target.write(content)

    return write


def fault_bytes(rule: Rule) -> bytes:
    """Return the bytes a `document` or `empty` rule serves instead of the rows."""
    if rule.action == "empty":
        return gzip.compress(b"[]", _COMPRESSION, mtime=0)
    encoded, text = rule.parameters["base64"], rule.parameters["text"]
    content = base64.b64decode(str(encoded)) if encoded else str(text or "").encode()
    is_packed = rule.parameters["gzip"]
    return gzip.compress(content, _COMPRESSION, mtime=0) if is_packed else content
