"""A table on a terminal, plain lines in a pipe, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

import click
from rich.console import Console
from rich.table import Table

Row = Mapping[str, object]


def show(rows: Sequence[Row], *, as_json: bool, empty: str) -> None:
    """Print rows of equal columns: a table, tab-separated text, or a JSON array."""
    if as_json:
        click.echo(json.dumps(rows, indent=2, default=str))
    elif not rows:
        click.echo(empty, err=not sys.stdout.isatty())
    elif sys.stdout.isatty():
        Console().print(_table(rows))
    else:
        click.echo("\t".join(rows[0]))
        for row in rows:
            click.echo("\t".join(_text(value) for value in row.values()))


def _table(rows: Sequence[Row]) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    for name, value in rows[0].items():
        is_number = isinstance(value, int | float)
        table.add_column(name, justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    return table


def _text(value: object) -> str:
    """Return a cell's text; lists are one line."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return " ".join(str(value).split())
