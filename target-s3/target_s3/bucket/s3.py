"""The bucket: the port that the loader knows, S3 behind it, and what S3 answers."""

from __future__ import annotations

import os
from typing import BinaryIO, Literal, Protocol

from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from singer_amazon.s3.client import FAILURES, explain, open_client
from target_s3.errors import StoreError
from target_s3.settings import Settings

PART_BYTES = 8 * 1024**2
_CONNECT_SECONDS = 10
_READ_SECONDS = 60

# One part in memory per upload; several uploads run side by side in our own threads.
_TRANSFER = TransferConfig(
    multipart_threshold=PART_BYTES,
    multipart_chunksize=PART_BYTES,
    use_threads=False,
    preferred_transfer_client="classic",
)


class ObjectStore(Protocol):
    """Where objects go."""

    def check(self, key: str) -> str | None:
        """Raise a ``StoreError`` unless objects can be written beside ``key``.

        What is wrong but does no harm to the run is returned, as a sentence.
        """

    def put(self, key: str, file: BinaryIO) -> None:
        """Store the file under the key, whole or not at all, or raise StoreError."""

    def read(self, key: str) -> bytes | None:
        """Return a small object; None where there is none, or it may not be read."""

    def fetch(self, uri: str, file: BinaryIO) -> None:
        """Copy the object at an ``s3://`` address into the file."""


class S3Bucket:
    """One bucket of S3, or of a store that speaks its language."""

    def __init__(self, settings: Settings) -> None:
        self._bucket = settings.bucket
        self._where = _where(settings)
        self._access = settings.access
        self._encryption = settings.access.encryption
        # Other stores than Amazon's often refuse the checksums boto3 sends unasked.
        checksums: Literal["when_required", "when_supported"] = (
            "when_required" if settings.access.endpoint else "when_supported"
        )
        self._client = open_client(
            settings.access,
            Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={
                    "mode": "standard",
                    "total_max_attempts": settings.max_attempts,
                },
                request_checksum_calculation=checksums,
                response_checksum_validation=checksums,
            ),
        )

    def check(self, key: str) -> str | None:
        """Begin and abort an upload: it needs no more rights than writing does."""
        try:
            upload = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=key, **self._encryption
            )
        except FAILURES as error:
            msg = f"Nothing can be written to {self._where}: {self._explain(error)}"
            raise StoreError(msg) from None
        try:
            self._client.abort_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload["UploadId"]
            )
        except FAILURES as error:
            what = f"An upload to {self._where} was begun, but cannot be aborted"
            return (
                f"{what}: {self._explain(error)} An upload that fails will leave parts."
            )
        return None

    def _explain(self, error: Exception) -> str:
        return explain(error, self._access)

    def put(self, key: str, file: BinaryIO) -> None:
        """Store the file under the key, whole or not at all, or raise StoreError."""
        try:
            self._client.upload_fileobj(
                file, self._bucket, key, ExtraArgs=self._encryption, Config=_TRANSFER
            )
        except FAILURES as error:
            why = self._explain(error)
            msg = f"Object {key!r} could not be stored in {self._where}: {why}"
            raise StoreError(msg) from None

    def read(self, key: str) -> bytes | None:
        """Return a small object; None where there is none, or it may not be read."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except FAILURES:
            return None

    def fetch(self, uri: str, file: BinaryIO) -> None:
        """Copy the object at an ``s3://`` address into the file."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            self._client.download_fileobj(bucket, key, file, Config=_TRANSFER)
        except FAILURES as error:
            msg = f"BATCH file {uri} could not be read: {self._explain(error)}"
            raise StoreError(msg) from None
        file.seek(0, os.SEEK_SET)


def _where(settings: Settings) -> str:
    where = f"bucket {settings.bucket!r}"
    access = settings.access
    where += f" at {access.endpoint}" if access.endpoint else ""
    return where + (f" in region {access.region}" if access.region else "")
