"""The bucket: the port that the loader knows, S3 behind it, and what S3 answers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol
from urllib.parse import urlsplit

import boto3
from boto3.exceptions import Boto3Error, S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import (
    ConnectionError as UnreachableError,
)

from singer_amazon.errors import ConfigError
from target_s3.errors import StoreError
from target_s3.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 8 * 1024**2
_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_FAILURES = (BotoCoreError, ClientError, Boto3Error)

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

    def fetch(self, uri: str, file: BinaryIO) -> None:
        """Copy the object at an ``s3://`` address into the file."""


class S3Bucket:
    """One bucket of S3, or of a store that speaks its language."""

    def __init__(self, settings: Settings) -> None:
        self._bucket = settings.bucket
        self._where = _where(settings)
        self._client = self._connect(settings)

    def _connect(self, settings: Settings) -> S3Client:
        # Other stores than Amazon's often refuse the checksums boto3 sends unasked.
        checksums: Literal["when_required", "when_supported"] = (
            "when_required" if settings.endpoint else "when_supported"
        )
        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": settings.max_attempts},
            request_checksum_calculation=checksums,
            response_checksum_validation=checksums,
        )
        try:
            session = boto3.Session(
                aws_access_key_id=settings.access_key_id,
                aws_secret_access_key=settings.secret_access_key,
                aws_session_token=settings.session_token,
                region_name=settings.region,
                profile_name=settings.profile_name,
            )
            return session.client("s3", endpoint_url=settings.endpoint, config=config)
        except (BotoCoreError, ValueError) as error:
            msg = f"boto3 refuses the settings under cloud_provider.aws: {error}."
            raise ConfigError(msg) from None

    def check(self, key: str) -> str | None:
        """Begin and abort an upload: it needs no more rights than writing does."""
        try:
            upload = self._client.create_multipart_upload(Bucket=self._bucket, Key=key)
        except _FAILURES as error:
            msg = f"Nothing can be written to {self._where}: {explain(error)}"
            raise StoreError(msg) from None
        try:
            self._client.abort_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload["UploadId"]
            )
        except _FAILURES as error:
            what = f"An upload to {self._where} was begun, but cannot be aborted"
            return f"{what}: {explain(error)} An upload that fails will leave parts."
        return None

    def put(self, key: str, file: BinaryIO) -> None:
        """Store the file under the key, whole or not at all, or raise StoreError."""
        try:
            self._client.upload_fileobj(file, self._bucket, key, Config=_TRANSFER)
        except _FAILURES as error:
            msg = (
                f"Object {key!r} could not be stored in {self._where}: {explain(error)}"
            )
            raise StoreError(msg) from None

    def fetch(self, uri: str, file: BinaryIO) -> None:
        """Copy the object at an ``s3://`` address into the file."""
        address = urlsplit(uri)
        try:
            self._client.download_fileobj(
                address.netloc, address.path.lstrip("/"), file, Config=_TRANSFER
            )
        except (*_FAILURES, OSError) as error:
            msg = f"BATCH file {uri} could not be read: {explain(error)}"
            raise StoreError(msg) from None
        file.seek(0, os.SEEK_SET)


def _where(settings: Settings) -> str:
    where = f"bucket {settings.bucket!r}"
    where += f" at {settings.endpoint}" if settings.endpoint else ""
    return where + (f" in region {settings.region}" if settings.region else "")


_KEYS = "check aws_access_key_id, aws_secret_access_key and aws_session_token"
_REGION = "set cloud_provider.aws.aws_region to the region the bucket is in"
_REACH = "check aws_endpoint_override, aws_region and the way out to the network"

_NEXT_STEPS = {
    "AccessDenied": "grant s3:PutObject and s3:AbortMultipartUpload on this prefix",
    "AllAccessDisabled": "ask the bucket's owner",
    "AuthorizationHeaderMalformed": _REGION,
    "ExpiredToken": "get new temporary credentials",
    "IllegalLocationConstraintException": _REGION,
    "InvalidAccessKeyId": _KEYS,
    "InvalidBucketName": "check cloud_provider.aws.aws_bucket",
    "InvalidToken": _KEYS,
    "NoSuchBucket": "create the bucket, or check cloud_provider.aws.aws_bucket",
    "PermanentRedirect": _REGION,
    "RequestTimeTooSkewed": "set this machine's clock",
    "SignatureDoesNotMatch": _KEYS,
    "SlowDown": "try again later, or write from fewer programs at once",
}


def explain(error: Exception) -> str:
    """Return S3's or boto3's own words and the next step, as the end of a sentence."""
    if isinstance(error, S3UploadFailedError) and isinstance(
        error.__context__, ClientError
    ):
        error = error.__context__
    if isinstance(error, ClientError):
        return _explain_response(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return (
            f"no credentials were found ({error}); set aws_access_key_id and "
            "aws_secret_access_key, or give this machine a role or profile."
        )
    if isinstance(error, ProfileNotFound):
        return f"{error}; check aws_profile_name."
    if isinstance(
        error, EndpointConnectionError | ConnectTimeoutError | UnreachableError
    ):
        return f"{_bare(error)}; {_REACH}."
    return f"{_bare(error)}."


def _explain_response(error: ClientError) -> str:
    found = error.response.get("Error", {})
    code = found.get("Code", "unknown error")
    words = (found.get("Message") or "no message").strip().rstrip(".")
    step = _NEXT_STEPS.get(code)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    said = f"S3 answered {code} ({words}; HTTP {status})"
    return f"{said}; {step}." if step else f"{said}."


def _bare(error: Exception) -> str:
    return str(error).strip().rstrip(".")
