"""Made-up runs, for the page of a run: as many reports as wanted, of every outcome."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from singer_amazon.report_log.entry import LoggedReport, Outcome
from singer_amazon.run_report.facts import RunFacts
from singer_amazon.sync.summary import Problem

STARTED = datetime(2026, 11, 28, 4, 0, tzinfo=timezone.utc)
STREAMS = (
    "sponsored_products_campaign_by_campaign",
    "sponsored_products_search_term_by_search_term",
    "sponsored_brands_ad_group_by_ad_group",
    "sponsored_display_targeting_by_targeting",
    "amazon_dsp_tech_by_order",
)
NAMES = (
    "Kitchen & Co",
    "Möbelhaus Süd",
    "Nordic Outdoor AB",
    "Pet Planet",
    "日本ストア",
)
OUTCOMES: tuple[Outcome, ...] = (
    *("delivered", "empty", "waiting", "refused", "gap", "closed_gap"),
)
REASONS = {
    "gap": "FAILURE: Internal server error. The next run asks again",
    "closed_gap": "FAILURE: Internal server error. Given up after 5 runs",
    "refused": "HTTP 401: Not authorized to access scope",
    "waiting": "",
    "delivered": "",
    "empty": "Amazon completed it without a document",
}


def entry(number: int, chance: random.Random, accounts: int = 5) -> LoggedReport:
    """Return one report; the same seed makes the same one."""
    account = number % accounts
    outcome = chance.choices(OUTCOMES, (86, 4, 5, 2, 2, 1))[0]
    adopted = chance.random() < 0.04
    planned = STARTED + timedelta(seconds=2)
    waits = chance.random() * number / 4 + 0.4
    requested = (
        STARTED - timedelta(hours=3) if adopted else planned + timedelta(seconds=waits)
    )
    ready = max(requested, planned) + timedelta(seconds=chance.lognormvariate(5.6, 0.7))
    fetched = ready + timedelta(seconds=chance.random() * 9)
    delivered = fetched + timedelta(seconds=chance.random() * 30)
    is_done, is_asked = outcome in {"delivered", "empty"}, outcome != "refused"
    day = 27 - number // accounts % 20
    return LoggedReport(
        run_id="2026-11-28T04:00:00Z-8f3a",
        stream=STREAMS[number // accounts % len(STREAMS)],
        account=str(1000000000 + account),
        account_name=f"{NAMES[account % len(NAMES)]} {account // len(NAMES) + 1}",
        currency_code="EUR",
        time_zone="Europe/Berlin",
        report_type="spCampaigns",
        window_start=f"2026-11-{max(day - 6, 1):02}",
        window_end=f"2026-11-{day:02}",
        columns=("campaignId", "date", "impressions", "clicks", "cost"),
        refused_columns=("sales90d",) if chance.random() < 0.1 else (),
        report_id=f"{number:08x}-aaaa-bbbb-cccc-1234567890ab" if is_asked else None,
        adopted=adopted and is_asked,
        planned_at=planned,
        requested_at=requested if is_asked else None,
        ready_at=ready if is_done else None,
        fetched_at=fetched if is_done else None,
        delivered_at=delivered if is_done else None,
        calls=chance.randrange(3, 20),
        throttled=chance.choice((0, 0, 0, 0, 1, 4)),
        attempts=2 if outcome == "gap" or chance.random() < 0.03 else 1,
        rows=chance.randrange(40_000) if outcome == "delivered" else 0,
        bytes=chance.randrange(900_000) if outcome == "delivered" else 0,
        repeated_keys=0,
        outcome=outcome,
        reason=REASONS[outcome],
    )


def entries(count: int, *, seed: int = 1) -> list[LoggedReport]:
    """Return a run's reports, over more accounts where there are many."""
    chance = random.Random(seed)  # noqa: S311 - test material
    accounts = 2 if count <= 10 else max(5, count // 30)
    return [entry(number, chance, accounts) for number in range(count)]


def facts(found: Sequence[LoggedReport], result: str = "partly") -> RunFacts:
    """Return what such a run says of itself."""
    times = [e.delivered_at for e in found if e.delivered_at]
    return RunFacts(
        program="tap-amazon-ads",
        version="0.1.0",
        run_id="2026-11-28T04:00:00Z-8f3a",
        started=STARTED,
        ended=max(times, default=STARTED) + timedelta(seconds=4),
        result=result,
        problems=[
            Problem(
                f"{e.account_name} ({e.account})",
                e.stream,
                f"{e.window_start}..{e.window_end}",
                e.reason,
                e.outcome != "closed_gap",
            )
            for e in found
            if e.outcome in {"refused", "gap", "closed_gap"}
        ],
        settings={
            "region": "EU",
            "lookback_days": "14",
            "max_runtime_seconds": "14400",
        },
    )
