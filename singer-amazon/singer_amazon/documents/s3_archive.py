"""Keeps report documents in S3; needs boto3, so it is imported where S3 is named."""

from __future__ import annotations

from pathlib import Path

from singer_amazon.errors import ConfigError, StorageError
from singer_amazon.private_files import check_name
from singer_amazon.s3.access import S3Access
from singer_amazon.s3.client import FAILURES, explain, open_client


class S3Archive:
    """Objects below a prefix of a bucket; large ones go up in parts."""

    def __init__(
        self, bucket: str, prefix: str, access: S3Access, setting: str
    ) -> None:
        self._bucket = bucket
        self._setting = setting
        self._prefix = prefix
        self._access = access
        self._client = open_client(access)

    def check(self) -> None:
        """Begin an upload and abort it: a write-only role is enough."""
        key = self._key(".write-check")
        try:
            upload = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=key, **self._access.encryption
            )
            self._client.abort_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload["UploadId"]
            )
        except FAILURES as error:
            msg = (
                f"{self._setting}: bucket {self._bucket} cannot be written "
                f"with the aws_* settings: {explain(error, self._access)}"
            )
            raise ConfigError(msg) from None

    def keep(self, path: Path, name: str) -> None:
        """Upload it, in parts where it is large."""
        check_name(name)
        key = self._key(name)
        try:
            self._client.upload_file(
                str(path), self._bucket, key, ExtraArgs=self._access.encryption
            )
        except FAILURES as error:
            why = explain(error, self._access)
            msg = f"the document was not kept: s3://{self._bucket}/{key}: {why}"
            raise StorageError(msg) from None

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name
