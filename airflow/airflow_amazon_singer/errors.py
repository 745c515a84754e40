"""The one error that a task of ours ends with."""

from __future__ import annotations


class RunError(Exception):
    """A command failed as a whole; the sentence says what to do next."""
