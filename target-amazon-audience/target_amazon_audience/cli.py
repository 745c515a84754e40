"""The command: the target itself, and commands beside it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from singer_amazon.commands.group import run
from singer_amazon.errors import AmazonError
from target_amazon_audience.state.database import DEFAULT_PATH
from target_amazon_audience.state.purge import purge

_PROGRAM = "target-amazon-audience"

_TURN_SECONDS = 0.0005
"""How long the thread that reads may keep the interpreter while another waits for it.

Threads that send need it for moments only, between waits for disk and network; the
longer each of these takes, the more batches are held in memory.
"""


@click.command("purge")
@click.option(
    "--state-path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(DEFAULT_PATH),
    show_default=True,
    help="The database, as in the setting state_path.",
)
@click.option("--audience-id", help="Only this audience's, or dataset's, data.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge_command(state_path: Path, audience_id: str | None, *, yes: bool) -> None:
    """Erase what this target remembers: hashes of members, open batches, ids.

    Amazon's audiences stay as they are. Afterwards a CREATE makes a new audience, and
    the first MIRROR removes nobody.
    """
    what = "everything" if audience_id is None else f"audience {audience_id}"
    if not yes:
        click.confirm(f"Erase {what} in {state_path}?", abort=True)
    try:
        sentence = purge(state_path, audience_id)
    except AmazonError as error:
        raise click.ClickException(str(error)) from None
    click.echo(sentence)


def _commands() -> dict[str, click.Command]:
    """Return the commands whose tables a run has no use for."""
    from singer_amazon.commands.auth import (  # noqa: PLC0415
        Plugin,
        ads_auth_command,
    )
    from singer_amazon.regions import (  # noqa: PLC0415
        ADS_CONSENT_PAGES,
        ADS_TOKEN_URIS,
    )
    from target_amazon_audience.commands.audiences import (  # noqa: PLC0415
        audiences_command,
    )
    from target_amazon_audience.commands.check import check_command  # noqa: PLC0415

    plugin = Plugin(_PROGRAM, ADS_TOKEN_URIS.__getitem__)
    return {
        "audiences": audiences_command,
        "auth": ads_auth_command(plugin, ADS_CONSENT_PAGES),
        "check": check_command,
        "purge": purge_command,
    }


def _target() -> Callable[[], None]:
    from target_amazon_audience.target import TargetAmazonAudience  # noqa: PLC0415

    sys.setswitchinterval(_TURN_SECONDS)
    return TargetAmazonAudience.cli


def main() -> None:
    """Run the command line."""
    run(_PROGRAM, _commands, _target)
