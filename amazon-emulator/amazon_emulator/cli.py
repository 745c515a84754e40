"""`amazon-emulator serve`: the emulator as a program of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import fields
from types import FrameType
from typing import Any, TypeVar

import click

from amazon_emulator.clock import parse_instant
from amazon_emulator.server import Emulator
from amazon_emulator.settings import CHOICES, Settings, SettingsError

_Command = TypeVar("_Command", bound=Callable[..., Any])


class _Number(click.ParamType):  # type: ignore[type-arg] # generic in the stubs only
    """`3`, or `5-20` for a number drawn from a range."""

    name = "N or N-M"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> list[float]:
        low, _, high = str(value).partition("-")
        try:
            return [float(low), float(high or low)]
        except ValueError:
            self.fail(f"{value!r} is not a number or a range like 5-20.", param, ctx)


_SETTINGS = {
    "seed": "Rows follow from it.",
    "region": None,
    "rows_per_day": "Rows of one report per day and account (DSP: per advertiser).",
    "ready_after_seconds": "How long a report is generated.",
    "ready_after_looks": "Looks at a report that find it unfinished.",
    "entities_per_page": "Most entities on a page; 0: Amazon's number.",
    "largest_export": "Rows from which on an export times out; 0: never.",
    "delay_seconds": "Seconds that every answer takes.",
    "token_lifetime_seconds": None,
    "url_lifetime_seconds": None,
    "restate": "Numbers as they will be so many days later.",
    "combinations_per_campaign": "Ads, targets and placements of one campaign.",
    "job_ready_after_seconds": "How long an upload of audience records is worked on.",
    "job_ready_after_looks": "Looks at an upload that find it PENDING.",
    "sp_compression": "Which report documents are gzip.",
    "sp_region": "Which selling partners this host serves.",
    "judge_records": "Records of an upload that are read.",
    "update_omitted": "What becomes of fields an update leaves out.",
    "delete_by": "What a DELETE record takes away.",
    "repeated_external_id": "Answer to an external audience id used before.",
    "sp_unknown_fields": "Reports and rows have fields that are in no model.",
    "sp_specification_last": "Report documents hold what was asked for at the end.",
    "sp_rate_header": "Selling Partner answers tell the rate.",
    "capital_message": "Audience errors say Message, not message.",
    "terms_accepted": "The user has accepted the AMC terms.",
    "require_consent": "Records of consent countries without consent are invalid.",
    "require_country": "Records without a country are invalid.",
    "sp_extra_delay_hours": "How much later than usual analytics data come.",
    "sp_document_url_lifetime_seconds": "Life of a document address.",
    "sp_rate_scale": "1: Amazon's rates; 60: sixty times as fast; 0: no limits.",
    "sp_records_per_page": "Most rows on a page of other listings; 0: Amazon's number.",
    "sp_page_token_seconds": "Life of a page token; 0: Amazon's.",
    "sp_late_hours": "How much later than their own time some records appear.",
    "retention_wording": "How too old a start date is refused.",
    "sp_cooldown": "Stock files asked for again too soon are CANCELLED.",
    "sp_late_every": "Every which record is late; 1: all.",
    "sp_order_items_per_page": "Lines of an order on one page.",
    "sp_orders_per_page": "Most orders on one page.",
    "sp_orders_per_day": "Orders placed per day and marketplace.",
    "sp_flat_rows": "Rows of a flat file.",
    "sp_search_term_rows": "Rows of one search-terms report.",
    "sp_asins": "Products of a selling partner: rows per period and section.",
    "sp_notification_copies": "How often each message is put into its queue.",
    "sp_notification_reversed": "Messages due together come in reverse.",
    "sp_notification_foreign": "Messages about what others have asked for, too.",
    "sp_notification_unknown": "Texts that are no such messages, too.",
    "sp_notification_lost_every": "Every which message is never sent; 0: none.",
    "sp_deferred_days": "When the money of a deferred sale is released.",
    "sp_deferred_every": "Every which order is deferred; 0: none.",
    "sp_empty_pages": "An empty page between any two of transactions.",
    "sp_transaction_status": "How the status of a transaction is spelt.",
    "sp_breakdowns": "Which form the breakdowns of transactions have.",
    "sp_fees_without_id": "Fees among transactions have no id.",
    "sp_kiosk_lines_per_page": "Lines of a Data Kiosk page; 0: all on one.",
    "sp_kiosk_split_lines": "Data Kiosk pages may split a line.",
    "sp_kiosk_refuse_identical": "A Data Kiosk text under way is refused again.",
    "sp_kiosk_concurrent": "Data Kiosk queries of an account at once; 0: any number.",
    "sp_kiosk_compression": "Which Data Kiosk documents are gzip, and say so.",
    "unified_parts": "Parts of a PARTITIONED unified report.",
    "unified_json": "What a JSON part of a unified report is.",
    "unified_refusals": "How a unified report is refused: in a 207, or by a 400.",
    "unified_concurrent": "Unified reports under way at once; 0: any number.",
    "unified_spacing_seconds": "Least time between creates of unified reports.",
    "unified_retry_after_seconds": "Retry-After of a create too many; 0: none.",
    "unified_empty_pages": "An empty page between any two of advertiser accounts.",
    "unified_old_campaigns_every": "Every which brands campaign is left out; 0: none.",
    "adm_terms_refusal": "Status of Ads Data Manager before its terms are accepted.",
    "adm_dataroom_refusal": "Its status while there is no data room.",
    "adm_duplicate_code": "Code of the refusal of a dataset's name.",
    "adm_omit_dataset_id": "A new dataset is answered without its id.",
    "adm_omit_ingress_id": "Members are answered without ingressId.",
    "adm_decimal_index": "The index of a rejected member is written 3.0.",
    "adm_require_consent": "Members without a consent signal are rejected.",
    "adm_max_request_bytes": "Larger uploads of members are refused; 0: none.",
    "adm_page_size": "Most datasets or sharing rules on one page.",
    "adm_rule_pending_answers": "Answers that show a sharing rule PENDING.",
    "adm_metrics_lag_looks": "Looks at the counters that miss an upload.",
    "adm_may_accept_terms": "Accepting the terms raises no alarm.",
    "adm_unknown_fields": "Ads Data Manager answers fields of no model.",
    "page_size": "AMC accounts or instances on one page.",
    "records_per_hour": "Audience records per connection and hour; 0: no limit.",
    "max_request_bytes": "Larger uploads are refused with 413; 0: none.",
}
_FLAG_NAMES = {"delay_seconds": "delay"}


def _setting_options(command: _Command) -> _Command:
    """Add an option for each setting; types and defaults are those of Settings."""
    known = Settings()
    types = {item.name: item.type for item in fields(Settings)}
    for name, text in reversed(_SETTINGS.items()):
        default: Any = getattr(known, name)
        kind: Any = None
        dashed = _FLAG_NAMES.get(name, name).replace("_", "-")
        flag = f"--{dashed}/--no-{dashed}" if types[name] == "bool" else f"--{dashed}"
        if types[name] == "Span":
            default, kind = "0", _Number()
        elif types[name] == "float":
            default = float(default)
        elif name in CHOICES:
            kind = click.Choice(CHOICES[name])
        command = click.option(
            flag, name, type=kind, default=default, show_default=True, help=text
        )(command)
    return command


@click.group()
@click.version_option(package_name="amazon-emulator")
def main() -> None:
    """A local stand-in for Amazon's APIs."""


