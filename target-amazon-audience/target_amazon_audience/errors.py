"""Errors of this target; the text of each is a sentence for its user.

::

    AmazonError (singer_amazon)
    ├── ConfigError, AuthError, CallError ...   see singer_amazon.errors
    ├── InputError, StateReaderGoneError ...    see singer_amazon.target.errors
    ├── StateFileError         the database of this target cannot be used
    ├── UploadError            an audience's records cannot be uploaded
    └── RunFailedError         the run went to its end, and something in it failed

No message ever holds the content of a record: it is personal data.
"""

from __future__ import annotations

from singer_amazon.errors import AmazonError


class StateFileError(AmazonError):
    """The database of this target cannot be opened, locked or written."""


class UploadError(AmazonError):
    """Records of one audience cannot be uploaded; other audiences go on."""


class RunFailedError(AmazonError):
    """Everything that could be delivered was; the text lists what could not."""
