"""The streams: one per report type, `profiles` and `advertisers`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from singer_sdk import Stream, Tap
from singer_sdk import typing as th

from singer_amazon.documents.json_array import pieces, unpacked
from singer_amazon.documents.spool import SpoolFile
from singer_amazon.records.columns import ColumnType, json_schema
from singer_amazon.records.row_encoder import (
    AddedFields,
    RowEncoder,
    TypedRowEncoder,
    encoded_members,
)
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import NO_MEMBERS, Window
from singer_amazon.sync.partition import Partition, Shape
from singer_amazon.tap.stream import ReportStream
from tap_amazon_ads.accounts import Account
from tap_amazon_ads.definitions import ADDED, Definition
from tap_amazon_ads.directory import Directory
from tap_amazon_ads.reports_api import ReportsApi

_KEY = {"type": "string"}


class AdsHost(Protocol):
    """The tap, as its streams see it."""

    @property
    def accounts(self) -> Directory:
        """The accounts of this run."""
        ...

    @property
    def reports_api(self) -> ReportsApi:
        """The port to reporting v3, which knows what Amazon has refused."""
        ...


class AdsReportStream(ReportStream):
    """One report type, over all accounts that can have it."""

    def __init__(self, tap: Tap, definition: Definition) -> None:
        self.definition = definition
        self._layouts: dict[frozenset[str], TypedRowEncoder] = {}
        if definition.is_summary:
            self.replication_key = None
        super().__init__(tap=tap, name=definition.stream, schema=_schema(definition))
        self.primary_keys = definition.primary_key
        self.selected_by_default = definition.is_default

    @property
    def ads_tap(self) -> AdsHost:
        """The tap, as what it is."""
        tap: Any = self._tap
        return tap  # type: ignore[no-any-return]  # __init__ took this type

    def requested_columns(self) -> list[str]:
        """Return the selected columns that are Amazon's, keys included."""
        added = {name for name in ADDED if name not in self.definition.columns}
        return [name for name in self.selected_columns if name not in added]

    def read(
        self,
        document: SpoolFile,
        layout: RowEncoder,
        report: Report,  # noqa: ARG002 - the documents of all types are alike
    ) -> Iterator[list[Any]]:
        """See ReportStream: one JSON array of rows."""
        assert isinstance(layout, TypedRowEncoder)  # noqa: S101 - from row_format below
        yield from pieces(unpacked(document.path), layout.parse)

    def row_encoder(self, partition: Partition) -> TypedRowEncoder:
        """See ReportStream; a refused key column is filled from its stand-in."""
        filled = self.ads_tap.reports_api.filled_keys(
            partition.account, self.definition
        )
        wanted = frozenset(filled)
        if wanted not in self._layouts:
            asked = self.requested_columns()
            hidden = [name for name in filled.values() if name not in asked]
            columns: dict[str, ColumnType] = {
                name: self.definition.columns[name] for name in [*asked, *hidden]
            }
            self._layouts[wanted] = TypedRowEncoder(
                columns,
                self.definition.primary_key,
                member_column="advertiserId" if self.definition.is_dsp else None,
                filled=filled,
                hidden=hidden,
            )
        return self._layouts[wanted]

    def added_fields(
        self,
        partition: Partition,
        window: Window,  # noqa: ARG002 - rows say their own dates
    ) -> AddedFields:
        """See ReportStream: profile, country and currency, money has none itself."""
        account = self.ads_tap.accounts.account(partition.account)
        if not self.definition.is_dsp:
            return AddedFields.constant(
                self._added(account.key, account.country, account.currency)
            )
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
            name: value
            for name, value in values.items()
            if name in self.selected_columns and name not in self.definition.columns
        }

    def partition(self, account: Account, **planned: Any) -> Partition:  # noqa: ANN401 - Partition's own fields
        """Return this stream read for one account."""
        return Partition(
            stream=self.name,
            account=account.key,
            label=account.label,
            context=account.context,
            definition=self.definition.request(self.requested_columns()),
            members=frozenset(a.advertiser_id for a in account.advertisers)
            if self.definition.is_dsp
            else NO_MEMBERS,
            shape=Shape.RANGE if self.definition.is_summary else Shape.WINDOWS,
            **planned,
        )


def _schema(definition: Definition) -> dict[str, Any]:
    key = definition.primary_key
    names = [*(n for n in key if n in definition.columns), *definition.columns]
    properties: dict[str, Any] = {}
    for name in names:
        schema = json_schema(definition.columns[name])
        if name in key:  # text whatever the column is: a missing value becomes ""
            schema = {**schema, "type": "string"}
        properties.setdefault(name, schema)
    for name in ADDED:
        properties.setdefault(
            name, _KEY if name in key else {"type": ["string", "null"]}
        )
    return {"type": "object", "properties": properties}


class ProfilesStream(Stream):
    """All profiles the token sees, as Amazon tells them."""

    name = "profiles"
    primary_keys = ("profileId",)
    schema = th.PropertiesList(
        th.Property("profileId", th.StringType, required=True),
        th.Property("countryCode", th.StringType),
        th.Property("currencyCode", th.StringType),
        th.Property("dailyBudget", th.NumberType),
        th.Property("timezone", th.StringType),
        th.Property(
            "accountInfo",
            th.ObjectType(
                th.Property("marketplaceStringId", th.StringType),
                th.Property("id", th.StringType),
                th.Property("type", th.StringType),
                th.Property("name", th.StringType),
                th.Property("subType", th.StringType),
                th.Property("validPaymentMethod", th.BooleanType),
                additional_properties=True,
            ),
        ),
    ).to_dict()

    def get_records(
        self,
        context: Mapping[str, Any] | None,  # noqa: ARG002 - the SDK's signature
    ) -> Iterable[dict[str, Any]]:
        """Yield one record per profile."""
        tap: Any = self._tap
        for profile in tap.accounts.profiles:
            yield {**profile.raw, "profileId": profile.profile_id}


class AdvertisersStream(Stream):
    """All DSP advertisers, each with the agency profile it is read through."""

    name = "advertisers"
    primary_keys = ("advertiserId",)
    schema = th.PropertiesList(
        th.Property("advertiserId", th.StringType, required=True),
        th.Property("profile_id", th.StringType),
        th.Property("name", th.StringType),
        th.Property("currency", th.StringType),
        th.Property("url", th.StringType),
        th.Property("country", th.StringType),
        th.Property("timezone", th.StringType),
    ).to_dict()

    def get_records(
        self,
        context: Mapping[str, Any] | None,  # noqa: ARG002 - the SDK's signature
    ) -> Iterable[dict[str, Any]]:
        """Yield one record per advertiser."""
        tap: Any = self._tap
        for account in tap.accounts.dsp_accounts:
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
