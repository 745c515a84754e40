"""SUMMARY streams, and report streams a user defines in the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from amazon_emulator import EmulatorClient
from support.ads.columns import kind
from support.ads.runs import (
    ADVERTISERS,
    AGENCY,
    CAMPAIGNS,
    ORDERS,
    SELLER,
    Run,
    bodies,
    days,
    selected_catalog,
)

Runs = Callable[..., Run]
RANGE = {"start_date": "2026-11-01", "end_date": "2026-11-15"}


def custom(**changes: object) -> dict[str, object]:
    """Return a custom report of a type and grouping the catalogue knows."""
    return {
        "name": "campaign_costs",
        "ad_product": "SPONSORED_PRODUCTS",
        "report_type_id": "spCampaigns",
        "group_by": ["campaign"],
        "columns": ["campaignId", "cost"],
        **changes,
    }


# --- SUMMARY ----------------------------------------------------------------


def test_a_summary_gives_one_total_per_key_and_leaves_no_bookmark(
    run: Runs, amazon: EmulatorClient
) -> None:
    ran = run(
        CAMPAIGNS,
        only={CAMPAIGNS: ["cost", "country_code"]},
        profile_ids=[SELLER],
        time_unit="SUMMARY",
        **RANGE,
    )

    assert ran.code == 0
    (create,) = amazon.statistics().creates
    assert create.body == {
        "startDate": "2026-11-01",
        "endDate": "2026-11-15",
        "configuration": {
            "adProduct": "SPONSORED_PRODUCTS",
            "reportTypeId": "spCampaigns",
            "groupBy": ["campaign"],
            "columns": ["campaignId", "cost", "endDate", "startDate"],
            "timeUnit": "SUMMARY",
            "format": "GZIP_JSON",
        },
    }
    schema = ran.schema(CAMPAIGNS)
    key = ["startDate", "endDate", "campaignId", "profile_id"]
    assert schema["key_properties"] == key
    assert "date" not in schema["schema"]["properties"]
    assert not schema.get("bookmark_properties")
    assert ran.rows(CAMPAIGNS) == [
        {
            "startDate": "2026-11-01",
            "endDate": "2026-11-15",
            "campaignId": str(row["campaignId"]),
            "cost": row["cost"],
            "profile_id": SELLER,
            "country_code": "US",
        }
        for row in amazon.expected_rows(create.report_id)
    ]
    (partition,) = ran.partitions(CAMPAIGNS)
    assert partition == {"context": {"profile_id": SELLER}, "version": 1}


def test_a_summary_of_dsp_is_keyed_by_its_interval(
    run: Runs, amazon: EmulatorClient
) -> None:
    ran = run(ORDERS, profile_ids=[AGENCY], time_unit="SUMMARY", **RANGE)

    assert ran.code == 0
    assert ran.schema(ORDERS)["key_properties"] == [
        "intervalStart",
        "intervalEnd",
        "orderId",
        "advertiserId",
    ]
    rows = ran.rows(ORDERS)
    assert {(r["intervalStart"], r["intervalEnd"]) for r in rows} == {
        ("2026-11-01", "2026-11-15")
    }
    keys = {(r["orderId"], r["advertiserId"]) for r in rows}
    assert len(keys) == len(rows) == 5 * len(ADVERTISERS)
    (create,) = amazon.statistics().creates
    assert len(amazon.expected_rows(create.report_id)) == len(rows)


def test_summary_streams_are_full_table_in_the_catalog() -> None:
    catalog = selected_catalog({"time_unit": "SUMMARY"}, [CAMPAIGNS], {}, {})
    (entry,) = [e for e in catalog["streams"] if e["stream"] == CAMPAIGNS]
    assert entry["replication_method"] == "FULL_TABLE"
    assert not entry.get("replication_key")


def test_a_summary_is_asked_for_anew_with_the_whole_range(
    run: Runs, amazon: EmulatorClient
) -> None:
    settings = {"profile_ids": [SELLER], "time_unit": "SUMMARY"}
    start = "2026-11-05"
    first = run(CAMPAIGNS, **settings, **days(start, "2026-11-15"))
    second = run(CAMPAIGNS, **settings, start_date=start, state=first.state)

    assert second.code == 0
    windows = [(b["startDate"], b["endDate"]) for b in bodies(amazon.statistics())]
    assert windows == [(start, "2026-11-15"), (start, "2026-11-19")]


def test_a_summary_in_the_making_waits_in_the_state_and_is_taken_up(
    run: Runs, amazon: EmulatorClient
) -> None:
    settings = {"profile_ids": [SELLER], "time_unit": "SUMMARY", **RANGE}
    amazon.change(ready_after_seconds=3600)
    first = run(CAMPAIGNS, **settings, stops_after=1)
    (create,) = amazon.statistics().creates

    assert first.code == 0
    (partition,) = first.partitions(CAMPAIGNS)
    (pending,) = partition["pending_reports"]
    assert set(partition) == {"context", "version", "pending_reports"}
    assert pending["report_id"] == create.report_id

    amazon.advance(4000)
    second = run(CAMPAIGNS, **settings, state=first.state)
    assert len(second.rows(CAMPAIGNS)) == 5
    assert len(amazon.statistics().creates) == 1
    assert second.partitions(CAMPAIGNS) == [
        {"context": {"profile_id": SELLER}, "version": 1}
    ]


def test_a_pending_summary_of_another_range_is_not_taken_for_this_one(
    run: Runs, amazon: EmulatorClient
) -> None:
    settings = {"profile_ids": [SELLER], "time_unit": "SUMMARY"}
    amazon.change(ready_after_seconds=3600)
    first = run(CAMPAIGNS, **settings, **RANGE, stops_after=1)
    amazon.advance(4000)
    amazon.change(ready_after_seconds=0)

    second = run(
        CAMPAIGNS, **settings, **days("2026-11-01", "2026-11-16"), state=first.state
    )

    assert {row["endDate"] for row in second.rows(CAMPAIGNS)} == {"2026-11-16"}
    assert len(amazon.statistics().creates) == 2
    assert "pending_reports" not in second.partition(CAMPAIGNS, SELLER)


# --- custom reports---------------------------------------------------------


def test_a_custom_report_of_a_known_type_takes_its_key_from_the_catalogue(
    run: Runs, amazon: EmulatorClient
) -> None:
    ran = run(
        "campaign_costs",
        reports=[custom()],
        profile_ids=[SELLER],
        **days("2026-11-17", "2026-11-18"),
    )

    assert ran.code == 0
    assert not ran.warnings
    (create,) = amazon.statistics().creates
    assert create.body["configuration"] == {
        "adProduct": "SPONSORED_PRODUCTS",
        "reportTypeId": "spCampaigns",
        "groupBy": ["campaign"],
        "columns": ["campaignId", "cost", "date"],
        "timeUnit": "DAILY",
        "format": "GZIP_JSON",
    }
    schema = ran.schema("campaign_costs")
    assert schema["key_properties"] == ["date", "campaignId", "profile_id"]
    assert kind(schema["schema"]["properties"]["cost"]) == {"type": ["number", "null"]}
    assert ran.rows("campaign_costs") == [
        {
            "date": row["date"],
            "campaignId": str(row["campaignId"]),
            "cost": row["cost"],
            "profile_id": SELLER,
            "country_code": "US",
            "currency_code": "USD",
        }
        for row in amazon.expected_rows(create.report_id)
    ]
    bookmark = ran.partition("campaign_costs", SELLER)["replication_key_value"]
    assert bookmark == "2026-11-18"


def test_a_custom_report_of_an_unknown_grouping_has_no_key_and_says_so(
    run: Runs, amazon: EmulatorClient
) -> None:
    odd = custom(group_by=["campaign", "campaignPlacement"])
    ran = run("campaign_costs", reports=[odd], profile_ids=[SELLER], **RANGE)

    assert not ran.schema("campaign_costs")["key_properties"]
    (warning,) = [w for w in ran.warnings if "campaign_costs" in w]
    assert "no key" in warning
    assert "Set key" in warning
    (create,) = amazon.statistics().creates
    expected_rows = amazon.expected_rows(create.report_id)
    assert len(ran.rows("campaign_costs")) == len(expected_rows) > 0


def test_an_own_key_is_used_and_asked_for(run: Runs, amazon: EmulatorClient) -> None:
    """A number makes a strange key, but a text one: a missing value becomes ""."""
    mine = custom(columns=["clicks", "cost"], key=["campaignName", "purchases1d"])

    ran = run("campaign_costs", reports=[mine], profile_ids=[SELLER], **RANGE)

    assert ran.code == 0
    (create,) = amazon.statistics().creates
    asked = {"purchases1d", "campaignName", "clicks", "cost", "date"}
    assert set(create.body["configuration"]["columns"]) == asked
    schema = ran.schema("campaign_costs")
    assert schema["key_properties"] == [
        "date",
        "campaignName",
        "purchases1d",
        "profile_id",
    ]
    assert kind(schema["schema"]["properties"]["purchases1d"]) == {"type": "string"}
    expected_rows = [
        "" if row["purchases1d"] is None else str(row["purchases1d"])
        for row in amazon.expected_rows(create.report_id)
    ]
    assert [row["purchases1d"] for row in ran.rows("campaign_costs")] == expected_rows
    assert "" in expected_rows


def test_an_empty_own_key_means_none(run: Runs) -> None:
    ran = run("campaign_costs", reports=[custom(key=[])], profile_ids=[SELLER], **RANGE)

    assert not ran.schema("campaign_costs")["key_properties"]
    assert ran.rows("campaign_costs")
    assert ran.summary["repeated_keys"] == {}


def test_own_filters_and_time_unit_are_passed_on(
    run: Runs, amazon: EmulatorClient
) -> None:
    filters = [{"field": "campaignStatus", "values": ["ENABLED"]}]
    mine = custom(
        columns=["campaignId", "campaignStatus"], filters=filters, time_unit="SUMMARY"
    )

    ran = run("campaign_costs", reports=[mine], profile_ids=[SELLER], **RANGE)

    assert ran.code == 0
    (create,) = amazon.statistics().creates
    assert create.body["configuration"]["filters"] == filters
    assert create.body["configuration"]["timeUnit"] == "SUMMARY"
    rows = ran.rows("campaign_costs")
    assert {row["campaignStatus"] for row in rows} == {"ENABLED"}
    assert 0 < len(rows) < 5
    assert ran.partition("campaign_costs", SELLER).keys() == {"context", "version"}


def test_an_own_dsp_report_is_read_for_advertisers(
    run: Runs, amazon: EmulatorClient
) -> None:
    mine = custom(
        name="order_costs",
        ad_product="DEMAND_SIDE_PLATFORM",
        report_type_id="dspCampaign",
        columns=["orderName", "totalCost"],
    )

    ran = run("order_costs", reports=[mine], profile_ids=[SELLER, AGENCY], **RANGE)

    assert ran.code == 0
    (create,) = amazon.statistics().creates
    assert create.account == AGENCY
    configuration = create.body["configuration"]
    assert configuration["columns"] == [
        "advertiserId",
        "date",
        "orderId",
        "orderName",
        "totalCost",
    ]
    assert configuration["filters"] == [
        {"field": "advertiserId", "values": list(ADVERTISERS)}
    ]
    assert ran.schema("order_costs")["key_properties"] == [
        "date",
        "orderId",
        "advertiserId",
    ]
    currencies = {
        (r["advertiserId"], r["currency_code"]) for r in ran.rows("order_costs")
    }
    assert currencies == set(zip(ADVERTISERS, ("USD", "CAD", "BRL"), strict=True))


def test_extra_columns_reach_custom_reports(run: Runs, amazon: EmulatorClient) -> None:
    run(
        "campaign_costs",
        reports=[custom()],
        extra_columns={"campaign_costs": ["clicks"]},
        profile_ids=[SELLER],
        **RANGE,
    )
    (create,) = amazon.statistics().creates
    assert "clicks" in create.body["configuration"]["columns"]


@pytest.mark.parametrize(
    "change", [{"columns": ["campaignId", "clicks"]}, {"filters": []}], ids=str
)
def test_a_changed_custom_report_does_not_take_up_what_was_asked_before(
    run: Runs, amazon: EmulatorClient, change: dict[str, Any]
) -> None:
    filters = [{"field": "campaignStatus", "values": ["ENABLED"]}]
    settings = {"profile_ids": [SELLER], **RANGE}
    amazon.change(ready_after_seconds=3600)
    first = run(
        "campaign_costs", reports=[custom(filters=filters)], **settings, stops_after=1
    )
    amazon.advance(4000)
    amazon.change(ready_after_seconds=0)

    changed = custom(filters=filters) | change
    second = run("campaign_costs", reports=[changed], **settings, state=first.state)

    assert second.code == 0
    assert len(amazon.statistics().creates) == 2
    assert [i for i in second.infos if "is dropped" in i]
    assert "pending_reports" not in second.partition("campaign_costs", SELLER)
