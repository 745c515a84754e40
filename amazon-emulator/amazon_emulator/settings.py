"""Settings of the emulator: one frozen value, replaced as a whole when changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import TypeGuard
from zlib import crc32

REGIONS = ("NA", "EU", "FE")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "region": REGIONS,
    "retention_wording": ("old", "new"),
    "repeated_external_id": ("same", "new", "refuse"),
    "delete_by": ("pii", "user_id"),
    "update_omitted": ("keep", "clear"),
    "judge_records": ("all", "first", "none"),
    "adm_terms_refusal": ("403", "400"),
    "adm_dataroom_refusal": ("404", "403"),
    "adm_duplicate_code": ("400", "DuplicateDatasetName"),
    "sp_region": ("ALL", *REGIONS),
    "sp_compression": ("by_format", "gzip", "none"),
    "sp_transaction_status": ("upper", "capital"),
    "sp_breakdowns": ("list", "object"),
    "sp_kiosk_compression": ("header", "silent", "none"),
    "unified_json": ("array", "lines"),
    "unified_refusals": ("multi_status", "bad_request"),
}
"""Settings that take one of a few values."""


class SettingsError(ValueError):
    """A setting that the emulator cannot take; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Span:
    """A number, or a range from which one number is drawn per report."""

    low: float = 0
    high: float = 0

    @classmethod
    def parse(cls, name: str, value: object) -> Span:
        """Read `3` or `[5, 20]`."""
        pair = value if isinstance(value, list | tuple) else (value, value)
        if len(pair) != 2 or not all(is_number(part) for part in pair):  # noqa: PLR2004 - a pair
            message = f"{name} must be a number or [least, most], not {value!r}."
            raise SettingsError(message)
        low, high = pair
        if not 0 <= low <= high:
            message = f"{name} must have 0 <= least <= most, not {value!r}."
            raise SettingsError(message)
        return cls(low, high)

    def draw(self, seed: str) -> float:
        """Return a number of the span that follows from the word."""
        return self.low + (self.high - self.low) * crc32(seed.encode()) / 0xFFFFFFFF

    def plain(self) -> float | list[float]:
        """Return what `parse` reads."""
        return self.low if self.low == self.high else [self.low, self.high]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the emulator behaves; every field can be changed while it runs."""

    seed: int = 1
    """Rows, report ids and drawn waiting times follow from it."""
    region: str = "NA"
    """NA, EU or FE: which profiles, links and scopes exist on this host."""
    rows_per_day: int = 5
    """Campaigns with traffic per ad product, day and account (DSP: per advertiser).

    With one combination in each, every report has so many rows.
    """
    ready_after_seconds: Span = Span()
    """How long a report is generated."""
    ready_after_looks: Span = Span()
    """How often a report is polled before it is ready."""
    entities_per_page: int = 0
    """Most portfolios, orders, line items on a page; 0: as many as Amazon gives."""
    largest_export: int = 0
    """An export with more rows ends as FAILED, TIMED_OUT; 0: none does."""
    delay_seconds: float = 0
    """How long every response takes."""
    token_lifetime_seconds: float = 3600
    url_lifetime_seconds: float = 3600
    restate: int = 0
    """So many days later the numbers are those of: what came in meanwhile is there."""
    combinations_per_campaign: int = 1
    """Combinations of ad, target and placement with traffic per campaign and day."""
    retention_wording: str = "new"
    """How a start before the retention is refused: `new` names the first day kept."""
    content_encoding: bool = False
    """Whether a document is served with `Content-Encoding: gzip`."""
    job_ready_after_seconds: Span = Span()
    """How long an upload of audience records is worked on."""
    job_ready_after_looks: Span = Span()
    """How often an upload is polled while it is PENDING."""
    max_request_bytes: int = 5_000_000
    """A larger upload of audience records is refused with 413; 0: none is."""
    records_per_hour: int = 15_000_000
    """Audience records per connection and hour; more are refused with 429; 0: none."""
    page_size: int = 10
    """AMC accounts or instances on one page, unless the call says otherwise."""
    repeated_external_id: str = "same"
    """What an external id used before gives: the `same` audience, `new`, `refuse`."""
    delete_by: str = "pii"
    """DELETE takes away the hashed `pii` it carries, or all of the `user_id`."""
    update_omitted: str = "keep"
    """Audience fields that an update leaves out: `keep` or `clear` them."""
    require_country: bool = True
    """Whether a record for which no country is known is invalid."""
    require_consent: bool = False
    """Whether a record of a consent country without consent is invalid."""
    judge_records: str = "all"
    """Records of an upload that are read: `all`, `first`, `none` (benchmarks)."""
    terms_accepted: bool = True
    """Whether the user has accepted the AMC terms."""
    capital_message: bool = False
    """Whether audience errors say `Message`, as was seen, not `message`."""
    adm_terms_refusal: str = "403"
    """Status of calls of Ads Data Manager before the terms are accepted."""
    adm_dataroom_refusal: str = "404"
    """Status of its calls while the account has no data room."""
    adm_duplicate_code: str = "400"
    """`code` of the refusal of a dataset whose name is taken."""
    adm_omit_dataset_id: bool = False
    """Whether the answer to a new dataset lacks its id."""
    adm_omit_ingress_id: bool = False
    """Whether the answer to an upload of members lacks `ingressId`."""
    adm_decimal_index: bool = False
    """Whether the index of a rejected member is written `3.0`."""
    adm_require_consent: bool = True
    """Whether a member without any consent signal is rejected."""
    adm_max_request_bytes: int = 10_000_000
    """A larger upload of members is refused with 413; 0: none is."""
    adm_page_size: int = 100
    """Most datasets or sharing rules on one page, whatever the call asks for."""
    adm_rule_pending_answers: int = 1
    """How many answers show a sharing rule PENDING, that to its creation included."""
    adm_metrics_lag_looks: int = 0
    """How many looks at the counters of a dataset find an upload not yet counted."""
    adm_may_accept_terms: bool = False
    """Whether a PATCH of the terms is expected, hence no alarm."""
    adm_unknown_fields: bool = False
    """Whether its answers, and manager accounts, have fields that are in no model."""
    sp_region: str = "ALL"
    """Which selling partners this host serves: those of one region, or all."""
    sp_asins: int = 5
    """Products of a selling partner: rows per period and section."""
    sp_search_term_rows: int = 30
    """Rows of one search-terms report."""
    sp_flat_rows: int = 6
    """Rows of a flat file (of a day, where it has days)."""
    sp_orders_per_day: int = 4
    """Orders placed per day and marketplace."""
    sp_orders_per_page: int = 100
    """Most orders on one page, whatever the call asks for."""
    sp_order_items_per_page: int = 2
    """Lines of an order on one page."""
    sp_records_per_page: int = 0
    """Most rows on a page of the other listings; 0: as many as Amazon gives."""
    sp_page_token_seconds: float = 0.0
    """Life of every page token; 0: as long as Amazon lets it live."""
    sp_late_hours: float = 0.0
    """How much later than their own time some records of listings appear."""
    sp_late_every: int = 3
    """Which records are late: those whose number this divides; 1: all."""
    sp_rate_scale: float = 0.0
    """1: Amazon's rates; 60: sixty times as fast; 0: nothing is limited."""
    sp_rate_header: bool = True
    """Whether responses name the rate."""
    sp_cooldown: bool = False
    """Whether stock files asked for again too soon are CANCELLED, rates or not."""
    sp_document_url_lifetime_seconds: float = 300.0
    sp_extra_delay_hours: float = 0.0
    """How much later than usual analytics data come."""
    sp_compression: str = "by_format"
    """Which documents are gzip: JSON ones (`by_format`), all (`gzip`), `none`."""
    sp_specification_last: bool = False
    """Whether JSON documents hold `reportSpecification` after the arrays."""
    sp_unknown_fields: bool = False
    """Whether reports and rows have fields that are in no model."""
    sp_notification_copies: int = 1
    """How often each message is put into its queue, under the same id."""
    sp_notification_reversed: bool = False
    """Whether messages that are due together come in reverse."""
    sp_notification_foreign: bool = False
    """Whether each is followed by one about what another program has asked for."""
    sp_notification_unknown: bool = False
    """Whether each is followed by texts that are no such messages."""
    sp_notification_lost_every: int = 0
    """Which messages are never sent: those whose number this divides; 0: none."""
    sp_deferred_days: float = 7.0
    """How long after its posting the money of a deferred sale is released."""
    sp_deferred_every: int = 3
    """Which orders are deferred: those whose number this divides; 0: none."""
    sp_empty_pages: bool = False
    """Whether an empty page lies between any two pages of transactions."""
    sp_transaction_status: str = "upper"
    """How a transaction's status is spelt: `RELEASED` (`upper`), `Released`."""
    sp_breakdowns: str = "list"
    """What breakdowns of transactions are: a `list`, or an `object` around it."""
    sp_fees_without_id: bool = False
    """Whether fees among the transactions have no `transactionId`."""
    sp_kiosk_lines_per_page: int = 0
    """Lines of a Data Kiosk result on one page; 0: all are on the first."""
    sp_kiosk_split_lines: bool = False
    """Whether pages count the elements of `metrics`, so that a line may be split."""
    sp_kiosk_refuse_identical: bool = True
    """Whether a query is refused (429) while the same text is under way."""
    sp_kiosk_concurrent: int = 0
    """Queries of an account under way at once; one more is refused (429); 0: any."""
    sp_kiosk_compression: str = "header"
    """Documents of Data Kiosk: gzip with `header`, gzip without one, or `none`."""
    unified_parts: int = 2
    """Parts of a PARTITIONED report of Ads API v1, up to 100."""
    unified_json: str = "array"
    """What a JSON part of a unified report is: an `array`, or `lines`."""
    unified_refusals: str = "multi_status"
    """How a unified report is refused: an error in a 207, or `bad_request` (400)."""
    unified_concurrent: int = 0
    """Unified reports under way at once; one more is refused (429); 0: any number."""
    unified_spacing_seconds: float = 0.0
    """A create of a unified report sooner after the last is refused (429)."""
    unified_retry_after_seconds: float = 0.0
    """What these 429s say in Retry-After; 0: nothing."""
    unified_empty_pages: bool = False
    """Whether an empty page lies between any two pages of advertiser accounts."""
    unified_old_campaigns_every: int = 0
    """Which Sponsored Brands campaigns are of the old kind, so not in unified reports:
    those whose number this divides; 0: none."""
    client_id: str = "amzn1.application-oa2-client.emulator"
    client_secret: str = "emulator-client-secret"  # noqa: S105 - documented, opens nothing
    refresh_token: str = "Atzr|emulator-refresh-token"  # noqa: S105 - documented, opens nothing

    def lateness(self, number: int) -> timedelta:
        """Return how much later than its own time a record appears."""
        is_late = self.sp_late_every and number % self.sp_late_every == 0
        return timedelta(hours=self.sp_late_hours if is_late else 0)

    def changed(self, changes: Mapping[str, object]) -> Settings:
        """Return these settings with some replaced; wrong ones raise SettingsError."""
        kinds = {item.name: type(getattr(self, item.name)) for item in fields(self)}
        parsed: dict[str, object] = {}
        for name, value in changes.items():
            if name not in kinds:
                known = ", ".join(sorted(kinds))
                message = f"There is no setting {name!r}. Known settings: {known}."
                raise SettingsError(message)
            parsed[name] = _parse(name, value, kinds[name])
        return replace(self, **parsed)  # type: ignore[arg-type] # checked by _parse

    def as_json(self) -> dict[str, object]:
        """Return the settings as plain JSON values."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {
            name: value.plain() if isinstance(value, Span) else value
            for name, value in values.items()
        }


def _parse(name: str, value: object, kind: type) -> object:
    if kind is Span:
        return Span.parse(name, value)
    if name in CHOICES and value not in CHOICES[name]:
        message = f"{name} must be one of {', '.join(CHOICES[name])}, not {value!r}."
        raise SettingsError(message)
    if kind is bool or isinstance(value, bool):
        fits = kind is bool and isinstance(value, bool)
    elif kind is str:
        fits = isinstance(value, str)
    else:
        fits = is_number(value) and (name in ("seed", "restate") or value >= 0)
        is_whole = isinstance(value, int)
        fits = fits and (is_whole or kind is float or name.endswith("_seconds"))
    if not fits:
        message = f"{name} cannot be {value!r}."
        raise SettingsError(message)
    return value


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)
