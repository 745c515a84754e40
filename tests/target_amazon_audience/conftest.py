"""What tests of target-amazon-audience share."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.audience.dataset_runner import DatasetRunner
from support.audience.emulator import InProcessEmulator
from support.audience.runner import Runner

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    # A target takes over the signals of its process, which here is pytest's.
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def emulator() -> InProcessEmulator:
    """One emulator for all tests of a worker; `target` makes it as new."""
    return InProcessEmulator()


@pytest.fixture
def target(
    emulator: InProcessEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Runner:
    return Runner(tmp_path, monkeypatch, emulator)


@pytest.fixture
def dataset_target(
    emulator: InProcessEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> DatasetRunner:
    """A target for Ads Data Manager, with an account that may begin."""
    made = DatasetRunner(tmp_path, monkeypatch, emulator)
    made.prepare()
    return made
