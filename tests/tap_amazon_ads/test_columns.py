"""Selected columns are asked for; what Amazon refuses or adds never stops a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from amazon_emulator import Emulator, EmulatorClient
from support.ads.columns import kind
from support.ads.runs import (
    ADVERTISERS,
    AGENCY,
    CAMPAIGNS,
    SELLER,
    Run,
    bodies,
    days,
    invoke_tap,
    selected_catalog,
    settings_for,
)

Runs = Callable[..., Run]
DMA = "amazon_dsp_geo_by_dma"
DAY = {"start_date": "2026-11-18", "end_date": "2026-11-18", "profile_ids": [SELLER]}


def columns(amazon: EmulatorClient, at: int = -1) -> list[str]:
    found: list[str] = bodies(amazon.statistics())[at]["configuration"]["columns"]
    return found


def document(amazon: EmulatorClient, *rows: Mapping[str, object], **more: Any) -> None:
    """Serve these rows instead of the emulator's own."""
    amazon.add_fault("document", operation="create", text=json.dumps(rows), **more)


def a_row(**values: object) -> dict[str, object]:
    return {"date": "2026-11-18", "campaignId": 1, **values}


# --- selection --------------------------------------------------------------


def test_deselected_columns_are_not_asked_for_and_not_delivered(
    run: Runs, amazon: EmulatorClient
) -> None:
    everything = run(CAMPAIGNS, **DAY)
    asked_before = columns(amazon)
    ran = run(CAMPAIGNS, without={CAMPAIGNS: ["cost", "spend", "currency_code"]}, **DAY)

    assert set(asked_before) - set(columns(amazon)) == {"cost", "spend"}
    assert set(everything.rows(CAMPAIGNS)[0]) - set(ran.rows(CAMPAIGNS)[0]) == {
        "cost",
        "spend",
        "currency_code",
    }


def test_keys_are_asked_for_although_they_are_deselected(
    run: Runs, amazon: EmulatorClient
) -> None:
    ran = run(CAMPAIGNS, only={CAMPAIGNS: []}, **DAY)

    assert columns(amazon) == ["campaignId", "date"]
    assert set(ran.rows(CAMPAIGNS)[0]) == {"date", "campaignId", "profile_id"}
    assert set(ran.schema(CAMPAIGNS)["schema"]["properties"]) >= {
        "date",
        "campaignId",
        "profile_id",
    }


