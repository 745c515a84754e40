"""A run's progress as lines for a terminal, never more than there is room for."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table
from rich.text import Text

from singer_amazon.durations import in_words
from singer_amazon.live_view.progress import RunProgress, StreamProgress

_NAMES = ("to ask", "at Amazon", "here", "delivered", "failed", "rows")
_FRAME = 5
"""Lines around the streams: a rule, the head of the table, and three below."""
_WIDE, _COLUMN = 110, 11
"""From how many columns on numbers have room, and how much."""


def lines(
    progress: RunProgress, width: int, height: int, console: Console
) -> list[str]:
    """Return `height` lines of at most `width` columns, with the console's colours."""
    shown, hidden = chosen(progress.streams, max(height - _FRAME, 1))
    canvas = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=True,
        color_system=console.color_system,  # type: ignore[arg-type]  # as it says itself
        no_color=console.no_color,
        highlight=False,
        legacy_windows=False,
    )
    with canvas.capture() as capture:
        canvas.rule(_headline(progress), align="left", style="dim")
        canvas.print(_table(shown, hidden, progress.whole, width), no_wrap=True)
        for text in _footer(progress):
            canvas.print(text, no_wrap=True, overflow="ellipsis")
    found = capture.get().splitlines()[:height]
    return found + [""] * (height - len(found))


def chosen(
    streams: list[StreamProgress], count: int
) -> tuple[list[StreamProgress], list[StreamProgress]]:
    """Divide streams into those shown and the rest: those under way come first."""
    ranked = sorted(streams, key=lambda s: (-s.open_count, -s.to_ask, s.stream))
    if len(ranked) <= count:
        return ranked, []
    return ranked[: count - 1], ranked[count - 1 :]


def _headline(progress: RunProgress) -> Text:
    whole = progress.whole
    done = whole.delivered + whole.failed + whole.later
    text = Text(f"{done:,} of {whole.total:,} reports done", style="bold")
    text.append(f", {whole.rows:,} rows, {in_words(progress.elapsed)}", style="none")
    return text


def _table(
    shown: list[StreamProgress],
    hidden: list[StreamProgress],
    whole: StreamProgress,
    width: int,
) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    table.add_column("stream", no_wrap=True, overflow="ellipsis", ratio=1)
    for name in _NAMES:
        wide = len(name) if width < _WIDE else _COLUMN
        table.add_column(name, justify="right", no_wrap=True, min_width=wide)
    for stream in shown:
        table.add_row(stream.stream, *_cells(stream))
    if hidden:
        rest = StreamProgress("")
        for stream in hidden:
            for field in _FIELDS:
                setattr(rest, field, getattr(rest, field) + getattr(stream, field))
        table.add_row(f"{len(hidden)} more streams", *_cells(rest), style="dim")
    if len(shown) + len(hidden) > 1:
        table.add_row("all", *_cells(whole), style="bold")
    return table


_FIELDS = ("to_ask", "at_amazon", "here", "delivered", "failed", "rows")


def _cells(stream: StreamProgress) -> list[Text]:
    cells = []
    for field in _FIELDS:
        value = getattr(stream, field)
        style = "red" if field == "failed" and value else ""
        cells.append(Text(f"{value:,}" if value else "·", style=style))
    return cells


def _footer(progress: RunProgress) -> list[Text]:
    """Return the longest wait and the times that are known, one line each."""
    found = []
    if progress.outage:
        found.append(Text(f"no answer from Amazon: {progress.outage}", style="red"))
    elif progress.longest:
        found.append(Text(f"longest wait: {progress.longest}", style="dim"))
    parts = [f"the run ends in {in_words(progress.left)} at the latest"]
    if progress.seconds_to_ask is not None:
        parts.insert(0, f"asking takes {in_words(progress.seconds_to_ask)} more")
    if progress.throttled:
        parts.append(f"throttled {progress.throttled:,} times")
    found.append(Text(", ".join(parts), style="dim"))
    return found
