"""Raw calls to an emulation without sockets, as a client that knows only the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client, TestResponse

from amazon_emulator import Emulator
from amazon_emulator.emulation import Emulation
from amazon_emulator.settings import Settings

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
"""Midday of a Friday in UTC; still the 20th in every marketplace but Japan."""


class EmulationCaller:
    """An emulation with a stopped clock, and clients of its two origins."""

    def __init__(self, **settings: object) -> None:
        self.emulation = Emulation(Settings().changed(settings))
        self.emulation.state.clock.set(NOON, frozen=True)
        self.api = Client(self.emulation.api)
        self.storage = Client(self.emulation.storage)

    def exchange(self, token: str, /, **changes: str) -> TestResponse:
        """Exchange a refresh token, with some form fields changed."""
        settings = self.emulation.state.settings
        form = {
            "grant_type": "refresh_token",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret,
            "refresh_token": token,
        }
        return self.api.post("/auth/o2/token", data=form | changes)

    def download(self, url: str, **headers: str) -> TestResponse:
        """Fetch a document from the storage."""
        parts = urlsplit(url)
        return self.storage.get(f"{parts.path}?{parts.query}", headers=dashed(headers))

    def fault(self, action: str, operation: str = "*", **more: object) -> None:
        rule = {"action": action, "operation": operation, **more}
        self.emulation.state.faults.add(rule)

    def advance(self, seconds: float) -> None:
        self.emulation.state.clock.advance(seconds)


def dashed(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers by their names, which hold dashes."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


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
