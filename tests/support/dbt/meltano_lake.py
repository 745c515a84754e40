"""A lake that `meltano run` fills: runs as those of `Lake`, Meltano keeps the state."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date

from amazon_emulator.demo.environment import selecting, variables
from support.core.meltano_project import MeltanoProject
from support.core.runs import QUICK_POLLS
from support.dbt.lake import LOGS, Lake

_JOB = ("run", "--force", "tap-amazon-ads", "target-s3")  # a killed run keeps its lock
_STARTING = 3.0
"""Seconds that Meltano takes before the tap starts."""


@dataclass(slots=True)
class MeltanoLake(Lake):
    """Runs of `meltano run tap-amazon-ads target-s3` in a project of its own."""

    _project: MeltanoProject | None = field(default=None, init=False)

    def load_ads(self, first: date, last: date | None = None, **more: object) -> None:
        ran = self._prepared(first, last, **more).run(*_JOB)
        assert ran.returncode == 0, ran.stderr[-4000:]

    def kill_ads(
        self, seconds: float, first: date, last: date | None, **more: object
    ) -> None:
        """Begin to read, and kill Meltano, tap and target with one signal."""
        with self._prepared(first, last, **more).running(*_JOB) as meltano:
            time.sleep(_STARTING + seconds)
            with suppress(ProcessLookupError):
                os.killpg(meltano.pid, signal.SIGKILL)

    def _prepared(
        self, first: date, last: date | None, **more: object
    ) -> MeltanoProject:
        """Return the project with the settings of a run, which stay for the truth."""
        self._ads_commands(first, last, **more)
        if self._project is None:
            folder = self.folder / "meltano"
            folder.mkdir()
            self._project = MeltanoProject.for_emulator(
                folder, self.emulator, self.bucket
            )
        tap = {
            **QUICK_POLLS,
            "start_date": first.isoformat(),
            "end_date": "" if last is None else last.isoformat(),
            **more,
        }
        target = {
            "format.format_type": "delta",
            "prefix": "lake",
            **{k: v for k, v in self.target_settings.items() if k != "format"},
        }
        streams = (*self.streams, *LOGS, "profiles", "advertisers")
        changed = {
            **self._project.environment,
            **variables("TAP_AMAZON_ADS", tap),
            **variables("TARGET_S3", target),
            **selecting("TAP_AMAZON_ADS", streams),
        }
        return replace(self._project, environment=changed)
