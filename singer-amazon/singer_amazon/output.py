"""Standard output that is closed, full, or read by nobody any more."""

from __future__ import annotations

import errno
import io
import os
import sys

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
CLOSED = (
    "The standard output is closed: there is nowhere to write to. Give it a file or a "
    "program that reads it"
)


def trouble(error: OSError) -> str | None:
    """Return why nothing can be written; None for an error about something else."""
    if isinstance(error, BrokenPipeError):
        return "The program that reads the output has ended: see its log for the reason"
    if error.errno not in _FULL:
        return None
    return (
        f"The output cannot be written ({error.strerror}): make room there, and run "
        "again"
    )


def drop() -> None:
    """Throw away what is still to be written: nobody would get it."""
    try:
        number = sys.stdout.fileno()
    except (AttributeError, ValueError, io.UnsupportedOperation):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
