"""Runs of tap-amazon-ads against an emulator in this process.

`run` makes the tap itself, on the emulator's clock; `run_command` goes through the
tap's command-line entry with settings, catalog and state as text, as a user's
pipeline does, at the emulator's noon, running on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from amazon_emulator import Emulator, EmulatorClient, Statistics
from singer_amazon.clock import Clock
from support.ads.emulation import (
    ADVERTISERS,
    AGENCY,
    ATTRIBUTION,
    BRAZIL,
    CANADA,
    LINKED,
    SELLER,
    VENDOR,
)
from support.core import runs
from support.core.clocks import EmulatorClock, RunningClock
from support.core.emulation import NOON
from support.core.runs import QUICK_POLLS, CollectingWriter, Json, Quick, Run
from tap_amazon_ads.tap import TapAmazonAds

__all__ = ["ADVERTISERS", "AGENCY", "ATTRIBUTION", "BRAZIL", "CANADA", "LINKED"]
__all__ += ["NOON", "SELLER", "VENDOR", "CollectingWriter", "EmulatorClock", "Json"]
__all__ += ["Run", "RunningClock"]

CAMPAIGNS = "sponsored_products_campaign_by_campaign"
AD_GROUPS = "sponsored_products_campaign_by_ad_group"
TARGETING = "sponsored_products_targeting_by_targeting"
ORDERS = "amazon_dsp_tech_by_order"
TYPE_IDS = {CAMPAIGNS: "spCampaigns", TARGETING: "spTargeting"}

NEWEST = "2026-11-19"
"""The newest complete day of SELLER at NOON."""


class QuickTap(Quick, TapAmazonAds):
    """The tap without threads, waits between tries, and signals."""


def reaching(emulator: Emulator, **settings: object) -> Json:
    return {
        "endpoint_uri": emulator.url,
        "auth_uri": emulator.token_url,
        **emulator.credentials,
        **settings,
    }


def settings_for(emulator: Emulator, **settings: object) -> Json:
    return reaching(emulator, **QUICK_POLLS | settings)


def seller_settings(emulator: Emulator, **changes: object) -> Json:
    found = {
        "profile_ids": [SELLER],
        "account_types": ["seller", "vendor"],
        "start_date": NEWEST,
    }
    return reaching(emulator, **found | changes)


def days(first: str, last: str | None = None) -> Json:
    """Return the settings that read these days, or one day."""
    return {"start_date": first, "end_date": last or first}


def selected_catalog(
    config: Mapping[str, Any],
    streams: Iterable[str],
    only: Mapping[str, Sequence[str]] | None = None,
    without: Mapping[str, Sequence[str]] | None = None,
) -> Json:
    """Return a catalog with nothing selected but these streams.

    `only` names the columns to select of a stream, `without` those to deselect.
    """
    names = ("reports", "extra_columns", "time_unit")
    shaping = {name: config[name] for name in names if name in config}
    chosen, unwanted = only or {}, without or {}
    return runs.selected_catalog(
        QuickTap,
        shaping,
        streams,
        lambda stream, column: (
            column in chosen.get(stream, (column,))
            and column not in unwanted.get(stream, ())
        ),
    )


def catalog(
    streams: Iterable[str], without: Iterable[str] = (), reports: object = ()
) -> Json:
    """Return a catalog with these streams selected, some of their columns not."""
    chosen, unwanted = list(streams), list(without)
    shaping = {"reports": reports}
    return selected_catalog(shaping, chosen, None, dict.fromkeys(chosen, unwanted))


def run(
    emulator: Emulator,
    streams: Iterable[str] = (CAMPAIGNS,),
    *,
    state: Mapping[str, Any] | None = None,
    without: Iterable[str] = (),
    given_catalog: Json | None = None,
    tap_class: type[TapAmazonAds] = QuickTap,
    prepare: Callable[[TapAmazonAds, CollectingWriter], object] = lambda *_: None,
    **changes: object,
) -> Run:
    """Run the tap for one seller, with a copy of the state another run left."""
    return runs.run_tap(
        tap_class,
        EmulatorClock(emulator),
        seller_settings(emulator, **changes),
        catalog=given_catalog or catalog(streams, without, changes.get("reports", ())),
        state=state,
        prepare=prepare,
    )


def run_command(
    emulator: Emulator,
    *streams: str,
    only: Mapping[str, Sequence[str]] | None = None,
    without: Mapping[str, Sequence[str]] | None = None,
    state: Mapping[str, Any] | None = None,
    speed: float = 1.0,
    now: datetime = NOON,
    stops_after: int = 0,
    **settings: object,
) -> Run:
    """Run the tap with these streams selected; a setting of None is left out.

    The time is up when `stops_after` reports have been asked for and looked at.
    """
    config = settings_for(emulator, **settings)
    config = {name: value for name, value in config.items() if value is not None}

    def is_looked_at() -> bool:
        reports = emulator.emulation.reports.as_json()["creates"]
        assert isinstance(reports, list)
        return len([report for report in reports if report["looks"]]) >= stops_after

    return invoke_tap(
        config,
        catalog=selected_catalog(config, streams, only, without),
        state=state,
        clock=RunningClock(now, speed, is_looked_at if stops_after else None),
    )


def invoke_tap(
    config: Mapping[str, Any],
    *,
    catalog: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
    clock: Clock | None = None,
) -> Run:
    """Enter the tap where its command line enters, and take everything it says."""
    clock = clock or RunningClock()
    return runs.invoke_tap(TapAmazonAds, clock, config, catalog=catalog, state=state)


# --- what the emulator and the state say ------------------------------------


def fresh(emulator: Emulator) -> EmulatorClient:
    """Return an emulator's client with everything as at first, at noon."""
    client = emulator.client
    client.reset()
    client.set_now(NOON, frozen=True)
    return client


