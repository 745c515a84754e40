from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.sp.emulation import SpCaller


@pytest.fixture
def sp() -> Iterator[SpCaller]:
    caller = SpCaller()
    yield caller
    caller.emulation.close()
