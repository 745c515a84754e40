"""Up to which day reports are read, from which, and how far back again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

import pytest

from amazon_emulator import EmulatorClient
from support.ads.runs import AGENCY, CAMPAIGNS, ORDERS, SELLER, Run, advertiser

Runs = Callable[..., Run]
ADS = "sponsored_products_advertised_by_advertiser"
FAR = "777000111222333"


def asked(amazon: EmulatorClient) -> dict[str, list[tuple[str, str]]]:
    windows: dict[str, list[tuple[str, str]]] = {}
    for create in amazon.statistics().creates:
        window = (create.body["startDate"], create.body["endDate"])
        windows.setdefault(create.account, []).append(window)
    return {account: sorted(found) for account, found in windows.items()}


def test_profiles_in_different_zones_have_different_yesterdays(
    run: Runs, amazon: EmulatorClient
) -> None:
    evening = datetime(2026, 11, 20, 20, tzinfo=timezone.utc)
    amazon.set_now(evening, frozen=True)
    amazon.add_profile({"profileId": int(FAR), "timezone": "Asia/Tokyo"})

    ran = run(
        CAMPAIGNS, now=evening, profile_ids=[SELLER, FAR], start_date="2026-11-18"
    )

    assert ran.code == 0
    assert asked(amazon) == {
        SELLER: [("2026-11-18", "2026-11-19")],
        FAR: [("2026-11-18", "2026-11-20")],
    }
    newest = {
        account: ran.partition(CAMPAIGNS, account)["replication_key_value"]
        for account in (SELLER, FAR)
    }
    assert newest == {SELLER: "2026-11-19", FAR: "2026-11-20"}


@pytest.mark.parametrize(
    ("zone", "newest"), [("America/New_York", "2026-11-19"), (None, "2026-11-18")]
)
def test_the_newest_dsp_day_is_over_in_all_zones_of_the_agency(
    run: Runs, amazon: EmulatorClient, zone: str | None, newest: str
) -> None:
    """At 11:00 UTC it is still the 19th where a day ends last, UTC-12."""
    morning = datetime(2026, 11, 20, 11, tzinfo=timezone.utc)
    amazon.set_now(morning, frozen=True)
    amazon.add_advertisers(AGENCY, [advertiser(1, timezone=zone)])

    run(ORDERS, now=morning, profile_ids=[AGENCY], start_date="2026-11-17")

    assert asked(amazon) == {AGENCY: [("2026-11-17", newest)]}


def test_the_agency_waits_for_its_westernmost_advertiser(
    run: Runs, amazon: EmulatorClient
) -> None:
    """At 04:30 UTC the 19th is over in Halifax and São Paulo, not in New York."""
    night = datetime(2026, 11, 20, 4, 30, tzinfo=timezone.utc)
    amazon.set_now(night, frozen=True)

    run(ORDERS, now=night, profile_ids=[AGENCY], start_date="2026-11-17")

    assert asked(amazon) == {AGENCY: [("2026-11-17", "2026-11-18")]}


@pytest.mark.parametrize(
    ("stream", "oldest"),
    [
        (CAMPAIGNS, "2026-08-18"),  # 95 days, today among them
        ("sponsored_brands_campaign_by_campaign", "2026-09-22"),  # 60
        ("sponsored_display_campaign_by_campaign", "2026-09-17"),  # 65
    ],
)
def test_a_start_before_the_retention_is_cut_and_the_warning_says_so(
    run: Runs, amazon: EmulatorClient, stream: str, oldest: str
) -> None:
    ran = run(stream, profile_ids=[SELLER], start_date="2026-01-01")

    assert ran.code == 0
    windows = asked(amazon)[SELLER]
    assert (windows[0][0], windows[-1][1]) == (oldest, "2026-11-19")
    (warning,) = [w for w in ran.warnings if stream in w]
    assert "2026-01-01" in warning
    assert oldest in warning
    assert SELLER in warning


def test_without_a_start_date_thirty_days_are_read(
    run: Runs, amazon: EmulatorClient
) -> None:
    run(CAMPAIGNS, profile_ids=[SELLER])
    assert asked(amazon) == {SELLER: [("2026-10-21", "2026-11-19")]}


def test_without_a_start_date_the_thirty_days_end_at_the_end_date(
    run: Runs, amazon: EmulatorClient
) -> None:
    run(CAMPAIGNS, profile_ids=[SELLER], end_date="2026-10-15")
    assert asked(amazon) == {SELLER: [("2026-09-16", "2026-10-15")]}


@pytest.mark.parametrize("setting", [2, "2", {ADS: 2}, f'{{"{ADS}": 2}}'])
def test_the_hold_back_is_a_number_or_an_object_of_streams(
    run: Runs, amazon: EmulatorClient, setting: object
) -> None:
    run(
        CAMPAIGNS,
        ADS,
        profile_ids=[SELLER],
        start_date="2026-11-10",
        holdback_days=setting,
    )
    ends = {
        create.body["configuration"]["reportTypeId"]: create.body["endDate"]
        for create in amazon.statistics().creates
    }
    is_for_all = not str(setting).startswith("{")
    assert ends == {
        "spCampaigns": "2026-11-17" if is_for_all else "2026-11-19",
        "spAdvertisedProduct": "2026-11-17",
    }


@pytest.mark.parametrize("setting", [4, {ADS: 4}])
def test_the_look_back_is_a_number_or_an_object_of_streams(
    run: Runs, amazon: EmulatorClient, setting: object
) -> None:
    streams = (CAMPAIGNS, ADS)
    accounts = {"profile_ids": [SELLER], "start_date": "2026-10-01"}
    first = run(*streams, **accounts, end_date="2026-11-17")
    before = len(amazon.statistics().creates)

    second = run(*streams, **accounts, state=first.state, lookback_days=setting)

    assert second.code == 0
    starts = {
        create.body["configuration"]["reportTypeId"]: create.body["startDate"]
        for create in amazon.statistics().creates[before:]
    }
    # two new days and four before them; by default as many as one report takes
    expected = "2026-11-14" if setting == 4 else "2026-10-20"
    assert starts == {"spCampaigns": expected, "spAdvertisedProduct": "2026-11-14"}
