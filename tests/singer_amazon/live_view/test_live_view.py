"""The live view: what it shows, and that it leaves everybody else's lines alone."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from amazon_emulator import Emulator
from singer_amazon.live_view.picture import chosen, lines
from singer_amazon.live_view.progress import RunProgress, StreamProgress
from singer_amazon.live_view.screen import Screen
from singer_amazon.live_view.view import has_terminal
from support.ads.runs import CAMPAIGNS, SELLER, TARGETING, selected_catalog
from support.programs import BIN

PLAIN = Console(file=io.StringIO(), color_system=None)


def progress(streams: list[StreamProgress]) -> RunProgress:
    whole = StreamProgress("", to_ask=3, delivered=4, rows=1_000_000)
    return RunProgress(streams, whole, 61.0, 7200.0, 90.0, 2, "9 min, s of a 1..2")


def stream(number: int, **counts: int) -> StreamProgress:
    return StreamProgress(f"sponsored_products_search_term_{number}", **counts)


@given(
    st.integers(0, 70), st.integers(60, 200), st.integers(7, 20), st.integers(0, 10**9)
)
def test_a_picture_has_the_room_it_was_given(
    count: int, width: int, height: int, rows: int
) -> None:
    streams = [stream(n, at_amazon=n % 3, rows=rows) for n in range(count)]
    found = lines(progress(streams), width, height, PLAIN)
    assert len(found) == height
    assert all(cell_len(Text.from_ansi(line).plain) <= width for line in found)


def test_a_picture_says_what_matters() -> None:
    streams = [stream(1, at_amazon=2, delivered=1, rows=12_345), stream(2, failed=1)]
    text = "\n".join(lines(progress(streams), 100, 12, PLAIN))
    assert "4 of 7 reports done, 1,000,000 rows, 1 min 01 s" in text
    assert "12,345" in text
    assert "longest wait: 9 min, s of a 1..2" in text
    assert "asking takes 1 min 30 s more, the run ends in 2 h 00 min" in text


def test_streams_under_way_come_before_those_that_are_done() -> None:
    streams = [stream(n, delivered=1) for n in range(9)] + [stream(9, at_amazon=1)]
    shown, hidden = chosen(streams, 4)
    assert shown[0].at_amazon == 1
    assert (len(shown), len(hidden)) == (3, 7)


# --- the terminal --------------------------------------------------------------


class Terminal:
    """A terminal of some size, as its user sees it."""

    def __init__(self, columns: int = 80, rows: int = 20) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=500)
        self.screen.set_mode(pyte.modes.LNM)
        self._stream = pyte.Stream(self.screen)
        self.size = os.terminal_size((columns, rows))

    def write(self, text: str) -> None:
        self._stream.feed(text)

    @property
    def shown(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]


def test_lines_of_others_scroll_above_the_kept_ones() -> None:
    terminal = Terminal()
    for number in range(5):
        terminal.write(f"before {number}\n")
    screen = Screen(terminal.write, lambda: terminal.size)
    for number in range(40):
        screen.draw([f"view {number}", "second", "third"])
        terminal.write(f"log {number}\n")
    assert terminal.shown[-3:] == ["view 39", "second", "third"]
    assert terminal.shown[:16] == [f"log {n}" for n in range(24, 40)]
    screen.close()
    terminal.write("after\n")
    assert "view 39" not in terminal.shown
    assert terminal.shown[15:17] == ["log 39", "after"]


def test_a_line_under_way_goes_on_where_it_was() -> None:
    terminal = Terminal()
    screen = Screen(terminal.write, lambda: terminal.size)
    screen.draw(["view"])
    terminal.write("half ")
    screen.draw(["view"])
    terminal.write("and half\n")
    assert "half and half" in terminal.shown


@pytest.mark.parametrize(
    "environment",
    [{"TERM": "xterm", "SINGER_AMAZON_LIVE": "0"}, {"TERM": "dumb"}, {"TERM": "xterm"}],
)
def test_without_a_terminal_or_turned_off_there_is_none(
    environment: dict[str, str],
) -> None:
    assert not has_terminal(environment)  # pytest's own stderr is no terminal


# --- the real command -----------------------------------------------------------


def on_terminal(command: list[str], output: Path, **variables: str) -> str:
    """Run a command with a terminal for its log; return all that was written there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", **variables}
    environment.pop("NO_COLOR", None)
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=theirs, stdin=theirs, env=environment
        )
        os.close(theirs)
        written = b""
        end = time.monotonic() + 90
        try:
            while time.monotonic() < end:
                piece = os.read(ours, 65536)
                if not piece:
                    break
                written += piece
        except OSError:  # the other side is closed: the process has ended
            pass
        assert process.wait(30) == 0
    os.close(ours)
    return written.decode()


@pytest.fixture
def command(tmp_path: Path) -> Iterator[list[str]]:
    """The tap on an emulator that takes two seconds for a report."""
    now = datetime.now(timezone.utc)
    with Emulator() as emulator:
        emulator.client.change(ready_after_seconds=2)
        config = {
            "endpoint_uri": emulator.url,
            "auth_uri": emulator.token_url,
            **emulator.credentials,
            "profile_ids": [SELLER],
            "poll_interval_seconds": 0.3,
            "poll_interval_max_seconds": 0.5,
            "start_date": (now - timedelta(days=3)).date().isoformat(),
        }
        catalog = selected_catalog(config, [CAMPAIGNS, TARGETING])
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "catalog.json").write_text(json.dumps(catalog))
        yield [
            str(BIN / "tap-amazon-ads"),
            *("--config", str(tmp_path / "config.json")),
            *("--catalog", str(tmp_path / "catalog.json")),
        ]


def test_a_run_on_a_terminal_shows_how_far_it_is(
    command: list[str], tmp_path: Path
) -> None:
    said = on_terminal(command, tmp_path / "rows.jsonl")
    terminal, seen = Terminal(100, 24), set()
    for piece in said.split("\x1b8"):
        terminal.write(piece + "\x1b8")
        seen |= set(terminal.shown)
    assert any("0 of 2 reports done" in line for line in seen)
    assert any(line.startswith(CAMPAIGNS) for line in seen)
    assert any("longest wait: " in line for line in seen)
    at_last = "\n".join(terminal.shown)
    assert "reports done" not in at_last
    assert "Run summary" in at_last
    assert (tmp_path / "rows.jsonl").read_text().count('"RECORD"') > 0


def test_it_can_be_turned_off(command: list[str], tmp_path: Path) -> None:
    said = on_terminal(command, tmp_path / "rows.jsonl", SINGER_AMAZON_LIVE="0")
    assert "Run summary" in said
    assert "\x1b7" not in said
