"""`state`: looks at a Singer state and writes a changed one; nothing in place."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, datetime, timezone

import click

from singer_amazon.clock import Clock, SystemClock
from singer_amazon.commands import state_edits
from singer_amazon.commands.group import read_json
from singer_amazon.commands.tables import show
from singer_amazon.errors import ConfigError
from singer_amazon.reports.model import DateOrHour

_GAPS_ADVICE = (
    "The next run asks for gaps again. `state close-gap` gives them up: the bookmark "
    "moves on, their rows stay missing"
)
_FILE = click.argument("file", default="-")
_STREAM = click.option("--stream", required=True, help="The stream's name.")
_ACCOUNT = click.option(
    "--account", default="", help="Profile, account or marketplace; all by default."
)


def state_command(
    known: Callable[[str], bool], clock: Clock | None = None
) -> click.Command:
    """Return the command group of a tap; `known` says which streams it has."""
    clock = clock or SystemClock()

    @click.group("state")
    def state() -> None:
        """Look at a state file, or change it: the new state goes to standard output.

        FILE is a state, or - for standard input: `meltano state get ID | ... show`.
        """

    @state.command("show")
    @_FILE
    @click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
    def show_state(file: str, *, as_json: bool) -> None:
        """Print bookmarks, pending reports and gaps, a line per stream and account."""
        found = state_edits.rows(read_json(file, "the state"), clock.now())
        show(found, as_json=as_json, empty="no state yet")
        if any(row["gaps"] for row in found):
            click.echo(_GAPS_ADVICE, err=True)

    @state.command("check")
    @_FILE
    def check_state(file: str) -> None:
        """Say what of a state this tap could not use; exit 1 if there is anything."""
        sentences = state_edits.problems(read_json(file, "the state"), known)
        for sentence in sentences:
            click.echo(sentence)
        if sentences:
            sys.exit(1)
        click.echo("the state is in order")

    @state.command("reread")
    @_FILE
    @_STREAM
    @_ACCOUNT
    @click.option("--from", "first", required=True, help="First day (or hour, UTC).")
    @click.option("--to", "last", required=True, help="Last day (or hour, UTC).")
    def reread(file: str, stream: str, account: str, first: str, last: str) -> None:
        """Let the next run ask for days again that are delivered."""
        document = read_json(file, "the state")
        days = _moment(first), _moment(last)
        if days[0] > days[1]:
            raise ConfigError("--from lies after --to")
        changed = state_edits.reread(document, stream, account, *days)
        _write(document, f"{changed} partitions are read again from {first} to {last}")

    @state.command("close-gap")
    @_FILE
    @_STREAM
    @_ACCOUNT
    def close_gap(file: str, stream: str, account: str) -> None:
        """Give up open gaps: the bookmark moves on, the rows stay missing."""
        document = read_json(file, "the state")
        closed = state_edits.close_gaps(document, stream, account, clock.now())
        _write(document, f"{closed} gaps are given up")

    return state


def _write(document: dict[str, object], sentence: str) -> None:
    click.echo(json.dumps(document))
    click.echo(sentence, err=True)


def _moment(text: str) -> DateOrHour:
    """Read a day, or an hour of UTC."""
    try:
        if "T" not in text:
            return date.fromisoformat(text)
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(
            timezone.utc
        )
    except ValueError:
        msg = f"{text!r} is no day (2026-11-30) and no hour (2026-11-30T07:00:00Z)"
        raise ConfigError(msg) from None
