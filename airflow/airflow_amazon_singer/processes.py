"""Runs the commands of a task: settings never touch a disk, logs go to Airflow's."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from airflow_amazon_singer import commands
from airflow_amazon_singer.commands import Mode, Settings
from airflow_amazon_singer.errors import RunError
from airflow_amazon_singer.outcome import Outcome
from airflow_amazon_singer.settings import AmazonPipeline, Meltano
from airflow_amazon_singer.state_files import StateFile

logger = logging.getLogger(__name__)
_LAST_LINES = 5


class Process:
    """A command whose log lines are passed on as they come."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        stdin: IO[bytes] | None = None,
        files: Sequence[int] = (),
        folder: Path | None = None,
    ) -> None:
        self.name = Path(command[0]).name
        path = environment.get("PATH")
        if shutil.which(command[0], path=path) is None:
            msg = (
                f"{command[0]} is not found on this worker: set PATH in "
                "`command_environment`"
            )
            raise RunError(msg)
        self._popen = subprocess.Popen(  # noqa: S603 - commands of the DAG file
            [*_ends_with_parent(), *command],
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            pass_fds=tuple(files),
            cwd=folder,
        )
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._reader = threading.Thread(target=self._pass_on_log, daemon=True)
        self._reader.start()

    @property
    def stdout(self) -> IO[bytes]:
        """What the command writes."""
        return _present(self._popen.stdout)

    def terminate(self) -> None:
        """Ask the command to end: a tap writes its STATE first."""
        with contextlib.suppress(ProcessLookupError):
            self._popen.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Return the exit code once the command and its log have ended."""
        code = self._popen.wait()
        self._reader.join()
        return code

    def __enter__(self) -> Process:  # noqa: PYI034 - Python 3.10 has no Self
        return self

    def __exit__(self, *_: object) -> None:
        """End the command where it still runs, and close its pipes."""
        if self._popen.poll() is None:
            self._popen.terminate()
        self.wait()
        self.stdout.close()
        _present(self._popen.stderr).close()

    def failure(self, code: int) -> RunError:
        """Return what went wrong, with the last lines of the log."""
        last = " | ".join(self.last_lines) or "it wrote no log"
        return RunError(f"{self.name} ended with exit code {code}: {last}")

    def _pass_on_log(self) -> None:
        for line in _present(self._popen.stderr):
            text = line.decode("utf-8", "replace").rstrip()
            self.last_lines.append(text)
            logger.info("%s: %s", self.name, text)


def _present(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        msg = "the command was started without its pipes"
        raise RuntimeError(msg)
    return pipe


def _ends_with_parent() -> list[str]:
    """Return what makes a command end when this process is killed (Linux)."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


@contextlib.contextmanager
def settings_file(settings: Settings) -> Iterator[tuple[str, int]]:
    """Yield the path and the descriptor of a file that only our commands see.

    On Linux it is never on a disk; elsewhere a temporary file that its owner alone
    reads.
    """
    content = json.dumps(settings).encode()
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("settings")
        try:
            os.write(descriptor, content)
            yield f"/dev/fd/{descriptor}", descriptor
        finally:
            os.close(descriptor)
    else:
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            file.write(content)
            file.flush()
            yield file.name, file.fileno()


