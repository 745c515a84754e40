"""Runs of tap-amazon-sp against an emulator, in this process.

One thread, and one clock shared with the emulator that moves only when somebody
sleeps: hours pass in no time and every run goes the same way.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from functools import cache, cached_property
from typing import Any

from amazon_emulator import Emulator
from singer_amazon.http.transport import Transport
from support.tap_runs import CollectingWriter, Ended, SharedClock, logged
from tap_amazon_sp.tap import TapAmazonSp

Json = dict[str, Any]

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
"""Midday in UTC, a Friday; still the 20th in every marketplace but Japan."""

SELLER, VENDOR = "acme-us", "vega-us"
US, CANADA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"

SALES, SALES_BY_ASIN = "vendor_sales_aggregate", "vendor_sales_by_asin"
SEARCH_TERMS = "brand_analytics_search_terms"
BY_DATE, BY_ASIN = "sales_and_traffic_by_date", "sales_and_traffic_by_asin"
REAL_TIME = "vendor_real_time_sales"


class QuickTap(TapAmazonSp):
    """The tap without threads, without waits between tries, without signals."""

    workers: int | None = 0
    nap_seconds = 30.0

    def _setup_signal_handlers(self) -> None:
        """Leave pytest its own."""

    @cached_property
    def transport(self) -> Transport:
        """What sends requests, without waits between tries."""
        return Transport(
            user_agent="tests/1.0 (Language=Python/3.12)",
            max_attempts=self.config["max_attempts"],
            retry_wait=0.0,
        )


def account(name: str, **changes: object) -> Json:
    """Return an account of the emulator's world as a setting."""
    found: Json = {"name": name, "refresh_token": f"Atzr|sp-{name}"}
    if name.startswith("vega"):
        found |= {"account_type": "vendor", "marketplace_ids": [US]}
    return found | changes


def settings(emulator: Emulator, **changes: object) -> Json:
    """Return the settings of a run for the American seller and vendor."""
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


_SHAPING = ("reports", "endpoints", "report_options", "unknown_fields")


@cache
def _discovered(shaping: str) -> Json:
    names = ("client_id", "client_secret", "refresh_token")
    config = dict.fromkeys(names, "x") | json.loads(shaping)
    found: Json = QuickTap(config=config, setup_mapper=False).catalog_dict
    return found


def catalog(
    streams: Iterable[str] | None,
    config: Mapping[str, Any],
    without: Iterable[str] = (),
) -> Json:
    """Return a catalog with these streams selected (None: all), columns left out."""
    shaping = {name: config[name] for name in _SHAPING if name in config}
    unwanted = set(without)
    known = _discovered(json.dumps(shaping, sort_keys=True))["streams"]
    names = [entry["tap_stream_id"] for entry in known]
    chosen = set(names if streams is None else streams)
    assert chosen <= set(names), f"there are no streams {chosen - set(names)}"
    entries = []
    for entry in known:
        if entry["tap_stream_id"] in chosen:
            entries.append(copy.deepcopy(entry))
            for item in entries[-1]["metadata"]:
                column = item["breadcrumb"][-1] if item["breadcrumb"] else None
                item["metadata"]["selected"] = column not in unwanted
        else:
            root = {"breadcrumb": [], "metadata": {"selected": False}}
            entries.append({**entry, "schema": {"type": "object"}, "metadata": [root]})
    return {"streams": entries}


def run(
    emulator: Emulator,
    *streams: str,
    state: Mapping[str, Any] | None = None,
    without: Iterable[str] = (),
    tap_class: type[TapAmazonSp] = QuickTap,
    prepare: Callable[[TapAmazonSp, CollectingWriter], None] = lambda *_: None,
    **changes: object,
) -> Ended:
    """Run the tap to its end, with a copy of the state another run left."""
    writer = CollectingWriter()
    config = settings(emulator, **changes)
    with logged() as log:
        tap = tap_class(
            config=config,
            catalog=catalog(streams or None, config, without),
            state=copy.deepcopy(dict(state or {})),
            message_writer=writer,
        )
        tap.clock = SharedClock(emulator)
        prepare(tap, writer)
        code = tap.run()
    return Ended(code, [json.loads(line) for line in writer.lines], log)


def partitions(state: Mapping[str, Any], stream: str) -> list[Json]:
    """Return what the state keeps of a stream, partition by partition."""
    found: list[Json] = state.get("bookmarks", {}).get(stream, {}).get("partitions", [])
    return found


def pending(state: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return account and id of all reports in a state: ids repeat over accounts."""
    return {
        (entry["context"]["account_name"], item["report_id"])
        for stream in state.get("bookmarks", {})
        for entry in partitions(state, stream)
        for item in entry.get("pending_reports", [])
    }


def asked(emulator: Emulator, *fields: str) -> list[tuple[Any, ...]]:
    """Return these fields of the body of every report ever accepted, in order."""
    fields = fields or ("reportType", "dataStartTime", "dataEndTime")
    return [
        tuple(report.body.get(name) for name in fields)
        for report in emulator.client.statistics().sp_reports
    ]
