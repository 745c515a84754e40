"""What is written into the document of a report: its rows, or what a rule says."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.rows.odd_rows import odd_batches
from amazon_emulator.ads_reporting.rows.planted_errors import planted_batches
from amazon_emulator.reports.documents import (
    ROWS,
    fault_bytes,
    json_array,
    raw_writer,
)

if TYPE_CHECKING:
    from amazon_emulator.ads_reporting.lifecycle import AdsReport
    from amazon_emulator.reports.documents import Document, Writer
    from amazon_emulator.stored_files import Writable

_INLINE_CELLS = 300_000


def begin_document(report: AdsReport) -> None:
    """Begin the document of a report: a large one is written beside the calls.

    A small one is written when it is asked for: creates come many at a time, and
    other calls should not wait behind rows that nobody needs yet.
    """
    is_replaced = _replacement(report) is not None
    report.document.is_packed = not is_replaced
    if is_replaced or report.plan.cells <= _INLINE_CELLS:
        report.document.defer(_writer(report))
    else:
        report.document.build_beside(_writer(report))


def document_rows(report: AdsReport) -> Iterator[list[str]]:
    """Yield the rows of a report as its document holds them."""
    rule = report.rule("odd_rows")
    batches = planted_batches(report.plan, report.rules)
    return batches if rule is None else odd_batches(batches, rule)


def row_count(report: AdsReport) -> int:
    """Return how many rows a document holds, once it is written."""
    report.document.build(_writer(report))
    return report.document.counts.get(ROWS, 0)


def _replacement(report: AdsReport) -> bytes | None:
    """Return the bytes that a rule puts in place of the rows."""
    rule = report.rule("document") or report.rule("empty")
    return None if rule is None else fault_bytes(rule)


def _writer(report: AdsReport) -> Writer:
    replacement = _replacement(report)
    if replacement is not None:
        return raw_writer(replacement)
    request = report.request

    def write(target: Writable, document: Document) -> None:
        batches = document.counted(document_rows(report))
        if request.file_format == "CSV":
            _write_csv(target, request.columns, batches)
            return
        for piece in json_array(batches):
            target.write(piece)

    return write


def _write_csv(
    target: Writable, columns: Sequence[str], batches: Iterable[list[str]]
) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns))
    writer.writeheader()
    for batch in batches:
        writer.writerows(json.loads(row) for row in batch)
        target.write(text.getvalue().encode(errors="replace"))
        text.seek(0)
        text.truncate()
    target.write(text.getvalue().encode())
