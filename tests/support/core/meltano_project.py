"""A Meltano project of a test's own, made from the repository's meltano.yml.

It talks to an emulator and to a local S3 of the test. Every setting is in the process
environment, as in the demo; ``settings`` puts others on top.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any

from amazon_emulator import Emulator
from amazon_emulator.demo import environment
from amazon_emulator.demo.meltano import meltano_command
from support.core.runs import pending_reports
from support.s3.bucket import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Bucket

ROOT = Path(__file__).resolve().parents[3]
PREFIX = "demo"
_SECONDS = 240


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class MeltanoProject:
    """The folder of the project, and what its commands are given."""

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def make(cls, folder: Path, **settings: str) -> MeltanoProject:
        """Copy what Meltano reads; ``settings`` is the environment of the commands."""
        shutil.copyfile(ROOT / "meltano.yml", folder / "meltano.yml")
        shutil.copytree(ROOT / "plugins", folder / "plugins", dirs_exist_ok=True)
        base = {
            "MELTANO_PROJECT_ROOT": str(folder),
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
            "MELTANO_HUB_API_ROOT": "http://127.0.0.1:1",  # whoever asks it, fails
            "PATH": f"{environment.commands_folder()}{os.pathsep}{os.defpath}",
            "NO_COLOR": "1",
        }
        inherited = environment.inherited(dict(os.environ))
        return cls(folder, inherited | base | settings)

    @classmethod
    def for_emulator(
        cls, folder: Path, emulator: Emulator, bucket: Bucket, **settings: str
    ) -> MeltanoProject:
        """Make a project whose plugins read the emulator and fill the bucket."""
        tap = environment.tap_settings(
            environment.Amazon(emulator.url, emulator.token_url, emulator.credentials),
            date(2026, 11, 10),
            date(2026, 11, 12),
            folder,
        )
        address = environment.Bucket(
            bucket.endpoint,
            bucket.name,
            PREFIX,
            REGION,
            ACCESS_KEY_ID,
            SECRET_ACCESS_KEY,
        )
        (folder / ".meltano").mkdir()
        given = environment.environment(tap, address, folder, folder, "test")
        return cls.make(folder, **given | settings)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        pipe = subprocess.PIPE
        with self._started(arguments, pipe, pipe) as process:
            out, told = process.communicate(timeout=_SECONDS)
        return subprocess.CompletedProcess(
            arguments, process.returncode, out.decode(), told.decode()
        )

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start a Meltano command; its log goes to `meltano.log` in the folder."""
        with (
            (self.folder / "meltano.log").open("ab") as log,
            self._started(arguments, log, log) as process,
        ):
            yield process

    @contextmanager
    def _started(
        self, arguments: Sequence[str], out: IO[bytes] | int, err: IO[bytes] | int
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start Meltano in a group of its own, and let nothing of it live on."""
        process = subprocess.Popen(
            meltano_command(arguments),
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def saved_state(self) -> dict[str, Any]:
        """Return the state in Meltano's database; empty before there is one."""
        file = self.folder / ".meltano" / "meltano.db"
        if not file.exists():
            return {}
        with closing(sqlite3.connect(file)) as database:
            try:
                rows = database.execute(
                    "select partial_state, completed_state from state"
                ).fetchall()
            except sqlite3.OperationalError:  # no table yet
                return {}
        for partial, completed in rows:
            for text in (partial, completed):
                if text and text != "{}":
                    found: dict[str, Any] = json.loads(text)["singer_state"]
                    return found
        return {}

    def pending_ids(self) -> set[str]:
        return {name for _, name in pending_reports(self.saved_state())}
