"""Which commands a task runs, and with which settings; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

from airflow_amazon_singer.settings import AmazonPipeline, Meltano

Settings = dict[str, Any]


class Mode(Enum):
    """What a run of the tap does: its setting `run_mode`."""

    ASK = "ask"
    COLLECT = "collect"


def connection_settings(
    login: str | None, password: str | None, extra: Mapping[str, Any]
) -> Settings:
    """Return the settings of a plugin that an Airflow connection holds."""
    named = {"client_id": login, "client_secret": password}
    return {k: v for k, v in named.items() if v} | dict(extra)


def tap_settings(
    pipeline: AmazonPipeline, mode: Mode, number: int, summary: str, secrets: Settings
) -> Settings:
    """Return all that the tap of one shard is told."""
    return {
        "region": pipeline.region,
        **pipeline.tap_settings,
        **secrets,
        **_mode_settings(pipeline, mode),
        "shard": pipeline.shard(number),
        "summary_path": summary,
    }


def _mode_settings(pipeline: AmazonPipeline, mode: Mode) -> Settings:
    """Return what makes a run end without waiting for Amazon's work.

    Each report is looked at once: a second look is due after the end of the run, unless
    earlier runs have shown that its type is ready sooner.
    """
    if mode is Mode.ASK:
        seconds = pipeline.longest_ask.total_seconds()
        return {"run_mode": mode.value, "max_runtime_seconds": seconds}
    seconds = pipeline.longest_collect.total_seconds()
    slowest = pipeline.tap_settings.get("poll_interval_max_seconds", 300)
    return {
        "run_mode": mode.value,
        "max_runtime_seconds": seconds,
        "poll_interval_seconds": seconds + 1,
        "poll_interval_max_seconds": max(seconds + 1, slowest),
    }


def plan_settings(pipeline: AmazonPipeline, secrets: Settings) -> Settings:
    """Return what the tap is told to list the accounts of all shards."""
    return {"region": pipeline.region, **pipeline.tap_settings, **secrets}


def tap_command(pipeline: AmazonPipeline, config: str, state: str | None) -> list[str]:
    """Return the tap's command line."""
    command = [pipeline.tap, "--config", config]
    command += ["--catalog", str(pipeline.catalog)] if pipeline.catalog else []
    return command + (["--state", state] if state else [])


def plan_command(pipeline: AmazonPipeline, config: str) -> list[str]:
    """Return the command that lists the accounts."""
    command = [pipeline.tap, "plan", "--accounts", "--json", "--config", config]
    return command + (["--catalog", str(pipeline.catalog)] if pipeline.catalog else [])


def meltano_command(
    meltano: Meltano, pipeline: AmazonPipeline, number: int
) -> list[str]:
    """Return the command of one shard.

    Airflow runs one task of a shard at a time, so what Meltano takes for a run under
    way is one that was killed: `--force`.
    """
    return [
        *(meltano.command, f"--environment={meltano.environment}", "run", "--force"),
        f"--state-id-suffix={state_suffix(pipeline, number)}",
        *(pipeline.tap, pipeline.target),
    ]


def meltano_plan_command(meltano: Meltano, pipeline: AmazonPipeline) -> list[str]:
    """Return the command that lists the accounts."""
    return [
        *(meltano.command, f"--environment={meltano.environment}", "invoke"),
        f"{pipeline.tap}:accounts",
    ]


def state_suffix(pipeline: AmazonPipeline, number: int) -> str:
    """Return what is unlike in the names of the states of the shards."""
    return f"shard-{number}-of-{pipeline.shards}"


def environment(plugin: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return settings as the environment variables that Meltano reads."""
    prefix = plugin.upper().replace("-", "_")
    return {
        f"{prefix}_{name.upper().replace('.', '_')}": _text(value)
        for name, value in settings.items()
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
