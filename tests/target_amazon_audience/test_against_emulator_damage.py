"""Damaged databases, full disks, faults of our own: a sentence and exit 1."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from support.audience.runner import (
    END,
    MIRROR,
    WAIT,
    Runner,
    people,
    person,
    record,
    schema,
    state,
)
from target_amazon_audience.errors import InternalError, StateFileError
from target_amazon_audience.matching.record_reader import (
    RecordReader,
)

DAMAGES = (
    "update audiences set audience_id = 'abc'",
    "update batches set rows = 'x'",
    "update batches set attempts = 'x'",
    "update batches set accepted_at = null",
    "update volume set sent_at = 'x'",
    "update mirrors set last_run_at = 'x'",
    "update members set pii = '{'",
    "update members set pii = 5",
    "update payloads set payload = '{'",
    "update payloads set payload = x'5b5d5d'",
    "drop table batches",
    "drop table members",
    "pragma user_version = 99",
)
FILES = {
    "garbage": lambda data: b"garbage" * len(data),
    "cut off": lambda data: data[:20000],
    "zeros in the middle": lambda data: data[:16384] + bytes(16384) + data[32768:],
}


def mirrored(target: Runner) -> Path:
    """Let there be members, and a batch whose job is open."""
    rows = [*people(1, 2), END]
    target.good(rows, **{**MIRROR, "wait_until_finish": None, "max_wait_time": None})
    return target.database


@pytest.mark.parametrize("statement", DAMAGES)
def test_a_database_with_other_contents_is_a_sentence(
    target: Runner, statement: str
) -> None:
    connection = sqlite3.connect(mirrored(target))
    connection.execute(statement)
    connection.commit()
    connection.close()
    ran = target.run([person(1), person(3), END], **MIRROR)
    assert isinstance(ran.error, StateFileError)
    assert str(target.database) in str(ran.error)


@pytest.mark.parametrize("damage", FILES.values(), ids=FILES)
def test_a_file_that_is_no_database_is_a_sentence(target: Runner, damage: Any) -> None:
    path = mirrored(target)
    path.write_bytes(damage(path.read_bytes()))
    ran = target.run([person(1), END], **MIRROR)
    assert isinstance(ran.error, StateFileError)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full")
@pytest.mark.parametrize("setting", ["rejects_path", "summary_path"])
def test_a_file_that_cannot_be_written_is_a_sentence(
    target: Runner, setting: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = target.folder / "full"
    path.symlink_to("/dev/full")
    if setting == "summary_path":  # it is written beside, and put in its place
        path /= "summary.json"
    rows = [person(1), record(externaluserid="u", email=None), state(1)]
    try:
        error = target.run(rows, **{setting: str(path)}).error
    except OSError as found:
        pytest.fail(f"a traceback: {found}")
    errors = [entry for entry in caplog.records if entry.levelname == "ERROR"]
    assert error is not None or errors
    assert any(setting in entry.getMessage() for entry in errors)


def test_a_fault_of_our_own_is_a_line_without_what_it_was_about(
    target: Runner,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    read = RecordReader.read

    def broken(reader: RecordReader, row: dict[str, Any]) -> Any:
        if row["externaluserid"] == "user-2":
            raise TypeError(row)
        return read(reader, row)

    monkeypatch.setattr(RecordReader, "read", broken)
    rows = [person(1), state(1), person(2), state(2), schema(), person(3), state(3)]
    ran = target.run(rows, **WAIT)
    assert isinstance(ran.error, InternalError)
    assert "TypeError, test_against_emulator_damage.py, line" in str(ran.error)
    assert ran.states == [1]
    assert str(ran.error) in caplog.messages
    assert "person2" not in caplog.text
