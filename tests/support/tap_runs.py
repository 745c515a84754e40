"""Runs of tap-amazon-ads against an emulator, in this process.

One thread, and one clock shared with the emulator that moves only when somebody
sleeps: hours pass in no time and every run goes the same way.
"""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache, cached_property
from typing import Any

from amazon_emulator import Emulator
from singer_amazon.http.transport import Transport
from singer_amazon.tap.message_writer import MessageWriter
from tap_amazon_ads.tap import TapAmazonAds

Json = dict[str, Any]

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
"""Midday in UTC; still the 20th, early in the morning, for SELLER and CANADA."""
SELLER = "9100200300400501"
CANADA = "2200300400500602"
AGENCY = "5500600700800905"

CAMPAIGNS = "sponsored_products_campaign_by_campaign"
AD_GROUPS = "sponsored_products_campaign_by_ad_group"
TARGETING = "sponsored_products_targeting_by_targeting"
TYPE_IDS = {CAMPAIGNS: "spCampaigns", TARGETING: "spTargeting"}

NEWEST = "2026-11-19"
"""The newest complete day of SELLER at NOON."""


class SharedClock:
    """The emulator's clock as the tap's own: who sleeps moves both."""

    def __init__(self, emulator: Emulator) -> None:
        self._clock = emulator.emulation.state.clock

    def now(self) -> datetime:
        """Return the emulated instant."""
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Move on at once."""
        self._clock.advance(seconds)


class CollectingWriter(MessageWriter):
    """Keeps every line instead of writing it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[bytes] = []
        self.on_line: Callable[[Json], None] | None = None

    def write(self, lines: bytes | bytearray) -> None:
        """Keep whole lines, unless a signal has come."""
        self.check()
        for line in bytes(lines).splitlines(keepends=True):
            self.lines.append(line)
            if self.on_line is not None:
                self.on_line(json.loads(line))

    def write_last(self, line: bytes) -> None:
        """Keep the last line."""
        self.lines.append(line)


class QuickTap(TapAmazonAds):
    """The tap without threads, without waits between tries, without signals."""

    workers: int | None = 0

    def _setup_signal_handlers(self) -> None:
        """Leave pytest its own."""

    @cached_property
    def transport(self) -> Transport:
        """What sends requests, without waits between tries."""
        return Transport(
            user_agent="tests",
            max_attempts=self.config["max_attempts"],
            retry_wait=0.0,
        )


@dataclass
class Ended:
    """What one run left behind."""

    code: int
    messages: list[Json]
    log: list[str] = field(default_factory=list)

    @property
    def state(self) -> Json:
        """The last STATE, as a target would hand it back."""
        states = [m["value"] for m in self.messages if m["type"] == "STATE"]
        return copy.deepcopy(states[-1]) if states else {}

    @property
    def summary(self) -> Json:
        """The last log line, parsed."""
        words, _, text = self.log[-1].partition("{")
        assert words.endswith("Run summary: "), self.log[-1]
        summary: Json = json.loads("{" + text)
        return summary

    def records(self, stream: str | None = None) -> list[Json]:
        """Return all rows (of a stream) in the order they were sent."""
        return [
            m["record"]
            for m in self.messages
            if m["type"] == "RECORD" and stream in (None, m["stream"])
        ]

    def keys(self) -> list[tuple[object, ...]]:
        """Return stream and key values of all rows."""
        names = {
            m["stream"]: m["key_properties"]
            for m in self.messages
            if m["type"] == "SCHEMA"
        }
        return [
            (m["stream"], *(m["record"][name] for name in names[m["stream"]]))
            for m in self.messages
            if m["type"] == "RECORD"
        ]

    def said(self, *words: str) -> list[str]:
        """Return the log lines that hold all these words."""
        return [line for line in self.log if all(word in line for word in words)]


def settings(emulator: Emulator, **changes: object) -> Json:
    """Return the settings of a run for one seller."""
    return {
        **emulator.credentials,
        "endpoint_uri": emulator.url,
        "auth_uri": emulator.token_url,
        "profile_ids": [SELLER],
        "account_types": ["seller", "vendor"],
        "start_date": NEWEST,
        **changes,
    }


