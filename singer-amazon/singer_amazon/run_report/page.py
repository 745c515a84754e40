"""The page itself: a template filled with HTML, JSON, a style and a script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from singer_amazon.report_log.entry import LoggedReport
from singer_amazon.run_report import sections
from singer_amazon.run_report.facts import Outcomes, RunFacts, grouped_problems
from singer_amazon.run_report.page_data import encode
from singer_amazon.run_report.totals import totals


def render(facts: RunFacts, entries: Sequence[LoggedReport]) -> str:
    """Return the page of a run: one file that needs nothing else."""
    outcome_of = Outcomes(facts).of
    whole, by_stream = totals(entries, outcome_of)
    data, _ = encode(entries, outcome_of, facts.started, facts.ended)
    style, script = _asset("page.css"), _asset("page.js")
    return Template(_asset("page.html")).substitute(
        title=escape(f"{facts.program}, {facts.started:%Y-%m-%d}: {facts.result}"),
        policy=_policy(style, script),
        style=style,
        script=script,
        header=sections.header(facts, whole),
        tiles=sections.tiles(whole),
        problems=sections.problems(grouped_problems(facts.problems), facts.accounts),
        waiting=sections.waiting(entries),
        streams=sections.streams(by_stream),
        settings=sections.settings(facts.settings),
        data=data,
    )


def _policy(style: str, script: str) -> str:
    """Return a policy under which nothing is fetched and nothing else is run."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; "
        f"script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    value = base64.b64encode(hashlib.sha256(text.encode()).digest())
    return f"sha256-{value.decode()}"


@cache
def _asset(name: str) -> str:
    """Return a file that lies in this package."""
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")
