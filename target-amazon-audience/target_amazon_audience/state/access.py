"""The databases and locks of one run.

Two runs, and two streams of one run, must not work on one audience at once.
"""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from singer_amazon.errors import ConfigError
from singer_amazon.private_files import FILE_RIGHTS, private_folder
from target_amazon_audience.errors import StateFileError
from target_amazon_audience.state.store import AudienceStore

_MEND = (
    "Give both records one stream name by stream_maps (__alias__), and name that one."
)


class StateAccess:
    """What a run has opened and locked, until it ends or its process does.

    ``identity`` tells apart clients and regions in the database.
    """

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self._keys: dict[str, str | None] = {}
        self._ids: dict[int, str | None] = {}
        """Audiences by id, each with the stream that goes to it."""
        self._stores: dict[tuple[Path, bool], AudienceStore] = {}
        self._locked: set[str] = set()
        self._owner = secrets.token_hex(8)
        self._held = ExitStack()

    def close(self) -> None:
        """Give everything back."""
        self._held.close()

    def store(self, path: Path, *, read_only: bool) -> AudienceStore:
        """Open a database, once."""
        if (path, read_only) not in self._stores:
            store = AudienceStore(path, owner=self._owner, read_only=read_only)
            self._stores[path, read_only] = store
            self._held.callback(store.close)
        return self._stores[path, read_only]

    def claim(self, key: str, stream: str | None) -> None:
        """Note which stream goes to an audience.

        Raises:
            ConfigError: another stream of this run goes to it.
        """
        if key in self._keys:
            msg = (
                f"Setting streams: {self._keys[key]} and {stream} name the same "
                f"audience. {_MEND}"
            )
            raise ConfigError(msg)
        self._keys[key] = stream

    def claim_id(self, audience_id: int, stream: str | None, shown: str) -> None:
        """Note which stream goes to an audience: CREATE and UPDATE name it differently.

        Raises:
            ConfigError: another stream of this run goes to it.
        """
        if audience_id in self._ids:
            msg = (
                f"Setting streams: {self._ids[audience_id]} and {stream} both lead to "
                f"audience {shown}. {_MEND}"
            )
            raise ConfigError(msg)
        self._ids[audience_id] = stream

    def lock_id(self, database: Path, audience_id: int, what: str) -> None:
        """Lock an audience by its id, as ``lock`` does, unless that was done."""
        key = f"{self._identity}|{audience_id}"
        if key not in self._locked:
            self.lock(database, key, what)

    def lock(self, database: Path, key: str, what: str) -> None:
        """Lock an audience by what this target knows it by.

        Raises:
            StateFileError: another run has it.
        """
        digest = sha256(key.encode()).hexdigest()[:16]
        file = database.resolve().parent / "locks" / f"{digest}.lock"
        lock = FileLock(file, mode=FILE_RIGHTS, is_singleton=False)
        try:
            private_folder(file.parent)
            lock.acquire(timeout=0)
        except Timeout:
            msg = (
                f"Another run is working on {what}: wait for its end. Two runs at "
                "once would undo each other's work."
            )
            raise StateFileError(msg) from None
        except OSError as error:
            msg = f"The lock {file} cannot be taken ({error})."
            raise StateFileError(msg) from None
        self._locked.add(key)
        self._held.callback(lock.release)
