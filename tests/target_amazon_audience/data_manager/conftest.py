from __future__ import annotations

import pytest

from support.audience.dataset_runner import DatasetRunner


@pytest.fixture
def target(dataset_target: DatasetRunner) -> DatasetRunner:
    """The target with Ads Data Manager, and an account that may begin."""
    return dataset_target
