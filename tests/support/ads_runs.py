"""Runs of tap-amazon-ads against an emulator, in this process or in one of its own.

`run_tap` goes through the tap's command-line entry with settings, catalog and
state as text, as a user's pipeline does, and returns what came out: messages,
log lines, exit code. The clock of a run is the emulator's noon, running on.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import json
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from singer_sdk.plugin_base import _ConfigInput

from amazon_emulator import Emulator, EmulatorClient, Statistics
from tap_amazon_ads.tap import TapAmazonAds

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
SELLER, CANADA, BRAZIL, VENDOR, AGENCY, ATTRIBUTION = (
    "9100200300400501",
    "2200300400500602",
    "3300400500600703",
    "4400500600700804",
    "5500600700800905",
    "6600700800901006",
)
ADVERTISERS = ("4728736040201", "4728736040202", "4728736040203")
LINKED = "7051069373501"
CAMPAIGNS = "sponsored_products_campaign_by_campaign"
ORDERS = "amazon_dsp_tech_by_order"

Message = dict[str, Any]
Row = dict[str, Any]


class RunningClock:
    """Starts at an instant and runs on, `speed` times as fast as real time.

    Once `until` is true it leaps ahead by a day: the time of a run is up then.
    """

    def __init__(
        self,
        start: datetime = NOON,
        speed: float = 1.0,
        until: Callable[[], bool] | None = None,
    ) -> None:
        self._start = start
        self._speed = speed
        self._until = until
        self._began = time.monotonic()

    def now(self) -> datetime:
        """Return the instant, aware, in UTC."""
        if self._until is not None and self._until():
            self._start, self._until = self._start + timedelta(days=1), None
        passed = (time.monotonic() - self._began) * self._speed
        return self._start + timedelta(seconds=passed)

    def sleep(self, seconds: float) -> None:
        """Block for the real time that stands for these seconds."""
        time.sleep(seconds / self._speed)


@dataclass(slots=True)
class Run:
    """What one run of the tap gave."""

    code: int
    text: str = field(repr=False)
    logged: list[logging.LogRecord] = field(repr=False)
    messages: list[Message] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.messages = [json.loads(line) for line in self.text.split("\n") if line]

    def of_type(self, kind: str) -> list[Message]:
        """Return the messages of one type."""
        return [m for m in self.messages if m["type"] == kind]

    def rows(self, stream: str) -> list[Row]:
        """Return the records of a stream in the order they came."""
        return [m["record"] for m in self.of_type("RECORD") if m["stream"] == stream]

    def schema(self, stream: str) -> Message:
        """Return the SCHEMA message of a stream."""
        return next(m for m in self.of_type("SCHEMA") if m["stream"] == stream)

    @property
    def state(self) -> dict[str, Any]:
        """Return the value of the last STATE message."""
        value: dict[str, Any] = self.of_type("STATE")[-1]["value"]
        return value

    def partitions(self, stream: str) -> list[dict[str, Any]]:
        """Return a stream's partitions in the last STATE."""
        found: list[dict[str, Any]] = self.state["bookmarks"][stream]["partitions"]
        return found

    def partition(self, stream: str, account: str) -> dict[str, Any]:
        """Return the state of one account of a stream."""
        return next(
            p for p in self.partitions(stream) if account in p["context"].values()
        )

    def lines(self, level: int) -> list[str]:
        """Return the log lines of one level."""
        return [r.getMessage() for r in self.logged if r.levelno == level]

    @property
    def infos(self) -> list[str]:
        """Log lines of level INFO."""
        return self.lines(logging.INFO)

    @property
    def warnings(self) -> list[str]:
        """Log lines of level WARNING."""
        return self.lines(logging.WARNING)

    @property
    def errors(self) -> list[str]:
        """Log lines of level ERROR."""
        return self.lines(logging.ERROR)

    @property
    def tracebacks(self) -> int:
        """Number of log lines that carry a traceback."""
        return sum(r.exc_info is not None for r in self.logged)

    @property
    def summary(self) -> dict[str, Any]:
        """The JSON of the run's last line."""
        line = next(i for i in reversed(self.infos) if i.startswith("Run summary: "))
        found: dict[str, Any] = json.loads(line.removeprefix("Run summary: "))
        return found


def settings_for(emulator: Emulator, **settings: object) -> dict[str, Any]:
    """Return settings that reach the emulator and look at reports often."""
    return {
        "endpoint_uri": emulator.url,
        "auth_uri": emulator.token_url,
        **emulator.credentials,
        "poll_interval_seconds": 0.05,
        "poll_interval_max_seconds": 0.2,
        **settings,
    }


