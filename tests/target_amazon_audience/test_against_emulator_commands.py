"""The real command against the emulator: kills, signals, exit codes, purge.

The emulator keeps real time here and listens on a port, since the command does.
Nothing personal is left in any file.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from amazon_emulator import Emulator, EmulatorClient
from support.audience.runner import (
    END,
    MIRROR,
    hashed,
    names,
    people,
    record,
    schema,
    settings,
    state,
)
from support.core.process import PATIENCE, TargetProcess, installed

NAME = "target-amazon-audience"
QUICK = {"poll_interval_seconds": 0.05, "poll_interval_max_seconds": 0.05}
WAITING = {**QUICK, "wait_until_finish": True, "max_wait_time": 1}
MIRRORING = {**MIRROR, **WAITING}
Start = Callable[..., TargetProcess]


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def client(server: Emulator) -> EmulatorClient:
    server.client.reset()
    return server.client


@pytest.fixture
def start(tmp_path: Path, server: Emulator, client: EmulatorClient) -> Iterator[Start]:
    assert client
    started: list[TargetProcess] = []

    def begin(
        environment: dict[str, str] | None = None, **changes: object
    ) -> TargetProcess:
        config = settings(
            endpoint_uri=server.url,
            auth_uri=server.token_url,
            summary_path="summary.json",
            rejects_path="rejects.jsonl",
            **changes,
        )
        started.append(TargetProcess(NAME, tmp_path, config, **(environment or {})))
        return started[-1]

    yield begin
    for command in started:
        command.kill()


def members(client: EmulatorClient) -> dict[str, Any]:
    [audience] = client.audiences()
    return client.audience_members(audience.audience_id)


def test_the_whole_way(start: Start, client: EmulatorClient) -> None:
    run = start(**WAITING)
    run.write(schema(), *people(*range(50)), state(1))
    assert run.end() == 0, run.log
    assert set(members(client)) == names(*range(50))
    assert run.states == [1]
    assert "Run summary: {" in run.last_line
    assert "all streams: total records 50, batches 1, skipped records 0" in run.log
    assert "completed batches 1/1, records uploaded but invalid 0" in run.log
    assert f"audience id {client.audiences()[0].audience_id}" in run.log
    assert run.summary()["result"] == "complete"


def test_killed_in_the_middle_of_an_upload(
    start: Start, client: EmulatorClient
) -> None:
    client.add_fault("delay", operation="records", seconds=0.05)
    slow = {"batch_size_rows": 5, "max_concurrency": 1}
    run = start(**slow).feed(schema(), *people(*range(40)), state(1))
    run.until(lambda: len(client.audience_jobs()) >= 3)
    run.kill()
    assert run.states == []
    client.clear_faults()
    again = start(**slow).write(schema(), *people(*range(40)), state(1))
    assert again.end() == 0, again.log
    assert again.states == [1]
    assert set(members(client)) == names(*range(40))


@pytest.mark.parametrize("moment", [2, 4])
def test_killed_in_the_middle_of_a_mirror(
    start: Start, client: EmulatorClient, moment: int
) -> None:
    mirror = {**MIRRORING, "batch_size_rows": 4, "max_concurrency": 1}
    first = start(**mirror).write(schema(), *people(*range(12)), END)
    assert first.end() == 0, first.log
    before = len(client.audience_jobs())
    client.change(job_ready_after_looks=2)
    client.add_fault("delay", operation="records", seconds=0.05)
    # four go, four change, four stay, eight come: the run dies in between
    rows = [*people(*range(4, 8), city="x"), *people(*range(8, 20))]
    run = start(**mirror).feed(schema(), *rows, END)
    run.until(lambda: len(client.audience_jobs()) >= before + moment)
    run.kill()
    client.clear_faults()
    again = start(**mirror).write(schema(), *rows, END)
    assert again.end() == 0, again.log
    found = members(client)
    assert set(found) == names(*range(4, 20))
    for n in range(4, 8):
        held = hashed(email=f"person{n}@example.com", city="x")
        assert found[f"user-{n}"].hashed_pii == [held]


def test_killed_after_acceptance_before_the_answer(
    start: Start, client: EmulatorClient
) -> None:
    assert start(**MIRRORING).write(schema(), *people(1, 2, 3), END).end() == 0
    client.add_fault("lost_answer", operation="records")
    run = start(**MIRRORING).feed(schema(), *people(3, 4), END)
    run.until(lambda: len(client.audience_jobs()) >= 2)
    run.kill()
    client.clear_faults()
    again = start(**MIRRORING).write(schema(), *people(2, 3), END)
    assert again.end() == 0, again.log
    assert set(members(client)) == names(2, 3)


def test_killed_before_an_accepted_job_is_in_the_database(
    start: Start, client: EmulatorClient, tmp_path: Path
) -> None:
    # carried out at Amazon, its answer never comes
    client.add_fault("lost_answer", operation="records")
    run = start().feed(schema(), *people(1, 2), state(1))
    run.until(client.audience_jobs)
    run.kill()
    assert run.states == []
    client.clear_faults()
    again = start().write(schema(), *people(1, 2), state(1))
    assert again.end() == 0
    assert set(members(client)) == names(1, 2)
    rows = sqlite3.connect(tmp_path / ".target-amazon-audience/state.sqlite3")
    open_drafts = rows.execute("select count(*) from batches where job_id is null")
    assert open_drafts.fetchone() == (0,)
    rows.close()


def test_a_signal_delivers_what_was_received(
    start: Start, client: EmulatorClient
) -> None:
    run = start().write(schema(), *people(1, 2, 3), state(1))
    run.until(lambda: run.log)
    time.sleep(1.0)
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(PATIENCE) == 0, run.log
    run.end()
    assert set(members(client)) == names(1, 2, 3)
    assert run.states == [1]


def test_a_signal_ends_waiting_for_jobs_and_throttling(
    start: Start, client: EmulatorClient
) -> None:
    client.add_fault("never_ready", operation="records")
    run = start(wait_until_finish=True, max_wait_time=600).feed(schema(), *people(1))
    run.until(client.audience_jobs)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 0
    assert run.summary()["result"] == "waiting"
    assert "Amazon still works on 1 batches" in run.log
    client.clear_faults()
    client.add_fault("throttle", operation="records", retry_after=900)
    run = start().feed(schema(), *people(2), state(2))
    run.until(lambda: client.statistics().count("records", 429))
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 0, run.log
    assert run.states == []
    assert "comes again with the next run" in run.log


def test_state_is_passed_on_while_no_record_comes(
    start: Start, client: EmulatorClient
) -> None:
    run = start(batch_size_rows=2)
    run.write(schema(), *people(1, 2), state(1), *people(3), state(2))
    run.until(lambda: run.states == [1])
    assert set(members(client)) == names(1, 2)
    run.write(*people(4, 5))
    run.until(lambda: run.states == [1, 2])
    assert run.end() == 0
    assert set(members(client)) == names(1, 2, 3, 4, 5)


def test_exit_codes_and_last_words(start: Start, client: EmulatorClient) -> None:
    client.add_fault("job_failed", operation="records", times=2)
    failed = start(**WAITING).write(schema(), *people(2))
    assert failed.end() == 1
    assert "failed (FAILED)" in failed.log
    client.add_fault("refuse_record", operation="records", external_user_ids=["user-1"])
    refused = start().write(schema(), *people(1, 2))
    assert refused.end() == 1
    for run in (failed, refused):
        assert "Traceback" not in run.log
        assert run.last_line.partition("Run summary: ")[2].startswith("{")
    wrong = start(audience_name="ninechars")
    assert wrong.end() == 1
    assert "Setting audience_name has 9 characters" in wrong.log
    assert "Traceback" not in wrong.log
    assert client.statistics().count("delete_connection") == 0


def test_one_run_at_a_time(start: Start, client: EmulatorClient) -> None:
    first = start().write(schema(), *people(1))
    first.until(lambda: client.statistics().count("terms"))
    second = start().write(schema())
    assert second.end() == 1
    assert "Another run is working on audience loyalty-us" in second.log
    assert first.end() == 0


def purge(folder: Path, *options: str) -> str:
    done = subprocess.run(
        [installed(NAME), "purge", *options],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    return f"{done.returncode} {done.stdout}{done.stderr}".strip()


def test_purge(start: Start, client: EmulatorClient, tmp_path: Path) -> None:
    assert "nothing to erase" in purge(tmp_path, "--yes")
    assert start(**MIRRORING).write(schema(), *people(1, 2)).end() == 0
    database = tmp_path / ".target-amazon-audience" / "state.sqlite3"
    secret = members(client)["user-1"].hashed_pii[0]["email"].encode()
    assert secret in b"".join(path.read_bytes() for path in database.parent.glob("*3*"))
    audience_id = str(client.audiences()[0].audience_id)
    said = purge(tmp_path, "--yes", "--audience-id", audience_id)
    assert said.startswith("0 Erased 2 members and 0 open batches")
    left = b"".join(path.read_bytes() for path in database.parent.glob("state*"))
    assert secret not in left
    assert purge(tmp_path, "--yes").startswith("0 Erased ")
    assert not database.exists()


def test_about(tmp_path: Path) -> None:
    done = subprocess.run(
        [installed(NAME), "--about", "--format=json"],
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )
    about = json.loads(done.stdout)
    properties = about["settings"]["properties"]
    assert all(entry.get("description") for entry in properties.values())
    assert properties["refresh_token"]["secret"]


SECRETS = {
    "email": "Zelda.Quux@secretmail.example",
    "phone": "(206) 555-0142",
    "firstname": "Zeldamira",
    "lastname": "Quuxington",
    "address": "4711 Hidden Hollow Street",
    "city": "Obscureville",
    "state": "Wyoming",
    "postal": "82001-4711",
    "ipaddress": "203.0.113.77",
}
TRACES = (
    *("zelda", "quux", "hidden hollow", "hiddenhollow", "obscure", "wyoming"),
    *("5550142", "555-0142", "82001", "203.0.113"),
)


def open_files(run: TargetProcess) -> str:
    """Return what a process holds in temporary files that have no name any more."""
    found = ""
    for link in Path(f"/proc/{run.process.pid}/fd").glob("*"):
        with suppress(FileNotFoundError):  # closed by now
            if str(link.readlink()).endswith("(deleted)"):
                found += link.read_bytes().decode("latin-1")
    return found


@pytest.mark.parametrize("is_killed", [False, True])
def test_no_personal_data_in_any_file_or_line(
    start: Start, client: EmulatorClient, tmp_path: Path, *, is_killed: bool
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    environment = {"TMPDIR": str(spool), "TARGET_AMAZON_AUDIENCE_LOGLEVEL": "DEBUG"}
    client.add_fault(
        "refuse_record", operation="records", external_user_ids=["u-3"], reason="no"
    )
    granted = {**SECRETS, "amznuserdata": "GRANTED"}
    rows: list[object] = [
        record(externaluserid="u-1", **granted),
        record(externaluserid="u-2", **{**granted, "amznuserdata": "Zelda"}),
        record(externaluserid="u-3", **granted),
        record(externaluserid=SECRETS["email"], **granted),
        record(externaluserid="u-4", **granted, countrycode="Obscureville"),
        record(externaluserid="u-5", **{**granted, "phone": [SECRETS["phone"]]}),
        {"type": SECRETS["email"]},
        [SECRETS["email"]],
        *people(*range(20)),
    ]
    if is_killed:
        client.add_fault("status", operation="records", code=500)
    run = start(environment, **MIRROR, **QUICK, batch_size_rows=5)
    run.feed(schema(), *rows, state(1))
    if is_killed:
        run.until(lambda: client.statistics().count("records", 500))
        kept = open_files(run)
        run.kill()
        assert run.states == []
    else:
        kept = ""
        run.end()
        assert set(members(client)) == {"u-1", "u-5", *names(*range(20))}
    assert json.dumps(client.statistics().alarms) == "[]"
    texts = [run.log, kept]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("state.sqlite3" in path.name for path in files)
    texts += [path.read_bytes().decode("latin-1") for path in files]
    for trace in TRACES:
        assert not any(trace in text.lower() for text in texts), trace
