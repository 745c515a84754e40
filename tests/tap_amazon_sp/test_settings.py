"""Settings: wrong ones stop before the first call with a sentence; text forms work."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from singer_amazon.clock import FakeClock
from support.scripted_server import ScriptedServer, scripted_server
from support.sp_command import enter
from support.sp_runs import NOON
from tap_amazon_sp.tap import TapAmazonSp

SECRETS = ("the-secret", "Atzr|hidden", "arn:aws:iam::1:role/r", "AKIAHIDDEN")
THINGS = {"name": "things", "path": "/things", "results_key": "things"}
ACCOUNT = {"name": "acme", "refresh_token": "Atzr|hidden"}
ITEMS = {
    "new_field_name": "items",
    "path": "/orders/v0/orders/{orderId}/orderItems",
    "path_variable_name": "orderId",
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Nobody may call it."""
    with scripted_server() as running:
        yield running


def config(server: ScriptedServer, **changes: object) -> dict[str, Any]:
    made = {
        "client_id": "the-id",
        "client_secret": "the-secret",
        "refresh_token": "Atzr|hidden",
        "endpoint_uri": server.url,
        "auth_uri": f"{server.url}/login",
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def mine(**changes: object) -> dict[str, Any]:
    return {"endpoints": [{**THINGS, **changes}]}


BAD: list[tuple[str, Mapping[str, object], list[str]]] = [
    ("no client", {"client_id": None}, ["client_id", "required"]),
    ("blank secret", {"client_secret": " "}, ["client_secret", "empty"]),
    ("no account", {"refresh_token": None}, ["no account to read", "accounts"]),
    ("empty token", {"refresh_token": ""}, ["no account to read"]),
    (
        "a token and accounts",
        {"accounts": [ACCOUNT]},
        ["refresh_token and accounts are both set"],
    ),
    ("unknown region", {"region": "US"}, ["region 'US'", "NA (us-east-1)"]),
    (
        "unknown region of an account",
        {"refresh_token": None, "accounts": [{**ACCOUNT, "region": "moon"}]},
        ["accounts[0].region 'moon'"],
    ),
    ("unknown kind", {"account_type": "agency"}, ["account_type", "'vendor'"]),
    (
        "vendor without marketplaces",
        {"account_type": "vendor"},
        ["marketplace_ids is empty", "vendor"],
    ),
    (
        "marketplace elsewhere",
        {"marketplace_ids": ["JP"]},
        ["marketplace_ids: JP is in region FE", "token is good for one region"],
    ),
    ("no marketplace", {"marketplace_ids": ["XX"]}, ["'XX'", "no marketplace"]),
    (
        "secret of a wrong type",
        {"client_secret": ["the-secret"]},
        ["client_secret", "is not of type"],
    ),
    (
        "account of a wrong type",
        {"refresh_token": None, "accounts": ["Atzr|hidden"]},
        ["accounts.0", "is not of type"],
    ),
    (
        "account with a token of a wrong type",
        {
            "refresh_token": None,
            "accounts": [{**ACCOUNT, "refresh_token": ["Atzr|hidden"]}],
        },
        ["accounts.0.refresh_token", "is not of type"],
    ),
    (
        "account without a token",
        {"refresh_token": None, "accounts": [{"name": "acme"}]},
        ["accounts.0", "'refresh_token' is a required property"],
    ),
    (
        "misspelt field of an account",
        {"refresh_token": None, "accounts": [{**ACCOUNT, "marketplace": "US"}]},
        ["accounts.acme.marketplace is not known", "marketplace_ids"],
    ),
    ("long user agent", {"user_agent": "x" * 501}, ["user_agent", "501", "500"]),
    ("share of nothing", {"app_budget_share": 0}, ["app_budget_share"]),
    ("share above all", {"app_budget_share": 1.5}, ["app_budget_share", "1.5"]),
    ("unknown fields", {"unknown_fields": "hide"}, ["unknown_fields", "'keep'"]),
    ("hold-back in the past", {"holdback_hours": -1}, ["holdback_hours"]),
    ("malformed date", {"start_date": "18.11.2026"}, ["start_date", "YYYY-MM-DD"]),
    (
        "end before start",
        {"start_date": "2026-11-10", "end_date": "2026-11-09"},
        ["end_date 2026-11-09", "before"],
    ),
    (
        "named credential",
        {"credentials": "my_amazon"},
        ["credentials names credentials that another program keeps"],
    ),
    (
        "report without its type",
        {"report_spec": {"dataStartTime": "2026-01-01"}},
        ["report_spec has no reportType"],
    ),
    ("endpoint without name", mine(name=""), ["endpoints", "no name"]),
    ("endpoint without path", {"endpoints": [{"name": "a"}]}, ["endpoints.0", "path"]),
    ("endpoint of no path", mine(path="things"), ["endpoints.things", "path 'things'"]),
    (
        "endpoint with a variable",
        mine(path="/orders/v0/orders/{orderId}"),
        ["endpoints.things", "{orderId}", "extend_resources"],
    ),
    (
        "a key inside another field",
        mine(record_config={"id_field": "details.id"}),
        ["endpoints.things", "record_config.id_field 'details.id'"],
    ),
    ("endpoint without rows", mine(results_key=None), ["things", "results_key"]),
    (
        "half a pagination",
        mine(pagination={"token_param": "t"}),
        ["endpoints.things", "token_path"],
    ),
    (
        "slices without bounds",
        mine(slice_hours=5, updated_at_param="after"),
        ["endpoints.things", "slice_hours needs", "updated_before_param"],
    ),
    (
        "a bound that is no time",
        mine(updated_at_param="after", params={"after": "soon"}),
        ["endpoints.things", "params.after 'soon'"],
    ),
    (
        "a schema of nothing",
        mine(schema={"type": "object"}),
        ["endpoints.things", "schema has no properties"],
    ),
    (
        "a schema without types",
        mine(schema={"properties": {"id": {}}}),
        ["endpoints.things", "property id has no type"],
    ),
    (
        "sub-request without a variable",
        mine(extend_resources=[{**ITEMS, "path_variable_name": "id"}]),
        ["endpoints.things", "its variables: orderId"],
    ),
    (
        "endpoint called like a ready-made stream",
        mine(name="orders"),
        ["'orders'", "another name"],
    ),
    (
        "two endpoints of one name",
        {"endpoints": [THINGS, THINGS]},
        ["'things'", "another name"],
    ),
    (
        "endpoint called like a report",
        mine(name="vendor_forecasting"),
        ["'vendor_forecasting'", "another name"],
    ),
]


@pytest.mark.parametrize(
    ("changes", "words"),
    [(changes, words) for _, changes, words in BAD],
    ids=[name for name, _, _ in BAD],
)
def test_a_wrong_setting_is_one_sentence_before_the_first_call(
    server: ScriptedServer, changes: Mapping[str, object], words: list[str]
) -> None:
    ended = enter(config(server, **changes), FakeClock(NOON))

    assert ended.code == 1
    assert len(ended.errors) == 1, ended.errors
    for word in words:
        assert word in ended.errors[0]
    assert server.received == []
    assert ended.out == ""
    shown = "\n".join(ended.log)
    assert "Traceback" not in shown
    for secret in SECRETS:
        assert secret not in shown


def discovered(server: ScriptedServer, **changes: object) -> TapAmazonSp:
    return TapAmazonSp(config=config(server, **changes))


def test_discovery_calls_nobody_and_knows_custom_endpoints(
    server: ScriptedServer,
) -> None:
    tap = discovered(server, endpoints=[THINGS])

    streams = {entry["tap_stream_id"] for entry in tap.catalog_dict["streams"]}

    assert {"orders", "order_items", "orders_v0", "order_items_v0", "things"} <= streams
    assert server.received == []


def test_old_orders_are_there_but_not_chosen_by_default(server: ScriptedServer) -> None:
    streams = discovered(server).streams

    chosen = {name for name in streams if streams[name].selected}
    assert {"orders", "order_items"} <= chosen
    assert not {"orders_v0", "order_items_v0"} & chosen


def test_every_setting_says_what_it_is() -> None:
    properties = TapAmazonSp.config_jsonschema["properties"]

    for name, entry in properties.items():
        assert entry.get("title"), name
        assert entry.get("description"), name
    for name in ("accounts", "reports", "endpoints"):
        for field, entry in properties[name]["items"]["properties"].items():
            assert entry.get("title"), f"{name}.{field}"


def test_secrets_are_marked() -> None:
    properties = TapAmazonSp.config_jsonschema["properties"]
    secrets = {name for name, entry in properties.items() if entry.get("secret")}

    assert secrets == {
        *("client_id", "client_secret", "refresh_token", "credentials", "external_id"),
        "accounts",  # for programs that look at the top only
        *("aws_secret_access_key", "aws_session_token"),
    }
    account = properties["accounts"]["items"]["properties"]
    assert account["refresh_token"]["secret"]
    assert account["client_secret"]["secret"]


def test_what_differs_by_report_type_has_no_default_here() -> None:
    properties = TapAmazonSp.config_jsonschema["properties"]

    for name in ("lookback_days", "holdback_days", "holdback_hours"):
        assert "default" not in properties[name]
    assert properties["app_budget_share"]["default"] == 1.0
    assert TapAmazonSp.config_jsonschema["required"] == ["client_id", "client_secret"]


def test_the_environment_gives_lists_and_objects_as_text(
    server: ScriptedServer,
) -> None:
    texts = {
        "accounts": json.dumps([{**ACCOUNT, "marketplace_ids": ["US"]}]),
        "endpoints": json.dumps([THINGS]),
        "report_options": json.dumps({"vendor_sales": {"report_period": "WEEK"}}),
        "app_budget_share": "0.5",
        "max_runtime_seconds": "60",
        "user_agent": "",
    }
    base = config(server, refresh_token=None)

    ended = enter(base, FakeClock(NOON), environment=texts)

    assert "Traceback" not in "\n".join(ended.log)
    assert server.received, "the settings were good"


def test_the_user_agent_says_the_language_as_amazon_asks(
    server: ScriptedServer,
) -> None:
    agent = discovered(server).transport.user_agent

    assert agent.startswith("tap-amazon-sp/")
    assert "(Language=Python/" in agent
    assert discovered(server, user_agent="mine/1").transport.user_agent == "mine/1"
