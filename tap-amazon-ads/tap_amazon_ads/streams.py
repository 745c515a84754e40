"""The streams: one per report type, `profiles` and `advertisers`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from singer_sdk import Tap
from singer_sdk import typing as th
from singer_sdk.helpers.conform import TypeConformanceLevel

from singer_amazon.documents.json_array import pieces, unpacked
from singer_amazon.documents.spool import SpoolFile
from singer_amazon.records.columns import ColumnType, json_schema
from singer_amazon.records.row_encoder import (
    AddedFields,
    RowEncoder,
    TypedRowEncoder,
    encoded_members,
)
from singer_amazon.report_log.coverage import Coverage, days_of
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import NO_MEMBERS, ReportRequest, Window, text_of
from singer_amazon.sync.partition import Partition, PartitionKind
from singer_amazon.sync.summary import Problem
from singer_amazon.tap.run_stream import SentenceStream
from singer_amazon.tap.stream import ReportStream
from tap_amazon_ads.account_finder import AccountFinder
from tap_amazon_ads.accounts import Account
from tap_amazon_ads.catalogue.descriptions import describe
from tap_amazon_ads.refused_columns import RefusedColumns
from tap_amazon_ads.report_specs import ADDED, ReportSpec, RequestSpec
from tap_amazon_ads.unified.answers import RefusedFields
from tap_amazon_ads.unified.rows import UnifiedRowEncoder
from tap_amazon_ads.unified.spec import UnifiedSpec

TOLD_APART_BY = {"campaignName": "campaignStatus"}
"""What tells the rows of two campaigns of one name apart, where there is no id.

