"""The state of one shard as a file: written whole or not at all, by one run."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from airflow_amazon_singer.errors import RunError


class StateFile:
    """A Singer state on a disk that all workers share."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.json"
        self._lock = folder / f"{name}.lock"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs of this shard out; the lock ends with the process.

        Raises:
            RunError: another run is under way.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                msg = (
                    f"another run holds {self._lock}: this shard is being read. The "
                    "next retry looks again"
                )
                raise RunError(msg) from None
            yield

    def existing(self) -> str | None:
        """Return the path for the tap; None before the first state."""
        return str(self.path) if self.path.exists() else None

    def save(self, state: str) -> None:
        """Put a state in the place of the one before."""
        new = self.path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(state)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
