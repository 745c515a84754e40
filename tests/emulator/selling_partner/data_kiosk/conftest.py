from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.sp.kiosk import KioskCaller


@pytest.fixture
def kiosk() -> Iterator[KioskCaller]:
    caller = KioskCaller()
    yield caller
    caller.emulation.close()
