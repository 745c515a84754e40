"""A local S3 for target-s3, and the rows that lie in it."""

from __future__ import annotations

import contextlib
import gzip
import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from harness import BIN

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NAME = "amazon-rows"
KEY_ID, SECRET = "emulator", "emulator-secret"


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket at an endpoint."""

    url: str

    def settings(self, prefix: str) -> dict[str, Any]:
        """Return the settings of target-s3."""
        aws = {
            **{f"aws_{k}": v for k, v in (("bucket", NAME), ("region", "us-east-1"))},
            "aws_access_key_id": KEY_ID,
            "aws_secret_access_key": SECRET,
            "aws_endpoint_override": self.url,
        }
        return {
            "format": {"format_type": "jsonl.gz"},
            "cloud_provider": {"cloud_provider_type": "aws", "aws": aws},
            "prefix": prefix,
        }

    def rows(self, prefix: str) -> Counter[str]:
        """Return the rows below a prefix, and how often each is there."""
        client = self.client()
        found: Counter[str] = Counter()
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=NAME, Prefix=f"{prefix}/"
        )
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        for key in keys:
            if not key.endswith(".jsonl.gz"):
                continue
            stream = key.split("/")[1]
            content = client.get_object(Bucket=NAME, Key=key)["Body"].read()
            found.update(
                f"{stream} {_row(line)}"
                for line in gzip.decompress(content).splitlines()
            )
        return found

    def client(self) -> S3Client:
        """Return a client of the bucket."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
        )


def _row(line: bytes) -> str:
    found = json.loads(line)
    kept = {k: v for k, v in found.items() if not k.startswith("_sdc_")}
    return json.dumps(kept, sort_keys=True)


@contextlib.contextmanager
def local_s3(port: int) -> Iterator[Bucket]:
    """Run moto's server with an empty bucket."""
    command = [str(BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    bucket = Bucket(f"http://127.0.0.1:{port}")
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _create(bucket)
            yield bucket
        finally:
            process.terminate()


def _create(bucket: Bucket) -> None:
    for _ in range(100):
        with contextlib.suppress(Exception):
            bucket.client().create_bucket(Bucket=NAME)
            return
        time.sleep(0.2)
    msg = "the local S3 does not start"
    raise RuntimeError(msg)
