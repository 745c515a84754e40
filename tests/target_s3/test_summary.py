"""`summary_path`: what came of a run, whole or not at all, also where it fails."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.core.process import TargetProcess
from support.core.summary import valid_summary
from support.s3.loader import record, schema, state

if TYPE_CHECKING:
    from support.s3.bucket import Bucket

    Start = Callable[..., "TargetProcess"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "summary.json"


@pytest.fixture
def start(bucket: Bucket, tmp_path: Path, path: Path) -> Iterator[Start]:
    started: list[TargetProcess] = []

    def begin(**settings: object) -> TargetProcess:
        config = bucket.target_config(summary_path=str(path), **settings)
        started.append(TargetProcess("target-s3", tmp_path, config))
        return started[-1]

    yield begin
    for command in started:
        command.kill()


def read(path: Path, command: TargetProcess | None = None) -> dict[str, Any]:
    """Return the file, which is the last line of the log."""
    found = valid_summary(json.loads(path.read_text()))
    if command:
        assert json.loads(command.last_line.split("Run summary: ")[1]) == found
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    return found


def test_all_stored_is_complete(start: Start, path: Path) -> None:
    command = start()
    command.write(schema(), record(id="1"), state(1))
    assert command.end() == 0, command.log
    found = read(path, command)
    assert found["result"] == "complete"
    assert found["failures"] == found["failed"] == []
    assert found["records"] == found["streams"]["campaigns"]["records"] == 1


def test_a_signal_before_the_end_is_waiting(start: Start, path: Path) -> None:
    command = start()
    command.write(schema(), state(1))
    command.until(lambda: command.states)
    command.process.send_signal(signal.SIGTERM)
    assert command.ended() == 0, command.log
    assert read(path, command)["result"] == "waiting"


def test_lines_left_out_are_partly(start: Start, path: Path) -> None:
    command = start()
    command.write(schema(), record(id="1"), b'{"x\n', record(id="2"))
    assert command.end() == 1
    found = read(path, command)
    assert (found["result"], found["records"]) == ("partly", 2)
    assert "Line 3 of the input" in found["failures"][0]


def test_an_upload_refused_is_failed_and_names_the_stream(
    start: Start, path: Path, bucket: Bucket
) -> None:
    command = start(max_attempts=1)
    command.write(schema(), state("begun"))
    command.until(lambda: command.states)
    bucket.client.delete_bucket(Bucket=bucket.name)
    command.write(record(id="1"))
    assert command.end() == 1
    found = read(path, command)
    assert found["result"] == "failed"
    [failed] = found["failed"]
    assert failed["stream"] == "campaigns"
    assert "NoSuchBucket" in failed["reason"]


def test_a_bucket_that_is_not_there_is_failed(
    start: Start, path: Path, bucket: Bucket
) -> None:
    bucket.client.delete_bucket(Bucket=bucket.name)
    command = start()
    assert command.end() == 1
    found = read(path, command)
    assert found["result"] == "failed"
    assert "NoSuchBucket" in found["failures"][0]


def test_a_wrong_setting_is_failed(start: Start, path: Path) -> None:
    command = start(max_batch_size=0)
    assert command.end() == 1
    found = read(path)
    assert found["result"] == "failed"
    assert "max_batch_size must be greater than zero" in found["failures"][0]


def test_a_file_that_cannot_be_written_is_a_sentence(start: Start, path: Path) -> None:
    path.mkdir()
    command = start()
    assert command.end() == 1
    assert "is no file in a folder that is there" in command.log
    path.rmdir()
    command = start()
    command.write(schema(), record(id="1"), state(1))
    command.until(lambda: command.states or command.process.poll() is not None)
    path.mkdir()  # while it runs
    assert command.end() == 1
    assert f"summary_path: {path} cannot be written" in command.log
    assert "Run summary: " in command.log
