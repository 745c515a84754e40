"""`state`: looks at a Singer state and writes a changed one; nothing in place."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import click

from singer_amazon.clock import Clock, SystemClock
from singer_amazon.commands import state_edits
from singer_amazon.commands.group import read_json
from singer_amazon.commands.tables import show
from singer_amazon.errors import ConfigError
from singer_amazon.private_files import write_private
from singer_amazon.reports.model import DateOrHour
from singer_amazon.shards import state as shard_states
from singer_amazon.shards.shard import MAX_SHARDS

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

    state.add_command(_split)
    state.add_command(_merge)
    return state


@click.command("split")
@_FILE
@click.option(
    "--shards", required=True, type=click.IntRange(1, MAX_SHARDS), help="How many."
)
@click.option(
    "--output",
    required=True,
    help="A name with {shard} in it, such as state-{shard}.json.",
)
def _split(file: str, shards: int, output: str) -> None:
    """Divide a state: each shard's goes to a new file, numbered from 0."""
    paths = [Path(output.replace("{shard}", str(n))) for n in range(shards)]
    _check_new(paths)
    document = read_json(file, "the state")
    found = _state_in(document, file)
    for path, part in zip(paths, shard_states.split(found, shards), strict=True):
        content = json.dumps(_wrapped_as(document, part))
        write_private(path, content.encode() + b"\n", "--output")
    count = sum(1 for _ in state_edits.partitions(found))
    click.echo(f"{count} partitions are divided among {shards} files", err=True)


@click.command("merge")
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--in-order",
    is_flag=True,
    help="The files are those of all shards, shard 0 first.",
)
def _merge(files: tuple[str, ...], *, in_order: bool) -> None:
    """Put the states of all shards together: to standard output."""
    documents = [read_json(file, f"the state {file}") for file in files]
    parts = map(_state_in, documents, files)
    merged = shard_states.merge(parts, in_order=in_order)
    count = sum(1 for _ in state_edits.partitions(merged))
    whole = _wrapped_as(documents[0], merged)
    _write(whole, f"{count} partitions of {len(files)} states are put together")


def _state_in(document: dict[str, object], file: str) -> dict[str, Any]:
    """Return the Singer state in a document.

    Raises:
        ConfigError: there is none: part of the accounts would begin anew.
    """
    found = state_edits.singer_state(document)
    if "bookmarks" not in found:
        msg = f"{file} is no Singer state: it has no bookmarks"
        raise ConfigError(msg)
    return found


def _wrapped_as(
    document: dict[str, object], state: dict[str, Any]
) -> dict[str, object]:
    """Return a state as Meltano takes it, where the one that was read was so."""
    return {"singer_state": state} if "singer_state" in document else state


def _check_new(paths: list[Path]) -> None:
    """Refuse file names that are one, or that are there already."""
    if len(set(paths)) < len(paths):
        msg = "--output has no {shard} in it: all shards would have one file"
        raise ConfigError(msg)
    for path in paths:
        if path.exists():
            msg = f"--output: {path} is there already; nothing is overwritten"
            raise ConfigError(msg)


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
