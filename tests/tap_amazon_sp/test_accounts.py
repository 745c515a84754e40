"""Selling partners: how settings name them, what Amazon says of them, who is read."""

from __future__ import annotations

from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from amazon_emulator import Emulator
from singer_amazon.errors import ConfigError
from support.ads.runs import EmulatorClock
from support.core.cases import rows
from support.sp.runs import QuickTap, account, run, settings
from tap_amazon_sp.accounts import read_accounts

CLIENT = {"client_id": "the-id", "client_secret": "the-secret", "region": "NA"}
US, CANADA, GERMANY = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1PA6795UKMFR9"
PARTICIPATIONS = "get_marketplace_participations"


def entry(name: str = "acme", **changes: object) -> dict[str, Any]:
    return {"name": name, "refresh_token": "Atzr|1", **changes}


# --- reading the settings ------------------------------------------------------


def test_one_token_is_one_account() -> None:
    (found,) = read_accounts(
        {
            **CLIENT,
            "refresh_token": "Atzr|1",
            "account_type": "vendor",
            "marketplace_ids": ["uk", GERMANY],
            "region": "EU",
        }
    )

    assert (found.name, found.kind, found.region) == ("default", "vendor", "EU")
    assert [m.code for m in found.marketplaces] == ["GB", "DE"]
    assert found.credential.client_id == "the-id"
    assert "Atzr" not in repr(found)


def test_several_accounts_have_regions_and_applications_of_their_own() -> None:
    first, second = read_accounts(
        {
            **CLIENT,
            "accounts": [
                entry("a", account_type="seller"),
                entry("b", region="FE", client_id="other", client_secret="s2"),
            ],
        }
    )

    assert (first.name, first.kind, first.region) == ("a", "seller", "NA")
    assert first.marketplaces == ()
    assert (second.name, second.kind, second.region) == ("b", None, "FE")
    assert second.credential.client_id == "other"


@pytest.mark.parametrize(("config", "words"), rows(__file__, "wrong_accounts"))
def test_what_cannot_be_meant_is_a_sentence(
    config: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as raised:
        read_accounts({**CLIENT, **config})

    for word in words:
        assert word in str(raised.value)
    assert "Atzr" not in str(raised.value)


# --- what Amazon says ----------------------------------------------------------


def tap(emulator: Emulator, *accounts: dict[str, Any], **changes: object) -> QuickTap:
    config = settings(emulator, accounts=list(accounts), **changes)
    made = QuickTap(config=config)
    made.clock = EmulatorClock(emulator)
    return made


def test_a_seller_is_read_where_it_takes_part(emulator: Emulator) -> None:
    (found,) = tap(emulator, account("acme-us")).accounts.all

    assert (found.kind, found.label) == ("seller", "acme-us (NA seller)")
    assert [m.code for m in found.marketplaces] == ["US", "CA"]


def test_without_a_kind_amazon_is_asked_for_it(emulator: Emulator) -> None:
    vendor = {"name": "vega-us", "refresh_token": "Atzr|sp-vega-us"}
    made = tap(
        emulator,
        account("acme-us", account_type="auto", marketplace_ids=[CANADA]),
        {**vendor, "marketplace_ids": ["US"]},
    )

    seller, other = made.accounts.all

    assert (seller.kind, [m.code for m in seller.marketplaces]) == ("seller", ["CA"])
    assert (other.kind, [m.code for m in other.marketplaces]) == ("vendor", ["US"])
    assert made.stats.problems == {}


def test_stated_accounts_cost_no_call(emulator: Emulator) -> None:
    made = tap(
        emulator,
        account("acme-us", account_type="seller", marketplace_ids=["US"]),
        account("vega-us"),
    )

    assert [found.kind for found in made.accounts.all] == ["seller", "vendor"]
    assert made.accounts.account("vega-us").kind == "vendor"
    assert emulator.client.statistics().count("token") == 0


def test_regions_go_to_hosts_of_their_own(emulator: Emulator) -> None:
    made = tap(emulator, account("acme-us"), account("sakura-jp", region="FE"))

    assert [found.region for found in made.accounts.all] == ["NA", "FE"]
    assert [m.code for m in made.accounts.account("sakura-jp").marketplaces] == ["JP"]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (account("gone-us"), ["gone-us (NA account)", "invalid_grant"]),
        (
            {"name": "vega-us", "refresh_token": "Atzr|sp-vega-us"},
            ["vega-us (NA account)", "HTTP 403", "set its marketplace_ids"],
        ),
        (
            account("acme-us", region="EU", account_type="seller"),
            ["acme-us (EU seller)", "no marketplace of region EU"],
        ),
    ],
)
def test_an_account_that_cannot_be_used_is_a_problem_of_its_own(
    emulator: Emulator, bad: dict[str, Any], words: list[str]
) -> None:
    good = account("plain-us", account_type="seller")

    ended = run(emulator, "orders", accounts=[bad, good], start_date="2026-11-18")

    assert ended.code == 1
    assert {r["account_name"] for r in ended.rows("orders")} == {"plain-us"}
    assert ended.said("ERROR", *words), ended.log
    assert not ended.said("Atzr|")


def test_a_dead_token_of_a_stated_account_costs_one_call(emulator: Emulator) -> None:
    gone = account("gone-us", account_type="seller", marketplace_ids=["US"])
    good = account("plain-us", account_type="seller")

    ended = run(
        emulator,
        *("orders", "order_items", "orders_v0"),
        accounts=[gone, good],
        start_date="2026-11-18",
    )

    assert ended.code == 1
    assert {r["account_name"] for r in ended.rows()} == {"plain-us"}
    (line,) = ended.said("ERROR", "invalid_grant")
    assert "orders, " in line or "order_items, " in line
    assert emulator.client.statistics().count("token", 400) == 1


