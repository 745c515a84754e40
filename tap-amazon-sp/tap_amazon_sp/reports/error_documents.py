"""Documents that hold Amazon's reason instead of rows: what the reason means.

What each text means is said by `wordings`; one that it does not know is handed on.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import msgspec

from singer_amazon.documents.json_array import unpacked
from singer_amazon.errors import DocumentError
from singer_amazon.reports.model import Failed, NoData, NotYet, Outcome, Refused
from singer_amazon.reports.report import Report
from tap_amazon_sp.documents.json_sections import ErrorDetailsError, SectionReader
from tap_amazon_sp.documents.json_source import UNPARSABLE
from tap_amazon_sp.periods import GRACE_DAYS
from tap_amazon_sp.reports.wordings import Meaning, fatal_meaning, role_for

MAX_BYTES = 64 * 1024
"""A document that is only a reason is shorter than this."""

_MAX_SHOWN = 1000


class Cause(Enum):
    """Why Amazon ended a report without data."""

    NOT_YET = "not yet available"
    NO_DATA = "no data"
    BAD_OPTIONS = "bad options"
    NO_RIGHT = "no right"
    TOO_OFTEN = "asked too often"
    UNKNOWN = "unknown reason"


@dataclass(frozen=True, slots=True)
class Classification:
    """A cause, Amazon's own message (empty if it gave none) and what to do now."""

    cause: Cause
    message: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.reason}. {self.next_step}"

    @property
    def reason(self) -> str:
        """The cause, and Amazon's own message."""
        said = f": {self.message!r}" if self.message else ", Amazon gave no reason"
        return f"{self.cause.value}{said}"


_NEXT_STEPS = {
    Cause.NOT_YET: "The next run asks again",
    Cause.NO_DATA: (
        "Nothing to do if the account had no activity then; else check marketplace "
        "and dates in Seller or Vendor Central"
    ),
    Cause.BAD_OPTIONS: (
        "Check the report's options and dates against the list in the documentation "
        "(report_options, or report_spec of an own report)"
    ),
    Cause.NO_RIGHT: (
        "Check that the application has the role this report needs and that the "
        "account is of the right kind and may do so in this marketplace; then "
        "authorise it anew"
    ),
    Cause.TOO_OFTEN: (
        "Run less often, or give this report fewer marketplaces and options; the next "
        "run asks again"
    ),
    Cause.UNKNOWN: ("If it stays so, send the report id to Amazon's developer support"),
}

_CAUSES = {
    Meaning.NOT_YET: Cause.NOT_YET,
    Meaning.TOO_OFTEN: Cause.TOO_OFTEN,
    Meaning.NO_RIGHT: Cause.NO_RIGHT,
    Meaning.BAD_OPTIONS: Cause.BAD_OPTIONS,
}


# --- documents -----------------------------------------------------------------


def classify_document(
    report: Report, path: Path, *, is_checked: bool, is_due: bool
) -> Outcome | None:
    """Return what a downloaded document means if it holds no rows; None: it does.

    `is_due`: the report should be there by now; `is_checked`: see `classify`.
    """
    message = error_message(path, is_failure=report.is_failure)
    if message is None:
        return None
    found = classify(message, is_checked=is_checked, may_come=not is_due)
    return _outcome(found, report, is_due=is_due)


def error_message(path: Path, *, is_failure: bool) -> str | None:
    """Return Amazon's message where a document is nothing else; None: it holds rows.

    Raises:
        DocumentError: its gzip is damaged.
    """
    if is_failure:
        return message_of(unpacked(path))
    head = b"".join(itertools.islice(unpacked(path), 2))
    if len(head) > MAX_BYTES or b'"errorDetails"' not in head:
        return None
    try:
        for _ in SectionReader[object]({}).read([head]):
            pass
    except ErrorDetailsError as error:
        return error.message
    except DocumentError:
        return None  # it is no such document: whoever reads its rows will say so
    return None


def message_of(blocks: Iterable[bytes]) -> str:
    """Return Amazon's message from the document of a FATAL report, inflated.

    It is the `errorDetails` of a JSON object; any other document is a message itself.
    """
    data = bytearray()
    for block in blocks:
        data += block
        if len(data) > MAX_BYTES:
            break
    try:
        found = msgspec.json.decode(bytes(data))
    except UNPARSABLE:
        found = None
    details = found.get("errorDetails") if isinstance(found, dict) else None
    if details is not None:
        return details if isinstance(details, str) else str(details)
    return bytes(data[:_MAX_SHOWN]).decode(errors="replace").strip()


def _outcome(found: Classification, report: Report, *, is_due: bool) -> Outcome:
    report_id = report.report_id
    said = f"report {report_id}: {found}"
    match found.cause:
        case Cause.NOT_YET if is_due:
            late = f"{found.reason}, and it is {GRACE_DAYS} days late"
            return Failed(f"report {report_id}: {late}", is_final=True)
        case Cause.NOT_YET | Cause.TOO_OFTEN:
            return NotYet(said, rest_may_be=found.cause is Cause.NOT_YET)
        case Cause.NO_DATA:
            return NoData(str(found))
        case Cause.NO_RIGHT:
            right = role_for(report.request.report_type)
            named = f"report {report_id}: {found.reason}. It needs {right}"
            return Refused(f"{named}. {found.next_step}", "type", ended=True)
        case Cause.BAD_OPTIONS:
            return Refused(said, ended=True)
    return Failed(said)


# --- messages ------------------------------------------------------------------


def classify(
    message: str | None, *, is_checked: bool, may_come: bool
) -> Classification:
    """Classify Amazon's message on a report that ended FATAL.

    `is_checked`: options and dates of the request passed our own checks, so that the
    text that blames them for everything cannot be meant literally. `may_come`: what
    was asked for may still be published (see `periods.gives_up_on`).
    """
    text = " ".join((message or "").split())
    cause = _cause(text, is_checked=is_checked, may_come=may_come)
    return Classification(cause, text[:_MAX_SHOWN], _NEXT_STEPS[cause])


def _cause(text: str, *, is_checked: bool, may_come: bool) -> Cause:
    unavailable = Cause.NOT_YET if may_come else Cause.NO_DATA
    match fatal_meaning(text):
        case Meaning.GENERIC:
            return unavailable if is_checked else Cause.BAD_OPTIONS
        case Meaning.UNAVAILABLE:
            return unavailable
        case None:
            return Cause.UNKNOWN
        case meaning:
            return _CAUSES[meaning]
