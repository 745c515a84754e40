"""Keeps tokens and signatures out of whatever people may come to read.

All text that comes from outside passes `masked` where it becomes a message, an error
or a problem of the summary; log records pass it once more on their way out.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable

MASK = "***"
_SECRETS = re.compile(
    # Atza|access, Atzr|refresh, Atc|client, Atz.sprdt|restricted; as in JSON or a URL
    r"\b(?P<kind>At[a-z]{1,3}(?:\.[a-z]{1,12})?)(?:\||%7C|\\u007C)[^\s\"'<>&,;(){}\[\]]*"
    r"|(?P<name>X-Amz-(?:Signature|Credential|Security-Token)(?:=|%3D))[^\s\"'<>&]*",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """Return the text without tokens of Login with Amazon and AWS signatures."""
    return _SECRETS.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    return f"{found['kind']}|{MASK}" if found["kind"] else f"{found['name']}{MASK}"


class _MaskingFactory:
    """Makes log records whose text shows no token, whoever wrote it."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: object, **kwargs: object) -> logging.LogRecord:
        record = self._make(*args, **kwargs)
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit: logging says so
            return record
        if record.exc_info:
            trace = "".join(traceback.format_exception(*record.exc_info))
            if masked(trace) != trace:
                text, record.exc_info = f"{text}\n{trace}", None
        if masked(text) != text:
            record.msg, record.args = masked(text), ()
        return record


def mask_logs() -> None:
    """Mask every log record of this process from now on."""
    make = logging.getLogRecordFactory()
    if not isinstance(make, _MaskingFactory):
        logging.setLogRecordFactory(_MaskingFactory(make))
