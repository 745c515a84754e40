"""Names of datasets: what Amazon takes, and never the same for two ids."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_amazon_audience.data_manager.names import dataset_name

AMAZONS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{4,99}")
IDS = st.text(min_size=1, max_size=300).filter(str.strip)


@given(IDS)
def test_every_id_has_a_name_that_amazon_takes(external_id: str) -> None:
    name = dataset_name(external_id)
    assert AMAZONS.fullmatch(name)
    assert dataset_name(external_id) == name


@given(IDS, IDS)
def test_two_ids_never_share_a_name(one: str, other: str) -> None:
    assert (dataset_name(one) == dataset_name(other)) is (one == other)


@pytest.mark.parametrize(
    ("external_id", "name"),
    [("loyalty-us", "loyalty-us"), ("vip", "vip-c9a4b6c0"), ("é", "audience-")],
)
def test_names_people_would_expect(external_id: str, name: str) -> None:
    assert dataset_name(external_id).startswith(name.partition("-c9")[0])
