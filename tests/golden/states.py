"""States of every kind of partition, and the run that goes on from each.

A case does some runs against a fresh emulator whose clock stands still, and returns
the last state and a function that runs once more with the same settings.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from golden.commands import discover, only
from golden.goldens import Json, shape
from golden.seam import Emulator, Ended, sp_runs, tap_runs

Again = Callable[..., Ended]
Case = Callable[[Emulator], tuple[Json, Again]]
DAY, HOUR = 86400.0, 3600.0
DSP = "amazon_dsp_tech_by_order"
LINKED = "7051069373501"
WAITED = ("requested_at", "closed_at", "last_create", "creates")
NO_TIME = {"max_runtime_seconds": 0}
SLOW = {"max_runtime_seconds": 60}


def waiting(emulator: Emulator, again: Again, state: Mapping[str, Any]) -> Json:
    """Return the state of a run whose reports are all unfinished at its end."""
    emulator.client.change(ready_after_seconds=HOUR)
    return again(state=state, **SLOW).state


# --- tap-amazon-ads ------------------------------------------------------------


def ads_profile(emulator: Emulator) -> tuple[Json, Again]:
    """Windows closed, failed, delivered behind that, and pending."""
    again = partial(
        tap_runs.run, emulator, start_date="2026-08-17", lookback_days=0, gap_max_runs=3
    )
    for day in ("2026-08-20", "2026-10-01"):
        emulator.client.add_fault(
            "failed", operation="create", covers=day, reason="Out of luck"
        )
    failed = again(end_date="2026-09-16")
    closed = again(state=failed.state, end_date="2026-09-16", gap_max_runs=1)
    held = again(state=closed.state, end_date="2026-11-17")
    return waiting(emulator, again, held.state), again


def ads_agency(emulator: Emulator) -> tuple[Json, Again]:
    """Three advertisers with a bookmark and a gap, and one that joins them."""
    again = partial(
        tap_runs.run,
        emulator,
        [DSP],
        profile_ids=[tap_runs.AGENCY],
        account_types=["agency"],
        start_date="2026-11-10",
        lookback_days=0,
    )
    first = again(end_date="2026-11-12")
    newcomer = {"advertiserId": "880000000007", "name": "Kunde ä", "country": "DE"}
    emulator.client.add_advertisers(tap_runs.AGENCY, [newcomer])
    emulator.client.add_fault(
        "failed", operation="create", covers="2026-11-15", reason="Out of luck"
    )
    second = again(state=first.state, end_date="2026-11-16")
    return waiting(emulator, again, second.state), again


def ads_linked(emulator: Emulator) -> tuple[Json, Again]:
    """An advertiser that is reached by a link."""
    again = partial(
        tap_runs.run,
        emulator,
        [DSP],
        profile_ids=[],
        advertiser_ids=[LINKED],
        account_types=["agency"],
        start_date="2026-11-10",
    )
    first = again(end_date="2026-11-12")
    return waiting(emulator, again, first.state), again


def ads_summary(emulator: Emulator) -> tuple[Json, Again]:
    """A SUMMARY stream has no bookmark, but reports under way."""
    unit: Json = {"time_unit": "SUMMARY"}
    again = partial(
        tap_runs.run,
        emulator,
        given_catalog=only(discover("tap-amazon-ads", **unit), tap_runs.CAMPAIGNS),
        start_date="2026-11-01",
        end_date="2026-11-15",
        **unit,
    )
    return waiting(emulator, again, {}), again


# --- tap-amazon-sp -------------------------------------------------------------


def sp_periods(emulator: Emulator) -> tuple[Json, Again]:
    """Days and weeks of one stream, each with a bookmark and a report under way."""
    periods = {"vendor_sales": {"report_period": ["DAY", "WEEK"]}}
    again = partial(sp_runs.run, emulator, sp_runs.SALES, report_options=periods)
    first = again()
    emulator.client.advance(7 * DAY)
    return waiting(emulator, again, first.state), again


def sp_hours(emulator: Emulator) -> tuple[Json, Again]:
    """Windows of hours, and one that failed."""
    again = partial(
        sp_runs.run,
        emulator,
        sp_runs.REAL_TIME,
        start_date="2026-11-20",
        gap_max_runs=3,
    )
    first = again()
    emulator.client.advance(3 * HOUR)
    emulator.client.add_fault("fatal", operation="create_report", times=4)
    second = again(state=first.state)
    emulator.client.advance(3 * HOUR)
    return waiting(emulator, again, second.state), again


def sp_snapshots(emulator: Emulator) -> tuple[Json, Again]:
    """What there is now, and offers by their start."""
    again = partial(
        sp_runs.run, emulator, "vendor_forecasting", "promotion_performance"
    )
    return waiting(emulator, again, again().state), again


def sp_seen_empty(emulator: Emulator) -> tuple[Json, Again]:
    """Reports that were complete without a document, to be looked at once more."""
    emulator.client.add_fault("no_document", operation="create_report")
    again = partial(sp_runs.run, emulator, "promotion_performance")
    return again().state, again


def sp_shared(emulator: Emulator) -> tuple[Json, Again]:
    """Two streams of one document whose pace outlives a run."""
    emulator.client.change(sp_rate_scale=1.0)
    again = partial(sp_runs.run, emulator, sp_runs.BY_DATE, sp_runs.BY_ASIN)
    first = again()
    emulator.client.advance(DAY)
    return waiting(emulator, again, first.state), again


def sp_own_reports(emulator: Emulator) -> tuple[Json, Again]:
    """Reports of the user's own: by windows, with fixed dates, there already."""
    orders = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
    fixed = {"dataStartTime": "2026-11-01", "dataEndTime": "2026-11-02"}
    listed = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
    reports: list[Json] = [
        {"name": "windows", "report_spec": {"reportType": orders}, "dates": "window"},
        {"name": "fixed", "report_spec": {"reportType": orders, **fixed}},
        {"name": "listed", "report_spec": {"reportType": listed}, "mode": "existing"},
    ]
    seller = sp_runs.account(
        sp_runs.SELLER, account_type="seller", marketplace_ids=[sp_runs.US]
    )
    again = partial(
        sp_runs.run,
        emulator,
        *("windows", "fixed", "listed"),
        accounts=[seller],
        reports=reports,
        start_date="2026-10-01",
    )
    first = again()
    emulator.client.advance(DAY)
    return waiting(emulator, again, first.state), again


