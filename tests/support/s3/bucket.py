"""A local S3 for tests: moto's server on a free loopback port.

One per session, and a bucket of its own per test: import both fixtures in a conftest.

A ``Bucket`` gives the settings of target-s3 that reach it (``target_config``), the
environment for programs that use boto3 (``environment``), and reads back what was
stored (``keys``, ``rows``) in any format target-s3 writes.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import logging
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"
ACCESS_KEY_ID = "emulator"
SECRET_ACCESS_KEY = "emulator-secret"

# <prefix>/<stream>/<YYYY>/<MM>/<DD>/<stream>-<run id>-<number>.<ext>
KEY = re.compile(
    r"(?:(?P<prefix>.+)/)?(?P<folder>[^/]+)/(?P<day>\d{4}/\d\d/\d\d)/"
    r"(?P<stream>[^/]+)-(?P<run_id>\d{8}T\d{6}Z-[0-9a-f]{8})-(?P<number>\d{5})\."
    r"(?P<extension>jsonl\.gz|jsonl|csv\.gz|csv|parquet)"
)


@dataclass(frozen=True, slots=True)
class Bucket:
    name: str
    endpoint: str
    client: S3Client = field(repr=False)

    def target_config(self, **settings: object) -> dict[str, Any]:
        """Settings of target-s3 that write here, with ``settings`` put on top."""
        config: dict[str, Any] = {
            "cloud_provider": {
                "cloud_provider_type": "aws",
                "aws": {
                    "aws_access_key_id": ACCESS_KEY_ID,
                    "aws_secret_access_key": SECRET_ACCESS_KEY,
                    "aws_region": REGION,
                    "aws_bucket": self.name,
                    "aws_endpoint_override": self.endpoint,
                },
            }
        }
        return config | settings

    def environment(self) -> dict[str, str]:
        """Variables that let boto3 reach this S3 and keep it from any other."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def keys(self, prefix: str = "", *, schemas: bool = False) -> list[str]:
        """Keys of all objects, or of the files that describe streams."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix
        )
        return sorted(
            found["Key"]
            for page in pages
            for found in page.get("Contents", [])
            if ("_schema/" in found["Key"]) == schemas
        )

    def read(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def rows_of(self, key: str) -> list[dict[str, Any]]:
        return read_rows(key, self.read(key))

    def rows(self, stream: str, prefix: str = "") -> list[dict[str, Any]]:
        """All rows of a stream, over all objects, in the order of their keys."""
        return [
            row
            for key in self.keys(prefix)
            if (found := KEY.fullmatch(key)) and found["stream"] == stream
            for row in self.rows_of(key)
        ]

    def streams(self, prefix: str = "") -> set[str]:
        """Names of the streams that have an object."""
        found = (KEY.fullmatch(key) for key in self.keys(prefix))
        return {match["stream"] for match in found if match}

    def open_uploads(self) -> int:
        """Number of multipart uploads that were begun and not ended."""
        answer = self.client.list_multipart_uploads(Bucket=self.name)
        return len(answer.get("Uploads", []))


@dataclass(slots=True)
class LocalS3:
    endpoint: str
    client: S3Client = field(repr=False)

    def new_bucket(self, name: str | None = None) -> Bucket:
        """Make a bucket, empty and not used by any other test."""
        chosen = name or f"bucket-{uuid.uuid4().hex}"  # moto shares them in a process
        self.client.create_bucket(Bucket=chosen)
        return Bucket(chosen, self.endpoint, self.client)


@contextmanager
def local_s3() -> Iterator[LocalS3]:
    """Run an S3 on a free loopback port."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line per request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
    )
    try:
        yield LocalS3(endpoint, client)
    finally:
        client.close()
        server.stop()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[LocalS3]:
    with local_s3() as server:
        yield server


@pytest.fixture
def bucket(s3_server: LocalS3) -> Bucket:
    return s3_server.new_bucket()


@pytest.fixture
def lone_bucket(s3_server: LocalS3, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket, and no credential in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    return s3_server.new_bucket()


def read_rows(name: str, content: bytes) -> list[dict[str, Any]]:
    """Read the rows of a file by its extension: JSON lines, CSV or Parquet."""
    if name.endswith(".gz"):
        return read_rows(name.removesuffix(".gz"), gzip.decompress(content))
    if name.endswith(".parquet"):
        rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(content)).to_pylist()
        return rows
    if name.endswith(".csv"):
        return list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    return [json.loads(line) for line in content.decode().split("\n") if line]