class Runner:
    """Runs a pipeline's commands; `stop` may come from a signal handler."""

    def __init__(
        self, pipeline: AmazonPipeline, tap_secrets: Settings, target_secrets: Settings
    ) -> None:
        self._pipeline = pipeline
        self._tap_secrets = tap_secrets
        self._target_secrets = target_secrets
        self._environment = {**os.environ, **pipeline.command_environment}
        self._to_stop: list[Process] = []
        self.is_stopped = False

    def stop(self) -> None:
        """End the tap early: what it has is delivered, its state is kept."""
        self.is_stopped = True
        for process in self._to_stop:
            process.terminate()

    def accounts(self) -> list[str]:
        """Return the ids of the accounts that the tap reads, of all shards.

        Raises:
            RunError: the tap cannot say.
        """
        settings = commands.plan_settings(self._pipeline, self._tap_secrets)
        if (meltano := self._pipeline.meltano) is not None:
            variables = commands.environment(self._pipeline.tap, settings)
            with Process(
                commands.meltano_plan_command(meltano, self._pipeline),
                self._environment | variables,
                folder=meltano.project,
            ) as process:
                return self._read_accounts(process)
        with settings_file(settings) as (path, descriptor):
            command = commands.plan_command(self._pipeline, path)
            with Process(command, self._environment, files=(descriptor,)) as process:
                return self._read_accounts(process)

    def _read_accounts(self, process: Process) -> list[str]:
        self._to_stop = [process]
        output = process.stdout.read()
        if code := process.wait():
            raise process.failure(code)
        found: list[str] = json.loads(output)["accounts"]
        return found

    def run(self, mode: Mode, number: int) -> Outcome:
        """Run tap and target over one shard.

        Raises:
            RunError: one of them failed as a whole. What they had is in the state.
        """
        with tempfile.TemporaryDirectory(prefix="amazon-singer-") as folder:
            summary = Path(folder) / "summary.json"
            settings = commands.tap_settings(
                self._pipeline, mode, number, str(summary), self._tap_secrets
            )
            began = time.monotonic()
            pipeline = self._pipeline
            if pipeline.meltano is not None:
                self._run_meltano(pipeline.meltano, settings, number, summary)
            elif pipeline.state_folder is not None:
                name = f"{pipeline.name}-{commands.state_suffix(pipeline, number)}"
                states = StateFile(pipeline.state_folder, name)
                self._run_pipe(settings, states, summary)
            outcome = Outcome.of(
                _read(summary), time.monotonic() - began, asks=mode is Mode.ASK
            )
        logger.info("%s %s: %s", mode.value, self._pipeline.shard(number), outcome)
        return outcome

    def _run_meltano(
        self, meltano: Meltano, settings: Settings, number: int, summary: Path
    ) -> None:
        pipeline = self._pipeline
        target = {**pipeline.target_settings, **self._target_secrets}
        with Process(
            commands.meltano_command(meltano, pipeline, number),
            self._environment
            | commands.environment(pipeline.tap, settings)
            | commands.environment(pipeline.target, target),
            folder=meltano.project,
        ) as process:
            self._to_stop = [process]
            process.stdout.read()
            _check(process, summary)

    def _run_pipe(self, settings: Settings, states: StateFile, summary: Path) -> None:
        """Run the two with a pipe between them, and keep each state that comes."""
        pipeline = self._pipeline
        loaded = {**pipeline.target_settings, **self._target_secrets}
        with (
            states.locked(),
            settings_file(settings) as (tap_path, tap_file),
            settings_file(loaded) as (target_path, target_file),
        ):
            command = commands.tap_command(pipeline, tap_path, states.existing())
            with (
                Process(command, self._environment, files=(tap_file,)) as tap,
                Process(
                    [pipeline.target, "--config", target_path],
                    self._environment,
                    stdin=tap.stdout,
                    files=(target_file,),
                ) as target,
            ):
                self._to_stop = [tap]
                tap.stdout.close()  # the target alone reads it: both end together
                _keep(target.stdout, states.save)
                if code := target.wait():
                    raise target.failure(code)
                _check(tap, summary)


def _keep(lines: IO[bytes], save: Callable[[str], None]) -> None:
    """Save the states that a target writes, each as it comes."""
    for line in lines:
        text = line.decode().strip()
        if text:
            json.loads(text)
            save(text)


def _check(process: Process, summary: Path) -> None:
    """Take exit code 1 with a summary for what the summary says.

    Raises:
        RunError: the run failed as a whole.
    """
    code = process.wait()
    found = _read(summary) if summary.exists() else None
    if found is None or (code and found["result"] not in {"partly", "failed"}):
        raise process.failure(code)
    if found["result"] == "failed":
        raise RunError("; ".join(found["failures"]) or str(process.failure(code)))


def _read(summary: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(summary.read_text(encoding="utf-8"))
    return found
