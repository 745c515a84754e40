"""Decides what to do next for every report of a run; does nothing itself.

- `core`            the engine: what each answer means for a report, and what is due
- `outages`         times without any answer, and which failed calls count
- `first_of_type`   one create goes ahead of the others of its account and type
- `throttling`      what 429s teach the rate limiters
"""

from singer_amazon.reports.engine.core import Engine, RetrySettings
from singer_amazon.reports.engine.outages import Outage
from singer_amazon.reports.report import Action, CallKind, Change, Report

__all__ = [
    "Action",
    "CallKind",
    "Change",
    "Engine",
    "Outage",
    "Report",
    "RetrySettings",
]
