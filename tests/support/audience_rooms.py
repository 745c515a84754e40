"""Runs of target-amazon-audience against the emulator's audiences, over HTTP.

Target and emulator share one clock that moves only when somebody sleeps, so hours of
waiting pass in no time.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from amazon_emulator import Emulator, EmulatorClient
from amazon_emulator.client import AudienceView, JobView
from singer_amazon.http.transport import Transport
from support.audience_runs import START, Bench, Ran, schema
from support.tap_runs import SharedClock
from target_amazon_audience import target
from target_amazon_audience.target import TargetAmazonAudience

INSTANCE = "amclight01"
"""An AMC instance with a connection of its own, and one with a DSP advertiser."""
FREE_INSTANCE = "amclight12"
"""One without a connection, on the second page of its account's instances."""
ADVERTISER = "574839201746352811"
MIRROR: dict[str, Any] = {
    "upload_mode": "MIRROR",
    "wait_until_finish": True,
    "max_wait_time": 600,
    "mirror_max_delete_percent": 100,
}
WAITING = {"wait_until_finish": True, "max_wait_time": 60}


def settings(emulator: Emulator, **changes: object) -> dict[str, Any]:
    """Return settings for an audience of the emulator; None leaves one out."""
    found = {
        **emulator.credentials,
        "endpoint_uri": emulator.url,
        "auth_uri": emulator.token_url,
        "amc_instance_id": INSTANCE,
        "external_audience_id": "loyalty-us",
        "audience_name": "loyalty_members",
        "country_code": "US",
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


@dataclass
class Room(Bench):
    """A folder for runs that speak with an emulator."""

    emulator: Emulator = field(kw_only=True)
    threads: int | None = 0

    def __post_init__(self) -> None:
        self.client.reset()
        self.client.set_now(START, frozen=True)
        quick = functools.partial(Transport, retry_wait=0.0)
        self.monkeypatch.setattr(target, "Transport", quick)

    @property
    def client(self) -> EmulatorClient:
        return self.emulator.client

    def config(self, **changes: object) -> dict[str, Any]:
        return settings(
            self.emulator,
            **{
                "state_path": str(self.database),
                "summary_path": str(self.folder / "summary.json"),
                "rejects_path": str(self.folder / "rejects.jsonl"),
                **changes,
            },
        )

    def target(self, config: dict[str, Any]) -> TargetAmazonAudience:
        kind = type(
            "Live",
            (_Quiet,),
            {"clock": SharedClock(self.emulator), "threads": self.threads},
        )
        made = kind(config=config)
        assert isinstance(made, TargetAmazonAudience)
        return made

    def good(self, messages: Iterable[object], **changes: object) -> Ran:
        """Run once, and expect no error."""
        ran = self.run(messages, **changes)
        assert ran.error is None, ran.error
        return ran

    def mirror(self, messages: Iterable[object], **changes: object) -> Ran:
        return self.run(messages, **{**MIRROR, **changes})

    # What the emulator holds

    def audience(self) -> AudienceView:
        [found] = self.client.audiences()
        return found

    def who(self, audience_id: int | None = None) -> set[str]:
        """Members of an audience, the only one if none is named."""
        found = self.audience().audience_id if audience_id is None else audience_id
        return set(self.client.audience_members(found))

    def pii(self, name: str) -> list[Mapping[str, str]]:
        """What is held of one member."""
        found = self.client.audience_members(self.audience().audience_id)[name]
        return list(found.hashed_pii)

    def jobs(self) -> list[JobView]:
        return self.client.audience_jobs()

    def count(self, operation: str, status: int | str | None = None) -> int:
        return self.client.statistics().count(operation, status)

    def is_untouched(self) -> bool:
        """Whether nobody has called, not even for a token."""
        return not self.client.statistics().calls


class _Quiet(TargetAmazonAudience):
    """The target without signals: those are pytest's here."""

    def _setup_signal_handlers(self) -> None:
        """Leave pytest its own."""

    def _handle_termination(self, signum: int, frame: object) -> None:
        """Leave pytest its own."""


def hashed(**clear: str) -> dict[str, str]:
    """Hashes of values that are normal already."""
    return {name: sha256(text.encode()).hexdigest() for name, text in clear.items()}


def names(*numbers: int) -> set[str]:
    return {f"user-{number}" for number in numbers}


__all__ = ["MIRROR", "WAITING", "Room", "hashed", "names", "schema", "settings"]
