from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.ads.emulation import AdsCaller


@pytest.fixture
def ads() -> Iterator[AdsCaller]:
    caller = AdsCaller()
    caller.sign_in()
    yield caller
    caller.emulation.close()
