"""The real command and its tables on a real S3 endpoint: several at once, killed."""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.core.process import TargetProcess
from support.core.summary import valid_summary
from support.s3.delta import MANIFEST_SCHEMA, manifest, row, rows_of, schema, state

if TYPE_CHECKING:
    from support.s3.bucket import Bucket

    Start = Callable[..., "TargetProcess"]

BEGIN = (MANIFEST_SCHEMA, schema())
NOBODY = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"}


@pytest.fixture
def start(bucket: Bucket, tmp_path: Path) -> Iterator[Start]:
    started: list[TargetProcess] = []

    def begin(**settings: Any) -> TargetProcess:
        folder = tmp_path / str(len(started))
        folder.mkdir()
        config = bucket.target_config(
            format={"format_type": "delta"},
            prefix="lake",
            summary_path=str(folder / "s.json"),
            **{"write_mode": "replace", **settings},
        )
        started.append(TargetProcess("target-s3", folder, config, **NOBODY))
        return started[-1]

    yield begin
    for command in started:
        command.kill()


def stored(bucket: Bucket, stream: str = "campaigns") -> list[dict[str, Any]]:
    """Return a table's rows, read from a copy: deltalake would block moto's thread."""
    with tempfile.TemporaryDirectory() as folder:
        for key in bucket.keys(f"lake/{stream}/"):
            path = Path(folder, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bucket.read(key))
        return rows_of(f"{folder}/lake/{stream}")


def ids(bucket: Bucket) -> list[str]:
    return sorted(found["id"] for found in stored(bucket))


def test_a_look_back_replaces_and_the_process_ends_cleanly(
    bucket: Bucket, start: Start
) -> None:
    for ids_, value in ((("a", "b"), 1), (("a",), 2)):
        command = start()
        items = (*(row(1, id_) for id_ in ids_), manifest(1, len(ids_)), state(value))
        command.write(*BEGIN, *items)
        assert command.end() == 0, command.log
        assert command.states == [value]
        assert "terminate called" not in command.log
        assert "Traceback" not in command.log
    assert ids(bucket) == ["a"]
    summary = valid_summary(json.loads((command.folder / "s.json").read_text()))
    assert summary["result"] == "complete"
    assert summary["streams"]["campaigns"]["records"] == 1
    [found] = stored(bucket)
    assert found["_sdc_extracted_at"].tzinfo is not None


def test_programs_that_append_at_once_lose_nothing(
    bucket: Bucket, start: Start
) -> None:
    commands = [start(write_mode="append", max_batch_age=0.001) for _ in range(2)]
    for round_ in range(3):
        for number, command in enumerate(commands):
            begin = () if round_ else (schema(),)
            command.write(*begin, row(1, f"{number}-{round_}"), state(round_))
    codes = [command.end() for command in commands]
    assert codes == [0, 0], [command.log for command in commands]
    assert ids(bucket) == [f"{n}-{r}" for n in range(2) for r in range(3)]


def test_counts_that_differ_are_exit_1(bucket: Bucket, start: Start) -> None:
    command = start()
    command.write(*BEGIN, row(1, "a"), manifest(1, 2), state(1))
    assert command.end() == 1
    assert "2 rows expected, 1 found" in command.log
    assert command.states == []
    assert stored(bucket) == []
    summary = valid_summary(json.loads((command.folder / "s.json").read_text()))
    assert summary["result"] == "partly"
    assert summary["failed"][0]["stream"] == "campaigns"


def test_accounts_at_once_lose_nothing(bucket: Bucket, start: Start) -> None:
    """Three programs begin one table and replace days of three accounts in it."""
    commands = [start() for _ in range(3)]
    for round_ in range(2):
        for number, command in enumerate(commands):
            profile = str(number)
            items = [
                row(day, f"{profile}-{day}-{round_}", 1, profile) for day in (1, 2)
            ]
            counts = [manifest(day, 1, f"r{round_}", profile) for day in (1, 2)]
            begin = () if round_ else BEGIN
            command.write(*begin, *items, *counts, state(round_))
    codes = [command.end() for command in commands]
    assert codes == [0, 0, 0], [command.log for command in commands]
    assert ids(bucket) == [f"{p}-{d}-1" for p in range(3) for d in (1, 2)]


def test_a_killed_run_leaves_the_table_as_it_was(bucket: Bucket, start: Start) -> None:
    """Kills at random moments; then a run that comes to its end."""
    command = start()
    command.write(*BEGIN, row(1, "old"), manifest(1, 1), state("old"))
    assert command.end() == 0, command.log
    for number in range(2):
        command = start(max_batch_age=0.001)
        new = f"new-{number}"
        before = ids(bucket)
        command.write(*BEGIN, row(1, new), row(1, "x"), manifest(1, 2))
        command.write(row(2, "half"))
        if number:
            command.write(state(number))
        command.process.send_signal(signal.SIGKILL)
        command.ended()
        assert ids(bucket) in (before, sorted([new, "x"]))
    command = start()
    command.write(*BEGIN, row(1, "last"), manifest(1, 1), state("last"))
    assert command.end() == 0, command.log
    assert ids(bucket) == ["last"]


def test_a_table_that_cannot_be_read_is_a_sentence(
    bucket: Bucket, start: Start
) -> None:
    bucket.client.put_object(
        Bucket=bucket.name,
        Key="lake/campaigns/_delta_log/00000000000000000000.json",
        Body=b"no log",
    )
    command = start()
    command.write(*BEGIN, row(1, "a"), manifest(1, 1), state(1))
    assert command.end() == 1
    assert "Stream campaigns: the table s3://" in command.log
    assert "Traceback" not in command.log
    assert command.states == []
