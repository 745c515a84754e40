from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.audience_calls import AudienceCaller


@pytest.fixture
def amc() -> Iterator[AudienceCaller]:
    caller = AudienceCaller()
    caller.sign_in()
    yield caller
    caller.emulation.close()
