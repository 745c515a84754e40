"""A third target on the kit, as a process: what any target gets for nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent / "counting_target.py"
SCHEMA = {
    "type": "SCHEMA",
    "stream": "ads",
    "key_properties": ["id"],
    "schema": {"properties": {"id": {"type": "string"}, "cost": {"type": "number"}}},
}
Start = Callable[..., "subprocess.Popen[bytes]"]


def record(**values: object) -> dict[str, Any]:
    return {"type": "RECORD", "stream": "ads", "record": values}


def state(value: object) -> dict[str, Any]:
    return {"type": "STATE", "value": {"bookmarks": value}}


def lines(*items: object) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """The target under way, with its settings in the environment."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(**settings: str) -> subprocess.Popen[bytes]:
        found = {f"TARGET_COUNTING_{name}": text for name, text in settings.items()}
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), "--config=ENV"],
            env={**os.environ, "TARGET_COUNTING_FOLDER": str(tmp_path), **found},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def rows(folder: Path, stream: str = "ads") -> list[Any]:
    text = (folder / f"{stream}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_records_are_written_and_the_last_state_is_echoed(
    start: Start, tmp_path: Path
) -> None:
    items = [SCHEMA, record(id="1"), state(1), SCHEMA, record(id="Größe"), state(2)]
    out, log = start().communicate(lines(*items))
    assert rows(tmp_path) == [{"id": "1"}, {"id": "Größe"}]
    assert json.loads(out.splitlines()[-1]) == {"bookmarks": 2}
    assert b"Records written: 2" in log


def test_stream_maps_from_the_environment_change_records(
    start: Start, tmp_path: Path
) -> None:
    maps = {"ads": {"__alias__": "mapped", "double": "cost * 2"}}
    process = start(STREAM_MAPS=json.dumps(maps))
    process.communicate(lines(SCHEMA, record(id="1", cost=2.5)))
    assert process.returncode == 0
    assert rows(tmp_path, "mapped") == [{"id": "1", "cost": 2.5, "double": 5.0}]


def test_a_broken_line_is_one_sentence_after_what_came_before_it(
    start: Start, tmp_path: Path
) -> None:
    process = start()
    good = lines(SCHEMA, record(id="1"), state(1))
    out, log = process.communicate(good + b'{"private": \n' + lines(record(id="2")))
    assert process.returncode == 1
    assert b"Line 4 of the input is not valid JSON" in log
    assert b"private" not in log
    assert b"Traceback" not in log
    assert rows(tmp_path) == [{"id": "1"}]
    assert json.loads(out) == {"bookmarks": 1}


def test_a_signal_ends_it_after_what_has_come(start: Start, tmp_path: Path) -> None:
    process = start()
    assert process.stdin
    assert process.stdout
    process.stdin.write(lines(SCHEMA, state(1)))
    process.stdin.flush()
    assert json.loads(process.stdout.readline()) == {"bookmarks": 1}
    process.stdin.write(lines(record(id="1"), state(2)) + b'{"type":"REC')
    process.stdin.flush()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0  # though nobody has closed its input
    assert json.loads(process.stdout.readline()) == {"bookmarks": 2}
    assert rows(tmp_path) == [{"id": "1"}]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"FOLDER": ""}, "'folder' is a required property"),
        ({"STREAM_MAPS": "none"}, "Setting stream_maps"),
    ],
)
def test_a_wrong_setting_is_a_sentence(
    start: Start, settings: dict[str, str], sentence: str
) -> None:
    process = start(**settings)
    _, log = process.communicate()
    assert process.returncode == 1
    assert sentence in log.decode()
    assert b"Traceback" not in log
