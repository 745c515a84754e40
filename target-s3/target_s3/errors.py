"""Errors that are this target's own; the text of each is a sentence for its user.

No message ever holds the content of a record: it may be personal data. The values of
the columns that a replacement is made by are named: without them nobody could help.
"""

from __future__ import annotations

from singer_amazon.errors import AmazonError


class StreamError(AmazonError):
    """Something went wrong with one stream, where that is known."""

    def __init__(
        self, message: str = "", *, stream: str | None = None, window: str | None = None
    ) -> None:
        super().__init__(message)
        self.stream = stream
        self.window = window


class FormatError(StreamError):
    """A value cannot be written in the configured format."""


class SpoolError(AmazonError):
    """The temporary folder cannot take what waits for its upload."""


class StoreError(StreamError):
    """S3 refused a request, or could not be reached."""


class ReplacementError(StreamError):
    """Rows are not what the manifest says; nothing of the table was replaced."""
