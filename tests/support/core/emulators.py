"""Emulators over sockets for tests that share one and find it as new."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest

from amazon_emulator import Emulator
from support.core.emulation import NOON


def emulator_fixtures(
    scope: Literal["module", "session"] = "module",
    *,
    frozen: bool = True,
    **settings: Any,
) -> tuple[Any, Any]:
    """Return the fixtures `running`, and `emulator`: the same as new, at noon."""

    @pytest.fixture(scope=scope)
    def running() -> Iterator[Emulator]:
        with Emulator(now=NOON, frozen=frozen, **settings) as emulator:
            yield emulator

    @pytest.fixture
    def emulator(running: Emulator) -> Emulator:
        running.client.reset()
        running.client.set_now(NOON, frozen=frozen)
        return running

    return running, emulator
