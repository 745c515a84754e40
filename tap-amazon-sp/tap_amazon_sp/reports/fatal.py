"""What Amazon's error texts mean, each with its next step.

The texts are documented nowhere; the patterns come from what people have been
shown. A text that matches none is handed on as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import msgspec

_WORDS_BYTES = 64 * 1024
_WORDS_SHOWN = 1000


class Cause(Enum):
    """Why Amazon ended a report without data."""

    NOT_YET = "not yet available"
    NO_DATA = "no data"
    BAD_OPTIONS = "bad options"
    NO_RIGHT = "no right"
    TOO_OFTEN = "asked too often"
    UNKNOWN = "unknown reason"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A cause, Amazon's own words (empty if it gave none) and what to do now."""

    cause: Cause
    words: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.reason}. {self.next_step}"

    @property
    def reason(self) -> str:
        """The cause in words, and Amazon's own."""
        said = f": {self.words!r}" if self.words else ", Amazon gave no reason"
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
        "Check that the application has the role this report needs (Brand Analytics, "
        "mostly), that the brand is in Brand Registry, and that the account is of the "
        "right kind; then authorise it anew"
    ),
    Cause.TOO_OFTEN: (
        "Run less often, or give this report fewer marketplaces and options; the next "
        "run asks again"
    ),
    Cause.UNKNOWN: ("If it stays so, send the report id to Amazon's developer support"),
}

_NOT_YET = (
    r"not (yet|currently) (available|published|ready)|(is|are) not available yet"
    r"|(will|to) be(come)? available|at a later time"
)
_TOO_OFTEN = (
    r"too (many|often|frequent)|quota|throttl|rate exceeded|once (every|per)"
    r"|already (been )?(requested|in progress)|within the last \d+"
)
_NO_RIGHT = (
    r"unauthori[sz]ed|not (been )?(authori[sz]ed|permitted|enrolled|eligible)"
    r"|forbidden|permission|access (is |was |to )?.{0,30}denied"
    r"|(do|does) not have access|brand registry"
)
# in this order: the text about a day that is not published also names dataEndTime
_PATTERNS = (
    (Cause.NOT_YET, _NOT_YET),
    (Cause.TOO_OFTEN, _TOO_OFTEN),
    (Cause.NO_RIGHT, _NO_RIGHT),
)
_GENERIC = r"client error occurred|check that your parameters"
_UNAVAILABLE = (
    r"unavailable|different date range|no (data|results|records|orders|rows)\b"
    r"|(data|results) (was|were) not found|nothing to report"
)
_BAD_OPTIONS = (
    r"reportOption|dataStartTime|dataEndTime|must (be|fall|correspond|have)|invalid"
    r"|(one|single) marketplace|not (a )?(valid|supported|allowed)|exceed|malformed"
    r"|missing|required|requires"
)


def sort(words: str | None, *, is_checked: bool, may_come: bool) -> Verdict:
    """Sort Amazon's words on a report that ended FATAL.

    `is_checked`: options and dates of the request passed our own checks, so that the
    text that blames them for everything cannot be meant literally. `may_come`: what
    was asked for may still be published (see `periods.gives_up_on`).
    """
    text = " ".join((words or "").split())
    cause = _cause(text, is_checked=is_checked, may_come=may_come)
    return Verdict(cause, text[:_WORDS_SHOWN], _NEXT_STEPS[cause])


def cancelled() -> Verdict:
    """Return what CANCELLED means when we have not cancelled: no data, mostly."""
    return Verdict(Cause.NO_DATA, "", _NEXT_STEPS[Cause.NO_DATA])


def words_of(blocks: Iterable[bytes]) -> str:
    """Return Amazon's words from the document of a FATAL report, inflated.

    They are the `errorDetails` of a JSON object; any other document is its own words.
    """
    data = bytearray()
    for block in blocks:
        data += block
        if len(data) > _WORDS_BYTES:
            break
    try:
        found = msgspec.json.decode(bytes(data))
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    details = found.get("errorDetails") if isinstance(found, dict) else None
    if details is not None:
        return details if isinstance(details, str) else str(details)
    return bytes(data[:_WORDS_SHOWN]).decode(errors="replace").strip()


def _cause(text: str, *, is_checked: bool, may_come: bool) -> Cause:
    for cause, pattern in _PATTERNS:
        if _says(text, pattern):
            return cause
    is_generic = _says(text, _GENERIC)
    if is_generic and not is_checked:
        return Cause.BAD_OPTIONS
    if is_generic or _says(text, _UNAVAILABLE):
        return Cause.NOT_YET if may_come else Cause.NO_DATA
    return Cause.BAD_OPTIONS if _says(text, _BAD_OPTIONS) else Cause.UNKNOWN


def _says(text: str, pattern: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None