def sp_endpoints(emulator: Emulator) -> tuple[Json, Again]:
    """A ready-made endpoint cut short, and one of the user's own in slices."""
    own = {
        "name": "changed_orders",
        "path": "/orders/v0/orders",
        "results_key": "Orders",
        "updated_at_param": "LastUpdatedAfter",
        "updated_before_param": "LastUpdatedBefore",
        "slice_hours": 12,
        "record_config": {
            "id_field": "AmazonOrderId",
            "last_modified_field": "LastUpdateDate",
        },
    }
    seller = sp_runs.account(
        sp_runs.SELLER, account_type="seller", marketplace_ids=[sp_runs.US]
    )
    again = partial(
        sp_runs.run,
        emulator,
        *("orders", "changed_orders"),
        accounts=[seller],
        endpoints=[own],
        start_date="2026-11-18",
    )
    emulator.client.change(
        sp_orders_per_day=300, sp_orders_per_page=10, sp_rate_scale=1.0
    )
    return again(max_runtime_seconds=1200).state, again


CASES: dict[str, Case] = {
    case.__name__: case
    for case in (
        *(ads_profile, ads_agency, ads_linked, ads_summary),
        *(sp_periods, sp_hours, sp_snapshots, sp_seen_empty, sp_shared),
        *(sp_own_reports, sp_endpoints),
    )
}


def emulator() -> Emulator:
    """Return an emulator whose clock moves only when somebody waits."""
    return Emulator(now=tap_runs.NOON, frozen=True, rows_per_day=1, sp_asins=1)


def asked(emulator: Emulator) -> list[str]:
    """Return all reports ever asked for."""
    told = [*tap_runs.asked(emulator), *sp_runs.asked(emulator)]
    return [" ".join(map(str, words)) for words in told]


def steady(value: Any) -> Any:
    """Return a state without the SDK's signpost, instants of our waits by form only."""
    if isinstance(value, list):
        return [steady(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        name: re.sub(r"\d", "0", re.sub(r"\.\d+", "", json.dumps(entry)))
        if name in WAITED
        else steady(entry)
        for name, entry in value.items()
        if name != "replication_key_signpost"
    }


def go_on(emulator: Emulator, again: Again, state: Json) -> Json:
    """Return what a run a day later does that starts from a state."""
    before = asked(emulator)
    client = emulator.client
    client.clear_faults()
    client.change(ready_after_seconds=0, sp_orders_per_day=20, sp_orders_per_page=100)
    client.advance(DAY)
    ended = again(state=state)
    rows = Counter(m["stream"] for m in ended.messages if m["type"] == "RECORD")
    return {
        "code": ended.code,
        "asked": sorted(asked(emulator)[len(before) :]),
        "adopted": ended.summary["reports"]["adopted"],
        "rows": dict(rows),
        "state": ended.state,
        "summary": shape(ended.summary),
    }


def states() -> Json:
    """Return for each case the state and what the next run does with it."""
    found = {}
    for name, case in CASES.items():
        with emulator() as running:
            state, again = case(running)
            idle = again(state=state, **NO_TIME).state or state
            following = go_on(running, again, state)
            found[name] = {"state": state, "idle": idle, "next": following}
    return found
