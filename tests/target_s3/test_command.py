"""The real command on a real S3 endpoint: pipes, signals, crashes, exit codes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from singer_amazon.output import CLOSED
from support.core.process import PATIENCE, TargetProcess, environment, installed, lines
from support.s3.loader import record, schema, state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.s3.bucket import Bucket

    Start = Callable[..., "TargetProcess"]

NAME = "target-s3"
NOBODY = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"}
"""Nothing that tells boto3 who it is."""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[TargetProcess] = []

    def begin(config: dict[str, Any], **env: str) -> TargetProcess:
        started.append(TargetProcess(NAME, tmp_path, config, **NOBODY | env))
        return started[-1]

    yield begin
    for command in started:
        command.kill()


def errors(command: TargetProcess) -> list[str]:
    return [line for line in command.log.splitlines() if "| ERROR " in line]


def test_all_rows_arrive_with_default_settings(bucket: Bucket, start: Start) -> None:
    command = start(bucket.target_config())
    rows = [record(id=str(2**53 + n), name=f"Größe {n}") for n in range(25_000)]
    command.write(schema(), *rows, state(1))
    assert command.end() == 0, command.log
    found = bucket.rows("campaigns")
    assert [row["id"] for row in found] == [str(2**53 + n) for n in range(25_000)]
    assert found[7]["name"] == "Größe 7"
    assert command.states == [1]
    assert "Traceback" not in command.log
    summary = json.loads(command.last_line.split("Run summary: ")[1])
    [key] = bucket.keys()
    assert summary["streams"] == {
        "campaigns": {"records": 25_000, "objects": 1, "bytes": len(bucket.read(key))}
    }


@pytest.mark.parametrize("name", ["jsonl", "parquet"])
def test_large_objects_arrive_in_many_parts(
    name: str, bucket: Bucket, start: Start
) -> None:
    config = bucket.target_config(format={"format_type": name}, prefix="raw")
    command = start(config)
    noise = os.urandom(3000).hex()  # 18 MB in all, which no format packs
    rows = [record(id=str(n), text=f"{n}{noise[n:]}") for n in range(3000)]
    command.write(schema(id="string", text="string"), *rows)
    assert command.end() == 0, command.log
    assert [row["id"] for row in bucket.rows("campaigns", "raw/")] == [
        str(n) for n in range(3000)
    ]
    assert bucket.open_uploads() == 0


def test_state_is_echoed_while_the_tap_is_silent(bucket: Bucket, start: Start) -> None:
    config = bucket.target_config(max_batch_age=0.01)
    command = start(config)
    command.write(schema(), record(id="1"), state("waiting"))
    command.until(lambda: command.states == ["waiting"])
    assert bucket.rows("campaigns")[0]["id"] == "1"
    command.write(record(id="2"), state("done"))
    assert command.end() == 0
    assert command.states == ["waiting", "done"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stores_what_came_and_exits_0(
    number: int, bucket: Bucket, start: Start
) -> None:
    command = start(bucket.target_config())
    command.write(schema(), state("started"))
    command.until(lambda: command.states)
    command.write(record(id="1"), state("kept"))
    command.process.send_signal(number)
    began = time.monotonic()
    assert command.ended() == 0, command.log
    assert time.monotonic() - began < 5
    assert [row["id"] for row in bucket.rows("campaigns")] == ["1"]
    assert command.states[-1] == "kept"
    assert "Traceback" not in command.log


def test_a_signal_under_a_full_pipe_tears_no_state(
    bucket: Bucket, start: Start
) -> None:
    command = start(bucket.target_config())
    command.write(schema(), state(-1))
    command.until(lambda: command.states)

    def pour() -> None:
        text = "x" * 500
        try:
            for n in range(1_000_000):
                command.write(record(id=str(n), text=text), state(n))
        except OSError:
            return  # the target has ended

    writer = threading.Thread(target=pour, daemon=True)
    writer.start()
    time.sleep(0.5)
    command.process.send_signal(signal.SIGTERM)
    assert command.process.wait(PATIENCE) == 0, command.log
    writer.join(PATIENCE)
    command.ended()
    rows = bucket.rows("campaigns")
    assert command.states[-1] > 0
    assert len(rows) > command.states[-1]  # every row up to the state, at least


def test_a_second_signal_ends_at_once(bucket: Bucket, start: Start) -> None:
    command = start(bucket.target_config())
    command.write(schema(), state(0))
    command.until(lambda: command.states)
    command.process.send_signal(signal.SIGTERM)
    command.until(lambda: "Stopping" in command.log)
    command.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert command.ended() == 128 + signal.SIGTERM
    assert time.monotonic() - began < 1


def test_a_kill_leaves_no_partial_object_and_no_state(
    bucket: Bucket, start: Start, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    command = start(bucket.target_config(spool_dir=str(spool)))
    command.write(schema(), state("before"))
    command.until(lambda: command.states)
    text = "x" * 1000
    rows = (record(id=str(n), text=text) for n in range(2000))
    command.write(*rows, state("after"))
    command.process.kill()
    assert command.ended() == -signal.SIGKILL
    assert bucket.keys() == []
    assert command.states == ["before"]
    assert list(spool.iterdir()) == []


def test_sixty_streams_interleaved(bucket: Bucket, start: Start) -> None:
    names = [f"report_{n}" for n in range(60)]
    rows = (record(name, id=str(n)) for n in range(200) for name in names)
    command = start(bucket.target_config())
    command.write(*(schema(name) for name in names), *rows, state(1))
    assert command.end() == 0, command.log
    assert bucket.streams() == set(names)
    for name in names:
        assert [r["id"] for r in bucket.rows(name)] == [str(n) for n in range(200)]


def test_a_bad_line_is_one_sentence_and_exit_1(bucket: Bucket, start: Start) -> None:
    command = start(bucket.target_config())
    command.write(schema(), record(id="1"), state(1), b'{"private\n', record(id="2"))
    assert command.end() == 1
    [sentence] = errors(command)
    assert "Line 4 of the input is not valid JSON" in sentence
    assert "private" not in command.log
    assert "Traceback" not in command.log
    assert [row["id"] for row in bucket.rows("campaigns")] == ["1", "2"]
    assert command.states == [1]
    assert '"records":2' in command.last_line
    assert '"unreadable_lines":1' in command.last_line


def test_an_input_cut_in_its_last_line_says_so(bucket: Bucket, start: Start) -> None:
    command = start(bucket.target_config())
    command.write(schema(), record(id="1"), state(1), b'{"type":"RECORD","stre')
    assert command.end() == 1
    assert "ends in the middle of line 4: the tap was cut off" in command.log
    assert command.states == [1]


def test_a_last_line_without_line_end_is_taken(bucket: Bucket, start: Start) -> None:
    command = start(bucket.target_config())
    command.write(schema(), lines([record(id="1")]).rstrip())
    assert command.end() == 0
    assert len(bucket.rows("campaigns")) == 1


def test_nobody_reads_the_state(bucket: Bucket, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(bucket.target_config()), encoding="utf-8")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [installed(NAME), "--config", str(path)],
        input=lines([schema(), record(id="1"), state(1)]),
        stdout=writer,
        stderr=subprocess.PIPE,
        env=environment(**NOBODY),
        check=False,
    )
    os.close(writer)
    assert done.returncode == 1
    assert b"The program that reads our STATE has ended before us" in done.stderr
    assert b"BrokenPipe" not in done.stderr
    assert len(bucket.rows("campaigns")) == 1


@pytest.mark.parametrize("where", ["/dev/full", None])
def test_a_full_disk_and_a_closed_stdout_are_sentences(
    where: str | None, bucket: Bucket, tmp_path: Path
) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(bucket.target_config()), encoding="utf-8")
    redirect = f"> {where}" if where else ">&-"
    done = subprocess.run(
        ["sh", "-c", f"{installed(NAME)} --config {path} {redirect}"],
        input=lines([schema(), record(id="1"), state(1)]),
        stderr=subprocess.PIPE,
        env=environment(**NOBODY),
        check=False,
    )
    log = done.stderr.decode()
    assert done.returncode == 1, log
    sentence = (
        "The program that reads our STATE has ended before us" if where else CLOSED
    )
    assert sentence in log
    assert "Traceback" not in log
    assert len(bucket.rows("campaigns")) == (1 if where else 0)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"a":', "is not valid JSON: "),
        (b"[1]", "is not one JSON object"),
        (b'"x"', "is not one JSON object"),
        (
            b'{"max_batch_size":1e' + b"9" * 40 + b"}",
            "holds a number that is none, or out of",
        ),
        (b'{"max_batch_size":NaN}', "holds a number that is none, or out of"),
        (b'{"prefix":"\xfc"}', "is not UTF-8 text"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "is nested too deep"),
        (None, "cannot be read (No such file"),
    ],
)
def test_a_damaged_configuration_file_is_a_sentence(
    content: bytes | None, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "config.json"
    if content is not None:
        path.write_bytes(content)
    done = subprocess.run(
        [installed(NAME), "--config", str(path)],
        input=b"",
        capture_output=True,
        env=environment(**NOBODY),
        check=False,
    )
    log = done.stderr.decode()
    assert done.returncode == 1
    assert f"The configuration file {path} {sentence}" in log
    assert "Traceback" not in log


def test_an_upload_that_fails_ends_with_the_words_of_s3(
    bucket: Bucket, start: Start
) -> None:
    command = start(bucket.target_config(max_batch_size=10, max_attempts=1))
    command.write(schema(), *(record(id=str(n)) for n in range(10)), state("kept"))
    command.until(lambda: command.states == ["kept"])
    [key] = bucket.keys()
    bucket.client.delete_object(Bucket=bucket.name, Key=key)
    bucket.client.delete_bucket(Bucket=bucket.name)
    command.write(*(record(id=str(n)) for n in range(10)), state("lost"))
    command.until(lambda: command.process.poll() is not None)
    assert command.ended() == 1
    [sentence] = errors(command)
    assert f"bucket '{bucket.name}'" in sentence
    assert "-00002.jsonl.gz' could not be stored" in sentence
    assert "S3 answered NoSuchBucket" in sentence
    assert command.states == ["kept"]


def refused(command: TargetProcess) -> str:
    """The one sentence of a command that ends before it has read its input."""
    command.until(lambda: command.process.poll() is not None)
    assert command.ended() == 1
    assert "Traceback" not in command.log
    assert command.states == []
    [sentence] = errors(command)
    return sentence


def test_a_missing_bucket_fails_before_the_first_record(
    bucket: Bucket, start: Start
) -> None:
    config = bucket.target_config()
    config["cloud_provider"]["aws"]["aws_bucket"] = "not-there"
    sentence = refused(start(config))
    assert "Nothing can be written to bucket 'not-there'" in sentence
    assert "NoSuchBucket" in sentence
    assert "create the bucket" in sentence


def test_no_credentials_fail_before_the_first_record(
    bucket: Bucket, start: Start
) -> None:
    config = bucket.target_config()
    del config["cloud_provider"]["aws"]["aws_access_key_id"]
    del config["cloud_provider"]["aws"]["aws_secret_access_key"]
    assert "no credentials were found" in refused(start(config))
    command = start(config, **bucket.environment())
    command.write(schema(), record(id="1"))
    assert command.end() == 0, command.log


def test_an_unknown_profile_fails_before_the_first_record(
    bucket: Bucket, start: Start
) -> None:
    config = bucket.target_config()
    config["cloud_provider"]["aws"]["aws_profile_name"] = "nobody"
    assert "(nobody) could not be found" in refused(start(config))


def test_an_endpoint_that_does_not_answer_fails_before_the_first_record(
    bucket: Bucket, start: Start
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        config = bucket.target_config(max_attempts=1)
        endpoint = f"http://127.0.0.1:{port}"
        config["cloud_provider"]["aws"]["aws_endpoint_override"] = endpoint
        sentence = refused(start(config))
    assert "Could not connect" in sentence
    assert "check aws_endpoint_override" in sentence


def test_a_wrong_setting_is_one_sentence_and_exit_1(
    bucket: Bucket, start: Start
) -> None:
    config = bucket.target_config(format={"format_type": "xml"})
    assert "format.format_type is 'xml'" in refused(start(config))
    maps = bucket.target_config(flattening_enabled=True)
    assert "flattening_max_depth is required" in refused(start(maps))


def test_settings_without_effect_and_unknown_ones_are_told_once(
    bucket: Bucket, start: Start
) -> None:
    command = start(bucket.target_config(partition_name_enabled=True, prefx="x"))
    assert command.end() == 0
    assert command.log.count("partition_name_enabled") == 1
    assert "Unknown settings, ignored: prefx" in command.log


def test_the_environment_configures_it_without_a_file(
    bucket: Bucket, tmp_path: Path
) -> None:
    aws = bucket.target_config()["cloud_provider"]["aws"]
    nested = {
        f"TARGET_S3_CLOUD_PROVIDER_AWS_{name.upper()}": value
        for name, value in aws.items()
    }
    done = subprocess.run(
        [installed(NAME), "--config=ENV"],
        input=lines([schema(), record(id="1"), state(1)]),
        capture_output=True,
        env=environment(**NOBODY, **nested, TARGET_S3_FORMAT_FORMAT_TYPE="csv"),
        cwd=tmp_path,
        check=True,
    )
    assert json.loads(done.stdout) == {"bookmarks": 1}
    [key] = bucket.keys()
    assert key.endswith(".csv")


def test_nothing_secret_is_logged_even_when_everything_is(
    bucket: Bucket, start: Start
) -> None:
    config = bucket.target_config()
    config["cloud_provider"]["aws"]["aws_session_token"] = "token-of-mine"
    command = start(config, LOGLEVEL="DEBUG")
    command.write(schema(), record(id="private"), state(1))
    assert command.end() == 0, command.log
    secret = config["cloud_provider"]["aws"]["aws_secret_access_key"]
    for word in (secret, "token-of-mine", "private", "Authorization"):
        assert word not in command.log
