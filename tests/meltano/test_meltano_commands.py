"""What a user types: each test starts the real Meltano, so there are few."""

from __future__ import annotations

import json
import re
from difflib import ndiff
from pathlib import Path

import pytest

from amazon_emulator import Emulator
from support.core.cases import cases
from support.core.meltano_project import MeltanoProject
from tap_amazon_ads.report_specs import ENTITY_STREAMS

SETTINGS = cases(__file__, "settings_from_environment")


def test_schedule_list_shows_the_daily_job(tmp_path: Path) -> None:
    project = MeltanoProject.make(tmp_path)
    answer = project.run("schedule", "list", "--format=json")
    assert answer.returncode == 0, answer.stderr
    schedules = json.loads(answer.stdout)["schedules"]["job"]
    assert {s["name"]: s["job"]["name"] for s in schedules} == {
        "ads-to-s3-daily": "ads-to-s3",
        "sp-to-s3-daily": "sp-to-s3",
        "customers-to-audience-daily": "customers-to-audience",
    }


def test_commands_change_no_file_of_the_clone_and_need_no_hub(tmp_path: Path) -> None:
    """Without a `project_id`, the second command would rewrite meltano.yml."""
    project = MeltanoProject.make(tmp_path)
    files = contents(tmp_path)
    for command in (
        ("config", "print", "tap-amazon-sp"),
        ("--environment=prod", "config", "list", "--all", "target-amazon-audience"),
        ("select", "tap-amazon-ads", "--list"),
        ("install",),
    ):
        answer = project.run(*command)
        assert answer.returncode == 0, answer.stderr
        assert contents(tmp_path) == files


def test_select_adds_its_own_lines_and_keeps_all_others(tmp_path: Path) -> None:
    project = MeltanoProject.make(tmp_path)
    before = (tmp_path / "meltano.yml").read_text().splitlines()
    assert project.run("select", "tap-amazon-ads", "profiles", "*").returncode == 0
    after = (tmp_path / "meltano.yml").read_text().splitlines()
    changes = [line for line in ndiff(before, after) if not line.startswith("  ")]
    assert changes == ["+     - profiles.*"]


def test_everything_is_selected_but_entities(tmp_path: Path) -> None:
    project = MeltanoProject.make(tmp_path)
    listed = project.run("select", "tap-amazon-ads", "--list").stdout
    selected = set(re.findall(r"\[(?:selected|automatic) *\] (\w+)\.", listed))
    assert not selected & set(ENTITY_STREAMS)
    assert {"sponsored_products_campaign_by_campaign", "report_days"} <= selected


def contents(folder: Path) -> dict[str, str]:
    """Return what is in the files that git would show: not those of Meltano itself."""
    return {
        str(file.relative_to(folder)): file.read_text()
        for file in folder.rglob("*")
        if file.is_file() and ".meltano" not in file.parts
    }


def test_config_test_answers_from_the_accounts_while_no_report_is_ready(
    tmp_path: Path,
) -> None:
    with Emulator(ready_after_seconds=600) as emulator:
        project = MeltanoProject.make(
            tmp_path,
            TAP_AMAZON_ADS_ENDPOINT_URI=emulator.url,
            TAP_AMAZON_ADS_AUTH_URI=emulator.token_url,
        )
        answer = project.run("--environment=dev", "config", "test", "tap-amazon-ads")
        statistics = emulator.client.statistics()
    assert "Plugin configuration is valid" in answer.stdout + answer.stderr
    assert answer.returncode == 0
    assert statistics.count("profiles", 200) > 0


def test_the_test_command_of_the_selling_partner_tap(tmp_path: Path) -> None:
    """It gets its settings as variables, options of reports with dots in them."""
    with Emulator() as emulator:
        project = MeltanoProject.make(
            tmp_path,
            TAP_AMAZON_SP_ENDPOINT_URI=emulator.url,
            TAP_AMAZON_SP_AUTH_URI=emulator.token_url,
            TAP_AMAZON_SP_REPORT_OPTIONS='{"vendor_sales": {"report_period": "WEEK"}}',
        )
        answer = project.run("--environment=dev", "invoke", "tap-amazon-sp:test")
    assert answer.returncode == 0, answer.stderr
    assert '"type":"SCHEMA"' in answer.stdout


@pytest.mark.parametrize(("plugin", "variables", "expected"), SETTINGS)
def test_settings_from_the_environment_reach_the_plugin_in_their_own_kind(
    tmp_path: Path, plugin: str, variables: dict[str, str], expected: dict[str, object]
) -> None:
    prefix = plugin.upper().replace("-", "_")
    given = {f"{prefix}_{name}": value for name, value in variables.items()}
    project = MeltanoProject.make(tmp_path, **given)
    answer = project.run("--environment=dev", "invoke", "--dump=config", plugin)
    assert answer.returncode == 0, answer.stderr
    config = json.loads(answer.stdout)
    assert {name: config[name] for name in expected} == expected
    if plugin == "target-s3":
        assert config["cloud_provider"]["aws"]["aws_bucket"] == "elsewhere"
