"""Errors of this target; the text of each is a sentence for its user.

::

    AmazonError (singer_amazon)
    +-- ConfigError, InputError ...   see singer_amazon.errors and .target.errors
    +-- FormatError           a record does not fit the format that was chosen
    +-- SpoolError            the temporary folder is full or not writable
    +-- StoreError            S3 refused or could not be reached

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
