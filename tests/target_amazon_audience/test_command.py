"""The real command against a served Amazon: kills, signals, exit codes, purge."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.audience_amazon import FIRST_ID, RECORDS, FakeAmazon, Fault, served
from support.audience_command import COMMAND, PATIENCE, Command
from support.audience_runs import CREATE, person, schema, state

QUICK = {"poll_interval_seconds": 0.05, "poll_interval_max_seconds": 0.05}
MIRROR = {
    **QUICK,
    "upload_mode": "MIRROR",
    "wait_until_finish": True,
    "max_wait_time": 1,
    "mirror_max_delete_percent": 100,
}


@pytest.fixture
def amazon() -> FakeAmazon:
    return FakeAmazon()


@pytest.fixture
def address(amazon: FakeAmazon) -> Iterator[str]:
    with served(amazon) as found:
        yield found


Start = Callable[..., Command]


@pytest.fixture
def start(tmp_path: Path, address: str) -> Iterator[Start]:
    started: list[Command] = []

    def begin(**changes: object) -> Command:
        config = {
            **CREATE,
            "endpoint_uri": address,
            "auth_uri": f"{address}/auth/o2/token",
            "summary_path": "summary.json",
            **changes,
        }
        started.append(Command(tmp_path, config))
        return started[-1]

    yield begin
    for command in started:
        if command.process.poll() is None:
            command.kill()


def people(*numbers: int, **values: object) -> list[dict[str, Any]]:
    return [person(n, **values) for n in numbers]


def names(count: int) -> set[str]:
    return {f"user-{n}" for n in range(count)}


def test_the_whole_way(start: Start, amazon: FakeAmazon) -> None:
    run = start(wait_until_finish=True, max_wait_time=1, **QUICK)
    run.write(schema(), *people(*range(50)), state(1))
    assert run.end() == 0, run.log
    assert set(amazon.who()) == names(50)
    assert run.states == [1]
    last = run.log.strip().splitlines()[-1]
    assert "Run summary: {" in last
    assert "all streams: total records 50, batches 1, skipped records 0" in run.log
    assert "completed batches 1/1, records uploaded but invalid 0" in run.log
    assert f"audience id {FIRST_ID}" in run.log
    assert run.summary()["result"] == "done"


def test_killed_between_acceptance_and_the_books(
    start: Start, amazon: FakeAmazon, tmp_path: Path
) -> None:
    gate = threading.Event()

    def hold(_body: bytes) -> bool:
        gate.set()
        return True

    # carried out at Amazon, its answer never comes
    amazon.faults = [Fault("POST", RECORDS, 0, is_after=True, times=99, when=hold)]
    run = start().write(schema(), *people(1, 2), state(1))
    assert run.process.stdin
    run.process.stdin.close()
    assert gate.wait(PATIENCE)
    run.kill()
    assert run.states == []
    amazon.faults = []
    again = start().write(schema(), *people(1, 2), state(1))
    assert again.end() == 0
    assert set(amazon.who()) == {"user-1", "user-2"}
    rows = sqlite3.connect(tmp_path / ".target-amazon-audience/state.sqlite3")
    assert rows.execute(
        "select count(*) from batches where job_id is null"
    ).fetchone() == (0,)
    rows.close()


def test_a_signal_delivers_what_was_received(start: Start, amazon: FakeAmazon) -> None:
    run = start().write(schema(), *people(1, 2, 3), state(1))
    run.wait_for(lambda: "version" in run.log.lower() or run.log)
    time.sleep(1.0)
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(PATIENCE) == 0, run.log
    run.end()
    assert set(amazon.who()) == {"user-1", "user-2", "user-3"}
    assert run.states == [1]


def test_a_signal_ends_waiting_for_jobs_and_throttling(
    start: Start, amazon: FakeAmazon
) -> None:
    amazon.looks = 10**6
    run = start(wait_until_finish=True, max_wait_time=600).write(schema(), *people(1))
    assert run.process.stdin
    run.process.stdin.close()
    run.wait_for(lambda: amazon.jobs)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 0
    assert run.summary()["result"] == "pending"
    amazon.faults = [
        Fault("POST", RECORDS, 429, headers={"Retry-After": "900"}, times=99)
    ]
    run = start().write(schema(), *people(2), state(2))
    assert run.process.stdin
    run.process.stdin.close()
    run.wait_for(lambda: amazon.faults[0].times < 99)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 0, run.log
    assert run.states == []
    assert "comes again with the next run" in run.log


def test_state_is_echoed_while_the_tap_is_silent(start: Start) -> None:
    run = start(batch_size_rows=2)
    run.write(schema(), *people(1, 2), state(1), *people(3))
    run.wait_for(lambda: run.states == [1])
    run.kill()


def test_exit_codes_and_last_words(start: Start, amazon: FakeAmazon) -> None:
    wrong = start(audience_name="short")
    assert wrong.end() == 1
    assert "audience_name has 5 characters" in wrong.log
    assert "Traceback" not in wrong.log
    amazon.bad_ids = {"user-1": "bad"}
    refused = start().write(schema(), *people(1, 2))
    assert refused.end() == 1
    assert "Traceback" not in refused.log
    assert "Run summary: {" in refused.log.strip().splitlines()[-1]
    assert not amazon.calls("DELETE", "/amc/audiences/connections")


def test_one_run_at_a_time(start: Start, amazon: FakeAmazon) -> None:
    first = start()
    first.write(schema(), *people(1))
    first.wait_for(lambda: amazon.calls("GET", "/amc/audiences/connections/terms"))
    second = start().write(schema())
    assert second.end() == 1
    assert "Another run is working on audience loyalty-us" in second.log
    assert first.end() == 0


def purge(folder: Path, *options: str) -> str:
    done = subprocess.run(
        [COMMAND, "purge", *options],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    return f"{done.returncode} {done.stdout}{done.stderr}".strip()


def test_purge(start: Start, amazon: FakeAmazon, tmp_path: Path) -> None:
    assert "nothing to erase" in purge(tmp_path, "--yes")
    run = start(**MIRROR).write(schema(), *people(1, 2))
    assert run.end() == 0
    database = tmp_path / ".target-amazon-audience" / "state.sqlite3"
    secret = json.loads(next(iter(amazon.who()["user-1"])))["email"].encode()
    assert secret in b"".join(path.read_bytes() for path in database.parent.glob("*3*"))
    said = purge(tmp_path, "--yes", "--audience-id", str(FIRST_ID))
    assert said.startswith("0 Erased 2 members and 0 open batches")
    left = b"".join(path.read_bytes() for path in database.parent.glob("state*"))
    assert secret not in left
    assert purge(tmp_path, "--yes").startswith("0 Erased ")
    assert not database.exists()


def test_about(tmp_path: Path) -> None:
    done = subprocess.run(
        [COMMAND, "--about", "--format=json"],
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )
    about = json.loads(done.stdout)
    properties = about["settings"]["properties"]
    assert all(entry.get("description") for entry in properties.values())
    assert properties["refresh_token"]["secret"]
