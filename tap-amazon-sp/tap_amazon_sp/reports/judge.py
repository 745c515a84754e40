"""Tells documents that hold Amazon's reason from those that hold rows."""

from __future__ import annotations

import itertools
from pathlib import Path

from singer_amazon.documents.json_array import unpacked
from singer_amazon.errors import DocumentError
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import (
    Failed,
    NoData,
    NotYet,
    Outcome,
    Refused,
)
from tap_amazon_sp.documents.json_sections import ErrorDetailsError, SectionReader
from tap_amazon_sp.periods import PATIENCE_DAYS
from tap_amazon_sp.reports.fatal import Cause, sort, words_of

_SHORT_BYTES = 64 * 1024
"""A document that is only a reason is shorter than this."""


def reason_of(path: Path, *, is_failure: bool) -> str | None:
    """Return Amazon's words where a document is nothing else; None: it holds rows.

    Raises:
        DocumentError: its gzip is damaged.
    """
    if is_failure:
        return words_of(unpacked(path))
    head = b"".join(itertools.islice(unpacked(path), 2))
    if len(head) > _SHORT_BYTES or b'"errorDetails"' not in head:
        return None
    try:
        for _ in SectionReader[object]({}).read([head]):
            pass
    except ErrorDetailsError as error:
        return error.words
    except DocumentError:
        return None  # it is no such document: whoever reads its rows will say so
    return None


def outcome_of(  # noqa: PLR0911 - one line for each cause
    report: Report, words: str, *, is_checked: bool, is_due: bool
) -> Outcome:
    """Return what a reason means for a report; `is_due`: it should be there now."""
    verdict = sort(words, is_checked=is_checked, may_come=not is_due)
    said = f"report {report.report_id}: {verdict}"
    match verdict.cause:
        case Cause.NOT_YET if is_due:
            late = f"{verdict.reason}, and it is {PATIENCE_DAYS} days late"
            return Failed(f"report {report.report_id}: {late}", is_final=True)
        case Cause.NOT_YET:
            return NotYet(said, rest_may_be=True)
        case Cause.TOO_OFTEN:
            return NotYet(said)
        case Cause.NO_DATA:
            return NoData(str(verdict))
        case Cause.NO_RIGHT:
            return Refused(said, "type")
        case Cause.BAD_OPTIONS:
            return Refused(said)
        case _:
            return Failed(said)


def judge(
    report: Report, path: Path, *, is_checked: bool, is_due: bool
) -> Outcome | None:
    """Say what a downloaded document is if it holds no rows."""
    words = reason_of(path, is_failure=report.is_failure)
    if words is None:
        return None
    return outcome_of(report, words, is_checked=is_checked, is_due=is_due)
