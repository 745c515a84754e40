"""What tests of target-amazon-audience share."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from amazon_emulator import Emulator
from support.audience_rooms import Room
from support.audience_runs import START, Bench

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    # A target takes over the signals of its process, which here is pytest's.
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """One emulator for all tests of a worker; `room` makes it as new."""
    with Emulator(now=START, frozen=True) as running:
        yield running


@pytest.fixture
def room(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    return Room(tmp_path, monkeypatch, emulator=emulator)
