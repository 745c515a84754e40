"""Errors of this target; the text of each is a sentence for its user.

::

    AmazonError (singer_amazon)
    ├── ConfigError, AuthError, CallError ...   see singer_amazon.errors
    ├── InputError, StateReaderGoneError ...    see singer_amazon.target.errors
    ├── StateFileError         the database of this target cannot be used
    ├── UploadError            an audience's records cannot be uploaded
    ├── RunFailedError         the run went to its end, and something in it failed
    └── InternalError          a fault of this program

No message ever holds the content of a record: it is personal data.
"""

from __future__ import annotations

from pathlib import PurePath
from types import TracebackType

from singer_amazon.errors import AmazonError


class StateFileError(AmazonError):
    """The database of this target cannot be opened, locked or written."""


class UploadError(AmazonError):
    """Records of one audience cannot be uploaded; other audiences go on."""


class RunFailedError(AmazonError):
    """Everything that could be delivered was; the text lists what could not."""


class InternalError(AmazonError):
    """A fault of this program, without what it was working on."""

    def __init__(self, error: Exception) -> None:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = "" if trace is None else f", {_line_of(trace)}"
        super().__init__(
            f"A fault of this program ended the run ({type(error).__name__}{where}). "
            "What was sent is in the summary, and no STATE has passed what was not: "
            "run it again, and report the fault with this line."
        )


def _line_of(trace: TracebackType) -> str:
    code = trace.tb_frame.f_code
    return f"{PurePath(code.co_filename).name}, line {trace.tb_lineno}"
