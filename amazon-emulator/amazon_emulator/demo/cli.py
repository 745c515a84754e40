"""The command line of `amazon-demo`, and the course of the demo."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import FrameType

import click

from amazon_emulator.demo.audiences.pipe import CustomerPipe
from amazon_emulator.demo.audiences.steps import AudienceDemo
from amazon_emulator.demo.bucket import DemoBucket, local_bucket
from amazon_emulator.demo.console import (
    Progress,
    describe,
    show_commands,
    show_conclusion,
    show_differences,
    show_failure,
    show_kiosk,
    show_picture,
    show_plan,
    show_restated,
    show_selling,
    show_selling_table,
    show_servers,
    show_table,
)
from amazon_emulator.demo.environment import (
    Amazon,
    as_script,
    environment,
    inherited,
    selecting,
    selling_settings,
    tap_settings,
    variables,
)
from amazon_emulator.demo.kiosk.comparison import STREAMS as KIOSK_STREAMS
from amazon_emulator.demo.kiosk.comparison import TRANSACTIONS, check_kiosk, sums
from amazon_emulator.demo.meltano import (
    ADS_RUN,
    SP_RUN,
    meltano_command,
    run_meltano,
)
from amazon_emulator.demo.picture.campaigns import beside_numbers, show_campaigns, split
from amazon_emulator.demo.picture.figures import Figures, account_names
from amazon_emulator.demo.picture.page import page_of
from amazon_emulator.demo.project import DemoProject, SetupError, find_project
from amazon_emulator.demo.scenario import (
    DAYS_LATER,
    Run,
    runs,
    seconds_to_midnight,
    start_date,
    zones,
)
from amazon_emulator.demo.selling import STREAMS, check_selling, first_day
from amazon_emulator.demo.verification import Outcome, Row, check, restated, validate
from amazon_emulator.server import Emulator

REGION = "NA"
ROWS_PER_DAY = 10
READY_AFTER_SECONDS = (2, 4)
_MAX_DEMO_SECONDS = 120.0
_EXAMPLE = "sponsored_products_campaign_by_campaign"
_BUCKET, _PREFIX = "amazon-ads", "demo"


class FailedError(Exception):
    """The demo did not show what it should; what is wrong has been printed."""


@click.command()
@click.option(
    "--keep", is_flag=True, help="Leave the servers up afterwards, until Ctrl-C."
)
@click.option(
    "--page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for the page with what came of it; left out, a temporary one.",
)
def command(*, keep: bool, page: Path | None) -> None:
    """Run reports and orders into a bucket, and customers into an audience.

    All on this machine, and counted afterwards.

    It needs no account and no network, and touches no .env and no state of yours.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        meltano_yml = find_project(Path.cwd())
        meltano_command(())  # before anything is started
        _demo(meltano_yml, page, keep=keep)
    except SetupError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except FailedError:
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo("\nStopped; all servers and programs have ended.", err=True)
        sys.exit(130)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signature
    sys.exit(128 + number)


def _demo(meltano_yml: Path, page: Path | None, *, keep: bool) -> None:
    started = time.monotonic()
    own = _drop_user_variables()
    with ExitStack() as stack:
        project = stack.enter_context(DemoProject.make(meltano_yml))
        bucket = stack.enter_context(local_bucket(_BUCKET, _PREFIX))
        emulator = stack.enter_context(
            Emulator(
                region=REGION,
                rows_per_day=ROWS_PER_DAY,
                ready_after_seconds=READY_AFTER_SECONDS,
            )
        )
        demo = Demo(project, bucket, emulator)
        demo.greet()
        demo.wait_for_a_quiet_moment(time.sleep)
        outcomes = [demo.run(run) for run in demo.runs]
        demo.validate(outcomes)
        demo.run_selling()
        demo.run_audience()
        demo.draw(page)
        click.echo(f"\nIt took {time.monotonic() - started:.0f} seconds.")
        if keep:
            demo.show_invitation(own)
            with suppress(KeyboardInterrupt):
                threading.Event().wait()
            click.echo("\nBoth servers have ended.")
        else:
            click.echo("Both servers end here; amazon-demo --keep leaves them up.")


def _temporary_page() -> Path:
    number, name = tempfile.mkstemp(prefix="demo-page-", suffix=".html")
    os.close(number)
    return Path(name)


def _drop_user_variables() -> dict[str, str]:
    """Drop from this process what could lead to accounts of the user's."""
    own = dict(os.environ)
    for name in set(own) - set(inherited(own)):
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = (
        os.devnull
    )
    return own


