"""Everything the demo prints."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import click

from amazon_emulator.demo.scenario import STREAMS, Run
from amazon_emulator.demo.verification import Outcome, Restated

_ROW = "  {:<45} {:>7}  {:>9}  {:>9}"
_LINE_EVERY = 2.0
_MAX_SILENCE = 10.0
_LOG_LINES = 10


def show_servers(
    amazon: str, endpoint: str, name: str, ready: str, accounts: str
) -> None:
    """Say what runs where."""
    click.echo(
        "Amazon's data to S3, and customers to Amazon, all on this machine: an\n"
        "emulator plays Amazon, moto plays S3. What lies between them is the real\n"
        "thing. First, advertising reports, three times:\n\n"
        "  meltano run tap-amazon-ads target-s3\n\n"
        f"  Amazon  {amazon}\n"
        f"          {accounts};\n"
        f"          it works {ready} seconds on a report\n"
        f"  S3      {endpoint}, bucket {name}, empty"
    )


def describe(accounts: Mapping[str, Any], region: str) -> str:
    """Return who the accounts of a region are."""
    profiles = [
        profile
        for profile in accounts["profiles"]
        if profile["region"] == region and "subType" not in profile["accountInfo"]
    ]
    kinds = Counter(profile["accountInfo"]["type"] for profile in profiles)
    members = {
        advertiser["advertiserId"]
        for profile in profiles
        for advertiser in accounts["advertisers"].get(str(profile["profileId"]), [])
    }
    linked = {
        account["dspAdvertiserId"]
        for manager in accounts["managerAccounts"]
        if manager["region"] == region
        for account in manager["linkedAccounts"]
        if account["dspAdvertiserId"]
    }
    return (
        f"{kinds['seller']} sellers, {kinds['vendor']} vendors, {kinds['agency']} "
        f"agency with {len(members)} DSP advertisers, {len(linked - members)} linked"
    )


def show_plan(run: Run) -> None:
    """Say what a run is going to do, and why."""
    click.echo(f"\nRun {run.number} of 3: {run.title}")
    click.echo(_indented(run.reason))


class Requested(Protocol):
    """A report that was asked for."""

    @property
    def downloads(self) -> int:
        """How often its document was fetched."""


class Progress:
    """Prints a line now and then while Meltano runs; `reports` are those of the run."""

    def __init__(
        self,
        reports: Callable[[], Sequence[Requested]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reports = reports
        self._clock = clock
        self._started = self._shown_at = clock()
        self._shown = ""

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    def update(self) -> None:
        """Print how far the run is, if there is news or it was long quiet."""
        quiet = self._clock() - self._shown_at
        if quiet < _LINE_EVERY:
            return
        text = self._text()
        if text != self._shown or quiet >= _MAX_SILENCE:
            self._shown, self._shown_at = text, self._clock()
            click.echo(f"  {self.seconds:5.1f} s  {text}")

    def _text(self) -> str:
        reports = self._reports()
        if not reports:
            return "Meltano and the tap are starting; no report is asked for yet"
        fetched = sum(report.downloads > 0 for report in reports)
        if fetched == len(reports):
            return f"all {fetched} reports are fetched; their rows go to the bucket"
        asked = f"{len(reports)} report{'s' if len(reports) > 1 else ''} asked for"
        return f"{asked}, {fetched} finished and fetched"


def show_table(outcome: Outcome) -> None:
    """Print a run's table, or one line where nothing was asked for."""
    if not outcome.reports and not outcome.found:
        click.echo("  No report asked for, no row sent, none in the bucket.")
        return
    _show_lines(outcome)


def _show_lines(outcome: Outcome) -> None:
    header = _ROW.format("stream", "reports", "rows sent", "in bucket")
    click.echo(f"\n{header.rstrip()}")
    for line in outcome.lines:
        click.echo(_row(line.stream, line.reports, line.sent, line.found))
    click.echo(_row("all", outcome.reports, outcome.sent, outcome.found))


def _row(name: str, *numbers: int | None) -> str:
    texts = ("" if number is None else f"{number:,}" for number in numbers)
    return _ROW.format(name, *texts)


