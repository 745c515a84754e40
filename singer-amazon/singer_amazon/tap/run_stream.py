"""A stream whose rows a run brings: it keeps the partitions, the state and the order.

Private hooks of the SDK that this module leans on, each held by a test:
`Stream._sync_records`, `_sync_batches`, `_write_schema_message`,
`_write_state_message`.
"""

from __future__ import annotations

import abc
import logging
from collections.abc import Generator, Iterable
from functools import cached_property
from typing import Any

from singer_sdk import Stream
from singer_sdk.exceptions import MappingError
from singer_sdk.helpers._batch import BatchConfig
from singer_sdk.singerlib import RecordMessage, SchemaMessage

from singer_amazon.errors import ConfigError
from singer_amazon.tap.context import RunContext
from singer_amazon.tap.record_writers import keeps_rows

REPLACE_BY = "x-replace-by"
"""Keyword of a SCHEMA: the columns for whose values a document brings every row."""
_UNHANDLED = "An unhandled error occurred"


class SentenceStream(Stream, abc.ABC):
    """A stream whose failures the tap words, not the SDK."""

    def log(
        self,
        message: str,
        *args: Any,  # noqa: ANN401 - the SDK's signature
        level: int = logging.INFO,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Log what the SDK says, but for a line that would stand before a sentence."""
        if not message.startswith(_UNHANDLED):
            super().log(message, *args, level=level, **kwargs)

    def _generate_record_messages(
        self, record: dict[str, Any]
    ) -> Generator[RecordMessage, None, None]:
        """Yield what becomes of a row; a stream map that fails on it is named."""
        try:
            yield from super()._generate_record_messages(record)
        except Exception as error:  # noqa: BLE001 - whatever an expression raises
            # only these texts are sure to show no value of the row
            is_plain = isinstance(error, (MappingError, ZeroDivisionError))
            words = f": {error}" if is_plain else ""
            msg = (
                f"stream_maps of {self.name}: an expression fails on a row "
                f"({type(error).__name__}{words}). Mend it, or take missing values "
                "into account"
            )
            raise ConfigError(msg) from None


class RunStream(SentenceStream):
    """What the SDK asks of a stream, where a run of the whole tap has the answer."""

    is_sorted = False
    is_schema_known = True
    """Whether a SCHEMA can be written already."""
    _is_schema_written = False

    @abc.abstractmethod
    def deliver_all(self) -> None:
        """Write every row of this stream."""

    @property
    def run_context(self) -> RunContext:
        """The run this stream is part of."""
        tap: Any = self._tap
        return tap.run_context  # type: ignore[no-any-return]  # only a ReportTap makes these

    @cached_property
    def selected_columns(self) -> list[str]:
        """The selected properties in schema order; keys are always among them."""
        mask = self.metadata.resolve_selection()
        return [
            name
            for name in self.schema["properties"]
            if name in self.primary_keys or mask[("properties", name)]
        ]

    def replaced_by(self) -> tuple[str, ...]:
        """Return the columns whose values a document of it always has whole."""
        return ()

    def _generate_schema_messages(self) -> Generator[SchemaMessage, None, None]:
        """Say in the SCHEMA which rows a document replaces."""
        for message in super()._generate_schema_messages():
            columns = self.replaced_by()
            if columns and keeps_rows(self) and self._are_selected(columns):
                message.schema = {**message.schema, REPLACE_BY: list(columns)}
            yield message

    def _are_selected(self, columns: Iterable[str]) -> bool:
        return set(columns) <= set(self.selected_columns)

    @property
    def partitions(self) -> None:
        """Nothing: the run keeps the partitions, not the SDK."""
        return

    def get_records(
        self,
        context: Any,  # noqa: ANN401 - the SDK's signature
    ) -> Iterable[dict[str, Any]]:
        """Yield nothing: rows are written as they come, see `deliver_all`."""
        return self._sync_records(context)

    def _sync_records(
        self,
        context: Any = None,  # noqa: ANN401, ARG002 - the SDK's signature
        *,
        write_messages: bool = True,  # noqa: ARG002
    ) -> Generator[dict[str, Any], Any, Any]:
        with self.get_sync_timer():
            self.deliver_all()
        yield from ()

    def _sync_batches(
        self,
        batch_config: BatchConfig,  # noqa: ARG002 - whoever writes looks itself
        context: Any = None,  # noqa: ANN401
    ) -> None:
        for _ in self._sync_records(context):
            pass

    def _write_schema_message(self) -> None:
        """Write the SCHEMA once, before the first row of whoever comes first."""
        if not self._is_schema_written and self.is_schema_known:
            self._is_schema_written = True
            super()._write_schema_message()

    def _write_state_message(self) -> None:
        """Leave the timing of STATE messages to the run."""
        self.run_context.write_state()