def advertiser(number: int, **more: object) -> dict[str, object]:
    return {
        "advertiserId": str(880000000000 + number),
        "name": f"Kunde {number} ä",
        "currency": "EUR",
        "country": "DE",
        "timezone": "Europe/Berlin",
        **more,
    }


def bodies(statistics: Statistics) -> list[dict[str, Any]]:
    """Return the bodies of all accepted creates, oldest first."""
    return [dict(create.body) for create in statistics.creates]


def calls(statistics: Statistics) -> int:
    """Return how many calls of Amazon's API were made, tokens included."""
    return sum(statistics.count(operation) for operation in statistics.calls)


def expected_keys(emulator: Emulator, ended: Run) -> set[tuple[object, ...]]:
    """Return the keys of all rows in the documents of all reports, sellers only."""
    names = ended.key_names()
    streams = {TYPE_IDS[name]: name for name in names if name in TYPE_IDS}
    client = emulator.client
    found: set[tuple[object, ...]] = set()
    for create in client.statistics().creates:
        stream = streams[create.body["configuration"]["reportTypeId"]]
        for row in client.expected_rows(create.report_id):
            values = {**row, "profile_id": create.account}
            found.add((stream, *(_text(values.get(name)) for name in names[stream])))
    return found


def _text(value: object) -> str:
    return "" if value is None else str(value)


def asked(emulator: Emulator) -> list[tuple[str, str, str, str]]:
    """Return account, report type and days of every report ever accepted."""
    return [
        (
            create.account,
            create.body["configuration"]["reportTypeId"],
            create.body["startDate"],
            create.body["endDate"],
        )
        for create in emulator.client.statistics().creates
    ]


def partitions(state: Mapping[str, Any], stream: str = CAMPAIGNS) -> list[Json]:
    """Return what the state keeps for each account of a stream."""
    return runs.partitions(state, stream)


def pending_ids(state: Mapping[str, Any]) -> set[str]:
    return {report_id for _, report_id in runs.pending_reports(state)}


def next_day(emulator: Emulator, days: float = 1) -> None:
    emulator.client.advance(timedelta(days=days).total_seconds())
