"""The examples for GitHub Actions, Dagster and Prefect: read, imported, asked."""

from __future__ import annotations

import importlib.util
import json
from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType

import pytest
import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
NOON = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
BEFORE, AFTER = "2026-11-28T11:59:00+00:00", "2026-11-28T12:01:00+00:00"


def example(scheduler: str) -> ModuleType:
    pytest.importorskip(scheduler, reason=f"{scheduler} is not installed")
    path = DEPLOY / scheduler / "amazon_ads.py"
    spec = importlib.util.spec_from_file_location(f"example_{scheduler}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_dagster_collects_the_shards_that_are_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = example("dagster")
    for number, due in enumerate((BEFORE, AFTER, None)):
        (tmp_path / f"{number}.json").write_text(json.dumps({"next_look_at": due}))
    monkeypatch.setattr(module, "SUMMARIES", tmp_path)
    assert list(module.due_shards(NOON)) == [("0", BEFORE)]
    assert {job.name for job in module.defs.get_all_job_defs()} >= {
        "ask_amazon",
        "collect_from_amazon",
    }


def test_prefect_collects_the_shards_that_are_due() -> None:
    module = example("prefect")
    assert module.due_shards({0: BEFORE, 1: AFTER, 2: None}, NOON) == [0]
    assert module.amazon_ads.name == "amazon-ads"


def test_a_workflow_of_github_runs_one_at_a_time_and_prints_no_secret() -> None:
    text = (DEPLOY / "github-actions" / "amazon-ads.yml").read_text()
    workflow = yaml.safe_load(text)
    assert workflow["concurrency"]["cancel-in-progress"] is False
    (job,) = workflow["jobs"].values()
    for name, value in job["env"].items():
        is_secret = any(word in name for word in ("SECRET", "TOKEN", "KEY", "CLIENT"))
        assert is_secret == ("secrets." in str(value)), name
