"""The streams of exported entities: a whole snapshot of each account at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from singer_sdk import Tap

from singer_amazon.documents.json_array import pieces, unpacked
from singer_amazon.documents.spool import SpoolFile
from singer_amazon.records.row_encoder import AddedFields, RowEncoder, TypedRowEncoder
from singer_amazon.report_log.coverage import Coverage
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import ReportRequest, Window
from singer_amazon.reports.periods import DayGrid
from singer_amazon.reports.windows import DateRange, RequestLimits
from singer_amazon.sync.partition import Partition, PartitionKind
from singer_amazon.tap.stream import ReportStream
from tap_amazon_ads.accounts import Account
from tap_amazon_ads.entities.definitions import (
    COUNTRY,
    EXTRA,
    PROFILE_ID,
    SNAPSHOT_AT,
    ExportDefinition,
    ExportSpec,
    schema_of,
)

EXPORT_LIFE = timedelta(hours=24)
"""How long Amazon has an export; an older id is worth nothing."""
ADDED = {
    "profile_id": PROFILE_ID,
    "country_code": COUNTRY,
    "snapshot_at": SNAPSHOT_AT,
}
_LIMITS = RequestLimits(DayGrid(1), 0)


class ExportStream(ReportStream):
    """One kind of entity, over all accounts that can have it."""

    replication_key = None
    unknown_advice = ""
    selected_by_default = False

    def __init__(self, tap: Tap, definition: ExportDefinition) -> None:
        self.definition = definition
        self._encoder: TypedRowEncoder | None = None
        key = ("profile_id", definition.id_column)
        schema = schema_of(definition.columns, ADDED, key)
        super().__init__(tap=tap, name=definition.stream, schema=schema)
        self.primary_keys = key

    def read(
        self,
        document: SpoolFile,
        encoder: RowEncoder,
        report: Report,  # noqa: ARG002 - the documents of all kinds are alike
    ) -> Iterator[list[Any]]:
        """Yield the rows of a JSON array, or of one for each part."""
        assert isinstance(encoder, TypedRowEncoder)  # noqa: S101 - from row_encoder
        start = 0
        for end in document.part_ends or [document.size]:
            yield from pieces(unpacked(document.path, start, end), encoder.parse)
            start = end

    def row_encoder(self, partition: Partition) -> TypedRowEncoder:
        """Return the encoder: the same for all accounts."""
        del partition
        if self._encoder is None:
            selected, types = set(self.selected_columns), self.definition.types
            self._encoder = TypedRowEncoder(
                types,
                (self.definition.id_column,),
                hidden=[name for name in types if name not in selected],
                extra=EXTRA if EXTRA in selected else None,
            )
        return self._encoder

    def added_fields(self, partition: Partition, window: Window) -> AddedFields:
        """Return the account; when it was asked is a matter of the document."""
        del window
        return self._added(partition, None)

    def added_to_document(
        self, report: Report, request: ReportRequest, partition: Partition
    ) -> AddedFields:
        """Return the account, and when Amazon was asked for this snapshot."""
        del request
        return self._added(partition, report.requested_at)

    def _added(self, partition: Partition, asked: datetime | None) -> AddedFields:
        assert isinstance(partition.spec, ExportSpec)  # noqa: S101 - from partition()
        values: dict[str, object] = {
            "profile_id": partition.spec.account.key,
            "country_code": partition.spec.account.country,
            "snapshot_at": None
            if asked is None
            else asked.isoformat(timespec="seconds"),
        }
        selected = set(self.selected_columns)
        return AddedFields.constant({n: v for n, v in values.items() if n in selected})

    def replaced_by(self) -> tuple[str, ...]:
        """Return the account: a snapshot has every row of it."""
        return ("profile_id",)

    def coverage(self, request: ReportRequest, partition: Partition) -> Coverage:
        """Return the account, whole."""
        del request
        return Coverage({"profile_id": partition.account})

    def partition(
        self, account: Account, now: datetime, max_age: timedelta | None
    ) -> Partition:
        """Return this stream read for one account, if its snapshot is too old."""
        today = now.date()
        return Partition(
            stream=self.name,
            account=account.key,
            label=account.label,
            context=account.context,
            report_type=f"{self.definition.name} export",
            definition=self.definition.request(),
            spec=ExportSpec(self.definition, account),
            account_details=account.details,
            kind=PartitionKind.SNAPSHOT,
            window=Window(today, today),
            days=DateRange(today, today, oldest_kept=today),
            limits=_LIMITS,
            max_age=max_age,
            report_life=EXPORT_LIFE,
            repeats_are_new=True,
        )
