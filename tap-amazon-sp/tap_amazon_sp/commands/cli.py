"""The command: the tap itself, and commands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_amazon.commands.group import run

if TYPE_CHECKING:
    from collections.abc import Callable

    import click


def main() -> None:
    """Run the command line."""
    run("tap-amazon-sp", _commands, _tap, distribution="tap-amazon-selling-partner")


def _commands() -> dict[str, click.Command]:
    from tap_amazon_sp.commands.subcommands import commands  # noqa: PLC0415

    return commands()


def _tap() -> Callable[[], None]:
    from tap_amazon_sp.tap import TapAmazonSp  # noqa: PLC0415

    return TapAmazonSp.cli
