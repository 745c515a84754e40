"""The SDK's own tests of a target, against the emulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from singer_sdk.testing import get_target_test_class

from support.audience.emulator import InProcessEmulator
from support.audience.runner import CREATE, QuietTarget

CONFIG: dict[str, Any] = {**CREATE, "field_mapping": {"externaluserid": "id"}}
CONFIG["max_rejected_percent"] = 100  # the SDK's records are of nobody


@pytest.fixture(autouse=True)
def _folder(
    emulator: InProcessEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.reset()
    emulator.connect(monkeypatch)
    monkeypatch.chdir(tmp_path)  # the default state_path is a relative one


class TestSdk(get_target_test_class(QuietTarget, config=CONFIG)):  # type: ignore[misc] # made at run time
    pass
