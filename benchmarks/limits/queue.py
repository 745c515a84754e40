"""Reports that Amazon lets be asked for ten a second only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

from harness import BIN, emulator, metered, tap_settings
from limits.figures import Row, Rows, Sizes

from amazon_emulator import EmulatorClient

ACCOUNT = "acme-us"
RATE = 10
RATE_SCALE = 600
"""Times as fast as Amazon: a create a minute becomes ten a second."""
SLOWEST = 20
OPTIONS = (
    *("--sp-rate-scale", str(RATE_SCALE), "--delay", "0.05"),
    *("--ready-after-seconds", f"5-{SLOWEST}", "--sp-flat-rows", "1"),
)
TYPES = (
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
    "GET_XML_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
    "GET_XML_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
    "GET_LEDGER_SUMMARY_VIEW_DATA",
)


def measure(sizes: Sizes, folder: Path) -> Rows:
    """Compare a run with what the rate and the slowest report take together."""
    days = sizes.queued_reports // len(TYPES)
    with emulator(*OPTIONS) as client:
        config = folder / "config.json"
        config.write_text(json.dumps(_settings(client, days)), encoding="utf-8")
        command = [str(BIN / "tap-amazon-sp"), "--config", str(config)]
        catalog = folder / "catalog.json"
        start_up = metered(
            ["sh", "-c", '"$@" > "$0"', str(catalog), *command, "--discover"]
        ).seconds
        _select(catalog)
        used = metered([*command, "--catalog", str(catalog)])
        statistics = client.statistics()
    reports = len(statistics.sp_reports)
    assert reports == days * len(TYPES), f"{reports} reports were asked for"
    calls = sum(statistics.count(name) for name in ("create_report", "get_report"))
    return [
        Row(
            name=f"{reports:,} reports at {RATE} creates a second, without start-up",
            baseline="creates by the rate, and the slowest report",
            by="wall",
            ours={"wall": used.seconds - start_up, "calls each": calls / reports},
            theirs={"wall": reports / RATE + SLOWEST},
            goal=1.1,
        )
    ]


def _settings(client: EmulatorClient, days: int) -> Mapping[str, object]:
    (account,) = (a for a in client.sp_accounts() if a["name"] == ACCOUNT)
    today = datetime.now(timezone.utc).date()
    return tap_settings(client) | {
        "refresh_token": account["refresh_token"],
        "account_name": ACCOUNT,
        "account_type": "seller",
        "marketplace_ids": ["US"],
        "start_date": (today - timedelta(days=days)).isoformat(),
        "end_date": (today - timedelta(days=1)).isoformat(),
        "poll_interval_seconds": 1,
        "poll_interval_max_seconds": 4,
        "reports": [
            {
                "name": f"queued_{number}",
                "report_spec": {"reportType": report_type},
                "dates": "window",
                "window_days": 1,
            }
            for number, report_type in enumerate(TYPES)
        ],
    }


def _select(catalog: Path) -> None:
    """Select the custom reports and nothing else."""
    found = json.loads(catalog.read_text(encoding="utf-8"))
    for stream in found["streams"]:
        for item in stream["metadata"]:
            if not item["breadcrumb"]:
                is_read = stream["tap_stream_id"].startswith("queued_")
                item["metadata"]["selected"] = is_read
    catalog.write_text(json.dumps(found), encoding="utf-8")
