"""Configs of older connectors, taken through the tap as they are."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from amazon_emulator import Emulator
from support.ads.runs import EmulatorClock
from support.sp.runs import NOON, Run, enter, partitions
from tap_amazon_sp.tap import TapAmazonSp

US = "ATVPDKIKX0DER"
KEYS = {
    "role_arn": "arn:aws:iam::1:role/hidden-role",
    "aws_access_key": "AKIAHIDDEN",
    "aws_secret_key": "hidden-key",
}
ORDERS: dict[str, Any] = {
    "path": "/orders/v0/orders",
    "params": {"MarketplaceIds": [US], "LastUpdatedAfter": "2026-11-17T00:00:00Z"},
    "results_key": "Orders",
    "updated_at_param": "LastUpdatedAfter",
    "record_config": {
        "id_field": "AmazonOrderId",
        "last_modified_field": "LastUpdateDate",
    },
    "extend_resources": [
        {
            "new_field_name": "items",
            "path": "/orders/v0/orders/{orderId}/orderItems",
            "path_variable_name": "orderId",
            "results_key": "OrderItems",
        }
    ],
}
LISTINGS: dict[str, Any] = {
    "report_spec": {"reportType": "GET_MERCHANT_LISTINGS_ALL_DATA"},
    "file_format": "csv",
    "version": "2020-09-04",
    "output": "listings-{account}.txt",
}
STREAM = "orders_v0_orders"


def old(emulator: Emulator, **changes: object) -> dict[str, Any]:
    """Return an old config: nothing in it is written as this tap would."""
    credentials = {
        "client_id": emulator.credentials["client_id"],
        "client_secret": emulator.credentials["client_secret"],
        "refresh_token": "Atzr|sp-acme-us",
        "region": "us-east-1",
        **KEYS,
    }
    return {
        "credentials": credentials,
        "endpoint": emulator.url,
        "auth_uri": emulator.token_url,
        **changes,
    }


def only(config: dict[str, Any], *streams: str) -> dict[str, Any]:
    catalog: dict[str, Any] = TapAmazonSp(config=config).catalog_dict
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] in streams
    return catalog


def read(emulator: Emulator, config: dict[str, Any], stream: str) -> Run:
    return enter(config, EmulatorClock(emulator), catalog=only(config, stream))


def rows(ended: Run) -> list[dict[str, Any]]:
    return [m["record"] for m in ended.messages if m["type"] == "RECORD"]


def test_an_endpoint_with_expansions_is_read(emulator: Emulator) -> None:
    ended = read(emulator, old(emulator, **ORDERS), STREAM)

    found = rows(ended)
    expected = {
        order["order_id"]: len(order["items"])
        for order in emulator.client.sp_orders("acme-us")
        if order["marketplace_id"] == US and order["updated_at"] >= "2026-11-17"
    }
    assert ended.code == 0, ended.log
    assert {r["AmazonOrderId"]: len(r["items"]) for r in found} == expected
    assert {(r["account_name"], r["marketplace_id"]) for r in found} == {
        ("default", US)
    }
    (schema,) = [m for m in ended.messages if m["type"] == "SCHEMA"]
    assert schema["stream"] == STREAM
    assert schema["key_properties"] == [
        "account_name",
        "marketplace_id",
        "AmazonOrderId",
    ]
    state = [m["value"] for m in ended.messages if m["type"] == "STATE"][-1]
    (entry,) = partitions(state, STREAM)
    assert entry["replication_key"] == "LastUpdateDate"
    newest = max(r["LastUpdateDate"] for r in found)
    assert entry["replication_key_value"] >= newest


def test_aws_keys_are_ignored_with_one_line(emulator: Emulator) -> None:
    ended = read(emulator, old(emulator, **ORDERS, name="mine"), "mine")

    (line,) = [line for line in ended.log if "not used" in line]
    assert "aws_access_key, aws_secret_key, role_arn" in line
    assert rows(ended), "its own name is kept"
    text = ended.text + "\n".join(ended.log)
    assert not [value for value in KEYS.values() if value in text]


def test_the_old_setting_may_stand_in_the_environment(emulator: Emulator) -> None:
    """As text, since an environment knows nothing else."""
    config = old(emulator, **ORDERS)
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in config.items()
    }
    catalog = only(config, STREAM)

    ended = enter({}, EmulatorClock(emulator), catalog=catalog, environment=texts)

    assert ended.code == 0, ended.log
    assert rows(ended)


def test_several_accounts_may_each_have_old_credentials(emulator: Emulator) -> None:
    config = old(emulator, **ORDERS)
    credentials = config.pop("credentials")
    others = [
        {"name": name, "credentials": {**credentials, "refresh_token": token}}
        for name, token in (("a", "Atzr|sp-acme-us"), ("b", "Atzr|sp-plain-us"))
    ]
    ids = {n: credentials[n] for n in ("client_id", "client_secret")}

    ended = read(emulator, {**config, **ids, "accounts": others}, STREAM)

    assert ended.code == 0, ended.log
    assert {r["account_name"] for r in rows(ended)} == {"a", "b"}


def test_the_one_report_becomes_a_custom_report(emulator: Emulator) -> None:
    tap = TapAmazonSp(config=old(emulator, **LISTINGS))

    assert tap.config["reports"] == [
        {
            "name": "merchant_listings_all_data",
            "report_spec": LISTINGS["report_spec"],
            "file_format": "CSV",
            "version": "2021-06-30",
            "output_file": "listings-{account}.txt",
            "mode": "create",
        }
    ]
    assert tap.config["endpoint_uri"] == emulator.url
    assert not {"report_spec", "output", "endpoint", "credentials"} & set(tap.config)


def test_report_and_endpoint_may_stand_side_by_side(emulator: Emulator) -> None:
    tap = TapAmazonSp(config=old(emulator, **LISTINGS, **ORDERS))

    assert len(tap.config["reports"]) == len(tap.config["endpoints"]) == 1


def test_a_bookmark_goes_before_the_date_in_the_params(emulator: Emulator) -> None:
    config = old(emulator, **ORDERS)
    catalog = only(config, STREAM)
    clock = EmulatorClock(emulator)
    first = enter(config, clock, catalog=catalog)
    state = [m["value"] for m in first.messages if m["type"] == "STATE"][-1]
    at = NOON - timedelta(minutes=3)
    emulator.client.add_sp_order("acme-us", at, at, marketplace_id=US)

    second = enter(config, clock, catalog=catalog, state=state)

    assert len(rows(second)) < len(rows(first))
    assert f"{at:%Y-%m-%dT%H:%M:%S}Z" in {r["LastUpdateDate"] for r in rows(second)}
