"""The page in a real browser: no error, no request, rows in sight, a filter that works.

A page of the test loads it into a frame, uses it as a person does and writes down
what it sees; the browser prints that.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from singer_amazon.report_log.entry import LoggedReport
from singer_amazon.run_report.page import render
from support.core.logged_reports import entries, facts

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="there is no Chromium on this machine to open the page in"
)
USER = (Path(__file__).parent / "user.html").read_text()


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder and keeps what was asked for."""

    asked: list[str]

    def log_message(self, *_: object) -> None:
        self.asked.append(self.path)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[tuple[Path, str, list[str]]]:
    """A folder, its address on a local server, and the requests made there."""
    asked: list[str] = []
    handler = type("Recording", (Handler,), {"asked": asked})
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=str(tmp_path))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tmp_path, f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def used(
    folder: tuple[Path, str, list[str]],
    found: list[LoggedReport],
    search: str,
    width: int = 1400,
) -> tuple[dict[str, Any], str]:
    """Open the page of a run; return what was seen, and the browser's own log."""
    path, address, _ = folder
    (path / "run.html").write_text(render(facts(found), found))
    user = USER.replace("WIDTH", str(width)).replace("SEARCH", search)
    (path / "user.html").write_text(user)
    assert BROWSER
    ran = subprocess.run(
        [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu"),
            *("--disable-quic", "--no-first-run", "--disable-background-networking"),
            *("--disable-component-update", "--disable-sync", "--no-proxy-server"),
            *(f"--user-data-dir={path / 'browser'}", "--window-size=1500,1000"),
            *("--enable-logging=stderr", "--virtual-time-budget=20000"),
            *("--dump-dom", f"{address}/user.html"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    written = re.search(r'<pre id="seen">(.+?)</pre>', ran.stdout, re.DOTALL)
    assert written, ran.stderr
    return json.loads(unescape(written[1])), ran.stderr


@pytest.mark.parametrize(("count", "width"), [(5, 390), (3000, 1400)])
def test_a_person_can_read_it(
    folder: tuple[Path, str, list[str]], count: int, width: int
) -> None:
    found = entries(count)
    seen, log = used(folder, found, found[0].account, width)
    assert "CONSOLE" not in log
    assert set(folder[2]) <= {"/user.html", "/run.html", "/favicon.ico"}
    assert seen["loaded"] == []
    assert seen["hidden"] is False
    assert seen["shown"] == f"{count:,} reports"
    assert 5 <= seen["rows"] <= 60  # the others are not in the document
    assert seen["bars"] >= seen["rows"]
    assert not seen["overflows"]
    mine = sum(entry.account == found[0].account for entry in found)
    assert seen["found"] == f"{mine:,} of {count:,} reports"
    assert seen["isOpen"]
    assert found[0].account in seen["details"]
    assert seen["last"] == seen["count"]


def test_names_that_are_html_are_harmless(
    folder: tuple[Path, str, list[str]],
) -> None:
    name = "</script><img src=/stolen onerror=fetch('/stolen')>"
    found = [replace(entry, account_name=name, reason=name) for entry in entries(5)]
    seen, log = used(folder, found, "img")
    assert "CONSOLE" not in log
    assert "/stolen" not in folder[2]
    assert name in seen["first"]
