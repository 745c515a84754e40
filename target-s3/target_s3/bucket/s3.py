"""The bucket: the port that the loader knows, S3 behind it, and what S3 answers."""

from __future__ import annotations

import os
from typing import BinaryIO, Literal, Protocol

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from singer_amazon.s3.client import FAILURES, explain, open_client
from target_s3.errors import StoreError
from target_s3.settings import Settings

PUT_BYTES = 64 * 1024**2
"""Files up to this size are sent from the disk as they are, others in parts."""
PART_BYTES = 5 * 1024**2
"""One part of each upload is in memory; S3 takes none that are smaller."""
_CONNECT_SECONDS = 10
_READ_SECONDS = 60


class TableStore(Protocol):
    """Where tables are. Each method raises ``StoreError``."""

    def names(self, folder: str, after: str) -> list[str]:
        """Return the names in a folder that come after a name, in order."""

    def get(self, key: str) -> bytes | None:
        """Return a small object; None where there is none."""

    def put_new(self, key: str, data: bytes) -> bool:
        """Store an object where there is none; False: there is one."""

    def put(self, key: str, file: BinaryIO) -> None:
        """Store the file under the key, whole or not at all."""

    def copy_to(self, key: str, file: BinaryIO) -> None:
        """Copy an object into a file, and go to its beginning."""


class ObjectStore(TableStore, Protocol):
    """Where objects go."""

    def check(self, key: str) -> str | None:
        """Raise a ``StoreError`` unless objects can be written beside ``key``.

        What is wrong but does no harm to the run is returned, as a sentence.
        """

    def read(self, key: str) -> bytes | None:
        """Return a small object; None where there is none, or it may not be read."""

    def fetch(self, uri: str, file: BinaryIO) -> None:
        """Copy the object at an ``s3://`` address into the file."""


class S3Bucket:
    """One bucket of S3, or of a store that speaks its language."""

    def __init__(self, settings: Settings, put_bytes: int = PUT_BYTES) -> None:
        self._bucket = settings.bucket
        # Several uploads run side by side in our own threads.
        self._transfer = TransferConfig(
            multipart_threshold=put_bytes,
            multipart_chunksize=PART_BYTES,
            use_threads=False,
            preferred_transfer_client="classic",
        )
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
                file,
                self._bucket,
                key,
                ExtraArgs=self._encryption,
                Config=self._transfer,
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
        self._copy(bucket, key, file, f"BATCH file {uri}")

    def copy_to(self, key: str, file: BinaryIO) -> None:
        """Copy an object into a file, and go to its beginning."""
        self._copy(self._bucket, key, file, f"Object {key!r} in {self._where}")

    def _copy(self, bucket: str, key: str, file: BinaryIO, what: str) -> None:
        try:
            self._client.download_fileobj(bucket, key, file, Config=self._transfer)
        except FAILURES as error:
            msg = f"{what} could not be read: {self._explain(error)}"
            raise StoreError(msg) from None
        file.seek(0, os.SEEK_SET)

    # --- tables -------------------------------------------------------------

    def names(self, folder: str, after: str) -> list[str]:
        """Return the names in a folder that come after a name, in order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=folder, StartAfter=folder + after
        )
        try:
            return [
                found["Key"].removeprefix(folder)
                for page in pages
                for found in page.get("Contents", ())
            ]
        except FAILURES as error:
            msg = f"{self._where} cannot be listed: {self._explain(error)}"
            raise StoreError(msg) from None

    def get(self, key: str) -> bytes | None:
        """Return a small object; None where there is none."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None
        except FAILURES as error:
            msg = f"Object {key!r} in {self._where} could not be read: "
            raise StoreError(msg + self._explain(error)) from None

    def put_new(self, key: str, data: bytes) -> bool:
        """Store an object where there is none; False: there is one."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=data,
                IfNoneMatch="*",
                **self._encryption,
            )
        except FAILURES as error:
            if _code(error) in _TAKEN:
                return False
            msg = f"Object {key!r} could not be stored in {self._where}: "
            raise StoreError(msg + self._explain(error)) from None
        return True


def _code(error: Exception) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""


# 409: two such calls at the same time.
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")


def _where(settings: Settings) -> str:
    where = f"bucket {settings.bucket!r}"
    access = settings.access
    where += f" at {access.endpoint}" if access.endpoint else ""
    return where + (f" in region {access.region}" if access.region else "")
