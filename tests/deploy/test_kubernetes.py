"""The manifests: valid for Kubernetes, and telling the plugins what they know."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
FILES = sorted(FOLDER.glob("*.yaml"))
PLUGIN = ROOT / "plugins" / "extractors" / "tap-amazon-ads--amazon-singer.lock"
PREFIX = "TAP_AMAZON_ADS_"


def resources(kind: str) -> list[dict[str, Any]]:
    found = [r for file in FILES for r in yaml.safe_load_all(file.read_text())]
    return [resource for resource in found if resource["kind"] == kind]


def jobs() -> list[Any]:
    return [
        pytest.param(r["spec"], id=r["metadata"]["name"]) for r in resources("CronJob")
    ]


def container(cron_job: dict[str, Any]) -> dict[str, Any]:
    (found,) = cron_job["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def variables(cron_job: dict[str, Any]) -> dict[str, str]:
    return {e["name"]: e.get("value", "") for e in container(cron_job).get("env", [])}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_kubernetes_knows_every_field(file: Path) -> None:
    validator = pytest.importorskip(
        "kubernetes_validate", reason="installed by: uv run --group kubernetes"
    )
    for resource in yaml.safe_load_all(file.read_text()):
        validator.validate(resource, "1.33", strict=True)


@pytest.mark.parametrize("cron_job", jobs())
def test_a_state_belongs_to_one_run(cron_job: dict[str, Any]) -> None:
    assert cron_job["concurrencyPolicy"] == "Forbid"
    assert (
        cron_job["jobTemplate"]["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    )


@pytest.mark.parametrize("cron_job", jobs())
def test_every_shard_has_a_pod_and_a_state_of_its_own(cron_job: dict[str, Any]) -> None:
    job = cron_job["jobTemplate"]["spec"]
    if job.get("completionMode") != "Indexed":
        assert f"{PREFIX}SHARD" not in variables(cron_job)
        return
    shards = job["completions"]
    assert variables(cron_job)[f"{PREFIX}SHARD"] == f"$(SHARD_INDEX)/{shards}"
    suffix = f"--state-id-suffix=shard-$(SHARD_INDEX)-of-{shards}"
    assert suffix in container(cron_job)["args"]
    # only variables that stand before it are put into a value
    names = list(variables(cron_job))
    assert names.index("SHARD_INDEX") < names.index(f"{PREFIX}SHARD")


@pytest.mark.parametrize("cron_job", jobs())
def test_the_tap_knows_the_settings(cron_job: dict[str, Any]) -> None:
    known = {setting["name"] for setting in json.loads(PLUGIN.read_text())["settings"]}
    for name in variables(cron_job):
        if name.startswith(PREFIX):
            assert name.removeprefix(PREFIX).lower() in known


def test_the_jobs_hold_what_the_project_reads() -> None:
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    (production,) = [e for e in project["environments"] if e["name"] == "prod"]
    plugins = production["config"]["plugins"]
    used = [
        p["config"]
        for p in (*plugins["extractors"], *plugins["loaders"])
        if p["name"] in {"tap-amazon-ads", "target-s3"}
    ]
    read = set(re.findall(r"\$(\w+)", json.dumps(used)))
    (settings,) = resources("ConfigMap")
    (secret,) = resources("Secret")
    given = settings["data"].keys() | secret["stringData"].keys()
    assert read <= given
    assert given - read == {"MELTANO_ENVIRONMENT", "MELTANO_STATE_BACKEND_URI"}


def test_asking_has_ended_before_collecting_begins() -> None:
    found = {r["metadata"]["name"]: r["spec"] for r in resources("CronJob")}
    ask, collect = found["amazon-ads-ask"], found["amazon-ads-collect"]
    minutes = [int(m) for m in collect["schedule"].split()[0].split(",")]
    assert ask["schedule"].startswith("0 ")
    assert longest(ask) < 60 * minutes[0]
    assert longest(collect) < 60 * (minutes[1] - minutes[0])


def longest(cron_job: dict[str, Any]) -> int:
    late: int = cron_job["startingDeadlineSeconds"]
    runs: int = cron_job["jobTemplate"]["spec"]["activeDeadlineSeconds"]
    return late + runs