def test_a_catalog_may_hold_some_streams_only(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    config = settings_for(emulator, **DAY)
    catalog = selected_catalog(config, [CAMPAIGNS], {}, {})
    mine = [entry for entry in catalog["streams"] if entry["stream"] == CAMPAIGNS]

    ran = invoke_tap(config, catalog={"streams": mine})

    assert ran.code == 0
    assert {m["stream"] for m in ran.of_type("RECORD")} == {CAMPAIGNS}
    assert len(amazon.statistics().creates) == 1


def test_the_schema_is_offered_key_first_with_keys_that_are_never_null(
    run: Runs,
) -> None:
    properties = run(CAMPAIGNS, **DAY).schema(CAMPAIGNS)["schema"]["properties"]
    assert kind(properties["date"]) == {"type": "string", "format": "date"}
    assert kind(properties["campaignId"]) == {"type": "string"}
    assert kind(properties["profile_id"]) == {"type": "string"}
    assert kind(properties["cost"]) == {"type": ["number", "null"]}
    assert list(properties)[:2] == ["date", "campaignId"]


# --- refused columns --------------------------------------------------------


def test_refused_columns_are_dropped_once_and_the_rest_arrives(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("refuse_columns", columns=["spend", "addToList"])

    ran = run(
        CAMPAIGNS,
        profile_ids=[SELLER],
        **days("2026-09-01", "2026-11-18"),
        max_concurrency=1,
    )

    assert ran.code == 0
    (warning,) = ran.warnings
    for word in (CAMPAIGNS, SELLER, "addToList", "spend"):
        assert word in warning
    statistics = amazon.statistics()
    # three windows: only the first create is refused, the others know better
    assert len(statistics.creates) == 3
    assert len(statistics.refused) == 1
    assert not {"spend", "addToList"} & set(columns(amazon))
    rows = ran.rows(CAMPAIGNS)
    assert len({row["date"] for row in rows}) == 79
    assert all(row["spend"] is None and row["addToList"] is None for row in rows)
    assert any(row["cost"] for row in rows)


def test_a_refusal_of_one_account_does_not_cost_the_others_their_column(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("refuse_columns", columns=["spend"], account="3300400500600703")

    ran = run(CAMPAIGNS, **{**DAY, "profile_ids": [SELLER, "3300400500600703"]})

    spends = {
        account: any(
            r["spend"] for r in ran.rows(CAMPAIGNS) if r["profile_id"] == account
        )
        for account in (SELLER, "3300400500600703")
    }
    assert spends == {SELLER: True, "3300400500600703": False}


def test_the_fingerprint_is_that_of_the_wish_so_a_pending_report_is_taken_up(
    run: Runs, amazon: EmulatorClient
) -> None:
    """A refused column would otherwise make every next run ask anew."""
    amazon.add_fault("refuse_columns", columns=["spend"])
    amazon.change(ready_after_seconds=3600)
    first = run(CAMPAIGNS, stops_after=1, **DAY)
    assert first.code == 0
    amazon.advance(4000)

    amazon.clear_faults()
    second = run(CAMPAIGNS, state=first.state, **DAY)

    assert second.summary["reports"]["adopted"] == 1
    assert len(second.rows(CAMPAIGNS)) == 5
    assert len(amazon.statistics().creates) == 1


def test_a_refused_key_column_fails_for_that_account_with_a_sentence(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("refuse_columns", columns=["campaignId"], account=SELLER)

    ran = run(CAMPAIGNS, **{**DAY, "profile_ids": [SELLER, "3300400500600703"]})

    assert ran.code == 1
    (error,) = ran.errors
    assert "campaignId" in error
    assert SELLER in error
    assert "invalid values" in error
    assert {row["profile_id"] for row in ran.rows(CAMPAIGNS)} == {"3300400500600703"}
    (partition,) = ran.partitions(CAMPAIGNS)
    assert partition["context"] == {"profile_id": "3300400500600703"}


DMA_DAY = {**DAY, "profile_ids": [AGENCY]}


def test_a_refused_dma_code_is_filled_from_the_dma_name(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("refuse_columns", columns=["dmaCode"])

    ran = run(DMA, only={DMA: ["impressions", "dmaName"]}, **DMA_DAY)

    assert ran.code == 0
    assert columns(amazon) == ["advertiserId", "date", "dmaName", "impressions"]
    rows = ran.rows(DMA)
    assert rows
    assert all(row["dmaCode"] == (row["dmaName"] or "") for row in rows)
    # names are less sharp than codes: where they fall together, that is said
    keys = {(r["date"], r["dmaCode"], r["advertiserId"]) for r in rows}
    assert ran.summary["repeated_keys"] == {DMA: len(rows) - len(keys)}


def test_a_stand_in_that_nobody_selected_is_asked_for_and_not_given_out(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("refuse_columns", columns=["dmaCode"])

    ran = run(DMA, only={DMA: ["impressions"]}, **DMA_DAY)

    assert "dmaName" in columns(amazon)
    (names,) = {tuple(row) for row in ran.rows(DMA)}
    assert set(names) == {"date", "dmaCode", "impressions", "advertiserId"}
    assert {row["advertiserId"] for row in ran.rows(DMA)} == set(ADVERTISERS)


def test_a_refused_key_whose_stand_in_is_refused_too_fails_with_a_sentence(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("refuse_columns", columns=["dmaCode", "dmaName"])

    ran = run(DMA, **DMA_DAY)

    assert ran.code == 1
    (error,) = ran.errors
    assert "key column dmaCode" in error
    assert not ran.rows(DMA)


# --- columns of the user's own choice ---------------------------------------


ORDERS = "amazon_dsp_campaign_by_campaign"


def test_extra_columns_are_asked_for_with_the_type_the_catalogue_knows(
    run: Runs, amazon: EmulatorClient
) -> None:
    extra = ["flightBudget", "flightId"]

    ran = run(ORDERS, only={ORDERS: extra}, extra_columns={ORDERS: extra}, **DMA_DAY)

    assert ran.code == 0
    assert not ran.warnings
    assert set(columns(amazon)) == {"advertiserId", "date", "orderId", *extra}
    properties = ran.schema(ORDERS)["schema"]["properties"]
    assert kind(properties["flightBudget"]) == {"type": ["number", "null"]}
    assert kind(properties["flightId"]) == {"type": ["string", "null"]}
    asked = amazon.statistics().creates[0]
    expected_ids = [
        str(row["flightId"]) for row in amazon.expected_rows(asked.report_id)
    ]
    assert [row["flightId"] for row in ran.rows(ORDERS)] == expected_ids


def test_an_extra_column_nobody_knows_is_asked_for_as_text_and_amazon_judges(
    run: Runs, amazon: EmulatorClient
) -> None:
    ran = run(
        CAMPAIGNS,
        only={CAMPAIGNS: ["brandNew"]},
        extra_columns={CAMPAIGNS: ["brandNew"]},
        **DAY,
    )

    assert ran.code == 0
    properties = ran.schema(CAMPAIGNS)["schema"]["properties"]
    assert kind(properties["brandNew"]) == {"type": ["string", "null"]}
    (refused,) = amazon.statistics().refused
    assert "brandNew" in refused.body["configuration"]["columns"]
    (warning,) = ran.warnings
    assert "brandNew" in warning
    assert ran.rows(CAMPAIGNS)[0]["brandNew"] is None


def test_extra_columns_change_no_other_stream(
    run: Runs, amazon: EmulatorClient
) -> None:
    ran = run(CAMPAIGNS, extra_columns={ORDERS: ["flightBudget"]}, **DAY)
    assert "flightBudget" not in columns(amazon)
    assert "flightBudget" not in ran.schema(CAMPAIGNS)["schema"]["properties"]


# --- documents that are not as promised -------------------------------------


def test_a_column_nobody_asked_for_is_dropped_with_one_warning(
    run: Runs, amazon: EmulatorClient
) -> None:
    document(amazon, a_row(clicks=3, surprise={"deep": 1}), a_row(campaignId=2, cost=1))

    ran = run(
        CAMPAIGNS,
        only={CAMPAIGNS: ["clicks"]},
        **{**DAY, "profile_ids": [SELLER, "3300400500600703"]},
    )

    assert ran.code == 0
    for name in ("surprise", "cost"):
        assert len([w for w in ran.warnings if repr(name) in w]) == 1
    mine = [row for row in ran.rows(CAMPAIGNS) if row["profile_id"] == SELLER]
    assert mine == [
        {"date": "2026-11-18", "campaignId": "1", "clicks": 3, "profile_id": SELLER},
        {"date": "2026-11-18", "campaignId": "2", "clicks": None, "profile_id": SELLER},
    ]


@pytest.mark.parametrize(
    ("sent", "delivered"),
    [
        ({"clicks": "12"}, {"clicks": 12}),
        ({"clicks": 12.0}, {"clicks": 12}),
        ({"cost": "3.25"}, {"cost": 3.25}),
        ({"campaignName": 7}, {"campaignName": "7"}),
        ({"campaignName": ["a", {"b": None}]}, {"campaignName": '["a",{"b":null}]'}),
        ({"campaignId": 9007199254740993}, {"campaignId": "9007199254740993"}),
        ({"campaignId": "00501"}, {"campaignId": "00501"}),
        ({"campaignId": None}, {"campaignId": ""}),
        ({"campaignId": 18446744073709551617}, {"campaignId": "18446744073709551617"}),
        ({"cost": 12345678901234567890}, {"cost": 12345678901234567890}),
    ],
    ids=str,
)
def test_values_are_brought_to_their_type_where_that_loses_nothing(
    run: Runs,
    amazon: EmulatorClient,
    sent: dict[str, object],
    delivered: dict[str, object],
) -> None:
    document(amazon, a_row(**sent), a_row(campaignId=2))

    ran = run(CAMPAIGNS, only={CAMPAIGNS: list(sent)}, **DAY)

    assert ran.code == 0
    assert not ran.warnings
    row = ran.rows(CAMPAIGNS)[0]
    assert {name: row[name] for name in delivered} == delivered


def test_an_id_written_as_a_float_keeps_its_last_digit(
    run: Runs, amazon: EmulatorClient
) -> None:
    text = '[{"date":"2026-11-18","campaignId":9007199254740993.0,"cost":0.1}]'
    amazon.add_fault("document", operation="create", text=text)

    ran = run(CAMPAIGNS, only={CAMPAIGNS: ["cost"]}, **DAY)

    (row,) = ran.rows(CAMPAIGNS)
    assert (row["campaignId"], row["cost"]) == ("9007199254740993", 0.1)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        *((word, None) for word in ("N/A", "", "--", " NaN ", "null")),
        *((misfit, None) for misfit in ("12.5%", "some", [1], {"a": 1.5}, True)),
        *((fraction, None) for fraction in (3.7, "3.7", -0.5, 1e-7)),
        (3.0, 3),
        (4e2, 400),
        ("12", 12),
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_breaks_no_schema_and_is_named(
    run: Runs, amazon: EmulatorClient, value: object, read: object
) -> None:
    rows = [a_row(campaignId=n, clicks=value) for n in range(3)]
    document(amazon, *rows, a_row(campaignId=9, clicks=4))

    ran = run(CAMPAIGNS, only={CAMPAIGNS: ["clicks"]}, **DAY)

    assert ran.code == 0
    assert [row["clicks"] for row in ran.rows(CAMPAIGNS)] == [read] * 3 + [4]
    assert all("'clicks'" in w and CAMPAIGNS in w for w in ran.warnings)
    # a word for no value is named once, a loss in the summary, too
    is_lost = read is None and "no value" not in ran.warnings[0]
    assert len(ran.warnings) == (1 + is_lost if read is None else 0)
    assert len(ran.summary["notices"]) == is_lost


def test_a_row_of_many_unknown_names_is_one_warning_with_a_count(
    run: Runs, amazon: EmulatorClient
) -> None:
    document(amazon, a_row(**{f"new{n}": n for n in range(5_000)}))

    ran = run(CAMPAIGNS, only={CAMPAIGNS: ["clicks"]}, **DAY)

    assert ran.code == 0
    assert len(ran.warnings) == 21
    assert [w for w in ran.warnings if "more than 80 other columns" in w]


def test_half_an_emoji_does_not_cost_the_document(
    run: Runs, amazon: EmulatorClient
) -> None:
    text = (
        r'[{"date":"2026-11-18","campaignId":1,"campaignName":"shoes \ud83d"},'
        r'{"date":"2026-11-18","campaignId":2,"campaignName":"\\ud83d \ud83d\ude00"}]'
    )
    amazon.add_fault("document", operation="create", text=text)

    ran = run(CAMPAIGNS, only={CAMPAIGNS: ["campaignName"]}, **DAY)

    assert ran.code == 0
    assert [row["campaignName"] for row in ran.rows(CAMPAIGNS)] == [
        "shoes \ufffd",
        "\\ud83d 😀",
    ]


# --- repeated keys ----------------------------------------------------------


def test_repeated_keys_are_warned_of_and_counted(
    run: Runs, amazon: EmulatorClient
) -> None:
    document(amazon, a_row(clicks=1), a_row(clicks=2), a_row(campaignId=2), a_row())

    ran = run(CAMPAIGNS, only={CAMPAIGNS: ["clicks"]}, **DAY)

    assert ran.code == 0
    assert len(ran.rows(CAMPAIGNS)) == 4
    (warning,) = ran.warnings
    for word in (
        CAMPAIGNS,
        "2 rows",
        "'date': '2026-11-18'",
        "'campaignId': '1'",
        "stream_maps",
        "__key_properties__",
    ):
        assert word in warning
    assert ran.summary["repeated_keys"] == {CAMPAIGNS: 2}


def test_two_campaigns_of_one_name_are_warned_of_with_the_way_out(
    run: Runs, amazon: EmulatorClient
) -> None:
    stream = "sponsored_products_gross_and_invalid_by_campaign"
    amazon.add_fault("odd_rows", report_type_id="spGrossAndInvalids", twins=True)

    ran = run(stream, **DAY)

    named = [row["campaignName"] for row in ran.rows(stream)]
    assert len(named) > len(set(named))
    (warning,) = [w for w in ran.warnings if "repeat a key" in w]
    key = json.loads(warning[warning.index('{"') :])[stream]["__key_properties__"]
    rows = [tuple(row[name] for name in key) for row in ran.rows(stream)]
    assert len(rows) == len(set(rows))

    mapped = run(stream, stream_maps={stream: {"__key_properties__": key}}, **DAY)
    (schema,) = [m for m in mapped.messages if m["type"] == "SCHEMA"]
    assert schema["key_properties"] == key
    assert len(mapped.rows(stream)) == len(rows)


def test_equal_keys_in_two_documents_are_no_repeat(
    run: Runs, amazon: EmulatorClient
) -> None:
    document(amazon, a_row())

    ran = run(CAMPAIGNS, **{**DAY, "profile_ids": [SELLER, "3300400500600703"]})

    assert len(ran.rows(CAMPAIGNS)) == 2
    assert ran.summary["repeated_keys"] == {}