def run_tap(
    emulator: Emulator,
    *streams: str,
    only: Mapping[str, Sequence[str]] | None = None,
    without: Mapping[str, Sequence[str]] | None = None,
    state: Mapping[str, Any] | None = None,
    speed: float = 1.0,
    now: datetime = NOON,
    stops_after: int = 0,
    **settings: object,
) -> Run:
    """Run the tap with these streams selected.

    `only` names the columns to select of a stream, `without` those to deselect.
    The time is up when `stops_after` reports have been asked for and looked at.
    """
    config = settings_for(emulator, **settings)
    config = {name: value for name, value in config.items() if value is not None}
    catalog = selected_catalog(config, streams, only or {}, without or {})

    def is_looked_at() -> bool:
        reports = emulator.emulation.reports.as_json()["creates"]
        assert isinstance(reports, list)
        looked_at = [report for report in reports if report["looks"]]
        return len(looked_at) >= stops_after

    clock = RunningClock(now, speed, is_looked_at if stops_after else None)
    return invoke_tap(config, catalog=catalog, state=state, clock=clock)


def invoke_tap(
    config: Mapping[str, Any],
    *,
    catalog: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
    clock: RunningClock | None = None,
) -> Run:
    """Enter the tap where its command line enters, and take everything it says."""

    class Clocked(TapAmazonAds):
        """The tap with a clock of the test."""

    Clocked.clock = clock or RunningClock()
    out = io.StringIO()
    with (
        caught_log() as logged,
        kept_signals(),
        contextlib.redirect_stdout(out),
        pytest.raises(SystemExit) as ended,
    ):
        Clocked.invoke(
            config=_ConfigInput(json.loads(json.dumps(config))),
            catalog=None if catalog is None else io.StringIO(json.dumps(catalog)),
            state=None if state is None else io.StringIO(json.dumps(state)),
        )
    code = ended.value.code
    return Run(code if isinstance(code, int) else 1, out.getvalue(), logged)


# --- catalogs ---------------------------------------------------------------

_SHAPING = ("reports", "extra_columns", "time_unit")


def selected_catalog(
    config: Mapping[str, Any],
    streams: Iterable[str],
    only: Mapping[str, Sequence[str]],
    without: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Return a full catalog with nothing selected but these streams."""
    shaping = {name: config[name] for name in _SHAPING if name in config}
    left = set(streams)
    entries = []
    for entry in _discovered(json.dumps(shaping, sort_keys=True))["streams"]:
        name = entry["tap_stream_id"]
        if name in left:
            entries.append(_chosen(entry, only.get(name), without.get(name, ())))
            left.remove(name)
        else:
            entries.append(_unselected(name))
    assert not left, f"there are no streams {left}"
    return {"streams": entries}


@functools.cache
def _discovered(shaping: str) -> dict[str, Any]:
    secrets = dict.fromkeys(("client_id", "client_secret", "refresh_token"), "x")
    with kept_signals():
        tap = TapAmazonAds(config=secrets | json.loads(shaping), setup_mapper=False)
        return tap.catalog_dict


def _unselected(name: str) -> dict[str, Any]:
    return {
        "tap_stream_id": name,
        "stream": name,
        "schema": {"type": "object", "properties": {}},
        "metadata": [{"breadcrumb": [], "metadata": {"selected": False}}],
    }


def _chosen(
    entry: Mapping[str, Any], only: Sequence[str] | None, without: Sequence[str]
) -> dict[str, Any]:
    chosen = copy.deepcopy(dict(entry))
    for item in chosen["metadata"]:
        name = item["breadcrumb"][-1] if item["breadcrumb"] else None
        if name is None or item["metadata"].get("inclusion") != "automatic":
            is_wanted = name is None or only is None or name in only
            item["metadata"]["selected"] = is_wanted and name not in without
    return chosen


# --- what a run leaves in a process -----------------------------------------


class _Kept(logging.Handler):
    """Keeps log lines in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextlib.contextmanager
def caught_log() -> Iterator[list[logging.LogRecord]]:
    """Collect every log line from INFO on."""
    handler = _Kept()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield handler.records
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@contextlib.contextmanager
def kept_signals() -> Iterator[None]:
    """Put the signal handlers back that a tap replaces when it is made."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (2, 15)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- the emulator's side ----------------------------------------------------


def fresh(emulator: Emulator) -> EmulatorClient:
    """Return an emulator's client with everything as at first, at noon."""
    client = emulator.client
    client.reset()
    client.set_now(NOON, frozen=True)
    return client


def advertiser(number: int, **more: object) -> dict[str, object]:
    """Return an advertiser of an agency."""
    return {
        "advertiserId": str(880000000000 + number),
        "name": f"Kunde {number} ä",
        "currency": "EUR",
        "country": "DE",
        "timezone": "Europe/Berlin",
        **more,
    }


def bodies(statistics: Statistics) -> list[dict[str, Any]]:
    """Return the bodies of all accepted creates, oldest first."""
    return [dict(create.body) for create in statistics.creates]


def calls(statistics: Statistics) -> int:
    """Return how many calls of Amazon's API were made, tokens included."""
    return sum(statistics.count(operation) for operation in statistics.calls)


def tap_command() -> list[str]:
    """Return the words that start the installed tap in a process of its own."""
    return [str(Path(sys.executable).with_name("tap-amazon-ads"))]