It is in no key by default: a status is that of the day of asking, so where targets
merge by key, each change would leave the old row of a day beside the new one.
"""


class AdsReportStream(ReportStream):
    """One report type, over all accounts that can have it."""

    # a row comes typed by its columns: there is nothing left to conform, which would
    # be most of the work of a stream map
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    sums_repeats = True
    """Whether rows of Ads API v1 that repeat a key are added up."""

    def __init__(
        self,
        tap: Tap,
        spec: ReportSpec,
        refused_columns: RefusedColumns,
        refused_fields: RefusedFields,
    ) -> None:
        self.spec = spec
        self._refused_columns = refused_columns
        self._refused_fields = refused_fields
        self._added_to_dsp: dict[str, AddedFields] = {}
        """By account."""
        self._encoders: dict[frozenset[str], TypedRowEncoder] = {}
        if spec.is_summary:
            self.replication_key = None
        super().__init__(tap=tap, name=spec.stream, schema=_schema(spec))
        self.primary_keys = spec.primary_key
        self.selected_by_default = spec.is_default

    def requested_columns(self) -> list[str]:
        """Return the selected columns that are Amazon's, keys included."""
        return [name for name in self.selected_columns if name not in ADDED]

    @cached_property
    def _definition(self) -> dict[str, object]:
        """What its reports ask for: the same of all accounts, thousands of them."""
        return self.spec.request(self.requested_columns())

    def distinguishing_key(self) -> tuple[str, ...]:
        """Return the key with the status that tells two campaigns of one name apart."""
        more = [TOLD_APART_BY[n] for n in self.primary_keys if n in TOLD_APART_BY]
        return (*self.primary_keys, *more) if more else ()

    def columns_asked(self, partition: Partition) -> tuple[str, ...]:
        """Return the columns its reports ask for."""
        columns = partition.definition["columns"]
        assert isinstance(columns, list)  # noqa: S101 - from ReportSpec.request
        return tuple(columns)

    def columns_refused(self, partition: Partition) -> tuple[str, ...]:
        """Return those of them that Amazon refuses the account."""
        if isinstance(partition.spec, UnifiedSpec):
            fields = self._refused_fields.of(partition.account, self.name)
            found = partition.spec.columns().items()
            return tuple(sorted(name for name, field in found if field in fields))
        refused = self._refused_columns.of(partition.account, self.spec)
        return tuple(sorted(refused))

    def read(
        self,
        document: SpoolFile,
        encoder: RowEncoder,
        report: Report,
    ) -> Iterator[list[Any]]:
        """Yield the rows of one JSON array; a document of v1 may have several."""
        assert isinstance(encoder, TypedRowEncoder)  # noqa: S101 - from row_encoder
        if isinstance(encoder, UnifiedRowEncoder):
            yield from encoder.rows(document, report.request.window)
            return
        yield from pieces(unpacked(document.path), encoder.parse)

    def row_encoder(self, partition: Partition) -> TypedRowEncoder:
        """Return the encoder; a refused key column is filled from its stand-in."""
        if isinstance(partition.spec, UnifiedSpec):
            return UnifiedRowEncoder(
                partition.spec,
                {name: self.spec.columns[name] for name in self.requested_columns()},
                sums_repeats=self.sums_repeats,
            )
        filled = self._refused_columns.filled_keys(partition.account, self.spec)
        keys = frozenset(filled)
        if keys not in self._encoders:
            requested = self.requested_columns()
            hidden = [name for name in filled.values() if name not in requested]
            columns: dict[str, ColumnType] = {
                name: self.spec.columns[name] for name in [*requested, *hidden]
            }
            self._encoders[keys] = TypedRowEncoder(
                columns,
                self.spec.primary_key,
                member_column="advertiserId" if self.spec.is_dsp else None,
                filled=filled,
                hidden=hidden,
            )
        return self._encoders[keys]

    def added_fields(
        self,
        partition: Partition,
        window: Window,  # noqa: ARG002 - rows say their own dates
    ) -> AddedFields:
        """Return profile, country and currency: money has none itself."""
        assert isinstance(partition.spec, RequestSpec)  # noqa: S101 - from partition()
        account = partition.spec.account
        if not self.spec.is_dsp:
            return AddedFields.constant(
                self._added(account.key, account.country, account.currency)
            )
        if account.key not in self._added_to_dsp:  # thousands of advertisers: once
            self._added_to_dsp[account.key] = self._by_advertiser(account)
        return self._added_to_dsp[account.key]

    def _by_advertiser(self, account: Account) -> AddedFields:
        profile = account.key if account.kind == "agency" else None
        members = {
            advertiser.advertiser_id: encoded_members(
                self._added(profile, advertiser.country, advertiser.currency)
            )
            for advertiser in account.advertisers
        }
        nobody = encoded_members(self._added(profile, None, None))
        return AddedFields({**members, "": nobody})

    def _added(
        self, profile: str | None, country: str | None, currency: str | None
    ) -> dict[str, object]:
        values = dict(zip(ADDED, (profile, country, currency), strict=True))
        return {
            name: "" if value is None and name in self.spec.primary_key else value
            for name, value in values.items()
            if name in self.selected_columns
        }

    def replaced_by(self) -> tuple[str, ...]:
        """Return the account and the day: a report has every row of them."""
        account = "advertiserId" if self.spec.is_dsp else "profile_id"
        return (account, *self.spec.time_columns)

    def coverage(self, request: ReportRequest, partition: Partition) -> Coverage:
        """Return each day of each account; DSP rows name the advertiser."""
        days = self._days(request.window)
        times, is_dsp = self.spec.time_columns, self.spec.is_dsp
        members = [(name,) for name in sorted(request.members)] if is_dsp else [()]
        if not self._are_selected(self.replaced_by()):
            return Coverage({}, is_whole=False)
        return Coverage(
            {} if is_dsp else {"profile_id": partition.account},
            ("advertiserId", *times) if is_dsp else times,
            tuple((*member, *day) for member in members for day in days),
            day_column=times[0],
            member_column="advertiserId" if is_dsp else None,
            currencies=self._currencies(partition),
        )

    def _days(self, window: Window) -> list[tuple[str, ...]]:
        if self.spec.is_summary:
            return [(text_of(window.start), text_of(window.end))]
        return [(day,) for day in days_of(window)]

    @staticmethod
    def _currencies(partition: Partition) -> dict[str, str | None]:
        assert isinstance(partition.spec, RequestSpec)  # noqa: S101 - from partition()
        account = partition.spec.account
        by_advertiser = {a.advertiser_id: a.currency for a in account.advertisers}
        return {"": account.currency, **by_advertiser}

    def additive_columns(self, encoder: RowEncoder) -> list[str]:
        """Return the selected columns that the catalogue marks as additive."""
        found = [name for name in encoder.columns if name in self.spec.additive]
        # Amazon has two names for the same money in some reports: once is enough
        return [n for n in found if n != "spend" or "cost" not in found]

    def _warn_about_values(self, encoder: RowEncoder, partition: Partition) -> None:
        if not self.sums_repeats:  # somebody else looks at the rows as they came
            return
        super()._warn_about_values(encoder, partition)
        if isinstance(encoder, UnifiedRowEncoder):
            self.run_context.stats.repeats[self.name] += encoder.merged_rows
            for reason in encoder.warnings():
                self.run_context.stats.add(
                    Problem(partition.label, self.name, "", reason, is_failure=False)
                )

    def account_values(self, partition: Partition) -> dict[str, str | None]:
        """Return the profile; a linked advertiser has none."""
        return {"profile_id": partition.context.get("profile_id")}

    def partition(
        self,
        account: Account,
        unified: UnifiedSpec | None = None,
        **planned: Any,  # noqa: ANN401 - Partition's own fields
    ) -> Partition:
        """Return this stream read for one account, by v1 where that is given.

        The state is the same for both: a stream that is moved keeps its bookmark.
        """
        return Partition(
            stream=self.name,
            account=account.key,
            label=account.label,
            context=account.context,
            report_type=(unified or self.spec).report_type,
            definition=self._definition
            if unified is None
            else unified.request(self.requested_columns()),
            spec=unified or RequestSpec(self.spec, account),
            repeats_are_new=unified is not None,
            account_details=account.details,
            members=frozenset(a.advertiser_id for a in account.advertisers)
            if self.spec.is_dsp
            else NO_MEMBERS,
            kind=PartitionKind.RANGE if self.spec.is_summary else PartitionKind.WINDOWS,
            **planned,
        )


