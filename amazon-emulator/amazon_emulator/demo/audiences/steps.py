"""The second part of the demo: a file of customers becomes an Amazon audience.

Each step is one run of `tap-customer-file | target-amazon-audience`; after it the
emulator is asked who is in the audience, and that is compared with who should be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from amazon_emulator.demo.audiences.data_manager import DataManagerDemo
from amazon_emulator.demo.audiences.pipe import CustomerPipe, FailedStepError
from amazon_emulator.demo.customers import customer

_ROW = "  {:<6} {:<14} {:>7} {:>7} {:>7} {:>7} {:>9}"


@dataclass(frozen=True, slots=True)
class Step:
    """One run: who stands in the file, and who is in the audience afterwards."""

    mode: str
    title: str
    customers: Sequence[int]
    members: Sequence[int]
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


@dataclass(slots=True)
class AudienceDemo:
    """The steps, and what the audience was before each."""

    pipe: CustomerPipe
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
            DataManagerDemo(self.pipe).run(STEPS[-1].members)
            self._check_alarms()
        except FailedStepError as error:
            click.echo(f"\nThe audience is not as it should be: {error}", err=True)
            return False
        return True

    def _step(self, number: int, step: Step) -> None:
        rows = [customer(n) for n in step.customers]
        rows += [
            {**customer(10_000 + n), "customer_no": ""} for n in range(step.nameless)
        ]
        settings: dict[str, object] = {"upload_mode": step.mode}
        report = self.pipe.run(f"step {number}", rows, settings)
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
        return set(
            self.pipe.emulator.client.audience_members(int(report["audience_id"]))
        )

    def _conclude(self) -> None:
        self._check_alarms()
        client = self.pipe.emulator.client
        [audience] = client.audiences()
        member, view = min(client.audience_members(audience.audience_id).items())
        email = view.hashed_pii[0]["email"]
        click.echo(
            f"\nThe emulator's members are exactly those of the file, and nothing came "
            f"in clear;\nof {member} it knows the e-mail as {email[:16]}... and so on. "
            "Three rows\nwithout a customer number were skipped, counted and noted in "
            "rejects.jsonl."
        )

    def _check_alarms(self) -> None:
        alarms = self.pipe.emulator.client.statistics().alarms
        if alarms:
            msg = f"the emulator raised an alarm: {alarms[0]}"
            raise FailedStepError(msg)
