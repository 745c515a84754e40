"""What a refusal costs: the account or report it is about, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from amazon_emulator import Emulator, EmulatorClient
from support.ads.runs import (
    ADVERTISERS,
    AGENCY,
    BRAZIL,
    CAMPAIGNS,
    CANADA,
    LINKED,
    ORDERS,
    SELLER,
    VENDOR,
    Run,
    days,
)

Runs = Callable[..., Run]
ADS = "sponsored_products_advertised_by_advertiser"


def named(lines: Iterable[str], *words: str) -> list[str]:
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
    ran = run(CAMPAIGNS, ORDERS, **days("2026-11-18"), **setting)

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
    amazon.set_accounts({"profiles": []})

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
        **days("2026-11-17", "2026-11-18"),
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
        CAMPAIGNS, profile_ids=[SELLER, VENDOR], **days("2026-11-17", "2026-11-18")
    )

    assert ran.code == 1
    assert named(ran.errors, VENDOR, "Not authorized to access scope")
    assert {row["profile_id"] for row in ran.rows(CAMPAIGNS)} == {SELLER}


@pytest.mark.parametrize("code", [404, 420, 499])
def test_a_refusal_nobody_has_heard_of_is_a_sentence_for_that_account(
    run: Runs, amazon: EmulatorClient, code: int
) -> None:
    amazon.add_fault(
        "status", operation="create", account=VENDOR, code=code, body={"detail": "odd"}
    )

    ran = run(CAMPAIGNS, profile_ids=[SELLER, VENDOR], **days("2026-11-18"))

    assert ran.code == 1
    assert named(ran.errors, VENDOR, f"HTTP {code}", "odd")
    assert not ran.tracebacks
    assert {row["profile_id"] for row in ran.rows(CAMPAIGNS)} == {SELLER}
    assert [p["context"]["profile_id"] for p in ran.partitions(CAMPAIGNS)] == [SELLER]


def test_an_agency_that_may_not_list_its_advertisers_stops_nobody_else(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("unauthorized", operation="advertisers")

    ran = run(CAMPAIGNS, ORDERS, **days("2026-11-18"))

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

    ran = run(ORDERS, **days("2026-11-18"))

    assert ran.code == 0
    assert {row["advertiserId"] for row in ran.rows(ORDERS)} == set(ADVERTISERS)


def test_manager_accounts_that_cannot_be_reached_are_no_silent_loss(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("status", operation="manager_accounts", code=503)

    ran = run(ORDERS, **days("2026-11-18"), max_attempts=1)

    assert ran.code == 1
    assert named(ran.errors, "linked advertisers", "503")
    assert {row["advertiserId"] for row in ran.rows(ORDERS)} == set(ADVERTISERS)


@pytest.mark.parametrize("retry_after", [None, 90])
def test_throttled_account_lists_are_waited_out(
    run: Runs, amazon: EmulatorClient, retry_after: int | None
) -> None:
    amazon.add_fault("throttle", operation="profiles", times=9, retry_after=retry_after)

    ran = run(CAMPAIGNS, profile_ids=[SELLER], **days("2026-11-18"), speed=3000)

    assert ran.code == 0
    assert amazon.statistics().count("profiles", 429) == 9
    assert ran.rows(CAMPAIGNS)


def test_lists_throttled_for_ever_end_with_the_runtime(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("throttle", operation="profiles", retry_after=600)

    ran = run(CAMPAIGNS, max_runtime_seconds=1150, speed=400)

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
        **days("2026-08-20", "2026-11-18"),
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
    token = emulator.credentials["refresh_token"]
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
