"""`plan`: what a run would ask for and take up; only the list of accounts is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import click

from singer_amazon.commands.group import read_json
from singer_amazon.commands.state_edits import singer_state
from singer_amazon.commands.tables import show
from singer_amazon.reports.engine import Report
from singer_amazon.reports.lifecycle import State
from singer_amazon.retry_policy import POLICY
from singer_amazon.tap.base import ReportTap


def plan_command(
    tap: Callable[[dict[str, Any], dict[str, Any], dict[str, Any] | None], ReportTap],
) -> click.Command:
    """Return the command of a tap made from config, state and catalog."""

    @click.command("plan")
    @click.option("--config", "config", required=True, help="Settings, as for a run.")
    @click.option("--state", "state", help="The state a run would begin with.")
    @click.option("--catalog", "catalog", help="The catalog; all streams by default.")
    @click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
    def command(
        config: str, state: str | None, catalog: str | None, *, as_json: bool
    ) -> None:
        """List what a run would ask for; only the list of accounts is asked."""
        settings = read_json(config, "the config")
        # a run waits for hours where Amazon is out of reach; a person does not
        settings["max_runtime_seconds"] = POLICY.connection_test
        made = tap(
            settings,
            singer_state(read_json(state, "the state")) if state else {},
            read_json(catalog, "the catalog") if catalog else None,
        )
        made.check()
        session = made.run_context.session
        rows = [
            _row(report, session.partition(report.request).label, subscriber.stream)
            for report in session.engine.reports
            for subscriber in report.subscribers
        ]
        show(rows, as_json=as_json, empty="nothing to ask for: all is delivered")
        if not as_json:
            counts = Counter(report.state for report in session.engine.reports)
            click.echo(
                f"{counts[State.PLANNED]} reports to ask for, "
                f"{counts[State.REQUESTED]} taken up from earlier runs",
                err=True,
            )

    return command


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
