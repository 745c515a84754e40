"""A local S3 for the demo, and what lies in its bucket."""

from __future__ import annotations

import gzip
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from amazon_emulator.demo.environment import Bucket
from amazon_emulator.server import HOST

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Row = dict[str, Any]


@dataclass(slots=True)
class DemoBucket:
    """The bucket; it reads each object once."""

    location: Bucket
    client: S3Client = field(repr=False)
    keys: list[str] = field(default_factory=list)
    """Of all objects read so far."""

    def new_rows(self) -> dict[str, list[Row]]:
        """Return, by stream, the rows of objects that were not there before."""
        rows: dict[str, list[Row]] = defaultdict(list)
        for key in sorted(set(self._listed()) - set(self.keys)):
            self.keys.append(key)
            rows[self._stream(key)] += self._read(key)
        return dict(rows)

    def _listed(self) -> Iterable[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.location.name
        )
        listed = [item["Key"] for page in pages for item in page.get("Contents", [])]
        # What describes a stream is no data of it.
        return [key for key in listed if "/_schema/" not in key]

    def _stream(self, key: str) -> str:
        return key.removeprefix(f"{self.location.prefix}/").partition("/")[0]

    def _read(self, key: str) -> Iterator[Row]:
        response = self.client.get_object(Bucket=self.location.name, Key=key)
        for line in gzip.decompress(response["Body"].read()).splitlines():
            yield json.loads(line)


@contextmanager
def local_bucket(name: str, prefix: str) -> Iterator[DemoBucket]:
    """Run moto's S3 on a free loopback port, with one empty bucket."""
    # It says every call; our own servers say nothing anyway.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(HOST, 0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        location = Bucket(
            endpoint=f"http://{HOST}:{port}",
            name=name,
            prefix=prefix,
            region="us-east-1",
            access_key_id="emulator",
            secret_access_key="emulator-secret",  # noqa: S106 - opens nothing
        )
        client = _client(location)
        client.create_bucket(Bucket=name)
        yield DemoBucket(location, client)
        client.close()
    finally:
        server.stop()


def _client(location: Bucket) -> S3Client:
    session = boto3.Session(
        aws_access_key_id=location.access_key_id,
        aws_secret_access_key=location.secret_access_key,
        region_name=location.region,
    )
    # A proxy of the environment has no business with a loopback address.
    return session.client(
        "s3", endpoint_url=location.endpoint, config=Config(proxies={})
    )
