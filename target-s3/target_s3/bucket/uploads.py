"""Closed objects on their way to the bucket, several at once."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import BinaryIO

from target_s3.bucket.s3 import ObjectStore

WORKERS = 4


@dataclass(slots=True)
class Upload:
    """One closed object; ``number`` is the one the state tracker gave it.

    Once it is through, it is stored where ``error`` is None.
    """

    stream: str
    key: str
    file: BinaryIO
    rows: int
    size: int
    number: int
    error: Exception | None = None


class Uploads:
    """Hands uploads to threads and collects those that are through.

    ``pending`` of them were not collected yet and take ``pending_bytes`` of disk. With
    no workers every upload is made at once by the caller, as tests want it.
    """

    def __init__(self, store: ObjectStore, workers: int = WORKERS) -> None:
        self._store = store
        self._workers = workers
        self._threads: list[threading.Thread] = []
        self._waiting: queue.SimpleQueue[Upload] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Upload] = queue.SimpleQueue()
        self.pending_bytes = 0
        self.pending = 0

    def submit(self, upload: Upload) -> None:
        """Upload the file as soon as a thread is free, and close it then."""
        self.pending += 1
        self.pending_bytes += upload.size
        if not self._workers:
            self._results.put(self._put(upload))
            return
        self._waiting.put(upload)
        if len(self._threads) < min(self._workers, self.pending):
            thread = threading.Thread(target=self._work, name="upload", daemon=True)
            self._threads.append(thread)
            thread.start()

    def result(self, timeout: float = 0) -> Upload | None:
        """The next that is through, None when none was within ``timeout`` seconds."""
        if not self.pending:
            return None
        try:
            found = self._results.get(block=timeout > 0, timeout=timeout)
        except queue.Empty:
            return None
        self.pending -= 1
        self.pending_bytes -= found.size
        return found

    def give_up(self) -> None:
        """Drop the uploads that have not begun; those under way go on."""
        while True:
            try:
                upload = self._waiting.get_nowait()
            except queue.Empty:
                return
            upload.file.close()
            self.pending -= 1
            self.pending_bytes -= upload.size

    def _work(self) -> None:
        while True:
            self._results.put(self._put(self._waiting.get()))

    def _put(self, upload: Upload) -> Upload:
        try:
            with upload.file:
                self._store.put(upload.key, upload.file)
        except Exception as error:  # noqa: BLE001 - raised again by the main thread
            upload.error = error
        return upload
