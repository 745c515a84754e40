"""Closed objects on their way to the bucket, several at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from singer_amazon.workers import Workers
from target_s3.bucket.s3 import ObjectStore
from target_s3.errors import StoreError

WORKERS = 4


@dataclass(frozen=True, slots=True)
class Upload:
    """One closed object; ``number`` is the one the state tracker gave it."""

    stream: str
    key: str
    file: BinaryIO
    rows: int
    size: int
    number: int


@dataclass(frozen=True, slots=True)
class _Call:
    store: ObjectStore
    upload: Upload

    def __call__(self) -> Upload:
        with self.upload.file as file:
            try:
                self.store.put(self.upload.key, file)
            except StoreError as error:
                error.stream = self.upload.stream
                raise
        return self.upload


class Uploads:
    """Hands uploads to threads; those not taken back yet need ``pending_bytes``.

    With no workers every upload is made at once by the caller, as tests want it.
    """

    def __init__(self, store: ObjectStore, workers: int = WORKERS) -> None:
        self.pending_bytes = 0
        self._store = store
        self._workers: Workers[Upload] = Workers(workers)

    @property
    def pending(self) -> int:
        """Uploads that were not taken back yet."""
        return self._workers.under_way

    def submit(self, upload: Upload) -> None:
        """Upload the file as soon as a thread is free, and close it then."""
        self.pending_bytes += upload.size
        self._workers.submit(_Call(self._store, upload))

    def stored(self, timeout: float = 0) -> Upload | None:
        """The next that is stored, None if none is within ``timeout`` seconds.

        Raises:
            StoreError: the next one could not be stored.
        """
        for upload in self._workers.next_result(timeout) or ():
            self.pending_bytes -= upload.size
            return upload
        return None

    def give_up(self) -> None:
        """Drop the uploads that have not begun; those under way go on."""
        for call in self._workers.drop_waiting():
            if isinstance(call, _Call):
                call.upload.file.close()
                self.pending_bytes -= call.upload.size
