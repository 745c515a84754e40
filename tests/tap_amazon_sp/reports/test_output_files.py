"""Names of saved files: whatever stands in an answer, they stay in their folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_sp.reports.custom.files import output_location

VALUES = ["..", "../..", "/etc/x", "a/../../b", "..\\x", "a\0b", ".", "", "...", "~"]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("template", ["{0}/{{x}}/f", "{0}/{{x}}", "{0}/a{{x}}{{x}}.t"])
def test_a_value_leads_into_no_other_folder(
    tmp_path: Path, template: str, value: str
) -> None:
    location = output_location(template.format(tmp_path), {"x": value})
    path = Path(location.uri.replace("%20", " "))
    assert tmp_path in path.resolve().parents
    assert "\0" not in location.uri


@given(st.text(max_size=12), st.text(max_size=12))
def test_no_text_makes_more_folders_than_the_template_has(one: str, two: str) -> None:
    location = output_location("s3://bucket/a/{x}{y}/{y}", {"x": one, "y": two})
    first, second, third = location.name.split("/")
    assert first == "a"
    assert {second, third}.isdisjoint({"", ".", ".."})


def test_usual_names_stay_as_they_are() -> None:
    values = {"x": "Müller & Söhne", "y": "2026-11-20T10:00:00Z"}
    location = output_location("s3://b/{x}/{y}.json", values)
    assert location.name == "Müller & Söhne/2026-11-20T100000Z.json"
