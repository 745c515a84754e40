"""Errors that are this target's own; the text of each is a sentence for its user.

No message ever holds the content of a record: it may be personal data.
"""

from __future__ import annotations

from singer_amazon.errors import AmazonError


class FormatError(AmazonError):
    """A value cannot be written in the configured format."""


class SpoolError(AmazonError):
    """The temporary folder cannot take what waits for its upload."""


class StoreError(AmazonError):
    """S3 refused a request, or could not be reached."""
