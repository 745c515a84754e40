"""Errors of this target; the text of each is a sentence for its user.

::

    AmazonError (singer_amazon)
    ├── ConfigError, AuthError, CallError ...   see singer_amazon.errors
    ├── InputError             the input is not what Singer says it should be
    │   ├── SchemaMissingError     a RECORD came before its SCHEMA
    │   └── KeyMissingError        a RECORD lacks a key column
    ├── StateFileError         the database of this target cannot be used
    ├── UploadError            an audience's records cannot be uploaded
    ├── MirrorError            removals were held back
    ├── StateReaderGoneError   nobody reads our STATE any more
    └── RunFailedError         the run went to its end, and something in it failed

No message ever holds the content of a record: it is personal data.
"""

from __future__ import annotations

from singer_sdk.exceptions import (
    MissingKeyPropertiesError,
    RecordsWithoutSchemaException,
)

from singer_amazon.errors import AmazonError


class InputError(AmazonError):
    """The input cannot be taken; what came before it is still delivered."""


class SchemaMissingError(InputError, RecordsWithoutSchemaException):
    """A RECORD names a stream that no SCHEMA has described."""


class KeyMissingError(InputError, MissingKeyPropertiesError):
    """A RECORD lacks a column that its SCHEMA names as key."""


class StateFileError(AmazonError):
    """The database of this target cannot be opened, locked or written."""


class UploadError(AmazonError):
    """Records of one audience cannot be uploaded; other audiences go on."""


class MirrorError(AmazonError):
    """An audience could not be made equal to the input: nothing was removed."""


class StateReaderGoneError(AmazonError):
    """The program that reads our STATE has closed its end of the pipe."""


class RunFailedError(AmazonError):
    """Everything that could be delivered was; the text lists what could not."""
