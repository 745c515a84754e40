"""Errors of this target; the text of each is a sentence for its user.

::

    TargetS3Error
    +-- ConfigError           a setting is wrong: nothing was read
    +-- InputError            the input is not what Singer says it should be
    |   +-- SchemaMissingError    a RECORD came before its SCHEMA
    |   +-- KeyMissingError       a RECORD lacks a key column
    +-- FormatError           a record does not fit the format that was chosen
    +-- SpoolError            the temporary folder is full or not writable
    +-- StoreError            S3 refused or could not be reached
    +-- StateReaderGoneError  nobody reads our STATE any more

No message ever holds the content of a record: it may be personal data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.exceptions import (
    ConfigValidationError,
    MissingKeyPropertiesError,
    RecordsWithoutSchemaException,
)

if TYPE_CHECKING:
    from target_s3.summary import Summary


class TargetS3Error(Exception):
    """Ends the run with exit code 1; ``summary`` says what was stored before."""

    summary: Summary | None = None


class ConfigError(TargetS3Error, ConfigValidationError):
    """A setting is missing or wrong."""

    def __init__(self, sentence: str) -> None:
        ConfigValidationError.__init__(self, sentence, errors=[sentence])


class InputError(TargetS3Error):
    """A line of the input, or a BATCH file it names, cannot be read."""


class SchemaMissingError(InputError, RecordsWithoutSchemaException):
    """A RECORD or BATCH names a stream that no SCHEMA has described."""


class KeyMissingError(InputError, MissingKeyPropertiesError):
    """A RECORD lacks a column that its SCHEMA names as key."""


class FormatError(TargetS3Error):
    """A value cannot be written in the configured format."""


class SpoolError(TargetS3Error):
    """The temporary folder cannot take what waits for its upload."""


class StoreError(TargetS3Error):
    """S3 refused a request, or could not be reached."""


class StateReaderGoneError(TargetS3Error):
    """The program that reads our STATE has closed its end of the pipe."""
