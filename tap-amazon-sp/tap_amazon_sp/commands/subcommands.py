"""The commands beside the tap itself."""

from __future__ import annotations

from collections.abc import Iterator

import click

from singer_amazon.commands.check import check_command
from singer_amazon.commands.plan import plan_command
from singer_amazon.commands.reports import ReportInfo, reports_command
from singer_amazon.commands.state import state_command
from tap_amazon_sp.catalogue.descriptions import describe
from tap_amazon_sp.catalogue.loader import load_catalogue
from tap_amazon_sp.catalogue.model import ReportDefinition
from tap_amazon_sp.commands.auth import auth_command
from tap_amazon_sp.commands.check import SpCheck
from tap_amazon_sp.commands.notifications import notifications_command
from tap_amazon_sp.tap import TapAmazonSp


def report_infos() -> list[ReportInfo]:
    """Return the catalogue for people."""
    return [info for report in load_catalogue().reports for info in _infos(report)]


def _infos(report: ReportDefinition) -> Iterator[ReportInfo]:
    for stream in report.streams:
        row = {
            "stream": stream.name,
            "report type": report.report_type,
            "accounts": list(report.accounts),
            "dates": report.dates,
            "periods": [period.name for period in report.periods],
            "columns": len(stream.columns),
        }
        details = {
            "your name": report.seed_name or "",
            "key": list(stream.key),
            "options": [f"{o.amazon_name}: {list(o.values)}" for o in report.options],
            "notes": list(report.notes),
            "source": report.source,
        }
        columns = [
            {
                "column": c.name,
                "type": c.json_schema()["type"],
                "key": "yes" if c.name in stream.key else "",
                "meaning": describe(c.name, report.report_type),
            }
            for c in stream.columns
        ]
        yield ReportInfo(stream.name, row, details, columns)


def _may_be_ours(stream: str) -> bool:
    """Whether a stream may be this tap's: custom ones are known to the config only."""
    return not stream.startswith(("sponsored_", "amazon_dsp_"))


def commands() -> dict[str, click.Command]:
    """Return them by name."""
    return {
        "auth": auth_command,
        "notifications": notifications_command(),
        "state": state_command(_may_be_ours),
        "reports": reports_command(report_infos),
        "plan": plan_command(TapAmazonSp),
        "check": check_command(TapAmazonSp, SpCheck, "tap-amazon-sp"),
    }
