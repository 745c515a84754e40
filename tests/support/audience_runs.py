"""Runs of target-amazon-audience in this process, on a fake Amazon and a fake clock."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from singer_amazon.clock import FakeClock
from singer_amazon.errors import AmazonError
from singer_amazon.http.auth import Credential, TokenProvider
from singer_amazon.http.client import ApiClient
from support.audience_amazon import FakeAmazon, FakeTransport
from target_amazon_audience import target
from target_amazon_audience.amc.client import CLIENT_ID, HttpAudienceApi
from target_amazon_audience.amc.models import AudienceApi
from target_amazon_audience.amc.rate_limits import ClockPauser
from target_amazon_audience.target import TargetAmazonAudience

START = datetime(2026, 11, 21, 7, 0, tzinfo=timezone.utc)
STREAM = "customers"
SECRETS = {
    "client_id": "amzn1.client",
    "client_secret": "client-secret",
    "refresh_token": "Atzr|refresh",
}
CREATE: dict[str, Any] = {
    **SECRETS,
    "amc_instance_id": "amcinst",
    "external_audience_id": "loyalty-us",
    "audience_name": "loyalty_members",
    "country_code": "US",
}


def schema(
    stream: str = STREAM, *columns: str, keys: Iterable[str] = ()
) -> dict[str, Any]:
    names = columns or ("externaluserid", "email")
    properties = {name: {"type": ["string", "null"]} for name in names}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": properties},
        "key_properties": list(keys),
    }


def record(**values: object) -> dict[str, Any]:
    return {"type": "RECORD", "stream": STREAM, "record": values}


def person(number: int | str, **values: object) -> dict[str, Any]:
    """A record of one person, with an e-mail of their own."""
    return record(
        externaluserid=f"user-{number}", email=f"person{number}@example.com", **values
    )


def state(value: object) -> dict[str, Any]:
    return {"type": "STATE", "value": {"bookmarks": value}}


def lines(messages: Iterable[object]) -> str:
    return "".join(m if isinstance(m, str) else json.dumps(m) + "\n" for m in messages)


class Offline(TargetAmazonAudience):
    """The target on a fake transport, without threads."""

    threads = 0
    amazon: FakeAmazon

    def make_api(self, region: str) -> AudienceApi:  # noqa: ARG002 - one fake for all
        transport = FakeTransport(self.amazon)
        tokens = TokenProvider(
            Credential(**SECRETS),
            auth_uri="https://lwa.example/auth/o2/token",
            transport=transport,
            clock=self.clock,
        )
        client = ApiClient(
            base_url="https://amazon.example",
            tokens=tokens,
            transport=transport,
            clock=self.clock,
            headers={CLIENT_ID: SECRETS["client_id"]},
        )
        return HttpAudienceApi(client, ClockPauser(self.clock, self.is_stopped))

    def _handle_termination(self, signum: int, frame: object) -> None:
        """Leave the signals of the test process alone."""


@dataclass
class Ran:
    """What one run has left behind."""

    states: list[Any]
    summary: dict[str, Any]
    error: AmazonError | None

    @property
    def report(self) -> dict[str, Any]:
        [found] = self.summary["audiences"]
        assert isinstance(found, dict)
        return found


@dataclass
class Bench:
    """A folder, a clock and an Amazon that outlive a run."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    amazon: FakeAmazon = field(default_factory=FakeAmazon)
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    write: Callable[[bytes], None] | None = None
    """What takes STATE in the place of a list."""

    @property
    def database(self) -> Path:
        return self.folder / "state" / "state.sqlite3"

    def config(self, **changes: object) -> dict[str, Any]:
        found = {
            **CREATE,
            "state_path": str(self.database),
            "summary_path": str(self.folder / "summary.json"),
            "rejects_path": str(self.folder / "rejects.jsonl"),
            **changes,
        }
        return {name: value for name, value in found.items() if value is not None}

    def target(self, config: dict[str, Any]) -> TargetAmazonAudience:
        kind = type("Offline", (Offline,), {"amazon": self.amazon, "clock": self.clock})
        made = kind(config=config)
        assert isinstance(made, TargetAmazonAudience)
        return made

    def run(self, messages: Iterable[object], **changes: object) -> Ran:
        """Run once; a schema comes before the messages."""
        states: list[Any] = []
        if self.write is None:
            write = lambda text: states.append(json.loads(text))  # noqa: E731
        else:
            write = self.write
        self.monkeypatch.setattr(target, "write_stdout", write)
        error: AmazonError | None = None
        try:
            self.listen(io.StringIO(lines([schema(), *messages])), **changes)
        except AmazonError as found:
            error = found
        path = self.folder / "summary.json"
        summary = json.loads(path.read_text()) if path.exists() else {}
        return Ran([s["bookmarks"] for s in states], summary, error)

    def listen(self, source: Any, **changes: object) -> None:
        """Run once on an input of the test's own."""
        if self.write is not None:
            self.monkeypatch.setattr(target, "write_stdout", self.write)
        self.target(self.config(**changes)).listen(source)

    def rejects(self) -> list[dict[str, Any]]:
        path = self.folder / "rejects.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text().splitlines()]
