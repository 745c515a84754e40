"""The SDK's own tests of a target, on the fake Amazon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from singer_sdk.testing import get_target_test_class

from singer_amazon.clock import SystemClock
from support.audience_amazon import FakeAmazon
from support.audience_runs import CREATE, Offline

CONFIG: dict[str, Any] = {**CREATE, "field_mapping": {"externaluserid": "id"}}


class Target(Offline):
    """The target with an Amazon of its own."""

    amazon = FakeAmazon()
    clock = SystemClock()


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the default state_path is a relative one


class TestSdk(get_target_test_class(Target, config=CONFIG)):  # type: ignore[misc] # made at run time
    pass
