"""`amazon-emulator serve`: the emulator as a program of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from amazon_emulator.clock import parse_instant
from amazon_emulator.server import Emulator
from amazon_emulator.settings import CHOICES, REGIONS, Settings, SettingsError

_Command = TypeVar("_Command", bound=Callable[..., Any])

if TYPE_CHECKING:
    _Type = click.ParamType[list[float]]
else:
    _Type = click.ParamType  # generic for type checkers only


class _Number(_Type):
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


_JOB_SECONDS = click.option(
    "--job-ready-after-seconds",
    type=_Number(),
    default="0",
    show_default=True,
    help="How long an upload of audience records is worked on.",
)
_JOB_LOOKS = click.option(
    "--job-ready-after-looks",
    type=_Number(),
    default="0",
    show_default=True,
    help="Looks at an upload that find it PENDING.",
)
_NUMBERS = {
    "max_request_bytes": "Larger uploads are refused with 413; 0: none.",
    "records_per_hour": "Audience records per connection and hour; 0: no limit.",
    "page_size": "AMC accounts or instances on one page.",
    "sp_asins": "Products of a selling partner: rows per period and section.",
    "sp_search_term_rows": "Rows of one search-terms report.",
    "sp_flat_rows": "Rows of a flat file.",
    "sp_orders_per_day": "Orders placed per day and marketplace.",
    "sp_orders_per_page": "Most orders on one page.",
    "sp_order_items_per_page": "Lines of an order on one page.",
    "sp_rate_scale": "1: Amazon's rates; 60: sixty times as fast; 0: no limits.",
    "sp_document_url_lifetime_seconds": "Life of a document address.",
    "sp_extra_delay_hours": "How much later than usual analytics data come.",
}
_FLAGS = {
    "require_country": "Records without a country are invalid.",
    "require_consent": "Records of consent countries without consent are invalid.",
    "terms_accepted": "The user has accepted the AMC terms.",
    "capital_message": "Audience errors say Message, not message.",
    "sp_rate_header": "Selling Partner answers tell the rate.",
    "sp_specification_last": "Report documents hold what was asked for at the end.",
    "sp_unknown_fields": "Reports and rows have fields that are in no model.",
}
_CHOICES = {
    "repeated_external_id": "Answer to an external audience id used before.",
    "delete_by": "What a DELETE record takes away.",
    "update_omitted": "What becomes of fields an update leaves out.",
    "judge_records": "Records of an upload that are read.",
    "sp_region": "Which selling partners this host serves.",
    "sp_compression": "Which report documents are gzip.",
}


def _setting_options(command: _Command) -> _Command:
    """Add the settings of single rooms; their defaults are those of Settings."""
    known = Settings()
    for name, text in _NUMBERS.items():
        default = getattr(known, name)
        command = click.option(
            _dashed(name), default=default, show_default=True, help=text
        )(command)
    for name, text in _FLAGS.items():
        both = f"{_dashed(name)}/--no-{name.replace('_', '-')}"
        default = getattr(known, name)
        command = click.option(both, default=default, show_default=True, help=text)(
            command
        )
    for name, text in _CHOICES.items():
        default, kind = getattr(known, name), click.Choice(CHOICES[name])
        command = click.option(
            _dashed(name), type=kind, default=default, show_default=True, help=text
        )(command)
    return _JOB_SECONDS(_JOB_LOOKS(command))


def _dashed(name: str) -> str:
    return f"--{name.replace('_', '-')}"


@click.group()
@click.version_option(package_name="amazon-emulator")
def main() -> None:
    """A local stand-in for Amazon's APIs."""


@main.command()
@click.option("--port", default=9321, show_default=True, help="Port of the API.")
@click.option(
    "--download-port", default=9322, show_default=True, help="Port of the documents."
)
@click.option("--seed", default=1, show_default=True, help="Rows follow from it.")
@click.option("--region", type=click.Choice(REGIONS), default="NA", show_default=True)
@click.option(
    "--rows-per-day",
    default=Settings().rows_per_day,
    show_default=True,
    help="Rows of one report per day and account (DSP: per advertiser).",
)
@click.option(
    "--ready-after-seconds",
    type=_Number(),
    default="0",
    show_default=True,
    help="How long a report is generated.",
)
@click.option(
    "--ready-after-looks",
    type=_Number(),
    default="0",
    show_default=True,
    help="Looks at a report that find it unfinished.",
)
@click.option(
    "--delay",
    "delay_seconds",
    default=0.0,
    show_default=True,
    help="Seconds that every answer takes.",
)
@click.option("--token-lifetime-seconds", default=3600.0, show_default=True)
@click.option("--url-lifetime-seconds", default=3600.0, show_default=True)
@click.option(
    "--restate", default=0, show_default=True, help="Other metrics, same keys."
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
