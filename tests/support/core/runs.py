"""Runs of a tap in this process: as an object, or through its command-line entry.

A run as an object has one thread, and one clock shared with the emulator that moves
only when somebody sleeps: hours pass in no time and every run goes the same way.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, TypeVar

import pytest
from singer_sdk.plugin_base import _ConfigInput

from singer_amazon.clock import Clock
from singer_amazon.http.transport import Transport
from singer_amazon.tap.base import ReportTap
from singer_amazon.tap.message_writer import MessageWriter
from support.core.capture import caught_log, environment, kept_signals
from support.core.summary import valid_summary

Json = dict[str, Any]
QUICK_POLLS = {"poll_interval_seconds": 0.05, "poll_interval_max_seconds": 0.2}
AnyTap = TypeVar("AnyTap", bound=ReportTap)


class CollectingWriter(MessageWriter):
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
        self.lines.append(line)


class Quick(ReportTap):
    """Makes a tap one without threads, waits between tries, and signals."""

    workers: int | None = 0
    nap_seconds = 30.0

    def _setup_signal_handlers(self) -> None:
        """Leave pytest its own."""

    @cached_property
    def transport(self) -> Transport:
        """What sends requests, without waits between tries."""
        return Transport(
            user_agent="tests/1.0 (Language=Python/3.12)",
            max_attempts=self.config["max_attempts"],
            retry_wait=0.0,
        )


@dataclass(slots=True)
class Run:
    """What one run of a tap gave."""

    code: int
    text: str = field(repr=False)
    logged: list[logging.LogRecord] = field(repr=False)
    messages: list[Json] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.messages = [json.loads(line) for line in self.text.split("\n") if line]

    def of_type(self, kind: str) -> list[Json]:
        return [m for m in self.messages if m["type"] == kind]

    def rows(self, stream: str | None = None) -> list[Json]:
        return [
            m["record"]
            for m in self.of_type("RECORD")
            if stream is None or stream == m["stream"]
        ]

    def schema(self, stream: str) -> Json:
        return next(m for m in self.of_type("SCHEMA") if m["stream"] == stream)

    def key_names(self) -> dict[str, list[str]]:
        return {m["stream"]: m["key_properties"] for m in self.of_type("SCHEMA")}

    def keys(self) -> list[tuple[object, ...]]:
        names = self.key_names()
        return [
            (m["stream"], *(m["record"][name] for name in names[m["stream"]]))
            for m in self.of_type("RECORD")
        ]

    @property
    def state(self) -> Json:
        """The last STATE, as a target would hand it back."""
        states = self.of_type("STATE")
        return copy.deepcopy(states[-1]["value"]) if states else {}

    def partitions(self, stream: str) -> list[Json]:
        found: list[Json] = self.state["bookmarks"][stream]["partitions"]
        return found

    def partition(self, stream: str, account: str) -> Json:
        return next(
            p for p in self.partitions(stream) if account in p["context"].values()
        )

    @property
    def log(self) -> list[str]:
        return [f"{r.levelname} {r.getMessage()}" for r in self.logged]

    def said(self, *words: str) -> list[str]:
        return [line for line in self.log if all(word in line for word in words)]

    def lines(self, level: int) -> list[str]:
        return [r.getMessage() for r in self.logged if r.levelno == level]

    @property
    def infos(self) -> list[str]:
        return self.lines(logging.INFO)

    @property
    def warnings(self) -> list[str]:
        return self.lines(logging.WARNING)

    @property
    def errors(self) -> list[str]:
        return self.lines(logging.ERROR)

    @property
    def tracebacks(self) -> int:
        return sum(r.exc_info is not None for r in self.logged)

    @property
    def summary(self) -> Json:
        """The JSON of the run's last line."""
        words, _, text = self.log[-1].partition("{")
        assert words.endswith("Run summary: "), self.log[-1]
        return valid_summary(json.loads("{" + text))


def run_tap(
    tap_class: Callable[..., AnyTap],
    clock: Clock,
    config: Json,
    *,
    catalog: Json | None = None,
    state: Mapping[str, Any] | None = None,
    prepare: Callable[[AnyTap, CollectingWriter], object] = lambda *_: None,
) -> Run:
    """Run a tap to its end, with a copy of the state another run left."""
    writer = CollectingWriter()
    with caught_log() as logged:
        tap = tap_class(
            config=config,
            catalog=catalog,
            state=copy.deepcopy(dict(state or {})),
            message_writer=writer,
        )
        tap.clock = clock
        prepare(tap, writer)
        code = tap.run()
    return Run(code, b"".join(writer.lines).decode(), logged)


def invoke_tap(
    tap_class: type[ReportTap],
    clock: Clock,
    config: Mapping[str, Any],
    *,
    catalog: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Run:
    """Enter a tap where its command line enters; with variables it reads them too."""
    clocked: Any = type("Clocked", (tap_class,), {"clock": clock})
    out = io.StringIO()
    with (
        caught_log() as logged,
        kept_signals(),
        contextlib.redirect_stdout(out),
        environment(variables or {}),
        pytest.raises(SystemExit) as ended,
    ):
        clocked.invoke(
            config=_ConfigInput(json.loads(json.dumps(config)), variables is not None),
            catalog=None if catalog is None else io.StringIO(json.dumps(catalog)),
            state=None if state is None else io.StringIO(json.dumps(state)),
        )
    code = ended.value.code
    return Run(code if isinstance(code, int) else 1, out.getvalue(), logged)


@cache
def _discovered(tap_class: Callable[..., ReportTap], shaping: str) -> Json:
    secrets = dict.fromkeys(("client_id", "client_secret", "refresh_token"), "x")
    with kept_signals():
        tap = tap_class(config=secrets | json.loads(shaping), setup_mapper=False)
    found: Json = tap.catalog_dict
    return found


def selected_catalog(
    tap_class: Callable[..., ReportTap],
    shaping: Mapping[str, object],
    streams: Iterable[str] | None = None,
    is_selected: Callable[[str, str], bool] = lambda *_: True,
) -> Json:
    """Return a tap's catalog with nothing selected but these streams (None: all).

    `shaping` holds the settings that make streams; `is_selected` is asked with stream
    and column.
    """
    known = _discovered(tap_class, json.dumps(shaping, sort_keys=True))["streams"]
    names = {entry["tap_stream_id"] for entry in known}
    chosen = names if streams is None else set(streams)
    assert chosen <= names, f"there are no streams {chosen - names}"
    entries = []
    for entry in known:
        name = entry["tap_stream_id"]
        if name in chosen:
            entries.append(copy.deepcopy(entry))
            for item in entries[-1]["metadata"]:
                metadata, path = item["metadata"], item["breadcrumb"]
                is_fixed = not path or metadata.get("inclusion") == "automatic"
                metadata["selected"] = is_fixed or is_selected(name, path[-1])
        else:
            root = {"breadcrumb": [], "metadata": {"selected": False}}
            entries.append({**entry, "schema": {"type": "object"}, "metadata": [root]})
    return {"streams": entries}


def partitions(state: Mapping[str, Any], stream: str) -> list[Json]:
    """Return what a state keeps of a stream, partition by partition."""
    found: list[Json] = state.get("bookmarks", {}).get(stream, {}).get("partitions", [])
    return found


def pending_reports(state: Mapping[str, Any]) -> list[tuple[Json, str]]:
    """Return context and id of all reports in a state."""
    return [
        (entry["context"], item["report_id"])
        for stream in state.get("bookmarks", {})
        for entry in partitions(state, stream)
        for item in entry.get("pending_reports", [])
    ]