def _schema(spec: ReportSpec) -> dict[str, Any]:
    key = spec.primary_key
    names = [*(n for n in key if n in spec.columns), *spec.columns]
    properties: dict[str, Any] = {}
    for name in names:
        schema = json_schema(spec.columns[name])
        if name in key:  # text whatever the column is: a missing value becomes ""
            schema = {**schema, "type": "string"}
        schema["description"] = describe(name, spec.report_type_id)
        properties.setdefault(name, schema)
    for name, description in ADDED.items():
        text = "string" if name in key else ["string", "null"]
        properties.setdefault(name, {"type": text, "description": description})
    return {"type": "object", "properties": properties}


class AccountStream(SentenceStream):
    """A plain list of the accounts of this run."""

    def __init__(self, tap: Tap, accounts: Callable[[], AccountFinder]) -> None:
        super().__init__(tap)
        self._accounts = accounts

    @property
    def is_read(self) -> bool:
        """Whether this run reads lists: one that only collects reports does not."""
        tap: Any = self._tap
        return bool(tap.run_context.mode.asks)


class ProfilesStream(AccountStream):
    """All profiles the token sees, as Amazon lists them."""

    name = "profiles"
    primary_keys = ("profileId",)
    schema = th.PropertiesList(
        th.Property(
            "profileId",
            th.StringType,
            required=True,
            description="Id of the advertising profile: an account in one country",
        ),
        th.Property(
            "profile_id",
            th.StringType,
            description="The same id under the name it has in the report streams",
        ),
        th.Property("countryCode", th.StringType, description="Country of the profile"),
        th.Property(
            "currencyCode",
            th.StringType,
            description="Currency of all money in the reports of the profile",
        ),
        th.Property(
            "dailyBudget",
            th.NumberType,
            description="Budget of the profile for a day, where one is set",
        ),
        th.Property(
            "timezone",
            th.StringType,
            description="Time zone that the days of the reports are counted in",
        ),
        th.Property(
            "accountInfo",
            th.ObjectType(
                th.Property(
                    "marketplaceStringId",
                    th.StringType,
                    description="Id of the Amazon marketplace",
                ),
                th.Property(
                    "id",
                    th.StringType,
                    description="Id of the seller, vendor or agency account",
                ),
                th.Property(
                    "type", th.StringType, description="seller, vendor or agency"
                ),
                th.Property("name", th.StringType, description="Name"),
                th.Property(
                    "subType",
                    th.StringType,
                    description="Kind within the type, for example KDP_AUTHOR",
                ),
                th.Property(
                    "validPaymentMethod",
                    th.BooleanType,
                    description="Whether the account has a way to pay that works",
                ),
                additional_properties=True,
            ),
            description="The account behind the profile",
        ),
    ).to_dict()

    def get_records(
        self,
        context: Mapping[str, Any] | None,  # noqa: ARG002 - the SDK's signature
    ) -> Iterable[dict[str, Any]]:
        """Yield one record per profile."""
        for profile in self._accounts().shard_profiles if self.is_read else ():
            key = profile.profile_id
            yield {**profile.raw, "profileId": key, "profile_id": key}


class AdvertisersStream(AccountStream):
    """All DSP advertisers, each with the agency profile it is read through."""

    name = "advertisers"
    primary_keys = ("advertiserId",)
    schema = th.PropertiesList(
        th.Property(
            "advertiserId",
            th.StringType,
            required=True,
            description="Id of the DSP advertiser",
        ),
        th.Property(
            "profile_id",
            th.StringType,
            description="Agency profile it is read through; null where linked",
        ),
        th.Property("name", th.StringType, description="Name"),
        th.Property(
            "currency", th.StringType, description="Currency of the advertiser"
        ),
        th.Property("url", th.StringType, description="Web address of the advertiser"),
        th.Property("country", th.StringType, description="Country of the advertiser"),
        th.Property(
            "timezone",
            th.StringType,
            description="Time zone that the days of the reports are counted in",
        ),
    ).to_dict()

    def get_records(
        self,
        context: Mapping[str, Any] | None,  # noqa: ARG002 - the SDK's signature
    ) -> Iterable[dict[str, Any]]:
        """Yield one record per advertiser."""
        for account in self._accounts().dsp_accounts if self.is_read else ():
            for advertiser in account.advertisers:
                yield {
                    "advertiserId": advertiser.advertiser_id,
                    "profile_id": account.key if account.kind == "agency" else None,
                    "name": advertiser.name,
                    "currency": advertiser.currency,
                    "url": advertiser.url,
                    "country": advertiser.country,
                    "timezone": advertiser.timezone,
                }
