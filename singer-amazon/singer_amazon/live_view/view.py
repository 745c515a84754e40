"""When a live view is shown, and how often it is drawn."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from singer_amazon.live_view.progress import ProgressReader, RunProgress, StreamProgress
from singer_amazon.live_view.screen import Screen

VARIABLE = "SINGER_AMAZON_LIVE"
_OFF = {"0", "false", "no", "off"}
_EVERY = 0.5
"""Seconds between two drawings."""
_SHARE = 20
"""A drawing takes a twentieth of the time at most."""
_MIN_LINES = 16
_MIN_COLUMNS = 60


def has_terminal(environment: Mapping[str, str]) -> bool:
    """Whether people look at a terminal, and records do not run over it."""
    if environment.get(VARIABLE, "").strip().lower() in _OFF:
        return False
    if environment.get("TERM", "dumb") == "dumb" or os.name != "posix":
        return False
    try:
        if not sys.stderr.isatty() or sys.stdout.isatty():
            return False
        size = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return size.lines >= _MIN_LINES and size.columns >= _MIN_COLUMNS


class LiveView:
    """Draws a run's progress on the terminal of standard error; main thread only."""

    def __init__(
        self,
        reader: ProgressReader,
        screen: Screen,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # Rich takes 0.3 s to import: only where something is drawn
        from rich.console import Console  # noqa: PLC0415

        from singer_amazon.live_view.picture import lines  # noqa: PLC0415

        self._lines = lines
        self._reader = reader
        self._screen = screen
        self._console = Console(stderr=True)
        self._clock = clock
        self._next = 0.0
        # the first picture takes long: Rich imports parts of itself only then
        nothing = RunProgress([], StreamProgress(""), 0.0, 0.0, None, 0)
        lines(nothing, _MIN_COLUMNS, _MIN_LINES, self._console)

    @classmethod
    def on_terminal(cls, reader: ProgressReader) -> LiveView | None:
        """Return a view on standard error; None where there is none."""
        if not has_terminal(os.environ):
            return None
        handle = sys.stderr.fileno()
        screen = Screen(
            lambda text: os.write(handle, text.encode(errors="replace")),
            lambda: os.get_terminal_size(handle),
        )
        return cls(reader, screen)

    def update(self, now: datetime) -> None:
        """Draw the run as it is now, if it is time to."""
        began = self._clock()
        if began < self._next:
            return
        with contextlib.suppress(OSError):  # the terminal has gone
            size = self._screen.size
            progress = self._reader.read(now)
            height = min(len(progress.streams) + 5, size.lines // 2, 20)
            self._screen.draw(
                self._lines(progress, size.columns - 1, height, self._console)
            )
        ended = self._clock()
        self._next = ended + max(_EVERY, (ended - began) * _SHARE)

    def close(self) -> None:
        """Take the view away."""
        with contextlib.suppress(OSError):
            self._screen.close()
