"""Bounded disk space for documents downloaded before they are read.

The folder is private to the user and removed at exit; one that a killed run left
behind is removed by the next. A download waits for space only while something else
can free space: the oldest document is always let in, whatever its size.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # there is none on Windows, where left-overs stay
    fcntl = None  # type: ignore[assignment]

from singer_amazon.errors import ConfigError, StorageError

WAIT_SECONDS = 0.5
PREFIX = "amazon-spool-"
_LOCK = ".lock"


class SpoolClosedError(Exception):
    """The run is over; the download in progress is given up."""


class SpoolFile:
    """One document on its way to the spool, or lying in it."""

    def __init__(self, spool: Spool, path: Path) -> None:
        self.path = path
        self.size = 0
        self.content_type: str | None = None
        """The header of that name its download came with."""
        self.is_complete = False
        self.part_ends: list[int] = []
        """Where each part of a document in several ends; empty: it is one piece."""
        self._spool = spool
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file: IO[bytes] = os.fdopen(descriptor, "w+b")

    def write(self, block: bytes) -> None:
        """Append a block, waiting for space.

        Raises:
            SpoolClosedError: the run ended meanwhile.
            StorageError: the disk is full or broken.
        """
        self._spool.wait_for_space(self, len(block))
        try:
            self._file.write(block)
        except OSError as error:
            raise _no_storage(self.path.parent, error) from None

    @property
    def part_size(self) -> int:
        """The bytes of the part under way: of all, if there is but one."""
        return self.size - self._part_start

    @property
    def _part_start(self) -> int:
        return self.part_ends[-1] if self.part_ends else 0

    def end_part(self) -> None:
        """Let what follows be the next part of the document."""
        self.part_ends.append(self.size)

    def restart(self) -> None:
        """Throw away what has been written so far of this part."""
        start = self._part_start
        self._spool.give_back(self, self.size - start)
        self._file.seek(start)
        self._file.truncate()

    def finish(self) -> None:
        """Declare it complete: from now on it waits to be delivered.

        Raises:
            StorageError: the disk is full or broken.
        """
        try:
            self._file.close()
        except OSError as error:
            raise _no_storage(self.path.parent, error) from None
        self._spool.completed(self)

    def discard(self) -> None:
        """Remove it and give its space back."""
        with contextlib.suppress(OSError):  # a full disk refuses the last bytes
            self._file.close()
        self.path.unlink(missing_ok=True)
        self._spool.remove(self)


class Spool:
    """All documents on disk at one time, at most `max_bytes` of them."""

    def __init__(self, folder: str | None, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.used = 0
        self._parent = folder
        self._folder: Path | None = None
        self._remove: Callable[[], object] = lambda: None
        """Removes the folder; happens by itself when nobody closes the spool."""
        self._files: list[SpoolFile] = []
        self._changed = threading.Condition()
        self._closed = False
        self._count = 0

    def check(self) -> None:
        """Find out now whether documents can be stored.

        Raises:
            ConfigError: they cannot, and why.
        """
        try:
            if self._parent:
                Path(self._parent).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._parent):
                pass
        except OSError as error:
            folder = self._parent or tempfile.gettempdir()
            msg = f"spool_dir: {folder} cannot be written ({error.strerror})"
            raise ConfigError(msg) from None

    def has_space(self, expected_bytes: int = 0) -> bool:
        """Whether another download makes sense now."""
        with self._changed:
            return not self._files or self.used + expected_bytes < self.max_bytes

    def create(self) -> SpoolFile:
        """Begin a document.

        Raises:
            SpoolClosedError: the run is over.
            StorageError: the folder cannot be written.
        """
        with self._changed:
            if self._closed:
                raise SpoolClosedError
            self._count += 1
            try:
                file = SpoolFile(self, self._own_folder() / f"{self._count:06d}")
            except OSError as error:
                folder = self._parent or tempfile.gettempdir()
                raise _no_storage(Path(folder), error) from None
            self._files.append(file)
            return file

    def _own_folder(self) -> Path:
        if self._folder is None:
            if self._parent:
                Path(self._parent).mkdir(parents=True, exist_ok=True)
            if fcntl is not None:
                remove_left_over(Path(self._parent or tempfile.gettempdir()))
            # mkdtemp makes the folder readable by this user only
            folder = tempfile.mkdtemp(prefix=PREFIX, dir=self._parent)
            self._folder = Path(folder)
            self._remove = weakref.finalize(
                self, _remove, self._folder, _claim(self._folder)
            )
        return self._folder

    def close(self) -> None:
        """Remove everything; downloads under way are given up."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._remove()

    # --- for SpoolFile -----------------------------------------------------

    def wait_for_space(self, file: SpoolFile, count: int) -> None:
        """Block until `count` more bytes of this file may be written."""
        with self._changed:
            while not self._closed and not self._admits(file, count):
                self._changed.wait(WAIT_SECONDS)
            if self._closed:
                raise SpoolClosedError
            self.used += count
            file.size += count

    def _admits(self, file: SpoolFile, count: int) -> bool:
        if self.used + count <= self.max_bytes:
            return True
        return self._files[0] is file

    def give_back(self, file: SpoolFile, count: int) -> None:
        """Release the last bytes of a file that are written anew."""
        with self._changed:
            self.used -= count
            file.size -= count
            self._changed.notify_all()

    def completed(self, file: SpoolFile) -> None:
        """Note that a file waits to be delivered."""
        with self._changed:
            file.is_complete = True
            self._changed.notify_all()

    def remove(self, file: SpoolFile) -> None:
        """Release the space of a file that is gone."""
        with self._changed:
            if file in self._files:
                self._files.remove(file)
                self.used -= file.size
            self._changed.notify_all()


def _no_storage(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"documents cannot be spooled in {folder} ({error.strerror or error}): make "
        "room there, set spool_dir to another folder, or lower spool_max_bytes"
    )


def remove_left_over(parent: Path) -> None:
    """Remove spool folders whose process was killed; they are nobody's any more."""
    for lock_file in parent.glob(f"{PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError):  # of another user, or gone meanwhile
            lock = _flocked(lock_file)
            if lock is not None:
                _remove(lock_file.parent, lock)


def _remove(folder: Path, lock: IO[bytes] | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if lock is not None:
        lock.close()


def _claim(folder: Path) -> IO[bytes] | None:
    """Mark a folder as in use; the mark is never seen without its lock."""
    unlocked = folder / f"{_LOCK}.new"
    lock = _flocked(unlocked)
    unlocked.rename(folder / _LOCK)
    return lock


def _flocked(path: Path) -> IO[bytes] | None:
    """Open and lock a file; None where another process holds it."""
    lock = path.open("ab")
    try:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock
