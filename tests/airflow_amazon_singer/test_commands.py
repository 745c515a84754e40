"""The command lines and the settings of a DAG's tasks."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_amazon_singer import AmazonPipeline, Meltano, commands
from airflow_amazon_singer.commands import Mode

MELTANO = Meltano(Path("/opt/project"))


def pipeline(**changes: Any) -> AmazonPipeline:
    settings: dict[str, Any] = {"name": "ads", "meltano": MELTANO, "shards": 16}
    return AmazonPipeline(**settings | changes)


def test_each_shard_has_its_own_accounts_and_its_own_state() -> None:
    found = pipeline()
    command = commands.meltano_command(MELTANO, found, 3)
    assert command == [
        *("meltano", "--environment=prod", "run", "--force"),
        *("--state-id-suffix=shard-3-of-16", "tap-amazon-ads", "target-s3"),
    ]
    settings = commands.tap_settings(found, Mode.ASK, 3, "/tmp/s.json", {})  # noqa: S108
    assert settings["shard"] == "3/16"
    assert settings["run_mode"] == "ask"


def test_a_task_gives_its_slot_back_when_rates_make_it_wait() -> None:
    found = pipeline(longest_ask=timedelta(minutes=2))
    settings = commands.tap_settings(found, Mode.ASK, 0, "s", {})
    assert settings["max_runtime_seconds"] == 120


def test_a_task_looks_at_each_report_once() -> None:
    found = pipeline(longest_collect=timedelta(seconds=60))
    settings = commands.tap_settings(found, Mode.COLLECT, 0, "s", {})
    assert settings["poll_interval_seconds"] > settings["max_runtime_seconds"] == 60
    assert settings["poll_interval_max_seconds"] == 300


def test_a_connection_holds_the_secrets() -> None:
    extra = {"refresh_token": "Atzr|x", "region": "EU"}
    assert commands.connection_settings("id", "secret", extra) == {
        "client_id": "id",
        "client_secret": "secret",
        **extra,
    }
    assert commands.connection_settings(None, None, {"aws": 1}) == {"aws": 1}


def test_no_setting_of_the_dag_file_changes_what_a_task_is_for() -> None:
    found = pipeline(tap_settings={"shard": "0/1", "run_mode": "sync", "region": "FE"})
    settings = commands.tap_settings(found, Mode.COLLECT, 2, "s", {})
    assert (settings["shard"], settings["run_mode"]) == ("2/16", "collect")
    assert settings["region"] == "FE"


def test_meltano_reads_settings_from_its_environment() -> None:
    variables = commands.environment(
        "tap-amazon-sp", {"run_mode": "ask", "accounts": [{"name": "acme"}], "a.b": 1}
    )
    assert variables == {
        "TAP_AMAZON_SP_RUN_MODE": "ask",
        "TAP_AMAZON_SP_ACCOUNTS": '[{"name": "acme"}]',
        "TAP_AMAZON_SP_A_B": "1",
    }


def test_tasks_of_one_application_and_region_share_a_pool() -> None:
    assert pipeline(region="EU", application="Agency").pool == "amazon-agency-eu"
    assert pipeline().pool == "amazon-default-na"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shards": 0}, "at least 1"),
        ({"meltano": None}, "either meltano or state_folder"),
        ({"state_folder": Path("states")}, "either meltano or state_folder"),
        ({"catalog": Path("catalog.json")}, "Meltano has `select`"),
        ({"fresh_within": timedelta(hours=8)}, "go together"),
    ],
)
def test_a_setting_that_could_not_work_is_refused_in_the_dag_file(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        pipeline(**changes)
