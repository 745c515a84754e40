from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.audience.data_manager import DataManagerCaller


@pytest.fixture
def fresh() -> Iterator[DataManagerCaller]:
    """An account that has neither accepted the terms nor a data room."""
    caller = DataManagerCaller()
    caller.sign_in()
    yield caller
    caller.emulation.close()


@pytest.fixture
def adm(fresh: DataManagerCaller) -> DataManagerCaller:
    """An account that may begin to upload."""
    fresh.prepare()
    return fresh
