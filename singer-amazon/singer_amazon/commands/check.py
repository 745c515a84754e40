"""`check`: would a run work? Token, host, clock, accounts, reports, storage."""

from __future__ import annotations

import abc
import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import click

from singer_amazon.commands.findings import (
    Finding,
    Result,
    age_findings,
    host_findings,
    refusal,
    show_findings,
    token_finding,
    with_step,
)
from singer_amazon.commands.group import read_config, read_json, run_options
from singer_amazon.errors import AmazonError
from singer_amazon.http.auth import TokenProvider
from singer_amazon.reports.engine import Report
from singer_amazon.reports.lifecycle import State
from singer_amazon.retry_policy import POLICY
from singer_amazon.sync.state_store import StateStore
from singer_amazon.sync.summary import Problem
from singer_amazon.tap.base import ReportTap
from singer_amazon.tap.stream import ReportStream


class SelectedStream(Protocol):
    """A stream, as far as it matters here."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def selected(self) -> bool:
        """Whether it is read."""


UNASKED = "no report is created without --deep"


class TapCheck(abc.ABC):
    """The checks of one tap; `findings` does them all in order."""

    def __init__(self, tap: ReportTap, *, is_deep: bool = False) -> None:
        self.tap = tap
        self._is_deep = is_deep
        self.refused_tokens: set[str] = set()

    # --- what a tap adds ---------------------------------------------------

    @abc.abstractmethod
    def credentials(self) -> Iterator[tuple[str, TokenProvider]]:
        """Yield each credential by the name people know it by."""

    @abc.abstractmethod
    def hosts(self) -> Iterable[tuple[str, str]]:
        """Yield each region and an address that answers there, without a token."""

    @abc.abstractmethod
    def accounts(self) -> Iterator[Finding]:
        """Look for every account whose token is good."""

    def storage(self) -> Iterator[Finding]:
        """Yield what other files are written to than `raw_report_uri`."""
        yield from ()

    def is_listing(self, stream: SelectedStream) -> bool:
        """Whether a stream that is no report is checked by itself."""
        return not isinstance(stream, ReportStream)

    # --- the checks --------------------------------------------------------

    def findings(self) -> Iterator[Finding]:
        """Check everything, what depends on nothing first."""
        tap = self.tap
        settings = list(self._settings())
        yield from settings
        if any(f.what == "settings" and f.is_failure for f in settings):
            return
        yield from self.storage()
        yield from age_findings(tap.config, tap.clock.now())
        is_reached = True
        for region, url in self.hosts():
            for finding in host_findings(tap.transport, tap.clock, region, url):
                is_reached &= not finding.is_failure
                yield finding
        for name, tokens in self.credentials():
            finding = token_finding(name, tokens)
            if finding.is_failure:
                self.refused_tokens.add(name)
            yield finding
        names = {name for name, _ in self.credentials()}
        if names <= self.refused_tokens:
            yield from self._unasked("not asked: the token is refused")
            return
        if not is_reached:
            yield from self._unasked("not asked: the host cannot be reached")
            return
        yield from self.accounts()
        if self._is_deep and self._streams():
            yield from self._ask()
        else:
            yield from self._unasked(UNASKED)

    def _settings(self) -> Iterator[Finding]:
        uri = self.tap.config.get("raw_report_uri")
        try:
            self.tap.check()
        except AmazonError as error:
            is_storage = str(error).startswith("raw_report_uri")
            what, name = ("storage", str(uri)) if is_storage else ("settings", "config")
            yield refusal(what, name, error)
            return
        yield Finding("settings", "config", "ok", "they fit together")
        if uri:
            words = "files can be written there"
            yield Finding("storage", str(uri), "ok", words)

    def _streams(self) -> list[SelectedStream]:
        return [
            stream
            for stream in self.tap.streams.values()
            if stream.selected
            and (isinstance(stream, ReportStream) or self.is_listing(stream))
        ]

    def _unasked(self, words: str) -> Iterator[Finding]:
        for stream in self._streams():
            yield Finding(_what(stream), stream.name, "unknown without asking", words)

    # --- asking for one window each ----------------------------------------

    def _ask(self) -> Iterator[Finding]:
        tap, failure = self.tap, None
        reports = tap.run_context.session.engine.reports
        _announce(len(reports), [s.name for s in self._streams() if not _is_report(s)])
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            try:
                tap.sync_all()
                tap.run_context.session.finish()
            except AmazonError as error:
                failure = error
            finally:
                tap.spool.close()
                tap.transport.close()
        if failure is not None:
            yield refusal("run", "all reports", failure)
        for stream in self._streams():
            found = [
                *(_of_report(r, s, tap) for r, s in _subscribed(reports, stream.name)),
                *_of_problems(tap.stats.problems, stream),
            ]
            yield from dict.fromkeys(found or [_nothing_asked(stream)])


def _is_report(stream: SelectedStream) -> bool:
    return isinstance(stream, ReportStream)


def _what(stream: SelectedStream) -> str:
    return "report" if _is_report(stream) else "endpoint"


def _announce(reports: int, endpoints: Sequence[str]) -> None:
    lists = f" and one page of {len(endpoints)} endpoints" if endpoints else ""
    click.echo(
        f"--deep asks Amazon for {reports} reports (the newest window of each type and "
        f"account){lists}. They count against the quota of your application; their "
        "rows are thrown away. Waiting takes two minutes at most.",
        err=True,
    )


def _subscribed(reports: Iterable[Report], stream: str) -> Iterator[tuple[Report, Any]]:
    for report in reports:
        for subscriber in report.subscribers:
            if subscriber.stream == stream:
                yield report, subscriber


def _of_report(report: Report, subscriber: Any, tap: ReportTap) -> Finding:  # noqa: ANN401
    label = tap.run_context.session.partition(subscriber).label
    name, reason = f"{subscriber.stream} of {label}", report.reason or ""
    if report.state is State.DELIVERED:
        return Finding("report", name, "allowed")
    if report.state is State.REFUSED:
        result: Result = "refused" if report.offered else "not offered"
        return with_step("report", name, result, reason)
    if report.state is State.FAILED:
        return with_step("report", name, "failed", reason)
    if report.report_id is not None:
        words = "Amazon took the request; it was not ready in time"
        return Finding("report", name, "allowed", words)
    words = f"it was not asked for in time{f': {reason}' if reason else ''}"
    return Finding("report", name, "unknown without asking", words)


def _of_problems(
    problems: Mapping[Problem, None], stream: SelectedStream
) -> Iterator[Finding]:
    """Yield what came of a list, whose rows no report stands for."""
    for problem in () if _is_report(stream) else problems:
        if stream.name in problem.stream.split(", "):
            result: Result = "refused" if problem.is_failure else "warning"
            name = f"{stream.name} of {problem.account}"
            yield with_step("endpoint", name, result, problem.reason)


def _nothing_asked(stream: SelectedStream) -> Finding:
    if not _is_report(stream):
        return Finding("endpoint", stream.name, "allowed")
    words = "no account of these settings can have it"
    return Finding("report", stream.name, "not offered", words)


def check_command(
    tap: type[ReportTap], check: Callable[..., TapCheck], program: str
) -> click.Command:
    """Return the command of a tap."""

    @click.command("check")
    @run_options
    @click.option("--deep", "is_deep", is_flag=True, help="Ask for one report each.")
    @click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
    def command(
        config: tuple[str, ...], catalog: str | None, *, is_deep: bool, as_json: bool
    ) -> None:
        """Check token, accounts, reports and storage; nothing is created or written.

        Exit code 1 where something selected is refused.
        """
        with quiet():
            settings, parse_env = read_config(config)
            # a run outlasts an outage, a check does not
            settings["max_runtime_seconds"] = POLICY.connection_test
            made = tap.open(
                settings,
                read_json(catalog, "the catalog") if catalog else None,
                parse_env=parse_env,
            )
            if is_deep:
                made.tests_only = made.asks_all_accounts = True
            made.state_store = StateStore({}, lambda: 0, made.clock)
            code = show_findings(
                check(made, is_deep=is_deep).findings(), as_json=as_json
            )
        if code == 0 and not is_deep:
            click.echo(f"Next: {program} plan shows what a run would ask for", err=True)
        sys.exit(code)

    return command


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep log lines back: the table says it all."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def account_problems(problems: Iterable[Problem]) -> Iterator[Finding]:
    """Yield what was noted while accounts were looked for."""
    for problem in problems:
        result: Result = "refused" if problem.is_failure else "warning"
        yield with_step("account", problem.account, result, problem.reason)
