"""One Meltano command as a child process that never outlives the demo."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from amazon_emulator.demo.environment import commands_folder
from amazon_emulator.demo.project import SetupError

ADS_RUN = ("run", "tap-amazon-ads", "target-s3")
SP_RUN = ("run", "tap-amazon-sp", "target-s3")
_GRACE_SECONDS = 8
_POLL_SECONDS = 0.25


def meltano_command(arguments: Sequence[str]) -> list[str]:
    """Return the command line of the Meltano beside this Python.

    Raises:
        SetupError: it is not installed there.
    """
    program = commands_folder() / "meltano"
    if not program.exists():
        msg = (
            f"There is no meltano in {program.parent}: start the demo with "
            "`uv run amazon-demo` in the folder you cloned."
        )
        raise SetupError(msg)
    return [str(program), *arguments]


def run_meltano(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    log: Path,
    while_waiting: Callable[[], None],
) -> int:
    """Run plugins to their end, with the log in a file; return the exit code."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            meltano_command(arguments),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A group of its own, so that all of it can be ended, and Ctrl-C
            # reaches it once and from us.
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                while_waiting()
                time.sleep(_POLL_SECONDS)
        finally:
            _end(process)
    return process.returncode


def _end(process: subprocess.Popen[bytes]) -> None:
    """End Meltano and both plugins; those that do not heed a request are killed."""
    try:
        if process.poll() is None:
            _signal(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_SECONDS)
    finally:  # also after a second Ctrl-C
        _signal(process.pid, signal.SIGKILL)
        process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