def show_selling(since: str) -> None:
    """Say what the run about selling partners is going to do, and why."""
    click.echo(
        "\nSelling partners: a seller and a vendor in the US, one run, with\n\n"
        "  meltano run tap-amazon-sp target-s3\n\n"
        f"  From {since} on: what Amazon has published of days, weeks and hours since;"
        "\n  two sections of one document cost one report. Orders come page by page, "
        "their\n  items inside. own_... is what a user adds in the config: a report, "
        "orders with\n  one more request for the items of each, a document kept as a "
        "file."
    )


def show_selling_table(outcome: Outcome) -> None:
    """Print the table of the selling partners, and where the file lies."""
    _show_lines(outcome)
    name = Path(str(outcome.file["file"])).name
    click.echo(
        f"  Saved as it came, and not encrypted: {name}, {outcome.file['bytes']:,} "
        "bytes."
    )


def show_kiosk(outcome: Outcome, sums: Mapping[str, float]) -> None:
    """Print the table of Data Kiosk and transactions, and what the money adds up to."""
    click.echo(
        "\n  In the same run: queries to Data Kiosk, which name their fields (what a "
        "product\n  earns and costs by day; a vendor's week), and every posting of the "
        "seller's\n  account. On schedules of their own: data-kiosk-to-s3 and "
        "money-to-s3."
    )
    _show_lines(outcome)
    click.echo(
        f"  Sold on these days: {sums['sold']:,.2f} USD; free to be paid out: "
        f"{sums['free']:,.2f} USD.\n  docs/transactions.md says which rows to add: a "
        "sale kept back comes twice."
    )


def show_restated(example: Restated | None) -> None:
    """Say by example what the look-back is for."""
    if example is not None:
        click.echo(
            f"  For example {example.column} of campaign {example.campaign} on "
            f"{example.day}:\n  {example.before:,} in run 1, {example.now:,} now."
        )


def show_conclusion(
    outcomes: Sequence[Outcome], keys: Sequence[str], bucket: str
) -> None:
    """Say what was shown, over all runs, and where the data lies."""
    reports = sum(outcome.reports for outcome in outcomes)
    rows = sum(outcome.found for outcome in outcomes)
    folder, _, name = keys[0].rpartition("/")
    click.echo(
        "\nEverything that was sent lies in the bucket, read back and compared value "
        f"by\nvalue: {reports} reports, {rows:,} rows of {len(STREAMS)} streams in "
        f"{len(keys)} objects such as\n\n  s3://{bucket}/{folder}/\n    {name}\n\n"
        "Objects are never overwritten: where a day was read twice, both rows are "
        "there,\nand the one with the newest _sdc_extracted_at counts."
    )


def show_differences(wrong: Sequence[str]) -> None:
    """Say what is not as it should be."""
    click.echo("\nWhat was sent and what was found DIFFER:", err=True)
    for sentence in wrong:
        click.echo(f"  {sentence}", err=True)


def show_failure(run: str, code: int, log: Path) -> None:
    """Say that Meltano failed, with what its log says of it."""
    lines = log.read_text(errors="replace").splitlines()
    shown = [line for line in lines if "[error" in line] or lines
    click.echo(f"\n{run} failed: meltano ended with code {code}.", err=True)
    for line in shown[-_LOG_LINES:]:
        click.echo(f"  {line[:300]}", err=True)
    click.echo(f"The whole log is {log}", err=True)


def show_picture(page: Path) -> None:
    """Say where the page is."""
    click.echo(
        "\nSpend and sales by day, what Amazon has restated, how fresh accounts are:\n"
        f"  {page}   (open it in a browser)"
    )


def show_commands(script: Path, statistics_url: str, list_url: str) -> None:
    """Say how to play with what is left running."""
    click.echo(
        "\nBoth servers stay up until Ctrl-C. In another terminal, this gives Meltano\n"
        "the settings of the demo, for that terminal only:\n\n"
        f"  . {script}\n\n"
        "Then, for example:\n\n"
        "  meltano run tap-amazon-ads target-s3                  asks for nothing\n"
        "  meltano run --full-refresh tap-amazon-ads target-s3   all days again\n"
        "  meltano run tap-amazon-sp target-s3                   snapshots, new hours\n"
        "  meltano state list                                    what it remembers\n"
        f"  curl {statistics_url}\n"
        f"  curl {list_url}"
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
