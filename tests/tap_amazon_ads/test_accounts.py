"""Whose reports are read, and by which route."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from amazon_emulator import EmulatorClient
from support.ads.runs import (
    ADVERTISERS,
    AGENCY,
    ATTRIBUTION,
    BRAZIL,
    CAMPAIGNS,
    CANADA,
    LINKED,
    ORDERS,
    SELLER,
    VENDOR,
    Run,
    advertiser,
    days,
)

Runs = Callable[..., Run]


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
    run: Runs, amazon: EmulatorClient, settings: dict[str, object], accounts: list[str]
) -> None:
    ran = run(CAMPAIGNS, ORDERS, **days("2026-11-18"), **settings)

    assert ran.code == 0
    read = [create.account for create in amazon.statistics().creates]
    assert sorted(read) == sorted(accounts)
    assert ATTRIBUTION not in read
    delivered = {row["profile_id"] for row in ran.rows(CAMPAIGNS)}
    assert delivered == {*accounts} & {SELLER, CANADA, BRAZIL, VENDOR}


def test_chosen_advertisers_are_the_only_ones_in_the_filter(
    run: Runs, amazon: EmulatorClient
) -> None:
    ids = [int(ADVERTISERS[2]), ADVERTISERS[1]]

    ran = run(ORDERS, profile_ids=[AGENCY], advertiser_ids=ids, **days("2026-11-18"))

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
    listed = amazon.accounts()["advertisers"][AGENCY]
    amazon.add_advertisers(second, [listed[0], advertiser(7)])

    ran = run(ORDERS, **days("2026-11-18"))

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
        **days("2026-11-18"),
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
    run(CAMPAIGNS, **days("2026-11-18"))
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
        "profile_id": CANADA,
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


def test_profiles_join_to_the_reports_by_name_and_type_of_their_id(run: Runs) -> None:
    ran = run("profiles", CAMPAIGNS, profile_ids=[SELLER], start_date="2026-11-15")

    (profile,) = [p for p in ran.rows("profiles") if p["profileId"] == SELLER]
    assert {row["profile_id"] for row in ran.rows(CAMPAIGNS)} == {profile["profile_id"]}
    for name in ("profiles", CAMPAIGNS):
        column = ran.schema(name)["schema"]["properties"]["profile_id"]
        assert "string" in column["type"]
