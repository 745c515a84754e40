"""Runs of tap-amazon-sp against an emulator in this process.

`run` makes the tap itself; `enter` goes through its command-line entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from amazon_emulator import Emulator
from singer_amazon.clock import Clock
from support.core import runs
from support.core.clocks import EmulatorClock
from support.core.emulation import NOON
from support.core.runs import CollectingWriter, Json, Quick, Run, partitions
from tap_amazon_sp.tap import TapAmazonSp

__all__ = ["NOON", "CollectingWriter", "EmulatorClock", "Json", "Run", "partitions"]

SELLER, VENDOR = "acme-us", "vega-us"
US, CANADA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"

SALES, SALES_BY_ASIN = "vendor_sales_aggregate", "vendor_sales_by_asin"
SEARCH_TERMS = "brand_analytics_search_terms"
BY_DATE, BY_ASIN = "sales_and_traffic_by_date", "sales_and_traffic_by_asin"
REAL_TIME = "vendor_real_time_sales"


class QuickTap(Quick, TapAmazonSp):
    """The tap without threads, waits between tries, and signals."""


def account(name: str, **changes: object) -> Json:
    found: Json = {"name": name, "refresh_token": f"Atzr|sp-{name}"}
    if name.startswith("vega"):
        found |= {"account_type": "vendor", "marketplace_ids": [US]}
    return found | changes


def settings(emulator: Emulator, **changes: object) -> Json:
    credentials = dict(emulator.credentials)
    del credentials["refresh_token"]
    return {
        **credentials,
        "endpoint_uri": emulator.url,
        "auth_uri": emulator.token_url,
        "accounts": [
            account(SELLER, account_type="seller", marketplace_ids=[US]),
            account(VENDOR),
        ],
        "start_date": "2026-11-01",
        **changes,
    }


def catalog(
    streams: Iterable[str] | None,
    config: Mapping[str, Any],
    without: Iterable[str] = (),
) -> Json:
    """Return a catalog with these streams selected (None: all), columns left out."""
    names = ("reports", "endpoints", "report_options", "unknown_fields", "data_kiosk")
    shaping = {name: config[name] for name in names if name in config}
    unwanted = set(without)
    return runs.selected_catalog(
        QuickTap, shaping, streams, lambda _, column: column not in unwanted
    )


def run(
    emulator: Emulator,
    *streams: str,
    state: Mapping[str, Any] | None = None,
    without: Iterable[str] = (),
    tap_class: type[TapAmazonSp] = QuickTap,
    prepare: Callable[[TapAmazonSp, CollectingWriter], object] = lambda *_: None,
    **changes: object,
) -> Run:
    """Run the tap to its end, with a copy of the state another run left."""
    config = settings(emulator, **changes)
    return runs.run_tap(
        tap_class,
        EmulatorClock(emulator),
        config,
        catalog=catalog(streams or None, config, without),
        state=state,
        prepare=prepare,
    )


def enter(
    config: Mapping[str, Any],
    clock: Clock,
    *,
    catalog: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run the tap with a config file, and perhaps settings in the environment."""
    variables = environment and {
        f"TAP_AMAZON_SP_{name.upper()}": value for name, value in environment.items()
    }
    tap_class = type("Napping", (TapAmazonSp,), {"nap_seconds": 30.0})
    return runs.invoke_tap(
        tap_class, clock, config, catalog=catalog, state=state, variables=variables
    )


def pending(state: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return account and id of all reports in a state: ids repeat over accounts."""
    return {
        (context["account_name"], report_id)
        for context, report_id in runs.pending_reports(state)
    }


def asked(emulator: Emulator, *fields: str) -> list[tuple[Any, ...]]:
    """Return these fields of the body of every report ever accepted, in order."""
    fields = fields or ("reportType", "dataStartTime", "dataEndTime")
    return [
        tuple(report.body.get(name) for name in fields)
        for report in emulator.client.statistics().sp_reports
    ]
