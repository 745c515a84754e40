"""A table on a terminal, plain lines in a pipe, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

import click
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

Row = Mapping[str, object]

_SENTENCE = 45
"""Texts longer than this, with blanks in them, are wrapped in a table."""
_MIN_WRAPPED = 24
"""Columns a wrapped text needs to be read at ease."""
_SEPARATOR = 3


def show(rows: Sequence[Row], *, as_json: bool, empty: str) -> None:
    """Print rows of equal columns: a table, tab-separated text, or a JSON array."""
    if as_json:
        click.echo(json.dumps(rows, indent=2, default=str))
    elif not rows:
        click.echo(empty, err=not sys.stdout.isatty())
    elif sys.stdout.isatty():
        _show_on_terminal(rows, Console(highlight=False))
    else:
        click.echo("\t".join(rows[0]))
        for row in rows:
            click.echo("\t".join(_text(value) for value in row.values()))


def _show_on_terminal(rows: Sequence[Row], console: Console) -> None:
    """Print a table where it fits without a word cut off, else a block per row."""
    names = [name for name in rows[0] if any(_text(row[name]) for row in rows)]
    sentences = _sentences(rows, names)
    fixed = sum(_width(rows, name) for name in names if name not in sentences)
    fixed += _SEPARATOR * (len(names) - 1)
    wrapped = sum(min(_width(rows, name), _MIN_WRAPPED) for name in sentences)
    if fixed + wrapped <= console.width:
        console.print(_table(rows, names, sentences))
    else:
        for row in rows:
            _show_block(row, names, sentences, console)


def _sentences(rows: Sequence[Row], names: Sequence[str]) -> set[str]:
    """Return the columns that have long texts."""
    return {
        name
        for name in names
        if any(
            len(text) > _SENTENCE and " " in text
            for text in (_text(row[name]) for row in rows)
        )
    }


def _width(rows: Sequence[Row], name: str) -> int:
    return max(cell_len(name), *(cell_len(_text(row[name])) for row in rows))


def _table(rows: Sequence[Row], names: Sequence[str], sentences: set[str]) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    for name in names:
        is_number = isinstance(rows[0][name], int | float)
        table.add_column(
            name,
            justify="right" if is_number else "left",
            no_wrap=name not in sentences,
            min_width=None if name in sentences else _width(rows, name),
        )
    for row in rows:
        table.add_row(*(Text(_text(row[name])) for name in names))
    return table


def _show_block(
    row: Row, names: Sequence[str], sentences: set[str], console: Console
) -> None:
    """Print the first values as a heading, the others by name below it."""
    heading, rest = _text(row[names[0]]), names[1:]
    if rest and rest[0] not in sentences:
        both = f"{heading}  {_text(row[rest[0]])}"
        if cell_len(both) <= console.width:
            heading, rest = both, rest[1:]
    console.print(Text(heading, style="bold"))
    found = [(name, _text(row[name])) for name in rest]
    short = [f"{n}: {text}" for n, text in found if text and n not in sentences]
    lines = _joined(short, console.width - 2)
    lines += [f"{n}: {text}" for n, text in found if text and n in sentences]
    for line in lines:
        console.print(Padding(Text(line), (0, 0, 0, 2)))


def _joined(parts: Sequence[str], width: int) -> list[str]:
    """Put parts on as few lines as hold them whole."""
    lines: list[str] = []
    for part in parts:
        together = f"{lines[-1]} · {part}" if lines else part
        if lines and cell_len(together) <= width:
            lines[-1] = together
        else:
            lines.append(part)
    return lines


def _text(value: object) -> str:
    """Return a cell's text; lists are one line."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return " ".join(str(value).split())
