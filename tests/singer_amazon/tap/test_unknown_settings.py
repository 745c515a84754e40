"""Names that no setting has: refused inside our structures, named at the top."""

from __future__ import annotations

from typing import Any

import pytest

from singer_amazon.config.names import did_you_mean
from singer_amazon.tap.settings import (
    OPEN,
    unknown_at_top,
    unknown_inside,
)

ENTRY = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "columns": {"type": "array", "items": {"type": "string"}},
        "filters": {
            "type": "array",
            "items": {"type": "object", "properties": {"field": {}, "values": {}}},
        },
        "free": {"type": "object"},
        "open": {"type": "object", "properties": {"a": {}}, OPEN: True},
    },
    "additionalProperties": True,
}
SCHEMA: dict[str, Any] = {
    "properties": {
        "reports": {"type": "array", "items": ENTRY},
        "by_name": {"type": "object", "additionalProperties": ENTRY},
        "max_attempts": {"type": "integer"},
        "start_date": {"type": "string"},
        "batch_config": {"type": "object", "properties": {"encoding": {}}},
    }
}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            {"reports": [{"colums": []}]},
            "reports.0.colums is not known: did you mean columns?",
        ),
        ({"reports": [{"name": "mine", "x": 1}]}, "reports.mine.x is not known"),
        ({"reports": [{"filters": [{"fields": "a"}]}]}, "reports.0.filters.0.fields"),
        (
            {"by_name": {"a": {"Columns": []}}},
            "by_name.a.Columns is not known: did you",
        ),
    ],
)
def test_an_unknown_name_inside_is_refused(config: dict[str, Any], words: str) -> None:
    (sentence,) = unknown_inside(config, SCHEMA)
    assert words in sentence


@pytest.mark.parametrize(
    "config",
    [
        {"reports": [{"name": "a", "free": {"b": 1}, "open": {"b": 1}}]},
        {"batch_config": {"other": 1}, "unheard_of": {"a": 1}},
        {"reports": "no list", "by_name": None},
        {"reports": [None, 5, "text"]},
    ],
)
def test_what_is_open_or_of_another_shape_is_left_alone(config: dict[str, Any]) -> None:
    assert not unknown_inside(config, SCHEMA)


def test_an_unknown_setting_at_the_top_has_no_effect_and_is_named() -> None:
    slip, foreign = unknown_at_top({"max_atempts": 1, "start_date": "", "z": 1}, SCHEMA)
    assert slip.startswith("Setting max_atempts is not known and has no effect: ")
    assert slip.endswith("did you mean max_attempts?")
    assert "Setting z " in foreign
    assert "known are batch_config, by_name, max_attempts, reports" in foreign


@pytest.mark.parametrize("name", ["startDate", "START-DATE", "start_dat", "stardate"])
def test_slips_are_understood(name: str) -> None:
    assert did_you_mean(name, ["start_date", "end_date"]) == "did you mean start_date?"
