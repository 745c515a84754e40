"""What notifications save: getReport and getQuery calls for each that is finished.

Runs tap-amazon-sp against the emulator, once polling and once told by a local SQS; each
report and query is done after 700 s, on a clock of the emulator's own::

    uv run benchmarks/notifications.py
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from amazon_emulator import Emulator

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.sp.queues import KEYS, local_queues, new_queue, prompt_run
from support.sp.runs import Run, run
from support.sp.runs import settings as settings_of
from tap_amazon_sp.commands.notifications import NotificationSetup
from tap_amazon_sp.notifications.policy import policy_for
from tap_amazon_sp.tap import TapAmazonSp

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
READY_AFTER = 700
REPORTS = (
    *("vendor_sales_aggregate", "vendor_sales_by_asin"),
    "brand_analytics_search_terms",
)
QUERIES = ("sales_and_traffic_by_date", "sales_and_traffic_by_asin")
KIOSK = {"sales_and_traffic_source": "data_kiosk", "start_date": "2026-11-12"}
Runs = Callable[[Emulator, Sequence[str], dict[str, Any]], Run]


def polled(emulator: Emulator, streams: Sequence[str], settings: dict[str, Any]) -> Run:
    """Run without a queue."""
    return run(emulator, *streams, **settings)


def notified(client: Any) -> Runs:  # noqa: ANN401 - SQS has no types here
    """Return what runs with a queue of its own."""

    def with_queue(
        emulator: Emulator, streams: Sequence[str], settings: dict[str, Any]
    ) -> Run:
        queue = new_queue(client)
        queue.set_policy(policy_for(queue.arn))
        emulator.client.set_sp_queue(queue.arn, queue.url)
        config = settings_of(emulator, notifications={"queue_url": queue.url}, **KEYS)
        tap = TapAmazonSp.open(config)
        for finding in NotificationSetup(tap, makes=True).findings():
            assert not finding.is_failure, finding
        return prompt_run(emulator, queue, *streams, **settings)

    return with_queue


def calls_each(runs: Runs, *, is_of_queries: bool) -> tuple[float, int]:
    """Return the polls for each finished report (or query), and how many there were."""
    streams = QUERIES if is_of_queries else REPORTS
    settings = dict(KIOSK) if is_of_queries else {}
    with Emulator(now=NOON, frozen=True, ready_after_seconds=READY_AFTER) as emulator:
        ended = runs(emulator, streams, settings)
        found = emulator.client.statistics()
    assert ended.code == 0, ended.logged[-1].getMessage()
    done = len(found.sp_queries if is_of_queries else found.sp_reports)
    operation = "get_query" if is_of_queries else "get_report"
    return found.count(operation) / done, done


def main() -> None:
    """Print all figures."""
    logging.disable(logging.CRITICAL)
    with local_queues() as client:
        for word, is_of_queries in (("getReport", False), ("getQuery", True)):
            without, count = calls_each(polled, is_of_queries=is_of_queries)
            with_news, _ = calls_each(notified(client), is_of_queries=is_of_queries)
            print(
                f"{word} calls for each of {count} finished: {without:.2f} polled, "
                f"{with_news:.2f} with notifications (goal 1.2)"
            )


if __name__ == "__main__":
    main()
