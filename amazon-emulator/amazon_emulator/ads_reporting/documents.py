"""Report documents: written to temporary files as the rows are made, in flat memory."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.rows import row_batches
from amazon_emulator.storage import HashingWriter

if TYPE_CHECKING:
    from amazon_emulator.ads_reporting.rows import RowPlan
    from amazon_emulator.faults import Rule

_INLINE_CELLS = 300_000
_COMPRESSION = 1


@dataclass(slots=True)
class Document:
    """The file of one report, made once; `size`, `etag` and `rows` follow from it."""

    path: Path
    size: int = 0
    etag: str = ""
    rows: int = 0
    is_built: bool = False
    is_cancelled: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, plan: RowPlan, file_format: str, fate: Rule | None) -> None:
        """Make the document: at once, or beside the calls when it is large."""
        if plan.cells <= _INLINE_CELLS or fate is not None:
            self.build(plan, file_format, fate)
            return
        arguments = (plan, file_format)
        threading.Thread(target=self._build_beside, args=arguments, daemon=True).start()

    def build(self, plan: RowPlan, file_format: str, fate: Rule | None) -> None:
        """Write the file unless it is there; a large one in batches."""
        with self.lock:
            if self.is_built:
                return
            with self.path.open("wb") as raw:
                target = HashingWriter(raw)
                self.rows = self._write(target, plan, file_format, fate)
            if self.is_cancelled:
                return
            self.size, self.etag = target.size, target.digest.hexdigest()[:32]
            self.is_built = True

    def cancel(self) -> None:
        """Let a document that is being written come to an early end."""
        self.is_cancelled = True

    def _write(
        self, target: HashingWriter, plan: RowPlan, file_format: str, fate: Rule | None
    ) -> int:
        if fate is not None:
            target.write(fault_bytes(fate))
            return 0
        batches = self._batches(plan)
        with gzip.GzipFile("", "wb", _COMPRESSION, target, mtime=0) as packed:
            if file_format == "CSV":
                return _write_csv(packed, plan.columns, batches)
            return _write_json(packed, batches)

    def _batches(self, plan: RowPlan) -> Iterator[list[str]]:
        for batch in row_batches(plan):
            if self.is_cancelled:
                return
            yield batch

    def _build_beside(self, plan: RowPlan, file_format: str) -> None:
        with suppress(FileNotFoundError):  # a reset has removed the folder meanwhile
            self.build(plan, file_format, None)


def plain_rows(plan: RowPlan) -> Iterator[bytes]:
    """Yield the JSON array of a report's rows, uncompressed, piece by piece."""
    yield b"["
    is_first = True
    for batch in row_batches(plan):
        if batch:
            yield b"" if is_first else b","
            yield ",".join(batch).encode()
            is_first = False
    yield b"]"


def fault_bytes(rule: Rule) -> bytes:
    """Return the bytes a `document` or `empty` rule serves instead of the rows."""
    if rule.action == "empty":
        return gzip.compress(b"[]", _COMPRESSION, mtime=0)
    encoded, text = rule.parameters["base64"], rule.parameters["text"]
    content = base64.b64decode(str(encoded)) if encoded else str(text or "").encode()
    if rule.parameters["gzip"]:
        return gzip.compress(content, _COMPRESSION, mtime=0)
    return content


def _write_json(packed: gzip.GzipFile, batches: Iterable[list[str]]) -> int:
    rows = 0
    packed.write(b"[")
    for batch in batches:
        if batch:
            packed.write(b"," if rows else b"")
            packed.write(",".join(batch).encode())
            rows += len(batch)
    packed.write(b"]")
    return rows


def _write_csv(
    packed: gzip.GzipFile, columns: Sequence[str], batches: Iterable[list[str]]
) -> int:
    rows = 0
    text = io.TextIOWrapper(packed, "utf-8", newline="", write_through=True)
    writer = csv.DictWriter(text, list(columns))
    writer.writeheader()
    for batch in batches:
        writer.writerows(json.loads(row) for row in batch)
        rows += len(batch)
    text.detach()
    return rows
