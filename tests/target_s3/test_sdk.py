"""The SDK's own tests of a target, on a real S3 endpoint."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import get_target_test_class

from support.s3.bucket import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from target_s3.target import TargetS3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.s3.bucket import LocalS3

BUCKET = "sdk-tests"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
CONFIG: dict[str, Any] = {
    "cloud_provider": {
        "aws": {
            "aws_bucket": BUCKET,
            "aws_region": REGION,
            "aws_access_key_id": ACCESS_KEY_ID,
            "aws_secret_access_key": SECRET_ACCESS_KEY,
        }
    }
}


@pytest.fixture(scope="module", autouse=True)
def _endpoint(s3_server: LocalS3) -> Iterator[None]:
    # The SDK wants the settings while tests are collected, before there is a server.
    if BUCKET not in [b["Name"] for b in s3_server.client.list_buckets()["Buckets"]]:
        s3_server.new_bucket(BUCKET)
    CONFIG["cloud_provider"]["aws"]["aws_endpoint_override"] = s3_server.endpoint
    # A target takes over the signals of its process, which here is pytest's.
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    del CONFIG["cloud_provider"]["aws"]["aws_endpoint_override"]


class TestJsonLines(get_target_test_class(TargetS3, config=CONFIG)):  # type: ignore[misc] # made at run time
    pass


class TestParquet(
    get_target_test_class(  # type: ignore[misc] # made at run time
        TargetS3, config=CONFIG | {"format": {"format_type": "parquet"}}
    )
):
    pass
