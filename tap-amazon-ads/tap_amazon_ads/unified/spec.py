"""What a request to Ads API v1 is made of: a stream, an account, its mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tap_amazon_ads.report_specs import RequestSpec
from tap_amazon_ads.unified.mapping import StreamMapping
from tap_amazon_ads.unified.query import (
    GRAINS,
    Grain,
    country_code,
    fields_of,
    filter_of,
    time_field,
)


@dataclass(frozen=True, slots=True)
class UnifiedSpec(RequestSpec):
    """A report of v1 that fills the columns of a stream for one account."""

    mapping: StreamMapping
    accounts: Mapping[str, str] = field(hash=False)
    """Profile, or each DSP advertiser, to its advertiser account of v1."""
    country: str | None
    """As v1 writes it; None for the DSP, whose accounts are told apart by id."""

    @property
    def time(self) -> str:
        """The field that dates a row."""
        return time_field(self.report.time_unit)

    @property
    def grain(self) -> Grain:
        """How long one report may be, and how far back."""
        return GRAINS[self.time]

    @property
    def report_type(self) -> str:
        """What refusals are counted by: never together with those of v3."""
        return f"{self.report.report_type} (Ads API v1)"

    @property
    def needed_fields(self) -> frozenset[str]:
        """The fields that identify a row: no query goes without them."""
        return frozenset({*self.grain_fields, "adProduct.value"})

    @property
    def grain_fields(self) -> tuple[str, ...]:
        """The fields whose values one row has, and no other."""
        place = () if self.report.is_dsp else ("campaign.country",)
        return (self.time, "advertiserAccount.id", *place, *self.mapping.dimensions)

    def columns(self) -> dict[str, str]:
        """Return column to field for this kind of account."""
        return self.mapping.columns_of(self.account.kind)

    def request(self, columns: Sequence[str]) -> dict[str, object]:
        """Return what decides the rows, in a form that can be compared.

        It differs from that of v3: a report of one is never taken for the other's.
        """
        place = None if self.report.is_dsp else self.accounts[self.account.key]
        return {
            "reportingApi": "v1",
            "columns": sorted(columns),
            "fields": fields_of(
                self.mapping,
                columns,
                account_kind=self.account.kind,
                time=self.time,
                is_dsp=self.report.is_dsp,
            ),
            "filter": filter_of(self.report.ad_product, self.country),
            "account": place,
        }

    def account_ids(self, members: Iterable[str]) -> list[str]:
        """Return whose reports are asked for: the profile's, or the advertisers'."""
        keys = sorted(members) if self.report.is_dsp else [self.account.key]
        return [self.accounts[key] for key in keys]

    def is_of(self, country: object) -> bool:
        """Whether a row of a country belongs to this profile; unknown ones do."""
        if self.country is None or country in {None, ""}:
            return True
        return country_code(str(country)) == self.country
