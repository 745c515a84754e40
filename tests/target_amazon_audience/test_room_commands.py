"""The real command against the emulator: kills, exit codes, and nothing personal left.

The emulator keeps real time here, since the command does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from amazon_emulator import Emulator, EmulatorClient
from support.audience_command import PATIENCE, Command
from support.audience_rooms import MIRROR, hashed, names, settings
from support.audience_runs import person, record, schema, state

QUICK = {"poll_interval_seconds": 0.05, "poll_interval_max_seconds": 0.05}
WAITING = {**QUICK, "wait_until_finish": True, "max_wait_time": 1}
Start = Callable[..., Command]


@pytest.fixture
def client(emulator: Emulator) -> EmulatorClient:
    found = emulator.client
    found.reset()
    found.real_time()
    return found


@pytest.fixture
def start(
    tmp_path: Path, emulator: Emulator, client: EmulatorClient
) -> Iterator[Start]:
    assert client
    started: list[Command] = []

    def begin(environment: dict[str, str] | None = None, **changes: object) -> Command:
        config = settings(
            emulator,
            summary_path="summary.json",
            rejects_path="rejects.jsonl",
            **changes,
        )
        started.append(Command(tmp_path, config, **(environment or {})))
        return started[-1]

    yield begin
    for command in started:
        if command.process.poll() is None:
            command.kill()


def who(client: EmulatorClient) -> dict[str, Any]:
    [audience] = client.audiences()
    return client.audience_members(audience.audience_id)


def people(*numbers: int, **values: object) -> list[dict[str, Any]]:
    return [person(n, **values) for n in numbers]


def feed(run: Command, *messages: object) -> None:
    """Write a whole input to a command that may die meanwhile."""
    run.write(schema(), *messages)
    assert run.process.stdin
    run.process.stdin.close()


@pytest.mark.parametrize("moment", [3])
def test_killed_in_the_middle_of_an_upload(
    start: Start, client: EmulatorClient, moment: int
) -> None:
    client.add_fault("delay", operation="records", seconds=0.05)
    slow = {"batch_size_rows": 5, "max_concurrency": 1}
    run = start(**slow)
    feed(run, *people(*range(40)), state(1))
    run.wait_for(lambda: len(client.audience_jobs()) >= moment)
    run.kill()
    assert run.states == []
    client.clear_faults()
    again = start(**slow).write(schema(), *people(*range(40)), state(1))
    assert again.end() == 0, again.log
    assert again.states == [1]
    assert set(who(client)) == names(*range(40))


@pytest.mark.parametrize("moment", [2, 4])
def test_killed_in_the_middle_of_a_mirror(
    start: Start, client: EmulatorClient, moment: int
) -> None:
    mirror = {**MIRROR, **WAITING, "batch_size_rows": 4, "max_concurrency": 1}
    first = start(**mirror).write(schema(), *people(*range(12)))
    assert first.end() == 0, first.log
    before = len(client.audience_jobs())
    client.change(job_ready_after_looks=2)
    client.add_fault("delay", operation="records", seconds=0.05)
    # four go, four change, four stay, eight come: the run dies in between
    wanted = [*people(*range(4, 8), city="x"), *people(*range(8, 20))]
    run = start(**mirror)
    feed(run, *wanted)
    run.wait_for(lambda: len(client.audience_jobs()) >= before + moment)
    run.kill()
    client.clear_faults()
    again = start(**mirror).write(schema(), *wanted)
    assert again.end() == 0, again.log
    found = who(client)
    assert set(found) == names(*range(4, 20))
    for n in range(4, 8):
        held = hashed(email=f"person{n}@example.com", city="x")
        assert found[f"user-{n}"].hashed_pii == [held]


def test_killed_after_acceptance_before_the_answer(
    start: Start, client: EmulatorClient
) -> None:
    mirror = {**MIRROR, **WAITING}
    assert start(**mirror).write(schema(), *people(1, 2, 3)).end() == 0
    client.add_fault("lost_answer", operation="records")
    run = start(**mirror)
    feed(run, *people(3, 4))
    run.wait_for(lambda: len(client.audience_jobs()) >= 2)
    run.kill()
    client.clear_faults()
    again = start(**mirror).write(schema(), *people(2, 3))
    assert again.end() == 0, again.log
    assert set(who(client)) == names(2, 3)


def test_state_is_echoed_while_no_record_comes(
    start: Start, client: EmulatorClient
) -> None:
    run = start(batch_size_rows=2)
    run.write(schema(), *people(1, 2), state(1), *people(3), state(2))
    run.wait_for(lambda: run.states == [1])
    assert set(who(client)) == names(1, 2)
    run.write(*people(4), *people(5))
    run.wait_for(lambda: run.states == [1, 2])
    assert run.end() == 0
    assert set(who(client)) == names(1, 2, 3, 4, 5)


def test_exit_codes(start: Start, client: EmulatorClient) -> None:
    client.add_fault("job_failed", operation="records", times=2)
    failed = start(**WAITING).write(schema(), *people(2))
    assert failed.end() == 1
    assert "Traceback" not in failed.log
    assert "failed (FAILED)" in failed.log
    summary = failed.log.strip().splitlines()[-1]
    assert summary.partition("Run summary: ")[2].startswith("{")
    client.add_fault("never_ready", operation="records")
    pending = start(**WAITING)
    feed(pending, *people(1))
    pending.wait_for(lambda: len(client.audience_jobs()) == 3)
    pending.process.terminate()
    assert pending.process.wait(PATIENCE) == 0
    pending.end()
    assert "Amazon still works on 1 batches" in pending.log
    wrong = start(audience_name="ninechars")
    assert wrong.end() == 1
    assert "Setting audience_name has 9 characters" in wrong.log


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


def open_files(run: Command) -> str:
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
    feed(run, *rows, state(1))
    if is_killed:
        run.wait_for(lambda: client.statistics().count("records", 500))
        kept = open_files(run)
        run.kill()
        assert run.states == []
    else:
        kept = ""
        run.end()
        assert set(who(client)) == {"u-1", "u-5", *names(*range(20))}
    assert json.dumps(client.statistics().alarms) == "[]"
    texts = [run.log, kept]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("state.sqlite3" in path.name for path in files)
    texts += [path.read_bytes().decode("latin-1") for path in files]
    for trace in TRACES:
        assert not any(trace in text.lower() for text in texts), trace