def test_a_throttled_list_of_marketplaces_is_waited_for(emulator: Emulator) -> None:
    emulator.client.add_fault("throttle", operation=PARTICIPATIONS, times=3)
    made = tap(emulator, account("acme-us"))

    assert [found.name for found in made.accounts.all] == ["acme-us"]
    assert emulator.client.statistics().count(PARTICIPATIONS, 429) == 3


def test_no_wait_for_marketplaces_outlasts_the_run(emulator: Emulator) -> None:
    emulator.client.add_fault("throttle", operation=PARTICIPATIONS)

    ended = run(
        emulator, "orders", accounts=[account("acme-us")], max_runtime_seconds=600
    )

    assert ended.code == 0
    assert ended.said("WARNING", "acme-us", "time was up", "HTTP 429")
    assert ended.summary["seconds"] <= 600


def test_marketplaces_this_version_does_not_know_are_left_out(
    emulator: Emulator,
) -> None:
    body = {
        "payload": [
            {
                "marketplace": {"id": "A1MQXOICRS2Z7M", "name": "SI CA Prod"},
                "participation": {"isParticipating": True},
            },
            {"marketplace": {"id": US}, "participation": {"isParticipating": True}},
            {
                "marketplace": {"id": CANADA},
                "participation": {"isParticipating": False},
            },
        ]
    }
    emulator.client.add_fault("status", operation=PARTICIPATIONS, code=200, body=body)

    (found,) = tap(emulator, account("acme-us")).accounts.all

    assert [m.code for m in found.marketplaces] == ["US"]


# --- marketplaces newer than our table ---------------------------------------------

NEW = "A1NEWSTORE0001"


def test_an_id_newer_than_our_table_is_tried_in_the_accounts_region() -> None:
    (found,) = read_accounts(
        {**CLIENT, "accounts": [entry(region="EU", marketplace_ids=[NEW, "DE"])]}
    )
    first, second = found.marketplaces
    assert (first.marketplace_id, first.code, first.region) == (NEW, NEW, "EU")
    assert (first.is_known, second.is_known) == (False, True)


def test_what_cannot_be_an_id_is_still_refused() -> None:
    with pytest.raises(ConfigError, match="'Mars' is no marketplace"):
        read_accounts({**CLIENT, "accounts": [entry(marketplace_ids=["Mars"])]})


@pytest.mark.parametrize(
    ("domain", "is_read"), [("www.amazon.cl", True), ("sim1.stores.example", False)]
)
def test_a_new_store_of_a_seller_is_tried_and_no_other_shop(
    emulator: Emulator, domain: str, is_read: bool
) -> None:
    store = {
        "marketplace": {
            "id": NEW,
            "countryCode": "CL",
            "defaultCurrencyCode": "CLP",
            "domainName": domain,
        },
        "participation": {"isParticipating": True},
    }
    known = {"marketplace": {"id": US}, "participation": {"isParticipating": True}}
    emulator.client.add_fault(
        "status",
        operation=PARTICIPATIONS,
        code=200,
        body={"payload": [store, known]},
    )
    tap = QuickTap(config=settings(emulator, accounts=[account("acme-us")]))
    tap.clock = EmulatorClock(emulator)
    (found,) = tap.accounts.all
    codes = {m.code: m.currency for m in found.marketplaces}
    assert codes == ({"CL": "CLP", "US": "USD"} if is_read else {"US": "USD"})


@pytest.mark.parametrize(
    "payload",
    [
        [None],
        ["x"],
        [{}],
        [{"marketplace": []}],
        [{"marketplace": {"id": {}}, "participation": 1}],
        [{"marketplace": {"id": None}}],
    ],
)
def test_entries_that_are_no_marketplaces_are_left_out(
    emulator: Emulator, payload: list[object]
) -> None:
    emulator.client.add_fault(
        "status", operation=PARTICIPATIONS, code=200, body={"payload": payload}
    )
    tap = QuickTap(config=settings(emulator, accounts=[account("acme-us")]))
    tap.clock = EmulatorClock(emulator)
    assert tap.accounts.all == ()


def test_an_expired_secret_is_to_be_rotated(emulator: Emulator) -> None:
    error = {
        "code": "Unauthorized",
        "message": "Access to requested resource is denied.",
        "details": "The LWA secret token you provided has expired.",
    }
    emulator.client.add_fault(
        "status", operation=PARTICIPATIONS, code=403, body={"errors": [error]}
    )
    ended = run(emulator, "coupon_performance", accounts=[account("acme-us")])
    assert ended.code == 1
    assert "make a new one" in str(ended.summary["failures"])


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"accounts": ["x"]}, "accounts.0"),
        ({"accounts": [None]}, "accounts.0"),
        ({"accounts": [{"name": "a\0b", "refresh_token": "t"}]}, "cannot be printed"),
        (
            {"accounts": [{**entry(), "refreshtoken": "t"}]},
            "did you mean refresh_token?",
        ),
        ({"reports": ["x"]}, "reports.0"),
        ({"reports": [[]]}, "reports.0"),
        ({"app_budget_share": 1e-300}, "app_budget_share"),
    ],
)
def test_entries_of_another_form_are_a_sentence(
    emulator: Emulator, bad: dict[str, Any], words: str
) -> None:
    def check() -> None:
        QuickTap(config=settings(emulator, **bad)).check_settings()

    with pytest.raises((ConfigError, ConfigValidationError), match=words):
        check()