@cache
def _discovered(reports: str) -> Json:
    credentials = dict.fromkeys(("client_id", "client_secret", "refresh_token"), "x")
    config = {**credentials, "reports": json.loads(reports)}
    found: Json = QuickTap(config=config, setup_mapper=False).catalog_dict
    return found


def catalog(
    streams: Iterable[str], without: Iterable[str] = (), reports: object = ()
) -> Json:
    """Return a catalog with these streams selected, some of their columns not."""
    chosen, unwanted = set(streams), set(without)
    entries = []
    for entry in _discovered(json.dumps(reports))["streams"]:
        name = entry["tap_stream_id"]
        if name in chosen:
            entries.append(copy.deepcopy(entry))
            for item in entries[-1]["metadata"]:
                column = item["breadcrumb"][-1] if item["breadcrumb"] else None
                item["metadata"]["selected"] = column not in unwanted
        else:
            root = {"breadcrumb": [], "metadata": {"selected": False}}
            entries.append({**entry, "schema": {"type": "object"}, "metadata": [root]})
    return {"streams": entries}


def run(
    emulator: Emulator,
    streams: Iterable[str] = (CAMPAIGNS,),
    *,
    state: Mapping[str, Any] | None = None,
    without: Iterable[str] = (),
    given_catalog: Json | None = None,
    tap_class: type[TapAmazonAds] = QuickTap,
    prepare: Callable[[TapAmazonAds, CollectingWriter], None] = lambda *_: None,
    **changes: object,
) -> Ended:
    """Run the tap to its end, with a copy of the state another run left."""
    writer = CollectingWriter()
    with logged() as log:
        tap = tap_class(
            config=settings(emulator, **changes),
            catalog=given_catalog
            or catalog(streams, without, changes.get("reports", ())),
            state=copy.deepcopy(dict(state or {})),
            message_writer=writer,
        )
        tap.clock = SharedClock(emulator)
        prepare(tap, writer)
        code = tap.run()
    return Ended(code, [json.loads(line) for line in writer.lines], log)


@contextmanager
def logged(level: int = logging.INFO) -> Iterator[list[str]]:
    """Collect all log lines."""
    lines: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.levelname} {record.getMessage()}")

    root, handler = logging.getLogger(), Collect()
    before = root.level
    root.setLevel(level)
    root.addHandler(handler)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


# --- what the emulator and the state say ------------------------------------


def expected_keys(emulator: Emulator, ended: Ended) -> set[tuple[object, ...]]:
    """Return the keys of all rows in the documents of all reports, sellers only."""
    names = {
        m["stream"]: m["key_properties"]
        for m in ended.messages
        if m["type"] == "SCHEMA"
    }
    streams = {TYPE_IDS[name]: name for name in names if name in TYPE_IDS}
    client = emulator.client
    found: set[tuple[object, ...]] = set()
    for create in client.statistics().creates:
        stream = streams[create.body["configuration"]["reportTypeId"]]
        for row in client.expected_rows(create.report_id):
            values = {**row, "profile_id": create.account}
            found.add((stream, *(_text(values.get(name)) for name in names[stream])))
    return found


def _text(value: object) -> str:
    return "" if value is None else str(value)


def asked(emulator: Emulator) -> list[tuple[str, str, str, str]]:
    """Return account, report type and days of every report ever accepted."""
    return [
        (
            create.account,
            create.body["configuration"]["reportTypeId"],
            create.body["startDate"],
            create.body["endDate"],
        )
        for create in emulator.client.statistics().creates
    ]


def partitions(state: Mapping[str, Any], stream: str = CAMPAIGNS) -> list[Json]:
    """Return what the state keeps for each account of a stream."""
    found: list[Json] = state.get("bookmarks", {}).get(stream, {}).get("partitions", [])
    return found


def pending_ids(state: Mapping[str, Any]) -> set[str]:
    """Return all report ids in a state."""
    return {
        item["report_id"]
        for stream in state.get("bookmarks", {})
        for entry in partitions(state, stream)
        for item in entry.get("pending_reports", [])
    }


def next_day(emulator: Emulator, days: float = 1) -> None:
    """Let time pass for the tap and the emulator."""
    emulator.client.advance(timedelta(days=days).total_seconds())
