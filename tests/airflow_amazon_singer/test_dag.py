"""The DAG as Airflow reads it, and a real Airflow that runs it (docs/scheduling.md)."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_amazon_singer import AmazonPipeline, Meltano

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def airflow() -> Any:
    return pytest.importorskip(
        "airflow.sdk", reason="Airflow has an environment of its own (docs/testing.md)"
    )


def dag(**changes: Any) -> Any:
    from airflow_amazon_singer import amazon_dag  # noqa: PLC0415 - Airflow is there

    settings: dict[str, Any] = {
        "name": "amazon_ads",
        "meltano": Meltano(Path("/opt/pipelines")),
        "shards": 16,
        **changes,
    }
    return amazon_dag(AmazonPipeline(**settings))


@pytest.mark.usefixtures("airflow")
def test_the_tasks_of_a_pipeline() -> None:
    found = dag()
    assert {task.task_id for task in found.tasks} == {
        *("plan", "shard.ask", "shard.collect", "outcome"),
    }
    assert found.get_task("shard.collect").upstream_task_ids == {"plan", "shard.ask"}
    assert found.max_active_runs == 1
    for name in ("plan", "shard.ask", "shard.collect"):
        assert found.get_task(name).pool == "amazon-default-na"
    assert found.get_task("outcome").trigger_rule == "all_done"


@pytest.mark.usefixtures("airflow")
def test_dbt_runs_once_all_shards_are_delivered() -> None:
    task = dag(dbt=("dbt", "build", "--select", "amazon ads")).get_task("dbt")
    assert task.bash_command == "dbt build --select 'amazon ads'"
    assert task.trigger_rule == "none_failed"
    assert task.upstream_task_ids == {"shard.collect"}


@pytest.mark.usefixtures("airflow")
def test_a_run_that_is_late_is_reported() -> None:
    found = dag(fresh_within=timedelta(hours=8), on_stale="my_alerts.late").deadline
    (alert,) = found if isinstance(found, list) else [found]
    assert alert.interval == timedelta(hours=8)
    assert alert.callback.path == "my_alerts.late"
    assert not dag().deadline


@pytest.mark.usefixtures("airflow")
@pytest.mark.parametrize("result", ["partly", "failed"])
def test_who_is_to_hear_of_a_failure_hears_of_it_once(result: str) -> None:
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415

    from airflow_amazon_singer.outcome import Outcome  # noqa: PLC0415

    heard: list[Outcome] = []
    task = dag(**{f"on_{result}": heard.append}).get_task("outcome")
    task.shards = [0, 3]
    bad = Outcome(result=result, failures=("profile 7: no access",))
    task.found = [bad.as_json(), Outcome().as_json()]
    with pytest.raises(AirflowFailException, match="profile 7: no access"):
        task.execute({})
    assert [outcome.result for outcome in heard] == [result]


def test_airflow_reads_the_dag(request: pytest.FixtureRequest) -> None:
    """Run the tests above where Airflow is installed."""
    skip_without_airflow(request)
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from airflow_installation import installed  # noqa: PLC0415 - beside the benchmarks

    python = installed(ROOT / ".airflow-env") / "python"
    options = ("-o", "addopts=--import-mode=importlib", "-o", "filterwarnings=default")
    done = subprocess.run(
        [
            python,
            "-m",
            "pytest",
            *options,
            "--noconftest",
            "-k",
            "not real and not reads",
            __file__,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert " passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("options", [(), ("--kill",)], ids=["whole", "killed"])
def test_a_real_airflow_delivers_what_one_process_delivers(
    request: pytest.FixtureRequest, options: tuple[str, ...]
) -> None:
    skip_without_airflow(request)
    small = ("--accounts", "6", "--shards", "3", "--slots", "2", "--streams", "1")
    quick = ("--ready-after", "15-25", "--timeout", "400")
    command = [sys.executable, str(ROOT / "benchmarks" / "airflow_shards.py")]
    done = subprocess.run(
        [*command, *small, *quick, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the same" in done.stdout
    if options:
        assert "killed worker" in done.stdout
    else:
        assert "slot-seconds spent waiting" in done.stdout


def skip_without_airflow(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--airflow", default=False):
        pytest.skip("minutes: uv run pytest --airflow tests/airflow_amazon_singer")
