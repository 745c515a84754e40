"""Settings: wrong ones stop before the first call with a sentence; text forms work."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from singer_amazon.clock import FakeClock
from support.core.cases import cases
from support.core.scripted_server import ScriptedServer, scripted_server
from support.sp.runs import NOON, enter
from tap_amazon_sp.tap import TapAmazonSp

SECRETS = ("the-secret", "Atzr|hidden", "arn:aws:iam::1:role/r", "AKIAHIDDEN")
THINGS = {"name": "things", "path": "/things", "results_key": "things"}
ACCOUNT = {"name": "acme", "refresh_token": "Atzr|hidden"}


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


BAD = cases(__file__, "wrong_settings")
BAD += [pytest.param({"user_agent": "x" * 501}, ["user_agent", "501", "500"])]


@pytest.mark.parametrize(("changes", "words"), BAD)
def test_a_wrong_setting_is_one_sentence_before_the_first_call(
    server: ScriptedServer, changes: Mapping[str, object], words: list[str]
) -> None:
    ended = enter(config(server, **changes), FakeClock(NOON))

    assert ended.code == 1
    assert len(ended.errors) == 1, ended.errors
    for word in words:
        assert word in ended.errors[0]
    assert server.received == []
    assert ended.text == ""
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