@main.command()
@click.option("--port", default=9321, show_default=True, help="Port of the API.")
@click.option(
    "--download-port", default=9322, show_default=True, help="Port of the documents."
)
@_setting_options
@click.option(
    "--now", help="Emulated time to start at, ISO 8601; it runs on from there."
)
@click.option("--frozen", is_flag=True, help="With --now: the clock stands still.")
def serve(
    port: int,
    download_port: int,
    now: str | None,
    *,
    frozen: bool,
    **settings: Any,  # noqa: ANN401 - checked by Settings
) -> None:
    """Serve the emulated APIs until SIGTERM or SIGINT."""
    stop = threading.Event()
    _stop_on_signals(stop)
    try:
        emulator = Emulator(
            port=port,
            download_port=download_port,
            now=None if now is None else parse_instant(now),
            frozen=frozen,
            **settings,
        )
        emulator.start()
    except (SettingsError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        message = (
            f"A port cannot be opened: {error}. Choose others, or 0 for free ones."
        )
        raise click.ClickException(message) from None
    try:
        click.echo(_greeting(emulator))
        stop.wait()
    finally:
        emulator.stop()


def _stop_on_signals(stop: threading.Event) -> None:
    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signature
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _greeting(emulator: Emulator) -> str:
    credentials = emulator.credentials
    return "\n".join(
        (
            f"Amazon APIs      {emulator.url}",
            f"Token URL        {emulator.token_url}",
            f"Documents        {emulator.download_url}",
            f"Control          {emulator.url}/_emulator",
            *(f"{name:<16} {value}" for name, value in credentials.items()),
            "Selling partners, by refresh token",
            *(f"  {token:<22} {text}" for token, text in _partners(emulator)),
            "amazon-emulator is ready",
        )
    )


def _partners(emulator: Emulator) -> list[tuple[str, str]]:
    """Return refresh token and description of each selling partner."""
    return [
        (
            partner.refresh_token,
            f"{partner.account_type} in "
            f"{', '.join(marketplace.country for marketplace in partner.marketplaces)}"
            + (" (authorisation withdrawn)" if partner.is_revoked else ""),
        )
        for partner in emulator.emulation.selling.accounts.partners()
    ]
