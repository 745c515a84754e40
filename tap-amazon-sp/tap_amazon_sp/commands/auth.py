"""`auth` of tap-amazon-sp: self-authorisation first, then the consent pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from singer_amazon.commands.auth import Choices, Plugin, ask, auth_options, keep
from singer_amazon.commands.consent import ConsentRequest
from singer_amazon.errors import ConfigError
from singer_amazon.regions import SELLING_PARTNER_TOKEN_URI

PLUGIN = Plugin("tap-amazon-sp", lambda region: SELLING_PARTNER_TOKEN_URI)  # noqa: ARG005

_SELLERS = {
    "US": "com",
    "CA": "ca",
    "MX": "com.mx",
    "BR": "com.br",
    "NL": "nl",
    "PL": "pl",
    "SE": "se",
    "BE": "com.be",
    "IE": "ie",
    "TR": "com.tr",
    "AE": "ae",
    "SA": "sa",
    "EG": "eg",
    "ZA": "co.za",
    "IN": "in",
    "SG": "sg",
    "AU": "com.au",
    "JP": "co.jp",
}
_EUROPE = ("UK", "DE", "FR", "ES", "IT")
_VENDORS = {
    "US": "com",
    "CA": "ca",
    "MX": "com.mx",
    "BR": "com.br",
    "UK": "co.uk",
    "DE": "de",
    "FR": "fr",
    "ES": "es",
    "IT": "it",
    "NL": "nl",
    "SE": "se",
    "PL": "pl",
    "BE": "com.be",
    "TR": "com.tr",
    "AE": "me",
    "SA": "me",
    "EG": "me",
    "AU": "com.au",
    "SG": "com.sg",
    "JP": "co.jp",
    "ZA": "co.za",
    "IN": "in",
}
SELF_AUTHORISATION = """\
Your own account and a private application need no consent page:
  1. Open Seller Central (Apps and Services, Develop Apps) or Vendor Central
     (Integration, API Integration) as the primary user.
  2. At your application choose Authorize, then Authorize app.
  3. Copy the refresh token that is shown (Atzr|...).
For a public application, or accounts of other companies: --application-id."""


def central_page(country: str, *, is_vendor: bool) -> str:
    """Return the consent page of a country.

    Raises:
        ConfigError: there is none that this version knows.
    """
    code = {"GB": "UK"}.get(country.upper(), country.upper())
    known = _VENDORS if is_vendor else {**_SELLERS, **dict.fromkeys(_EUROPE, "")}
    if code not in known:
        msg = f"--country {country!r} is not known: use one of {', '.join(known)}"
        raise ConfigError(msg)
    if is_vendor:
        host = f"vendorcentral.amazon.{known[code]}"
    elif code in _EUROPE:
        host = "sellercentral-europe.amazon.com"
    else:
        host = f"sellercentral.amazon.{known[code]}"
    return f"https://{host}/apps/authorize/consent"


@click.command("auth")
@auth_options
@click.option("--application-id", help="Solution id of a public application.")
@click.option("--country", default="US", show_default=True, help="Where it sells.")
@click.option("--vendor", "is_vendor", is_flag=True, help="Vendor Central.")
@click.option("--draft", "is_draft", is_flag=True, help="The application is a draft.")
def auth_command(
    *,
    application_id: str | None,
    country: str,
    is_vendor: bool,
    is_draft: bool,
    **options: Any,  # noqa: ANN401 - the fields of Choices
) -> None:
    """Take the refresh token of a private application, or ask for consent."""
    choices = Choices(**options)
    if application_id is None:
        click.echo(SELF_AUTHORISATION, err=True)
        token = click.prompt("Paste the refresh token", hide_input=True, err=True)
        keep(PLUGIN, choices, token.strip())
        return
    if not application_id.startswith("amzn1.sp.solution."):
        msg = (
            "--application-id is the solution id (amzn1.sp.solution....) of the "
            "developer console, not the client id of Login with Amazon"
        )
        raise ConfigError(msg)

    def ask_for(
        redirect: str, settings: Mapping[str, str], page: str | None
    ) -> ConsentRequest:
        del settings
        parameters = {"application_id": application_id, "redirect_uri": redirect}
        if is_draft:
            parameters["version"] = "beta"
        page = page or central_page(country, is_vendor=is_vendor)
        return ConsentRequest(page, parameters, redirect, "spapi_oauth_code")

    ask(PLUGIN, choices, ask_for)
