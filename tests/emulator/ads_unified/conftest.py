from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.ads.unified import UnifiedCaller
from support.core.emulation import NOON


@pytest.fixture(scope="session")
def running() -> Iterator[UnifiedCaller]:
    caller = UnifiedCaller()
    yield caller
    caller.emulation.close()


@pytest.fixture
def ads(running: UnifiedCaller) -> UnifiedCaller:
    """Calls to an emulation that is as new, at noon."""
    running.emulation.reset()
    running.emulation.state.clock.set(NOON, frozen=True)
    running.sign_in()
    return running
