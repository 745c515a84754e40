from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.ads.runs import SELLER, Run

V1 = {"reporting_api": "v1", "allow_unproved": True, "v1_call_interval_seconds": 0}


@pytest.fixture
def v1(run: Callable[..., Run]) -> Callable[..., Run]:
    """Runs the tap by Ads API v1 for one seller, unless it is told otherwise."""

    def begin(*streams: str, **settings: Any) -> Run:
        only = {"profile_ids": [SELLER], "start_date": "2026-11-10"}
        return run(*streams, **only | V1 | settings)

    return begin
