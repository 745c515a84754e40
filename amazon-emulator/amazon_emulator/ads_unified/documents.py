"""The files of a report: JSON or CSV, one or several parts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from amazon_emulator.ads_unified.rows.making import row_texts
from amazon_emulator.reports.documents import fault_bytes, json_array, raw_writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amazon_emulator.ads_unified.store import UnifiedReport
    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.reports.documents import Document, Writer
    from amazon_emulator.stored_files import Writable

BATCH = 1000
_INLINE_VALUES = 300_000


def begin_documents(report: UnifiedReport) -> None:
    """Begin the parts of a report: at once, or beside the calls when it is large."""
    is_small = report.plan.size <= _INLINE_VALUES
    rows = list(report_rows(report)) if is_small else None
    for number, document in enumerate(report.documents):
        writer = _writer(report, number, rows)
        if is_small:
            document.build(writer)
        else:
            document.build_beside(writer)


def report_rows(report: UnifiedReport) -> Iterator[str]:
    """Yield all rows of a report as its documents hold them."""
    rows = row_texts(report.plan)
    doubled = report.rule("duplicate_rows")
    return rows if doubled is None else _doubled(rows, doubled)


def row_batches(report: UnifiedReport) -> Iterator[list[str]]:
    """Yield all rows of a report in lists."""
    return _batches(report_rows(report))


def _part(rows: Iterable[str], report: UnifiedReport, number: int) -> Iterator[str]:
    """Yield the rows of one part: every so many-th of all."""
    return islice(rows, number, None, len(report.documents))


def _batches(rows: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _writer(report: UnifiedReport, number: int, made: Sequence[str] | None) -> Writer:
    """Return what writes a part; rows that are not `made` yet are so on the way."""
    replaced = report.rule("document", "empty")
    if replaced is not None:
        return raw_writer(fault_bytes(replaced))

    def write(target: Writable, document: Document) -> None:
        rows = report_rows(report) if made is None else made
        batches = document.counted(_batches(_part(rows, report, number)))
        pieces = (
            _csv(report.request.fields, batches)
            if report.request.is_csv
            else _json(batches, is_lines=report.is_lines)
        )
        for piece in pieces:
            target.write(piece)

    return write


def _json(batches: Iterable[list[str]], *, is_lines: bool) -> Iterator[bytes]:
    if not is_lines:
        return json_array(batches)
    return (f"{row}\n".encode() for row in chain.from_iterable(batches))


def _csv(fields: Sequence[str], batches: Iterable[list[str]]) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(fields))
    writer.writeheader()
    for batch in batches:
        writer.writerows(json.loads(row) for row in batch)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


def _doubled(rows: Iterator[str], rule: Rule) -> Iterator[str]:
    """Yield some rows twice: the same again, or the two parts of a hidden grain."""
    every, is_split = max(1, int(rule.number("every"))), rule.parameters["split"]
    for number, text in enumerate(rows):
        if number % every:
            yield text
        elif is_split:
            yield from _split(text)
        else:
            yield from (text, text)


def _split(text: str) -> Iterator[str]:
    """Yield two rows of one key whose whole numbers and amounts add up to the row."""
    row = json.loads(text)
    first, second = dict(row), dict(row)
    for name, value in row.items():
        if name.startswith("metric.") and isinstance(value, int | float):
            part = value // 3 if isinstance(value, int) else round(value / 3, 2)
            first[name], second[name] = part, round(value - part, 2)
    for each in (first, second):
        yield json.dumps(each, ensure_ascii=False)
