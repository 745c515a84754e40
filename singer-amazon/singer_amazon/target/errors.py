"""Errors that every target can end with; the text of each is a sentence.

The others are in ``singer_amazon.errors``. No message ever holds the content of a
record: it may be personal data.
"""

from __future__ import annotations

from collections.abc import Sequence

from singer_sdk.exceptions import (
    ConfigValidationError,
    MissingKeyPropertiesError,
    RecordsWithoutSchemaException,
)

from singer_amazon.errors import AmazonError, ConfigError


class SettingsError(ConfigError, ConfigValidationError):
    """Settings are wrong; ``errors`` has a sentence for each."""

    def __init__(self, sentences: Sequence[str]) -> None:
        ConfigValidationError.__init__(self, "; ".join(sentences), errors=[*sentences])


class InputError(AmazonError):
    """A line of the input, or a file it names, cannot be taken."""


class UnreadableLinesError(InputError):
    """Lines of the input could not be read and were left out."""


class SchemaMissingError(InputError, RecordsWithoutSchemaException):
    """A message names a stream that no SCHEMA has described."""


class KeyMissingError(InputError, MissingKeyPropertiesError):
    """A RECORD lacks a column that its SCHEMA names as key."""


class ExpressionError(InputError):
    """An expression of stream_maps failed on a record."""


class StateReaderGoneError(AmazonError):
    """The program that reads our STATE has closed its end of the pipe."""
