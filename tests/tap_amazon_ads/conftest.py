from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from amazon_emulator import Emulator, EmulatorClient
from support.ads.runs import NOON, Run, fresh, run_command
from support.s3.bucket import lone_bucket as bucket
from support.s3.bucket import s3_server

__all__ = ["bucket", "s3_server"]


@pytest.fixture(scope="session")
def running() -> Iterator[Emulator]:
    """One emulator for all tests of a worker; `emulator` makes it as new."""
    with Emulator(now=NOON, frozen=True) as server:
        yield server


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    """The emulator as at first, at noon of 20 November 2026 UTC."""
    fresh(running)
    return running


@pytest.fixture
def amazon(emulator: Emulator) -> EmulatorClient:
    """What its tests tell the emulator: the clock, the faults."""
    return emulator.client


@pytest.fixture
def run(emulator: Emulator) -> Callable[..., Run]:
    """Runs the tap against the emulator; see run_command."""
    return functools.partial(run_command, emulator)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[requests.PreparedRequest]:
    """Every HTTP request this process sends, as it goes out."""
    gone_out: list[requests.PreparedRequest] = []
    send = requests.Session.send

    def recording(
        session: requests.Session, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        gone_out.append(request)
        return send(session, request, **kwargs)

    monkeypatch.setattr(requests.Session, "send", recording)
    return gone_out
