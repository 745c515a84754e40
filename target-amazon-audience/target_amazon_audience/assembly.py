"""Puts a run together from its settings: stores, locks, lanes, clients and threads."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from singer_amazon.errors import ConfigError
from target_amazon_audience.database import AudienceLock
from target_amazon_audience.dry import DryShow
from target_amazon_audience.hands import Hands
from target_amazon_audience.lane import Lane
from target_amazon_audience.ledger import StateLedger
from target_amazon_audience.opening import Opening, key_of
from target_amazon_audience.pacing import Pacer
from target_amazon_audience.store import Store
from target_amazon_audience.uploader import SharedPacer, Upload, Uploader
from target_amazon_audience.workers import Gate, Workers

if TYPE_CHECKING:
    from singer_amazon.clock import Clock
    from target_amazon_audience.ports import AudienceApi, Pauser
    from target_amazon_audience.run import Completion
    from target_amazon_audience.settings import Mapped, Settings


@dataclass
class Assembly:
    """The parts of a run that hold something open; close it at the end."""

    settings: Settings
    identity: str
    """Tells apart clients and regions in the database."""
    api: AudienceApi
    clock: Clock
    pauser: Pauser
    threads: int
    ledger: StateLedger = field(default_factory=StateLedger)
    _open: ExitStack = field(default_factory=ExitStack)
    _stores: dict[tuple[Path, bool], Store] = field(default_factory=dict)
    _pacers: dict[str, SharedPacer] = field(default_factory=dict)
    _claimed: dict[int, str | None] = field(default_factory=dict)
    """Audiences by id, each with the stream that goes to it."""

    def __post_init__(self) -> None:
        self.workers: Workers[Completion] = Workers(self.threads)
        self._gate = Gate()
        self._owner = secrets.token_hex(8)
        self._idle = SharedPacer(Pacer(), self.clock, self.pauser)

    def lanes(self) -> dict[str | None, Lane]:
        """Return one lane per audience, each with its lock.

        Raises:
            ConfigError: two streams name one audience.
            StateFileError: another run works on one of them.
        """
        keys: dict[str, str | None] = {}
        lanes: dict[str | None, Lane] = {}
        for number, (stream, mapped) in enumerate(self.settings.audiences.items()):
            key = key_of(mapped, self.identity)
            if key in keys:
                msg = (
                    f"Setting streams: {keys[key]} and {stream} name the same "
                    "audience. Give both records one stream name by stream_maps "
                    "(__alias__), and name that one."
                )
                raise ConfigError(msg)
            keys[key] = stream
            lanes[stream] = self._lane(number, stream, mapped, key)
        return lanes

    def close(self) -> None:
        """Let go of databases and locks."""
        self._open.close()

    def pacer_of(self, lane: Lane) -> SharedPacer:
        """Return the pace of the connection that a lane's records count to."""
        return self._idle if lane.uploader is None else lane.uploader.pacer

    def _pacer(self, connection: str, store: Store) -> SharedPacer:
        """Return the pace that all audiences of one connection share."""
        if connection not in self._pacers:
            now = self.clock.now().timestamp()
            pacer = Pacer(past=store.volume(connection, now))
            self._pacers[connection] = SharedPacer(pacer, self.clock, self.pauser)
        return self._pacers[connection]

    def _lane(self, number: int, stream: str | None, mapped: Mapped, key: str) -> Lane:
        store = self._store(mapped)
        submit: Callable[[Lane, Upload], None] = self._submit
        if mapped.is_dry:
            submit = DryShow().submit
        else:
            self._lock(mapped, key)
        hands = Hands(
            store,
            self.ledger,
            self.clock,
            self._gate.wait,
            submit,
            self._uploader,
            self._claim,
        )
        opening = Opening(mapped, key, self.api, store, self.clock)
        return Lane(number, stream, mapped, opening, hands)

    def _lock(self, mapped: Mapped, key: str) -> None:
        lock = AudienceLock(mapped.state_path, key)
        lock.take(f"audience {mapped.external_audience_id or mapped.audience_id}")
        self._open.callback(lock.release)

    def _claim(self, lane: Lane, audience_id: int) -> None:
        """Lock an audience by its id too: CREATE and UPDATE name it differently.

        Raises:
            ConfigError: another stream of this run goes to it.
            StateFileError: another run works on it.
        """
        if audience_id in self._claimed:
            msg = (
                f"Setting streams: {self._claimed[audience_id]} and {lane.stream} "
                f"both lead to audience {audience_id}. Give both records one stream "
                "name by stream_maps (__alias__), and name that one."
            )
            raise ConfigError(msg)
        self._claimed[audience_id] = lane.stream
        if lane.settings.action == "CREATE":
            self._lock(lane.settings, f"{self.identity}|{audience_id}")

    def _store(self, mapped: Mapped) -> Store:
        place = (mapped.state_path, mapped.is_dry)
        if place not in self._stores:
            store = Store(mapped.state_path, owner=self._owner, read_only=mapped.is_dry)
            self._stores[place] = store
            self._open.callback(store.close)
        return self._stores[place]

    def _uploader(self, lane: Lane) -> Uploader:
        store, place = lane.hands.store, lane.opening.place()
        pacer = self._pacer(place.connection, store)
        return Uploader(self.api, store, place, pacer, lane.limits, self.clock)

    def _submit(self, lane: Lane, upload: Upload) -> None:
        uploader = lane.uploader
        assert uploader is not None  # noqa: S101 - made before anything is submitted

        turn = self._gate.turn()

        def call() -> Completion:
            with turn:
                outcome = uploader.run(replace(upload, keep=turn.ended_by(upload.keep)))
            return lambda: lane.aftercare.uploaded(outcome)

        self.workers.submit(call)
