from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.audience.emulation import AudienceCaller


@pytest.fixture
def amc() -> Iterator[AudienceCaller]:
    caller = AudienceCaller()
    caller.sign_in()
    yield caller
    caller.emulation.close()
