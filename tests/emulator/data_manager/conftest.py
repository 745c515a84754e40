from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.audience.data_manager import DataManagerCaller
from support.core.emulation import NOON


@pytest.fixture(scope="session")
def shared() -> Iterator[DataManagerCaller]:
    caller = DataManagerCaller()
    yield caller
    caller.emulation.close()


@pytest.fixture
def fresh(shared: DataManagerCaller) -> DataManagerCaller:
    """An account that has neither accepted the terms nor a data room."""
    shared.emulation.reset()
    shared.emulation.state.clock.set(NOON, frozen=True)
    shared.account = DataManagerCaller.account
    shared.sign_in()
    return shared


@pytest.fixture
def adm(fresh: DataManagerCaller) -> DataManagerCaller:
    """An account that may begin to upload."""
    fresh.prepare()
    return fresh
