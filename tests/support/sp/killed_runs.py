"""Runs whose process is gone before or after a certain call."""

from __future__ import annotations

import contextlib
import copy
from typing import Any, NamedTuple

from amazon_emulator import Emulator
from singer_amazon.http.transport import Transport
from support.sp.runs import CollectingWriter, Json, run
from tap_amazon_sp.tap import TapAmazonSp


class _DeadError(BaseException):
    """The process is gone."""


class _Killed(Transport):
    """Ends the process before or after a certain call."""

    calls: int
    at: int
    after_it: bool

    def send(self, *args: Any, **options: Any) -> Any:
        self.calls += 1
        is_last = self.calls == self.at
        if is_last and not self.after_it:
            raise _DeadError
        response = super().send(*args, **options)
        if is_last:
            raise _DeadError
        return response


class Killed(NamedTuple):
    """What a killed run has left."""

    state: Json
    rows: list[Json]
    calls: int


def run_killed(
    emulator: Emulator,
    stream: str,
    at: int,
    *,
    after_it: bool,
    state: Json | None = None,
    **settings: Any,
) -> Killed:
    """Run a stream up to a call."""
    states: list[Json] = [state or {}]
    rows: list[Json] = []
    transports: list[_Killed] = []

    def prepare(tap: TapAmazonSp, writer: CollectingWriter) -> None:
        transport = _Killed(user_agent="tests/1.0", retry_wait=0.0)
        transport.calls, transport.at, transport.after_it = 0, at, after_it
        tap.__dict__["transport"] = transport
        transports.append(transport)

        def on_line(message: Json) -> None:
            if message["type"] == "STATE":
                states.append(copy.deepcopy(message["value"]))
            elif message["type"] == "RECORD":
                rows.append(message["record"])

        writer.on_line = on_line

    with contextlib.suppress(_DeadError):
        run(emulator, stream, state=state, prepare=prepare, **settings)
    return Killed(states[-1], rows, transports[0].calls)
