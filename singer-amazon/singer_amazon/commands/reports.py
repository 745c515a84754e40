"""`reports`: the catalogue as a table, searched; one report in detail."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import click

from singer_amazon.commands.tables import show
from singer_amazon.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ReportInfo:
    """What people want to know of a report stream; `row` is its line in the table."""

    stream: str
    row: Mapping[str, object]
    details: Mapping[str, object]
    columns: Sequence[Mapping[str, object]]

    def fits(self, words: Sequence[str]) -> bool:
        """Whether all words occur in what is known of it, columns included."""
        text = json.dumps([self.row, self.details, self.columns], default=str).lower()
        return all(word.lower() in text for word in words)


def reports_command(reports: Callable[[], Sequence[ReportInfo]]) -> click.Command:
    """Return the command of a tap."""

    @click.command("reports")
    @click.argument("words", nargs=-1)
    @click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
    def command(words: tuple[str, ...], *, as_json: bool) -> None:
        """List report streams in which all WORDS occur; a full name shows one."""
        found = reports()
        exact = [info for info in found if info.stream in words]
        if len(words) == len(exact) == 1:
            _show_one(exact[0], as_json=as_json)
            return
        chosen = [info for info in found if info.fits(words)]
        if words and not chosen:
            msg = f"no report has {' '.join(words)!r} in its name or columns"
            raise ConfigError(msg)
        show([info.row for info in chosen], as_json=as_json, empty="no reports")

    return command


def _show_one(info: ReportInfo, *, as_json: bool) -> None:
    if as_json:
        whole = {**info.row, **info.details, "columns": list(info.columns)}
        click.echo(json.dumps(whole, indent=2, default=str))
        return
    for name, value in {**info.row, **info.details}.items():
        text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        click.echo(f"{name}: {text}")
    click.echo()
    show(info.columns, as_json=False, empty="no columns")
