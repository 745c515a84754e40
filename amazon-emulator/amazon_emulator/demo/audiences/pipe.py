"""One run of `tap-customer-file | target-amazon-audience`, and what it reports."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amazon_emulator.demo.customers import FIELD_MAPPING, write_file
from amazon_emulator.demo.environment import commands_folder, inherited
from amazon_emulator.server import Emulator

_SECONDS = 60
_LOG_TAIL = 600
_PLUGINS = {"tap": "tap-customer-file", "target": "target-amazon-audience"}


class FailedStepError(Exception):
    """A step did not do what it should; the text says what."""


@dataclass(slots=True)
class CustomerPipe:
    """A folder for files, configurations and database, and the emulator."""

    folder: Path
    emulator: Emulator

    def run(
        self, name: str, rows: Iterable[Mapping[str, str]], settings: dict[str, object]
    ) -> dict[str, Any]:
        """Pipe customers to an audience; return what the target reports.

        Raises:
            FailedStepError: a command failed.
        """
        write_file(self.folder / "customers.csv", rows)
        summary = self.folder / "summary.json"
        given = {**self._common(), **settings, "summary_path": str(summary)}
        tap = self._command("tap", {"path": str(self.folder / "customers.csv")})
        code = self._piped(tap, self._command("target", given), self._log(name))
        if code:
            text = self._log(name).read_text(errors="replace")[-_LOG_TAIL:]
            msg = f"{name} ended with code {code}.\n{text}"
            raise FailedStepError(msg)
        report: dict[str, Any] = json.loads(summary.read_text())["audiences"][0]
        return report

    def _piped(self, tap: Sequence[str], target: Sequence[str], log: Path) -> int:
        """Return the exit code of the target, or of the tap if only that failed."""
        own = inherited(dict(os.environ))
        with (
            log.open("wb") as shown,
            subprocess.Popen(  # noqa: S603 - our own commands
                tap, stdout=subprocess.PIPE, stderr=shown, env=own
            ) as source,
        ):
            done = subprocess.run(  # noqa: S603 - our own commands
                target,
                stdin=source.stdout,
                stdout=subprocess.DEVNULL,
                stderr=shown,
                env=own,
                timeout=_SECONDS,
                check=False,
            )
        return done.returncode or source.returncode

    def _log(self, name: str) -> Path:
        return self.folder / f"{name.replace(' ', '-')}.log"

    def _command(self, name: str, settings: dict[str, object]) -> Sequence[str]:
        """Write a configuration; return the command that reads it."""
        path = self.folder / f"{name}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(settings, indent=2))
        return [str(commands_folder() / _PLUGINS[name]), "--config", str(path)]

    def _common(self) -> dict[str, object]:
        return {
            **self.emulator.credentials,
            "endpoint_uri": self.emulator.url,
            "auth_uri": self.emulator.token_url,
            "amc_instance_id": "amclight01",
            "external_audience_id": "loyalty-us",
            "audience_name": "Loyalty members US",
            "country_code": "US",
            "field_mapping": FIELD_MAPPING,
            "state_path": str(self.folder / "state.sqlite3"),
            "rejects_path": str(self.folder / "rejects.jsonl"),
            "wait_until_finish": True,
            "max_wait_time": 1,
            "poll_interval_seconds": 0.05,
        }
