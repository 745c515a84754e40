"""Tap and target as processes: what is kept, what is said, what no one sees."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from airflow_amazon_singer import AmazonPipeline
from airflow_amazon_singer.commands import Mode
from airflow_amazon_singer.errors import RunError
from airflow_amazon_singer.processes import Runner
from airflow_amazon_singer.state_files import StateFile

WITH_OURS = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
SECRET = "Atzr|not-for-anybody"
TAP = """
import json, sys, time
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
config = json.load(open(arguments["--config"]))
state = json.load(open(arguments["--state"])) if "--state" in arguments else None
for step in config["steps"]:
    print(json.dumps({"type": "STATE", "value": step}), flush=True)
print(config["log"], file=sys.stderr, flush=True)
time.sleep(config.get("sleep", 0))
if config.get("summary"):
    with open(config["summary_path"], "w") as file:
        json.dump(config["summary"], file)
with open(config["seen"], "w") as file:
    json.dump({"arguments": sys.argv, "config": config, "state": state}, file)
sys.exit(config.get("code", 0))
"""
TARGET = """
import json, sys
config = json.load(open(sys.argv[2]))
for line in sys.stdin:
    print(json.dumps(json.loads(line)["value"]), flush=True)
print("the bucket is not there", file=sys.stderr)
sys.exit(config.get("code", 0))
"""
COMPLETE = {"result": "complete", "rows": 7, "reports": {"delivered": 1}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("tap", TAP), ("target", TARGET)):
        path = tmp_path / name
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(0o700)
    return tmp_path


def runner(folder: Path, target: dict[str, Any] | None = None, **tap: Any) -> Runner:
    settings = {
        "steps": [{"n": 1}, {"n": 2}],
        "log": "working",
        "summary": COMPLETE,
        "seen": str(folder / "seen.json"),
        **tap,
    }
    pipeline = AmazonPipeline(
        name="ads",
        shards=4,
        tap=str(folder / "tap"),
        target=str(folder / "target"),
        state_folder=folder / "states",
        tap_settings=settings,
        target_settings=target or {},
    )
    return Runner(pipeline, {"refresh_token": SECRET}, {})


def state(folder: Path) -> Any:
    return json.loads((folder / "states" / "ads-shard-3-of-4.json").read_text())


def test_the_last_state_is_kept_and_the_next_run_begins_with_it(folder: Path) -> None:
    outcome = runner(folder).run(Mode.ASK, 3)
    assert (outcome.result, outcome.rows) == ("complete", 7)
    assert state(folder) == {"n": 2}
    assert (folder / "states" / "ads-shard-3-of-4.json").stat().st_mode & 0o077 == 0
    runner(folder, steps=[]).run(Mode.COLLECT, 3)
    seen = json.loads((folder / "seen.json").read_text())
    assert seen["state"] == {"n": 2}
    assert seen["config"]["shard"] == "3/4"
    assert state(folder) == {"n": 2}


def test_secrets_are_in_no_command_line_and_in_no_file(folder: Path) -> None:
    runner(folder).run(Mode.ASK, 3)
    seen = json.loads((folder / "seen.json").read_text())
    assert seen["config"]["refresh_token"] == SECRET
    assert SECRET not in str(seen["arguments"])
    if sys.platform == "linux":
        config = seen["arguments"][2]
        assert config.startswith("/dev/fd/")


def test_a_target_that_fails_is_quoted_and_the_states_before_are_kept(
    folder: Path,
) -> None:
    with pytest.raises(RunError, match=r"target ended with exit code 3: the bucket"):
        runner(folder, target={"code": 3}).run(Mode.ASK, 3)
    assert state(folder) == {"n": 2}


def test_a_tap_without_a_summary_has_failed(folder: Path) -> None:
    with pytest.raises(RunError, match="tap ended with exit code 1: no such setting"):
        runner(folder, summary=None, code=1, log="no such setting").run(Mode.ASK, 3)


def test_refused_accounts_are_told_and_the_others_delivered(folder: Path) -> None:
    summary = {**COMPLETE, "result": "partly", "failures": ["profile 1: refused"]}
    outcome = runner(folder, summary=summary, code=1).run(Mode.ASK, 3)
    assert (outcome.result, outcome.rows) == ("partly", 7)
    assert outcome.failures == ("profile 1: refused",)


def test_a_run_that_broke_off_is_tried_again(folder: Path) -> None:
    summary = {**COMPLETE, "result": "failed", "failures": ["the token is refused"]}
    with pytest.raises(RunError, match="the token is refused"):
        runner(folder, summary=summary, code=1).run(Mode.ASK, 3)


def test_two_runs_of_one_shard_do_not_meet(folder: Path) -> None:
    with StateFile(folder / "states", "ads-shard-3-of-4").locked():
        with pytest.raises(RunError, match="another run holds"):
            runner(folder).run(Mode.ASK, 3)
        runner(folder).run(Mode.ASK, 2)
    runner(folder).run(Mode.ASK, 3)


def test_a_command_that_is_missing_is_named(folder: Path) -> None:
    (folder / "tap").unlink()
    with pytest.raises(RunError, match="tap is not found on this worker: set PATH"):
        runner(folder).run(Mode.ASK, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux ends orphans, others do not")
def test_the_commands_end_with_a_worker_that_is_killed(folder: Path) -> None:
    states = folder / "states" / "ads-shard-3-of-4.json"
    settings = {"steps": [{"n": 1}], "log": "", "sleep": 60}
    code = WORKER.format(folder=str(folder), settings=settings)
    with subprocess.Popen([sys.executable, "-c", code], env=WITH_OURS) as worker:
        wait_until(states.exists)
        worker.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_running(str(folder / "tap")))
    assert state(folder) == {"n": 1}


WORKER = """
from pathlib import Path
from airflow_amazon_singer import AmazonPipeline
from airflow_amazon_singer.commands import Mode
from airflow_amazon_singer.processes import Runner
folder = Path({folder!r})
pipeline = AmazonPipeline(
    "ads", 4, str(folder / "tap"), str(folder / "target"),
    state_folder=folder / "states", tap_settings={settings!r},
)
Runner(pipeline, {{}}, {{}}).run(Mode.ASK, 3)
"""


def wait_until(is_so: Any) -> None:
    for _ in range(200):
        if is_so():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen within 10 s")


def is_running(command: str) -> bool:
    listed = subprocess.run(
        ["ps", "-eo", "args"], capture_output=True, text=True, check=True
    )
    return any(command in line for line in listed.stdout.splitlines())
