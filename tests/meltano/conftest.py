from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.s3 import Bucket, LocalS3, local_s3

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def s3_server() -> Iterator[LocalS3]:
    with local_s3() as server:
        yield server


@pytest.fixture
def bucket(s3_server: LocalS3) -> Bucket:
    return s3_server.new_bucket()
