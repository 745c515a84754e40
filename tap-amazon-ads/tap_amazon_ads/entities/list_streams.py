"""The streams of listed entities: one account after another, each list whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from singer_sdk import Tap
from singer_sdk.helpers.conform import TypeConformanceLevel

from singer_amazon.errors import CallError
from singer_amazon.report_log.document_days import list_row
from singer_amazon.reports.model import Window
from singer_amazon.reports.periods import DayGrid
from singer_amazon.reports.windows import DateRange, RequestLimits
from singer_amazon.sync.partition import Partition, PartitionKind
from singer_amazon.sync.summary import Problem
from singer_amazon.tap.record_writers import keeps_rows
from singer_amazon.tap.run_stream import RunStream
from tap_amazon_ads.accounts import Account
from tap_amazon_ads.client import AdsClient
from tap_amazon_ads.entities.definitions import (
    COUNTRY,
    PROFILE_ID,
    SNAPSHOT_AT,
    schema_of,
)
from tap_amazon_ads.entities.lists import (
    ListDefinition,
    Owner,
    as_row,
    owners,
    read_list,
)

_LIMITS = RequestLimits(DayGrid(1), 0)


class ListSource(Protocol):
    """What a tap gives its lists."""

    @property
    def lists(self) -> AdsClient:
        """What reads them."""

    @property
    def max_entity_age(self) -> timedelta | None:
        """How old one may get before it is read anew."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The settings."""

    def accounts_of(self, stream: str, *, is_dsp: bool) -> list[Account]:
        """Return the accounts a stream is read for."""


class ListStream(RunStream):
    """One kind of listed entity, over all accounts that can have it."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # as_row has done it
    replication_key = None
    selected_by_default = False

    def __init__(
        self, tap: Tap, definition: ListDefinition, source: Callable[[], ListSource]
    ) -> None:
        self.definition = definition
        self._source = source
        added = {"profile_id": PROFILE_ID, "country_code": COUNTRY}
        if definition.of == "advertiser":
            added = {
                "advertiserId": "Advertiser of the DSP that the row was read for.",
                "profile_id": "Agency profile of the advertiser; null where linked.",
                "country_code": "Country of the advertiser.",
            }
        added["snapshot_at"] = SNAPSHOT_AT
        schema = schema_of(definition.columns, added, definition.key)
        super().__init__(tap=tap, name=definition.stream, schema=schema)
        self.primary_keys = definition.key

    def deliver_all(self) -> None:
        """Write the list of each account whose last one is too old.

        A run that only collects reports reads no list.
        """
        source, is_dsp = self._source(), self.definition.of == "advertiser"
        accounts = source.accounts_of(self.name, is_dsp=is_dsp)
        count = 0
        asks = self.run_context.mode.asks
        self.run_context.begin_reports()
        for owner in owners(accounts, self.definition.of) if asks else ():
            count += self._deliver(owner, source)
        self._write_schema_message()
        with self.get_record_counter() as counter:
            counter.increment(count)

    def _deliver(self, owner: Owner, source: ListSource) -> int:
        context = self.run_context
        asked = context.clock.now()
        partition = self._partition(owner, asked, source.max_entity_age)
        context.state_store.load(partition)
        if partition.is_young(asked):
            taken = partition.state.snapshot_at
            self.logger.info(
                "%s of %s: the list of %s is young enough",
                self.name,
                owner.label,
                f"{taken:%Y-%m-%d %H:%M}",
            )
            return 0
        headers = {"Amazon-Ads-ClientId": source.config["client_id"]}
        try:
            rows = context.in_background(
                lambda: read_list(
                    source.lists,
                    self.definition,
                    owner,
                    headers,
                    is_test=context.is_test,
                ),
                with_reports=True,
            )
        except CallError as error:
            reason = f"{error}. The next run asks again"
            context.stats.add(Problem(owner.label, self.name, "", reason))
            return 0
        fetched = context.clock.now()
        count = self._write(rows, owner, asked)
        self._write_days(owner, count, fetched)
        if partition.max_age is not None:
            partition.state.snapshot_at = asked
            context.state_store.changed(partition)
        context.write_state()
        return count

    def _write(
        self, rows: Sequence[Mapping[str, object]], owner: Owner, asked: datetime
    ) -> int:
        self._write_schema_message()
        writer, stats = self.run_context.writer, self.run_context.stats
        added = {**owner.values, "snapshot_at": asked.isoformat(timespec="seconds")}
        shown = rows[: self.ABORT_AT_RECORD_COUNT]
        for raw in shown:
            row = {**as_row(self.definition, raw), **added}
            for message in self._generate_record_messages(row):
                writer.write_message(message)
        stats.rows[self.name] += len(shown)
        return len(shown)

    def replaced_by(self) -> tuple[str, ...]:
        """Return whose list it is: a list has every row of them."""
        return self.definition.key[:1]

    def _write_days(self, owner: Owner, count: int, fetched: datetime) -> None:
        """Write what a list has brought, behind its rows."""
        context = self.run_context
        days = context.days()
        if days is None or context.is_test:
            return
        (column,) = self.replaced_by()
        is_whole = keeps_rows(self) and self._are_selected((column,))
        whose = {"profile_id": owner.values["profile_id"]}
        if owner.advertiser_id is not None:
            whose["advertiser_id"] = owner.advertiser_id
        days.write_rows(
            [
                list_row(
                    context.stats.run_id,
                    self.name,
                    whose,
                    count,
                    fetched,
                    covers={column: owner.values[column] or ""} if is_whole else None,
                )
            ]
        )

    def _partition(
        self, owner: Owner, now: datetime, max_age: timedelta | None
    ) -> Partition:
        """Return what the state keeps of one list: when it was read last."""
        today = now.date()
        return Partition(
            stream=self.name,
            account=owner.account.key,
            label=owner.label,
            context=owner.context,
            report_type=f"{self.definition.array} list",
            definition=self.definition.body,
            kind=PartitionKind.SNAPSHOT,
            window=Window(today, today),
            days=DateRange(today, today, oldest_kept=today),
            limits=_LIMITS,
            max_age=max_age,
        )