@dataclass(slots=True)
class Demo:
    """Both servers, the project, and the runs between them."""

    project: DemoProject
    bucket: DemoBucket
    emulator: Emulator
    run_id: str = field(default_factory=lambda: f"demo-{secrets.token_hex(4)}")
    first_rows: Sequence[Row] = ()
    """Of the first run and the stream from which an example is taken."""
    figures: Figures = field(default_factory=Figures)
    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    @property
    def runs(self) -> tuple[Run, Run, Run]:
        """The three runs of today."""
        return runs(self.now.date())

    def greet(self) -> None:
        """Say what runs where."""
        show_servers(
            self.emulator.url,
            self.bucket.location.endpoint,
            self.bucket.location.name,
            " to ".join(map(str, READY_AFTER_SECONDS)),
            describe(self.emulator.client.accounts(), REGION),
        )

    def wait_for_a_quiet_moment(self, sleep: Callable[[float], None]) -> None:
        """Begin only when no day will end meanwhile: a new day is new reports."""
        names = zones(self.emulator.client.accounts())
        seconds = seconds_to_midnight(self.now, names)
        if seconds > _MAX_DEMO_SECONDS:
            return
        click.echo(
            f"\nA day ends in one of the accounts' time zones in {seconds:.0f} s; the "
            "demo waits for it,\nsince the third run is to find no new day."
        )
        sleep(seconds + 1)
        self.now += timedelta(seconds=seconds + 1)

    def run(self, run: Run) -> Outcome:
        """Run Meltano once, and print and return what came of it."""
        show_plan(run)
        client = self.emulator.client
        client.change(restate=DAYS_LATER * (run.number - 1))
        before = len(client.statistics().creates)
        progress = Progress(lambda: client.statistics().creates[before:])
        self._meltano(ADS_RUN, run.number, self.environment(run), progress)
        creates = client.statistics().creates[before:]
        rows, campaigns = split(self.bucket.new_rows())
        self.figures.take(rows)
        outcome = check(creates, client, rows)
        show_table(outcome)
        show_campaigns(beside_numbers(rows, campaigns))
        self._show_restated(rows.get(_EXAMPLE, []))
        click.echo(f"  {progress.seconds:.1f} s")
        return outcome

    def _meltano(
        self,
        arguments: Sequence[str],
        name: int | str,
        given: dict[str, str],
        progress: Progress,
    ) -> None:
        """Run Meltano to its end.

        Raises:
            FailedError: it failed; that has been said.
        """
        log = self.project.log_of(name)
        own = inherited(dict(os.environ))
        code = run_meltano(
            arguments, own | given, self.project.folder, log, progress.update
        )
        if code != 0:
            self.project.is_kept = True
            show_failure(f"Run {name}", code, log)
            raise FailedError

    def _show_restated(self, rows: Sequence[Row]) -> None:
        show_restated(restated(self.first_rows, rows))
        self.first_rows = self.first_rows or rows

    def environment(self, run: Run) -> dict[str, str]:
        """Return what a run's Meltano gets."""
        amazon = Amazon(
            self.emulator.url, self.emulator.token_url, self.emulator.credentials
        )
        first = start_date(self.now.date())
        folder, spool = self.project.folder, self.project.spool
        selling = selling_settings(
            amazon,
            self.emulator.sp_refresh_tokens,
            first_day(self.now),
            spool,
            folder / "files",
        )
        return {
            **environment(
                tap_settings(amazon, first, run.end_date, spool),
                self.bucket.location,
                spool,
                folder,
                self.run_id,
            ),
            **variables("TAP_AMAZON_SP", selling),
            **selecting("TAP_AMAZON_SP", (*STREAMS, *KIOSK_STREAMS)),
        }

    def validate(self, outcomes: list[Outcome]) -> None:
        """Say whether all is as it should be.

        Raises:
            FailedError: it is not.
        """
        wrong = validate(outcomes)
        if wrong:
            self._differ(wrong)
        show_conclusion(outcomes, self.bucket.keys, self.bucket.location.name)

    def run_selling(self) -> None:
        """Read a seller and a vendor, and compare.

        Raises:
            FailedError: what came is not what was sent.
        """
        since, began = first_day(self.now), datetime.now(timezone.utc)
        show_selling(since)
        client = self.emulator.client
        progress = Progress(lambda: client.statistics().sp_reports)
        self._meltano(SP_RUN, "sp", self.environment(self.runs[-1]), progress)
        sent, rows = client.statistics(), self.bucket.new_rows()
        kiosk = {name: rows.pop(name, []) for name in KIOSK_STREAMS}
        outcome = check_selling(sent.sp_reports, client, rows, since, began)
        queries = check_kiosk(sent.sp_queries, client, kiosk, since, began)
        if wrong := [*outcome.differences, *queries.differences]:
            self._differ(wrong)
        show_selling_table(outcome)
        show_kiosk(queries, sums(kiosk[TRANSACTIONS]))
        click.echo(f"  {progress.seconds:.1f} s")

    def _differ(self, wrong: Sequence[str]) -> None:
        self.project.is_kept = True
        show_differences(wrong)
        click.echo(f"The logs are in {self.project.folder}", err=True)
        raise FailedError

    def run_audience(self) -> None:
        """Let customers become an audience, step by step.

        Raises:
            FailedError: a step did not do what it should.
        """
        folder = self.project.folder / "audience"
        folder.mkdir()
        if not AudienceDemo(CustomerPipe(folder, self.emulator)).run():
            self.project.is_kept = True
            click.echo(f"The files and logs are in {folder}", err=True)
            raise FailedError

    def draw(self, page: Path | None) -> None:
        """Write the page with what came of the three runs of advertising reports."""
        file = page or _temporary_page()
        names = account_names(self.emulator.client.accounts())
        file.write_text(page_of(self.figures, names, "amazon-demo"), encoding="utf-8")
        show_picture(file)

    def show_invitation(self, own: dict[str, str]) -> None:
        """Write the settings down for another terminal and say what to type."""
        script = self.project.folder / "settings.sh"
        script.write_text(as_script(self.environment(self.runs[-1]), own))
        location = self.bucket.location
        show_commands(
            script,
            f"{self.emulator.url}/_emulator/statistics",
            f"{location.endpoint}/{location.name}",
        )
