"""Streams of endpoints: ready-made ones and custom ones.

The rows of all of them are read by one `EndpointRun`; whichever stream comes first
starts it. The SDK's private hooks used here are those of `RunStream`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from singer_sdk import Tap
from singer_sdk.helpers.conform import TypeConformanceLevel

from singer_amazon.tap.run_stream import RunStream
from tap_amazon_sp.catalogue.descriptions import described
from tap_amazon_sp.catalogue.model import EXTRA, Schema
from tap_amazon_sp.documents.row_shape import RowShape
from tap_amazon_sp.endpoints.bookmarks import TableBookmark
from tap_amazon_sp.endpoints.custom.tables import tables
from tap_amazon_sp.endpoints.definitions import Table
from tap_amazon_sp.endpoints.nested_values import conforms, depends_on_value
from tap_amazon_sp.endpoints.schemas import record_schemas
from tap_amazon_sp.schema_inference import apply_schema, infer_columns

Read = Callable[["EndpointStream"], None]

_TEXT: Schema = {"type": ["string", "null"]}
_LIST: Schema = {"type": ["array", "null"]}
_MAX_SHOWN = 50


def endpoint_streams(tap: Tap, read: Read) -> list[EndpointStream]:
    """Return the streams of all endpoints, without a call to Amazon.

    `read` is called when a stream is synced and brings all of its rows.

    Raises:
        ConfigError: a custom endpoint cannot be meant so.
    """
    return [
        EndpointStream(tap, table, read)
        for table in tables(tap.config.get("endpoints", ()))
    ]


class EndpointStream(RunStream):
    """One table of an endpoint, over all accounts that have it."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # RowShape has done it

    def __init__(self, tap: Tap, table: Table, read: Read) -> None:
        self.table = table
        self._read = read
        self._keeps_unknown = tap.config.get("unknown_fields", "keep") == "keep"
        # else the first page has still to say what the columns are
        self.is_schema_known = table.columns is not None
        self.known_columns: Mapping[str, str] = {}
        """Types of the columns that earlier runs have inferred."""
        self.added = ["account_name"]
        if table.listing.has_marketplace:
            self.added.append("marketplace_id")
        self.shape = self._shape(table.columns or _known_so_far(table))
        super().__init__(tap=tap, name=table.name, schema=self._columns_schema())
        if table.replication_key is not None:
            self.replication_key = table.replication_key
        self.primary_keys = (*self.added, *table.key) if table.key else ()
        self.selected_by_default = table.is_default

    def _shape(self, columns: dict[str, Schema] | Any) -> RowShape:  # noqa: ANN401
        self._nested = [
            (name, schema)
            for name, schema in columns.items()
            if depends_on_value(schema) and name not in self.table.key
        ]
        return RowShape(columns, self.table.key, keeps_unknown=self._keeps_unknown)

    def _columns_schema(self) -> dict[str, Any]:
        path = self.table.listing.path
        is_known = any(entry.path == path for entry in record_schemas().values())
        return described(self.shape.schema(self.added), path, is_known=is_known)

    # --- the SDK's hooks ---------------------------------------------------

    def get_replication_key_signpost(
        self,
        context: Any = None,  # noqa: ANN401, ARG002 - the SDK's signature
    ) -> None:
        """Nothing: the run itself knows how far a bookmark may go."""
        return

    def deliver_all(self) -> None:
        """Read until this stream has all of its own."""
        self._read(self)
        if not self.is_schema_known:
            self._settle_columns({})
        self._write_schema_message()
        if self.shape.left_out:
            names = ", ".join(sorted(self.shape.left_out)[:_MAX_SHOWN])
            why = (
                "In _extra, for there is no column that fits: %s"
                if self._keeps_unknown
                else "Left out, as unknown_fields says: %s"
            )
            self.logger.info(why, names)

    # --- rows --------------------------------------------------------------

    def infer_schema(self, records: Sequence[dict[str, Any]]) -> dict[str, str]:
        """Take the columns from the first page that has records, if need be.

        Columns of earlier runs stay, with their types: a page can only add some.
        Return all that are known now, nothing where they are no question.
        """
        if self.is_schema_known or not records:
            return {}
        found = {n: str(s["type"][0]) for n, s in infer_columns(records).items()}
        return self._settle_columns(found)

    def _settle_columns(self, found: Mapping[str, str]) -> dict[str, str]:
        self.is_schema_known = True
        columns = {**self.known_columns}
        for name, kind in found.items():
            columns.setdefault(name, kind)
        shapes: dict[str, Schema]
        shapes = {name: {"type": [kind, "null"]} for name, kind in columns.items()}
        shapes |= {e.new_field: _LIST for e in self.table.expansions}
        self.shape = self._shape({**shapes, **_known_so_far(self.table)})
        apply_schema(self, self._columns_schema())
        return columns

    def write(self, bookmark: TableBookmark, records: Sequence[dict[str, Any]]) -> int:
        """Write the rows in complete records; return how many."""
        self._write_schema_message()
        writer = self.run_context.writer
        left = self.ABORT_AT_RECORD_COUNT
        count = 0
        for record in records:
            for raw in self.table.rows(record):
                if left is not None and count >= left:
                    return count
                row = self._conformed(self.shape.row(raw, bookmark.context))
                self._check_key(row)
                for message in self._generate_record_messages(row):
                    writer.write_message(message)
                count += 1
        return count

    def _conformed(self, row: dict[str, Any]) -> dict[str, Any]:
        """Set apart values that their column's schema does not allow inside."""
        for name, schema in self._nested:
            value = row.get(name)
            if value is None or conforms(value, schema):
                continue
            row[name] = None
            self.shape.left_out.add(name)
            if self._keeps_unknown:
                row.setdefault(EXTRA, {})[name] = value
        return row

    def _check_key(self, row: Mapping[str, Any]) -> None:
        """Warn once of rows without what identifies them."""
        missing = [name for name in self.table.key if row[name] == ""]
        if missing:
            self.run_context.warn_once(
                f"{self.name}: there are records without {', '.join(missing)}, which "
                "is their key: a merging target keeps only one of them. Check "
                "record_config.id_field"
            )


def _known_so_far(table: Table) -> dict[str, Schema]:
    return dict.fromkeys(table.needed, _TEXT)
