"""Whose reports are read, up to which day, and what happens where one refuses."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from datetime import datetime, timezone

import pytest

from amazon_emulator import Emulator, EmulatorClient
from support.ads_runs import (
    ADVERTISERS,
    AGENCY,
    ATTRIBUTION,
    BRAZIL,
    CAMPAIGNS,
    CANADA,
    LINKED,
    NOON,
    ORDERS,
    SELLER,
    VENDOR,
    Run,
)

Runs = Callable[..., Run]
ADS = "sponsored_products_advertised_by_advertiser"
FAR = "777000111222333"


def asked(amazon: EmulatorClient) -> dict[str, list[tuple[str, str]]]:
    """Return the windows asked for, by account."""
    windows: dict[str, list[tuple[str, str]]] = {}
    for create in amazon.statistics().creates:
        window = (create.body["startDate"], create.body["endDate"])
        windows.setdefault(create.account, []).append(window)
    return {account: sorted(found) for account, found in windows.items()}


def advertiser(number: int, **more: object) -> dict[str, object]:
    """Return an advertiser of an agency."""
    return {
        "advertiserId": str(880000000000 + number),
        "name": f"Kunde {number} ä",
        "currency": "EUR",
        "country": "DE",
        "timezone": "Europe/Berlin",
        **more,
    }


# --- days -------------------------------------------------------------------


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


# --- who is read ------------------------------------------------------------


EVERYBODY = [SELLER, CANADA, BRAZIL, VENDOR, AGENCY, LINKED]


@pytest.mark.parametrize(
    ("settings", "accounts"),
    [
        ({}, EVERYBODY),
        ({"profile_ids": [int(SELLER), BRAZIL, AGENCY]}, [SELLER, BRAZIL, AGENCY]),
        ({"profile_ids": f"{SELLER}, {BRAZIL}"}, [SELLER, BRAZIL]),
        ({"profile_ids": f"[{SELLER}]"}, [SELLER]),
        ({"profile_ids": SELLER}, [SELLER]),
        # the agency is left out, so its advertiser with a link is read by the link
        (
            {"exclude_profile_ids": [int(SELLER), AGENCY]},
            [CANADA, BRAZIL, VENDOR, LINKED, ADVERTISERS[0]],
        ),
        ({"account_types": ["vendor"]}, [BRAZIL, VENDOR]),
        ({"account_types": "seller, vendor"}, [SELLER, CANADA, BRAZIL, VENDOR]),
        ({"account_types": ["agency"]}, [AGENCY, LINKED]),
        ({"advertiser_ids": [LINKED], "account_types": ["agency"]}, [LINKED]),
        ({"advertiser_ids": ADVERTISERS[1], "account_types": ["agency"]}, [AGENCY]),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, dict) else "",
)
def test_the_settings_choose_the_accounts(
    run: Runs,
    amazon: EmulatorClient,
    settings: dict[str, object],
    accounts: list[str],
) -> None:
    ran = run(
        CAMPAIGNS, ORDERS, start_date="2026-11-18", end_date="2026-11-18", **settings
    )

    assert ran.code == 0
    read = [create.account for create in amazon.statistics().creates]
    assert sorted(read) == sorted(accounts)
    assert ATTRIBUTION not in read
    delivered = {row["profile_id"] for row in ran.rows(CAMPAIGNS)}
    assert delivered == {*accounts} & {SELLER, CANADA, BRAZIL, VENDOR}


def test_chosen_advertisers_are_the_only_ones_in_the_filter(
    run: Runs, amazon: EmulatorClient
) -> None:
    wanted = [int(ADVERTISERS[2]), ADVERTISERS[1]]

    ran = run(
        ORDERS,
        profile_ids=[AGENCY],
        advertiser_ids=wanted,
        start_date="2026-11-18",
        end_date="2026-11-18",
    )

    (create,) = amazon.statistics().creates
    (chosen,) = create.body["configuration"]["filters"]
    assert chosen == {"field": "advertiserId", "values": list(ADVERTISERS[1:])}
    assert {row["advertiserId"] for row in ran.rows(ORDERS)} == set(ADVERTISERS[1:])


def test_an_advertiser_is_read_by_one_route_only(
    run: Runs, amazon: EmulatorClient
) -> None:
    """Two agencies list it and a link leads to it: the first agency by id has it."""
    second = "8800900100110012"
    amazon.add_profile({"profileId": int(second), "accountInfo": {"type": "agency"}})
    listed = amazon.world()["advertisers"][AGENCY]
    amazon.add_advertisers(second, [listed[0], advertiser(7)])

    ran = run(ORDERS, start_date="2026-11-18", end_date="2026-11-18")

    assert ran.code == 0
    members = {
        create.account: create.body["configuration"]["filters"][0]["values"]
        for create in amazon.statistics().creates
    }
    assert members == {
        AGENCY: list(ADVERTISERS),
        second: [advertiser(7)["advertiserId"]],
        LINKED: [LINKED],
    }
    keys = [(r["date"], r["orderId"], r["advertiserId"]) for r in ran.rows(ORDERS)]
    assert len(set(keys)) == len(keys)


def test_more_than_a_hundred_advertisers_are_several_reports(
    run: Runs, amazon: EmulatorClient
) -> None:
    many = [advertiser(number) for number in range(230)]
    amazon.add_advertisers(AGENCY, many)

    ran = run(
        ORDERS,
        only={ORDERS: ["currency_code"]},
        profile_ids=[AGENCY],
        start_date="2026-11-18",
        end_date="2026-11-18",
    )

    assert ran.code == 0
    groups = [
        create.body["configuration"]["filters"][0]["values"]
        for create in amazon.statistics().creates
    ]
    assert sorted(map(len, groups)) == [33, 100, 100]
    everybody = {*ADVERTISERS, *(str(person["advertiserId"]) for person in many)}
    assert set().union(*groups) == everybody
    assert {row["advertiserId"] for row in ran.rows(ORDERS)} == everybody
    assert set(ran.partitions(ORDERS)[0]["advertiser_ids"]) == everybody
    assert amazon.statistics().count("advertisers") == 3


def test_a_new_advertiser_is_read_from_the_start_by_itself_and_then_joins(
    run: Runs, amazon: EmulatorClient
) -> None:
    settings = {"profile_ids": [AGENCY], "start_date": "2026-11-10", "lookback_days": 1}
    first = run(ORDERS, **settings, end_date="2026-11-17")
    newcomer = advertiser(1, timezone="America/New_York")
    person = str(newcomer["advertiserId"])
    amazon.add_advertisers(AGENCY, [newcomer])

    second = run(ORDERS, **settings, end_date="2026-11-18", state=first.state)

    reports = {
        tuple(create.body["configuration"]["filters"][0]["values"]): (
            create.body["startDate"],
            create.body["endDate"],
        )
        for create in amazon.statistics().creates[1:]
    }
    assert reports == {
        ADVERTISERS: ("2026-11-17", "2026-11-18"),
        (person,): ("2026-11-10", "2026-11-18"),
    }
    (partition,) = second.partitions(ORDERS)
    assert partition["advertiser_ids"] == sorted([*ADVERTISERS, person])
    assert partition["replication_key_value"] == "2026-11-18"

    third = run(ORDERS, **settings, end_date="2026-11-19", state=second.state)
    (together,) = amazon.statistics().creates[3:]
    assert together.body["configuration"]["filters"][0]["values"] == sorted(
        [*ADVERTISERS, person]
    )
    assert {row["advertiserId"] for row in third.rows(ORDERS)} == {*ADVERTISERS, person}


def test_sponsored_streams_alone_ask_for_no_advertisers(
    run: Runs, amazon: EmulatorClient
) -> None:
    run(CAMPAIGNS, start_date="2026-11-18", end_date="2026-11-18")
    assert amazon.statistics().count("advertisers") == 0
    assert amazon.statistics().count("manager_accounts") == 0


# --- the streams about accounts ---------------------------------------------


def test_profiles_and_advertisers_come_before_every_report(
    run: Runs, amazon: EmulatorClient
) -> None:
    ran = run(ORDERS, "profiles", "advertisers", CAMPAIGNS, start_date="2026-11-18")

    streams = list(dict.fromkeys(m["stream"] for m in ran.of_type("RECORD")))
    assert streams[:2] == ["advertisers", "profiles"]
    assert {p["profileId"] for p in ran.rows("profiles")} == {
        SELLER,
        CANADA,
        BRAZIL,
        VENDOR,
        AGENCY,
        ATTRIBUTION,
    }
    (canada,) = [p for p in ran.rows("profiles") if p["profileId"] == CANADA]
    assert canada == {
        "profileId": CANADA,
        "countryCode": "CA",
        "currencyCode": "CAD",
        "dailyBudget": 999999999,
        "timezone": "America/Los_Angeles",
        "accountInfo": {
            "marketplaceStringId": "A2EUQ1WTGCTBG2",
            "id": "ENTITY22QQ3QQ4QQ5Q",
            "type": "seller",
            "name": "Érable & Cie",
        },
    }
    advertisers = {a["advertiserId"]: a for a in ran.rows("advertisers")}
    assert set(advertisers) == {*ADVERTISERS, LINKED}
    assert advertisers[ADVERTISERS[2]] == {
        "advertiserId": ADVERTISERS[2],
        "profile_id": AGENCY,
        "name": "Praia Modas 🏖️",
        "currency": "BRL",
        "url": "www.example.com",
        "country": "BR",
        "timezone": "America/Sao_Paulo",
    }
    assert advertisers[LINKED]["profile_id"] is None
    assert amazon.statistics().count("profiles") == 1


# --- refusals ---------------------------------------------------------------


def named(lines: Iterable[str], *words: str) -> list[str]:
    """Return the lines that hold all of the words."""
    return [line for line in lines if all(word in line for word in words)]


@pytest.mark.parametrize(
    ("setting", "missing"),
    [
        ({"profile_ids": [SELLER, 4242]}, "4242"),
        ({"profile_ids": [SELLER], "exclude_profile_ids": ["4343"]}, "4343"),
        ({"account_types": ["agency"], "advertiser_ids": [LINKED, 4444]}, "4444"),
    ],
    ids=str,
)
def test_an_id_the_token_does_not_see_leaves_the_others_and_ends_with_1(
    run: Runs, amazon: EmulatorClient, setting: dict[str, object], missing: str
) -> None:
    ran = run(
        CAMPAIGNS, ORDERS, start_date="2026-11-18", end_date="2026-11-18", **setting
    )

    assert ran.code == 1
    assert len(named(ran.errors, missing, "region NA")) == 1
    (create,) = amazon.statistics().creates
    assert create.account in {SELLER, LINKED}
    assert ran.rows(CAMPAIGNS) or ran.rows(ORDERS)


def test_a_profile_of_another_region_is_named_with_the_region_asked(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.change(region="EU")

    ran = run(CAMPAIGNS, profile_ids=[SELLER])

    assert ran.code == 1
    assert named(ran.errors, SELLER, "does not see", "region NA")
    assert named(ran.errors, "region NA", "no usable profile", "EU")
    assert not ran.tracebacks
    assert not amazon.statistics().creates


def test_no_profile_at_all_ends_with_1_and_says_where_it_looked(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.set_world({"profiles": []})

    ran = run(CAMPAIGNS, ORDERS, region="FE")

    assert ran.code == 1
    (error,) = ran.errors
    assert "region FE" in error
    assert "no usable profile" in error


def test_a_profile_that_answers_401_to_everything_stops_nobody_else(
    run: Runs, amazon: EmulatorClient
) -> None:
    streams = (CAMPAIGNS, ADS, "sponsored_brands_campaign_by_campaign")
    amazon.add_fault("unauthorized", account=VENDOR)

    ran = run(
        *streams,
        profile_ids=[SELLER, VENDOR, BRAZIL],
        start_date="2026-11-17",
        end_date="2026-11-18",
        max_concurrency=1,
    )

    assert ran.code == 1
    (error,) = ran.errors
    assert f"profile {VENDOR} (US vendor)" in error
    assert "Not authorized to access scope" in error
    assert "exclude_profile_ids" in error
    assert all(stream in error for stream in streams)
    statistics = amazon.statistics()
    # once, once more with a new token, then never again
    assert statistics.count("create", 401) == 2
    for stream in streams:
        assert {row["profile_id"] for row in ran.rows(stream)} == {SELLER, BRAZIL}
        done = {p["context"]["profile_id"] for p in ran.partitions(stream)}
        assert done == {SELLER, BRAZIL}
    assert ran.summary["failures"] == [error]


def test_an_account_whose_access_ends_while_reports_are_made_stops_nobody_else(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("unauthorized", operation="status", account=VENDOR)

    ran = run(
        CAMPAIGNS,
        profile_ids=[SELLER, VENDOR],
        start_date="2026-11-17",
        end_date="2026-11-18",
    )

    assert ran.code == 1
    assert named(ran.errors, VENDOR, "Not authorized to access scope")
    assert {row["profile_id"] for row in ran.rows(CAMPAIGNS)} == {SELLER}


def test_an_agency_that_may_not_list_its_advertisers_stops_nobody_else(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("unauthorized", operation="advertisers")

    ran = run(CAMPAIGNS, ORDERS, start_date="2026-11-18", end_date="2026-11-18")

    assert ran.code == 1
    assert len(named(ran.errors, AGENCY, "Not authorized to access scope")) == 1
    assert {row["profile_id"] for row in ran.rows(CAMPAIGNS)} == {
        SELLER,
        CANADA,
        BRAZIL,
        VENDOR,
    }
    assert {row["advertiserId"] for row in ran.rows(ORDERS)} == {LINKED, ADVERTISERS[0]}


def test_an_agency_without_advertisers_is_one_info_line(
    run: Runs, amazon: EmulatorClient
) -> None:
    for advertiser_id in ADVERTISERS:
        amazon.remove_advertiser(AGENCY, advertiser_id)

    ran = run(ORDERS, "amazon_dsp_geo_by_city", profile_ids=[SELLER, AGENCY])

    assert ran.code == 0
    assert len(named(ran.infos, AGENCY, "no advertisers")) == 1
    assert not ran.errors
    assert not ran.warnings


def test_a_token_without_manager_accounts_has_no_linked_advertisers(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("status", operation="manager_accounts", code=403)

    ran = run(ORDERS, start_date="2026-11-18", end_date="2026-11-18")

    assert ran.code == 0
    assert {row["advertiserId"] for row in ran.rows(ORDERS)} == set(ADVERTISERS)


def test_manager_accounts_that_cannot_be_reached_are_no_silent_loss(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("status", operation="manager_accounts", code=503)

    ran = run(ORDERS, start_date="2026-11-18", end_date="2026-11-18", max_attempts=1)

    assert ran.code == 1
    assert named(ran.errors, "linked advertisers", "503")
    assert {row["advertiserId"] for row in ran.rows(ORDERS)} == set(ADVERTISERS)


@pytest.mark.parametrize("retry_after", [None, 90])
def test_throttled_account_lists_are_waited_out(
    run: Runs, amazon: EmulatorClient, retry_after: int | None
) -> None:
    amazon.add_fault("throttle", operation="profiles", times=9, retry_after=retry_after)

    ran = run(
        CAMPAIGNS,
        profile_ids=[SELLER],
        start_date="2026-11-18",
        end_date="2026-11-18",
        speed=3000,
    )

    assert ran.code == 0
    assert amazon.statistics().count("profiles", 429) == 9
    assert ran.rows(CAMPAIGNS)


def test_lists_throttled_for_ever_end_with_the_runtime(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("throttle", operation="profiles", retry_after=600)

    ran = run(CAMPAIGNS, max_runtime_seconds=1000, speed=1000)

    assert ran.code == 1
    assert named(ran.errors, "/v2/profiles", "429")
    assert amazon.statistics().count("profiles") == 2


def test_a_report_type_an_account_does_not_have_is_no_failure(
    run: Runs, amazon: EmulatorClient
) -> None:
    stream = "sponsored_television_campaign_by_campaign"
    words = "configuration reportTypeId is unknown or invalid"
    amazon.add_fault(
        "status",
        operation="create",
        account=BRAZIL,
        report_type_id="stCampaigns",
        code=400,
        body={"code": "400", "detail": words},
    )

    ran = run(
        CAMPAIGNS,
        stream,
        profile_ids=[SELLER, BRAZIL],
        start_date="2026-08-20",
        end_date="2026-11-18",
        max_concurrency=1,
    )

    assert ran.code == 0
    assert not ran.errors
    (warning,) = named(ran.warnings, BRAZIL, stream, words)
    assert ran.summary["notices"] == [warning]
    # three windows, asked for once: the type is not tried again for the account
    assert amazon.statistics().count("create", 400) == 1
    assert {row["profile_id"] for row in ran.rows(stream)} == {SELLER}
    assert {row["profile_id"] for row in ran.rows(CAMPAIGNS)} == {SELLER, BRAZIL}


@pytest.mark.parametrize(
    ("changed", "code", "step"),
    [
        ("refresh_token", "invalid_grant", "set refresh_token"),
        ("client_secret", "invalid_client", "check both"),
    ],
)
def test_a_dead_credential_is_one_sentence_and_no_further_call(
    run: Runs, amazon: EmulatorClient, changed: str, code: str, step: str
) -> None:
    ran = run(CAMPAIGNS, ORDERS, **{changed: "Atzr|another-value"})

    assert ran.code == 1
    assert not named(ran.errors + ran.warnings + ran.infos, "another-value")
    (error,) = named(ran.errors, "Login with Amazon")
    assert code in error
    assert step in error
    assert not ran.tracebacks
    statistics = amazon.statistics()
    assert statistics.count("token") == 1
    assert statistics.count("profiles") == 0


def test_a_token_that_dies_in_the_middle_ends_the_run_with_the_ids_kept(
    run: Runs, emulator: Emulator, amazon: EmulatorClient
) -> None:
    """Access tokens end and the refresh token is revoked while Amazon works."""
    amazon.change(ready_after_looks=1000, token_lifetime_seconds=90)
    token = dataclasses.asdict(emulator.emulation.core.settings)["refresh_token"]
    amazon.add_fault(
        "status",
        operation="token",
        skip=1,
        code=400,
        body={"error": "invalid_grant", "error_description": "The grant was revoked"},
    )

    ran = run(CAMPAIGNS, profile_ids=[SELLER], start_date="2026-11-18", speed=50)

    assert ran.code == 1
    assert named(ran.errors, "Login with Amazon", "invalid_grant")
    assert not [line for line in ran.errors + ran.warnings if token in line]
    assert not ran.tracebacks
    (partition,) = ran.partitions(CAMPAIGNS)
    (create,) = amazon.statistics().creates
    assert [p["report_id"] for p in partition["pending_reports"]] == [create.report_id]


def test_noon_is_noon() -> None:
    """The days above are those of this instant."""
    assert NOON.isoformat() == "2026-11-20T12:00:00+00:00"
