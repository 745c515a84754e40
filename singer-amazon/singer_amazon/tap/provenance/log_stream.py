"""A stream whose rows go out between the messages of other streams.

It waits for nothing and has no bookmark: what happens in a run is said once.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec
from singer_sdk import Stream, Tap

from singer_amazon.tap.record_writers import is_plain


class LogStream(Stream):
    """Base of the streams about a run; they are selected by name only."""

    replication_key = None
    selected_by_default = False

    def __init__(
        self,
        tap: Tap,
        name: str,
        columns: Mapping[str, Mapping[str, Any]],
        key: Sequence[str],
    ) -> None:
        properties = {name: dict(column) for name, column in columns.items()}
        schema = {"type": "object", "properties": properties}
        super().__init__(tap=tap, name=name, schema=schema)
        self.primary_keys = tuple(key)
        self.written = 0
        self._is_schema_written = False

    # --- the SDK's hooks ---------------------------------------------------

    def get_records(
        self,
        context: Any,  # noqa: ANN401, ARG002 - the SDK's signature
    ) -> Iterable[dict[str, Any]]:
        """Yield nothing: rows are written as things happen."""
        return ()

    def _sync_records(
        self,
        context: Any = None,  # noqa: ANN401, ARG002 - the SDK's signature
        *,
        write_messages: bool = True,  # noqa: ARG002
    ) -> Generator[dict[str, Any], Any, Any]:
        """Do nothing: whoever has rows has written them, or will at the end."""
        yield from ()

    def _sync_batches(self, batch_config: Any, context: Any = None) -> None:  # noqa: ANN401
        """Do nothing: rows go out as records, they are few."""

    def finalize_state_progress_markers(
        self,
        state: dict[str, Any] | None = None,  # noqa: ARG002 - the SDK's signature
    ) -> None:
        """Keep no bookmark."""
        return

    def _write_schema_message(self) -> None:
        """Write the SCHEMA once, before the first row."""
        if not self._is_schema_written:
            self._is_schema_written = True
            super()._write_schema_message()

    # --- rows --------------------------------------------------------------

    @cached_property
    def _left_out(self) -> frozenset[str]:
        mask = self.metadata.resolve_selection()
        names = self.schema["properties"]
        return frozenset(
            n for n in names if n not in self.primary_keys and not mask["properties", n]
        )

    def write_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write rows now; no message may be half written."""
        found = [
            {name: value for name, value in row.items() if name not in self._left_out}
            for row in rows
        ]
        if not found:
            return
        self._write_schema_message()
        tap: Any = self._tap
        writer = tap.writer
        if is_plain(self):
            writer.write(b"".join(map(self._line, found)))
        else:
            for row in found:
                for message in self._generate_record_messages(row):
                    writer.write_message(message)
        self.written += len(found)

    def _line(self, row: Mapping[str, Any]) -> bytes:
        message = {"type": "RECORD", "stream": self.name, "record": row}
        return msgspec.json.encode(message) + b"\n"

    def log_metric(self) -> None:
        """Log how many rows there were, once."""
        if self.selected:
            with self.get_record_counter() as counter:
                counter.increment(self.written)
