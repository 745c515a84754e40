from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.ads.unified import UnifiedCaller


@pytest.fixture
def ads() -> Iterator[UnifiedCaller]:
    caller = UnifiedCaller()
    caller.sign_in()
    yield caller
    caller.emulation.close()
