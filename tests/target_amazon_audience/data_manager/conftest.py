from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.audience.dataset_runner import DatasetRunner


@pytest.fixture
def target(dataset_target: DatasetRunner) -> Iterator[DatasetRunner]:
    """The target with Ads Data Manager, and an account that may begin.

    Nothing may ever do what raises an alarm: personal data in clear, a second rule,
    a revoked one, a deletion of datasets or identities, terms accepted unasked.
    """
    yield dataset_target
    assert dataset_target.alarms() == []
