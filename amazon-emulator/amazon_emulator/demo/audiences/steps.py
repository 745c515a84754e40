"""The second part of the demo: a file of customers becomes an Amazon audience.

Each step is one run of `tap-customer-file | target-amazon-audience`; after it the
emulator is asked who is in the audience, and that is compared with who should be.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from amazon_emulator.demo.customers import FIELD_MAPPING, customer, write_file
from amazon_emulator.demo.environment import commands_folder, inherited
from amazon_emulator.server import Emulator

_INSTANCE = "amclight01"
_SECONDS = 60
_ROW = "  {:<6} {:<14} {:>7} {:>7} {:>7} {:>7} {:>9}"
_LOG_TAIL = 600


@dataclass(frozen=True, slots=True)
class Step:
    """One run: who stands in the file, and who is in the audience afterwards."""

    mode: str
    title: str
    customers: Iterable[int]
    members: Iterable[int]
    nameless: int = 0
    """Rows without a customer number, to be rejected."""


STEPS = (
    Step("APPEND", "a new audience", range(1000), range(1000), nameless=3),
    Step("APPEND", "200 more", range(1000, 1200), range(1200)),
    Step("DELETE", "50 leave", range(50), range(50, 1200)),
    Step("MIRROR", "same list", range(50, 1200), range(50, 1200)),
    Step("MIRROR", "another list", range(150, 1240), range(150, 1240)),
)
_INTRODUCTION = """
From customers to an audience: a CSV file as a shop might export it, five times
through plain pipes, to the Amazon Marketing Cloud that the emulator plays:

  tap-customer-file --config tap.json | target-amazon-audience --config target.json

Names, e-mails, phones and addresses are written as Amazon wants them and leave
this side only as SHA-256. The audience is made by the first run and found again
by the others. MIRROR makes it what the file says: the first time it only learns
who is in, from then on it removes who has left the list.
"""


class FailedStepError(Exception):
    """A step did not do what it should; the text says what."""


@dataclass(slots=True)
class AudienceDemo:
    """A folder for files, configurations and database, and the emulator."""

    folder: Path
    emulator: Emulator
    earlier: set[str] = field(default_factory=set)
    """Who was in the audience before the step."""

    def run(self) -> bool:
        """Do all steps and print them; say whether all went as they should."""
        click.echo(_INTRODUCTION)
        click.echo(
            _ROW.format(
                *("mode", "customers", "records", "skipped", "added", "removed"),
                "in Amazon",
            )
        )
        try:
            for number, step in enumerate(STEPS, 1):
                self._step(number, step)
            self._conclude()
        except FailedStepError as error:
            click.echo(f"\nThe audience is not as it should be: {error}", err=True)
            return False
        return True

    def _step(self, number: int, step: Step) -> None:
        rows = [customer(n) for n in step.customers]
        rows += [
            {**customer(10_000 + n), "customer_no": ""} for n in range(step.nameless)
        ]
        write_file(self.folder / "customers.csv", rows)
        report = self._piped(number, step)
        found = self._members(report)
        click.echo(
            _ROW.format(
                *(step.mode, step.title, f"{report['records']:,}"),
                *(report["skipped"], f"{len(found - self.earlier):,}"),
                *(len(self.earlier - found), f"{len(found):,}"),
            )
        )
        expected = {customer(n)["customer_no"] for n in step.members}
        if found != expected or report["skipped"] != step.nameless:
            msg = (
                f"after step {number}, {len(expected - found)} members are missing and "
                f"{len(found - expected)} are too many."
            )
            raise FailedStepError(msg)
        self.earlier = found

    def _members(self, report: dict[str, Any]) -> set[str]:
        return set(self.emulator.client.audience_members(int(report["audience_id"])))

    def _piped(self, number: int, step: Step) -> dict[str, Any]:
        """Run tap and target; return what the target reports."""
        tap = self._config("tap", {"path": str(self.folder / "customers.csv")})
        summary = self.folder / "summary.json"
        target = self._config("target", self._settings(step.mode, summary))
        own = inherited(dict(os.environ))
        log = self.folder / f"step-{number}.log"
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
        if done.returncode or source.returncode:
            text = log.read_text(errors="replace")[-_LOG_TAIL:]
            msg = f"step {number} ended with code {done.returncode}.\n{text}"
            raise FailedStepError(msg)
        report: dict[str, Any] = json.loads(summary.read_text())["audiences"][0]
        return report

    def _config(self, name: str, settings: dict[str, object]) -> Sequence[str]:
        """Write a configuration; return the command that reads it."""
        path = self.folder / f"{name}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(settings, indent=2))
        plugin = {"tap": "tap-customer-file", "target": "target-amazon-audience"}[name]
        return [str(commands_folder() / plugin), "--config", str(path)]

    def _settings(self, mode: str, summary: Path) -> dict[str, object]:
        return {
            **self.emulator.credentials,
            "endpoint_uri": self.emulator.url,
            "auth_uri": self.emulator.token_url,
            "amc_instance_id": _INSTANCE,
            "external_audience_id": "loyalty-us",
            "audience_name": "Loyalty members US",
            "country_code": "US",
            "upload_mode": mode,
            "field_mapping": FIELD_MAPPING,
            "state_path": str(self.folder / "state.sqlite3"),
            "summary_path": str(summary),
            "rejects_path": str(self.folder / "rejects.jsonl"),
            "wait_until_finish": True,
            "max_wait_time": 1,
            "poll_interval_seconds": 0.05,
        }

    def _conclude(self) -> None:
        statistics = self.emulator.client.statistics()
        if statistics.alarms:
            msg = f"something was sent in clear: {statistics.alarms[0]}"
            raise FailedStepError(msg)
        [audience] = self.emulator.client.audiences()
        member, view = min(
            self.emulator.client.audience_members(audience.audience_id).items()
        )
        email = view.hashed_pii[0]["email"]
        click.echo(
            f"\nThe emulator's members are exactly those of the file, and nothing came "
            f"in clear;\nof {member} it knows the e-mail as {email[:16]}... and so on. "
            "Three rows\nwithout a customer number were skipped, counted and noted in "
            "rejects.jsonl."
        )
