"""`auth`: from a user's consent to a refresh token in a file."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from singer_amazon.commands.consent import Client, ConsentRequest, exchange
from singer_amazon.commands.env_file import check_variable, write_variable
from singer_amazon.commands.group import read_config
from singer_amazon.commands.redirect_listener import RedirectListener
from singer_amazon.errors import ConfigError
from singer_amazon.http.transport import Transport
from singer_amazon.refresh_token_age import SETTING
from singer_amazon.regions import REGIONS
from singer_amazon.tap.settings import from_environment

PORT = 8765
_NAMES = ("client_id", "client_secret", "region", "auth_uri")


@dataclass(frozen=True, slots=True)
class Plugin:
    """What `auth` needs to know of a plugin."""

    program: str
    token_uri: Callable[[str], str]

    @property
    def prefix(self) -> str:
        """How its variables begin."""
        return f"{self.program.upper().replace('-', '_')}_"


@dataclass(frozen=True, slots=True)
class Choices:
    """How the user wants it done."""

    config: tuple[str, ...]
    write: Path
    variable: str | None
    port: int
    paste: bool
    redirect_uri: str | None
    no_browser: bool
    consent_uri: str | None
    timeout: float


AskFor = Callable[[str, Mapping[str, str], str | None], ConsentRequest]
"""Makes a consent of redirect address, settings, and the page's address if given."""

_OPTIONS = (
    click.option("--config", multiple=True, help="Settings with client id and secret."),
    click.option(
        "--write",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path(".env"),
        show_default=True,
        help="File the refresh token is written to.",
    ),
    click.option("--variable", help="Its name there; the plugin's own by default."),
    click.option("--port", default=PORT, show_default=True, help="Port to listen on."),
    click.option("--paste", is_flag=True, help="Paste the address instead."),
    click.option("--redirect-uri", help="With --paste: another listed address."),
    click.option("--no-browser", is_flag=True, help="Print the address only."),
    click.option("--consent-uri", help="Another consent page, as the emulator's."),
    click.option("--timeout", default=300.0, help="Seconds to wait for the answer."),
)


def auth_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `Choices`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings_of(plugin: Plugin, choices: Choices) -> dict[str, str]:
    """Return client and region: from files, else the environment, else asked."""
    given, _ = read_config(choices.config)
    schema: dict[str, Any] = {"properties": {name: {} for name in _NAMES}}
    found: dict[str, Any] = {**from_environment(schema, plugin.prefix), **given}
    settings = {name: str(found[name]) for name in _NAMES if found.get(name)}
    for name in ("client_id", "client_secret"):
        if not settings.get(name):
            settings[name] = click.prompt(
                f"Login with Amazon {name.replace('_', ' ')}",
                hide_input=name == "client_secret",
                err=True,
            )
    settings["region"] = settings.get("region", REGIONS[0]).upper()
    return settings


def ask(plugin: Plugin, choices: Choices, ask_for: AskFor) -> None:
    """Ask a person for consent and write the refresh token.

    Raises:
        AmazonError: it was denied, or something is wrong; nothing was written.
    """
    check_variable(choices.variable or "x")
    settings = settings_of(plugin, choices)
    if choices.paste:
        redirect = choices.redirect_uri or f"http://localhost:{choices.port}/callback"
        request = ask_for(redirect, settings, choices.consent_uri)
        _show(request, opens=not choices.no_browser)
        answer = click.prompt(
            "Then paste the whole address of the page the browser ended on",
            hide_input=True,
            err=True,
        )
    else:
        with RedirectListener(choices.port) as listener:
            redirect = listener.redirect_uri
            request = ask_for(redirect, settings, choices.consent_uri)
            _show(request, opens=not choices.no_browser)
            answer = listener.wait(choices.timeout)
    uri = settings.get("auth_uri") or plugin.token_uri(settings["region"])
    client = Client(settings["client_id"], settings["client_secret"], uri)
    transport = Transport(user_agent=f"{plugin.program} auth")
    try:
        token = exchange(
            transport, client, request.code(answer.strip()), request.redirect_uri
        )
    finally:
        transport.close()
    keep(plugin, choices, token)


def _show(request: ConsentRequest, *, opens: bool) -> None:
    click.echo(f"Consent page: {request.address}", err=True)
    if request.redirect_uri:
        listed = f"Amazon sends the browser back to {request.redirect_uri}"
        click.echo(f"{listed} (to be listed there, letter by letter)", err=True)
    if opens and not webbrowser.open(request.address):
        click.echo("No browser could be started: open the address yourself", err=True)


def keep(plugin: Plugin, choices: Choices, token: str) -> None:
    """Write a refresh token and say what to do next.

    Raises:
        ConfigError: it cannot be one, or the file cannot be written.
    """
    if any(char in token for char in "'\r\n\\ "):
        msg = "this is no refresh token: it has a space, a quote or a line break in it"
        raise ConfigError(msg)
    name = choices.variable or f"{plugin.prefix}REFRESH_TOKEN"
    check_variable(name)
    write_variable(choices.write, name, token)
    click.echo(f"The refresh token is in {choices.write} as {name}.", err=True)
    click.echo(
        f"Next: set {SETTING} to today, to be warned before its 365 days are over, "
        f"and run: {plugin.program} check --config ENV",
        err=True,
    )


def ads_auth_command(plugin: Plugin, consent_pages: Mapping[str, str]) -> click.Command:
    """Return the command of a plugin of Amazon Ads."""

    def ask_for(
        redirect: str, settings: Mapping[str, str], page: str | None
    ) -> ConsentRequest:
        parameters = {
            "client_id": settings["client_id"],
            "scope": "advertising::campaign_management",
            "response_type": "code",
            "redirect_uri": redirect,
        }
        region = settings["region"]
        if region not in consent_pages:
            msg = f"region {region!r} is none: use one of {', '.join(consent_pages)}"
            raise ConfigError(msg)
        page = page or consent_pages[region]
        return ConsentRequest(page, parameters, redirect)

    @click.command("auth")
    @auth_options
    def command(**options: Any) -> None:  # noqa: ANN401 - the fields of Choices
        """Ask for consent in a browser and write the refresh token to a file.

        Consent as a user who sees the advertising accounts: the token sees no more.
        """
        ask(plugin, Choices(**options), ask_for)

    return command
