"""Runs of target-amazon-audience in this process, against the emulator.

Target and emulator share one clock that moves only when somebody sleeps, so hours of
waiting pass in no time.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from amazon_emulator import EmulatorClient
from singer_amazon.clock import Clock
from singer_amazon.errors import AmazonError
from support.audience.emulator import (
    CREDENTIALS,
    INSTANCE,
    TOKEN_URL,
    URL,
    InProcessEmulator,
)
from support.core.clocks import EmulatorClock
from support.core.summary import valid_summary
from target_amazon_audience import target
from target_amazon_audience.target import TargetAmazonAudience

STREAM = "customers"
CREATE: dict[str, Any] = {
    **CREDENTIALS,
    "endpoint_uri": URL,
    "auth_uri": TOKEN_URL,
    "amc_instance_id": INSTANCE,
    "external_audience_id": "loyalty-us",
    "audience_name": "loyalty_members",
    "country_code": "US",
}
WAIT: dict[str, Any] = {"wait_until_finish": True, "max_wait_time": 60}
MIRROR: dict[str, Any] = {
    "upload_mode": "MIRROR",
    "wait_until_finish": True,
    "max_wait_time": 600,
    "mirror_max_delete_percent": 100,
}


def settings(**changes: object) -> dict[str, Any]:
    """Return settings for an audience of the emulator; None leaves one out."""
    found = {**CREATE, **changes}
    return {name: value for name, value in found.items() if value is not None}


# Messages


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


def people(*numbers: int, **values: object) -> list[dict[str, Any]]:
    return [person(number, **values) for number in numbers]


def state(value: object) -> dict[str, Any]:
    return {"type": "STATE", "value": {"bookmarks": value}}


def lines(messages: Iterable[object]) -> str:
    return "".join(m if isinstance(m, str) else json.dumps(m) + "\n" for m in messages)


END: dict[str, Any] = {"type": "STATE", "value": {}}
"""Says that the input is all there is; such a STATE is not passed on."""


# What is expected


def hashed(**clear: str) -> dict[str, str]:
    """Hashes of values that are normal already."""
    return {name: sha256(text.encode()).hexdigest() for name, text in clear.items()}


def names(*numbers: int) -> set[str]:
    return {f"user-{number}" for number in numbers}


# Runs


class QuietTarget(TargetAmazonAudience):
    """The target without threads and signals: those are pytest's here."""

    threads: int | None = 0

    def _setup_signal_handlers(self) -> None:
        """Leave pytest its own."""

    def _handle_termination(self, signum: int, frame: object) -> None:
        """Leave pytest its own."""


@dataclass
class Ran:
    states: list[Any]
    summary: dict[str, Any]
    error: AmazonError | None

    @property
    def report(self) -> dict[str, Any]:
        [found] = self.summary["audiences"]
        assert isinstance(found, dict)
        return found

    def noted(self, words: str) -> bool:
        """Whether a note of the summary holds these words."""
        return any(words in note for note in self.report["notes"])


@dataclass
class Runner:
    """A folder, a clock and an emulator that outlive a run."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    emulator: InProcessEmulator
    threads: int | None = 0
    write: Callable[[bytes], None] | None = None
    """What takes STATE in the place of a list."""
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.emulator.reset()
        self.emulator.connect(self.monkeypatch)
        self.clock = EmulatorClock(self.emulator)

    def prepare(self) -> None:
        """Do what a person does in the console before the first run: nothing."""

    @staticmethod
    def rule(rule: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return a fault rule as the emulator takes it; None: it means nothing."""
        return rule

    @property
    def client(self) -> EmulatorClient:
        return self.emulator.client

    @property
    def database(self) -> Path:
        return self.folder / "state" / "state.sqlite3"

    def config(self, **changes: object) -> dict[str, Any]:
        return settings(
            **{
                "state_path": str(self.database),
                "summary_path": str(self.folder / "summary.json"),
                "rejects_path": str(self.folder / "rejects.jsonl"),
                **changes,
            }
        )

    def plugin(self, **changes: object) -> TargetAmazonAudience:
        own = {"clock": self.clock, "threads": self.threads}
        made = type("Plugin", (QuietTarget,), own)(config=self.config(**changes))
        assert isinstance(made, TargetAmazonAudience)
        return made

    def listen(self, source: Any, **changes: object) -> None:
        """Run once on an input of the test's own."""
        if self.write is not None:
            self.monkeypatch.setattr(target, "write_stdout", self.write)
        self.plugin(**changes).listen(source)

    def run(self, messages: Iterable[object], **changes: object) -> Ran:
        """Run once; a schema comes before the messages."""
        states: list[Any] = []
        error: AmazonError | None = None

        def keep(text: bytes) -> None:
            states.append(json.loads(text)["bookmarks"])

        self.monkeypatch.setattr(target, "write_stdout", keep)
        try:
            self.listen(io.StringIO(lines([schema(), *messages])), **changes)
        except AmazonError as found:
            error = found
        path = self.folder / "summary.json"
        summary = valid_summary(json.loads(path.read_text())) if path.exists() else {}
        return Ran(states, summary, error)

    def good(self, messages: Iterable[object], **changes: object) -> Ran:
        ran = self.run(messages, **changes)
        assert ran.error is None, ran.error
        return ran

    def mirror(self, *messages: object, **changes: object) -> Ran:
        """Mirror once, and expect no error; the input comes to its end."""
        return self.good([*messages, END], **{**MIRROR, **changes})

    def refused_mirror(self, *messages: object, **changes: object) -> Ran:
        """Mirror once, and expect an error; the input comes to its end."""
        ran = self.run([*messages, END], **{**MIRROR, **changes})
        assert ran.error is not None
        return ran

    def seconds_of(self, messages: Iterable[object], **changes: object) -> float:
        """Run once without an error, and return how long it took."""
        before = self.clock.now()
        self.good(messages, **changes)
        return (self.clock.now() - before).total_seconds()

    def rejects(self) -> list[dict[str, Any]]:
        path = self.folder / "rejects.jsonl"
        text = path.read_text() if path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    # What the emulator holds

    def fault(self, action: str, operation: str = "records", **more: Any) -> int:
        return self.client.add_fault(action, operation=operation, **more)

    def audience(self) -> Any:
        [found] = self.client.audiences()
        return found

    def ids(self) -> dict[str, int]:
        """External ids of the audiences with those of Amazon, oldest first."""
        return {a.external_audience_id: a.audience_id for a in self.client.audiences()}

    def members(self, audience_id: int | None = None) -> set[str]:
        """Members of an audience, the only one if none is named."""
        found = self.audience().audience_id if audience_id is None else audience_id
        return set(self.client.audience_members(found))

    def held(self) -> dict[str, list[Mapping[str, str]]]:
        """Return whom the only audience holds, with their hashes."""
        held = self.client.audience_members(self.audience().audience_id)
        return {name: list(member.hashed_pii) for name, member in held.items()}

    def pii(self, name: str) -> list[Mapping[str, str]]:
        found = self.client.audience_members(self.audience().audience_id)[name]
        return list(found.hashed_pii)

    def jobs(self) -> list[Any]:
        return self.client.audience_jobs()

    def connections(self) -> dict[str, dict[str, Any]]:
        return {c["connectionId"]: c for c in self.emulator.client.connections()}

    def count(self, operation: str, status: int | str | None = None) -> int:
        return self.client.statistics().count(operation, status)

    def is_untouched(self) -> bool:
        """Whether nobody has called, not even for a token."""
        return not self.emulator.exchanges
