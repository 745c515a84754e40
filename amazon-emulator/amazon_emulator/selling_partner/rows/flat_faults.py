"""What a `flat_file` rule does to a file: quotes, bytes, header, cells, line breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.selling_partner.rows.plan import FlatContent

_QUOTED = ("all", "unescaped")
_INCHES = '19"'


def damaged(content: FlatContent, rule: Rule) -> FlatContent:
    """Return a file as the rule wants it; what the rule leaves out stays."""
    quoting = rule.parameters["quoting"]
    if quoting is not None:
        content = replace(
            content,
            is_quoted=quoting in _QUOTED,
            is_escaped=quoting != "unescaped",
            rows=_with_inches(content) if quoting in _QUOTED else content.rows,
        )
    if rule.parameters["charset"] is not None:
        content = replace(content, charset=rule.text("charset"))
    if rule.parameters["encoding"] is not None:
        content = replace(content, encoding=rule.text("encoding"))
    content = _other_header(content, rule)
    is_raw = bool(rule.number("break_every")) or quoting == "none"
    return replace(content, keeps_breaks=is_raw, rows=_other_rows(content, rule))


def _with_inches(content: FlatContent) -> Callable[[], Iterator[Sequence[str]]]:
    """Let the longest value of every second row end with an inch sign."""
    lines = content.rows

    def rows() -> Iterator[Sequence[str]]:
        for number, values in enumerate(lines()):
            at = _longest(values)
            changed = [*values[:at], f"{values[at]} {_INCHES}", *values[at + 1 :]]
            yield values if number % 2 else changed

    return rows


def _other_header(content: FlatContent, rule: Rule) -> FlatContent:
    names, gone = rule.parameters["rename"], set(rule.texts("drop"))
    renamed = names if isinstance(names, dict) else {}
    kept = [at for at, name in enumerate(content.columns) if name not in gone]
    lines = content.rows
    columns = [str(renamed.get(name, name)) for name in content.columns]
    return replace(
        content,
        columns=[columns[at] for at in kept],
        rows=lambda: ([values[at] for at in kept] for values in lines()),
    )


def _other_rows(
    content: FlatContent, rule: Rule
) -> Callable[[], Iterator[Sequence[str]]]:
    lines = content.rows
    every = {
        name: int(rule.number(name))
        for name in ("break_every", "extra_cell_every", "missing_cell_every")
    }

    def is_due(name: str, number: int) -> bool:
        return bool(every[name]) and number % every[name] == 0

    def rows() -> Iterator[Sequence[str]]:
        for number, values in enumerate(lines(), 1):
            cells = list(values)
            if is_due("break_every", number):
                at = _longest(cells)
                middle = len(cells[at]) // 2
                broken = rule.text("break_text")
                cells[at] = f"{cells[at][:middle]}{broken}{cells[at][middle:]}"
            if is_due("extra_cell_every", number):
                cells.append("one too many")
            if is_due("missing_cell_every", number):
                cells.pop()
            yield cells

    return rows


def _longest(values: Sequence[str]) -> int:
    return max(range(len(values)), key=lambda at: len(values[at]))
