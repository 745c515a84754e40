"""`plan`: what a run would ask for and take up; only the list of accounts is asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import click

from singer_amazon.commands.group import read_config, read_json, run_options
from singer_amazon.commands.state_edits import singer_state
from singer_amazon.commands.tables import show
from singer_amazon.durations import in_words
from singer_amazon.reports.engine import Report
from singer_amazon.reports.lifecycle import RunMode, State
from singer_amazon.reports.model import ReportRequest
from singer_amazon.retry_policy import POLICY
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.session import Session
from singer_amazon.sync.summary import grouped
from singer_amazon.tap.base import ReportTap
from singer_amazon.tap.stream import ReportStream

_SLOW = 60.0
"""Seconds from which on a stream is named."""


def plan_command(tap: type[ReportTap]) -> click.Command:
    """Return the command of a tap."""

    @click.command("plan")
    @run_options
    @click.option("--state", "state", help="The state a run would begin with.")
    @click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
    @click.option(
        "--accounts",
        "only_accounts",
        is_flag=True,
        help="Only the ids of the accounts; no report is planned.",
    )
    def command(
        config: tuple[str, ...],
        state: str | None,
        catalog: str | None,
        *,
        as_json: bool,
        only_accounts: bool,
    ) -> None:
        """List what a run would ask for; only the list of accounts is asked."""
        settings, parse_env = read_config(config)
        # a run waits for hours where Amazon is out of reach; a person does not
        settings["max_runtime_seconds"] = POLICY.connection_test
        settings["run_mode"] = RunMode.SYNC.value  # what is waiting is shown, too
        made = tap.open(
            settings,
            read_json(catalog, "the catalog") if catalog else None,
            state=singer_state(read_json(state, "the state")) if state else {},
            parse_env=parse_env,
        )
        made.check()
        if only_accounts:
            _show_accounts(made, as_json=as_json)
            return
        session = made.run_context.session
        plan = Plan(session, made.streams, made.clock.now())
        if as_json:
            click.echo(json.dumps(plan.as_json(), indent=2))
            return
        show(plan.rows(), as_json=False, empty="nothing to ask for: all is delivered")
        for line in plan.summary():
            click.echo(line, err=True)

    return command


def _show_accounts(tap: ReportTap, *, as_json: bool) -> None:
    accounts = sorted(tap.account_ids())
    if not accounts and tap.stats.failures:
        raise click.ClickException("; ".join(grouped(tap.stats.failures)))
    click.echo(json.dumps({"accounts": accounts}) if as_json else "\n".join(accounts))


class Plan:
    """What a session would do first, for people and for programs."""

    def __init__(
        self, session: Session, streams: Mapping[str, object], now: datetime
    ) -> None:
        self._session = session
        self._streams = streams
        self._now = now

    def rows(self) -> list[dict[str, object]]:
        """Return a line per report and stream."""
        return [row | {"columns": len(columns)} for row, _, columns in self._reports()]

    def as_json(self) -> dict[str, object]:
        """Return everything: reports, streams, and seconds where rates are known."""
        seconds = self._seconds_by_stream()
        reports = [
            {**row, "context": dict(partition.context), "columns": list(columns)}
            for row, partition, columns in self._reports()
        ]
        counts = Counter(str(report["stream"]) for report in reports)
        return {
            "reports": reports,
            "streams": [
                {"stream": name, "reports": count, "seconds": seconds.get(name)}
                for name, count in counts.items()
            ],
            "seconds": self._seconds(self._planned()),
        }

    def summary(self) -> list[str]:
        """Return what it comes to, in sentences."""
        counts = Counter(report.state for report in self._session.engine.reports)
        planned = counts[State.PLANNED]
        taken_up = counts[State.REQUESTED]
        lines = [
            f"{planned:,} reports to ask for, {taken_up:,} taken up from earlier runs"
        ]
        seconds = self._seconds(self._planned())
        if planned and seconds is None:
            lines.append(
                "How long asking takes is not known beforehand: Amazon publishes no "
                "rate for these reports, a run finds it out"
            )
        elif planned:
            lines.append(
                f"Asking takes {in_words(seconds or 0)} at Amazon's known rates; after "
                "that Amazon works on each report, for minutes or up to three hours"
            )
            slow = [
                f"{name} {in_words(value)}"
                for name, value in self._seconds_by_stream().items()
                if value and value >= _SLOW
            ]
            if len(slow) > 1:
                lines.append(f"Each stream by itself: {', '.join(slow)}")
        return lines

    def _planned(self) -> list[ReportRequest]:
        reports = self._session.engine.reports
        return [r.request for r in reports if r.state is State.PLANNED]

    def _seconds(self, requests: list[ReportRequest]) -> float | None:
        if not requests:
            return None
        seconds = self._session.engine.limiters.seconds_for(requests, self._now)
        return None if seconds is None else round(seconds, 1)

    def _seconds_by_stream(self) -> dict[str, float | None]:
        """Return how long asking for one stream alone takes."""
        by_stream: dict[str, list[ReportRequest]] = {}
        for request in self._planned():
            by_stream.setdefault(request.stream, []).append(request)
        return {name: self._seconds(found) for name, found in by_stream.items()}

    def _reports(
        self,
    ) -> Iterator[tuple[dict[str, object], Partition, Sequence[str]]]:
        for report in self._session.engine.reports:
            for subscriber in report.subscribers:
                partition = self._session.partition(subscriber)
                columns = self._columns(partition)
                row = _row(report, partition.label, subscriber.stream)
                yield row, partition, columns

    def _columns(self, partition: Partition) -> Sequence[str]:
        """Return the columns asked for; where there is no choice, those selected."""
        stream = self._streams[partition.stream]
        if not isinstance(stream, ReportStream):
            return ()
        return stream.columns_asked(partition) or stream.selected_columns


def _row(report: Report, label: str, stream: str) -> dict[str, object]:
    request = report.request
    taken_up = report.state is State.REQUESTED
    what = "take up" if taken_up else "retry a gap" if request.is_gap else "ask"
    return {
        "stream": stream,
        "account": label,
        "window": str(request.window),
        "what": what,
        "report id": report.report_id or "",
    }
