"""What entries of `endpoints` may say, in our words and in those of older configs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from singer_amazon.errors import ConfigError
from support.sp.endpoint_entries import CHANGED, PARTS, PATH, THINGS
from support.sp.scripted import SELLER, ScriptedApi, scripted_api
from tap_amazon_sp.endpoints.custom.tables import tables
from tap_amazon_sp.endpoints.expansions import read_expansions
from tap_amazon_sp.legacy_config import translate_config

Json = dict[str, Any]
ITEMS = "/orders/v0/orders/{}/orderItems"


@pytest.fixture
def amazon() -> Iterator[ScriptedApi]:
    with scripted_api() as running:
        yield running


# --- the dialect of older configs ----------------------------------------------


@pytest.mark.parametrize("at_top", [True, False])
def test_the_example_of_the_old_job_configuration_starts(
    amazon: ScriptedApi, at_top: bool
) -> None:
    amazon.serve("/orders/v0/orders", {"payload": {"Orders": [{"AmazonOrderId": "9"}]}})
    amazon.serve("/orders/v0/orders/9/orderItems", {"payload": {"OrderItems": [{}]}})
    entry: Json = {
        "path": "/orders/v0/orders",
        "params": {"MarketplaceIds": ["ATVPDKIKX0DER"]},
        "results_key": "Orders",
        "updated_at_param": "LastUpdatedAfter",
        "record_config": {
            "id_field": "AmazonOrderId",
            "last_modified_field": "LastUpdateDate",
        },
        "extend_resources": [
            {
                "new_field_name": "order_items",
                "path": ITEMS,
                "path_variable_name": "AmazonOrderId",
                "results_key": "OrderItems",
            }
        ],
    }

    if at_top:
        ended = amazon.run(
            endpoints=None,
            streams=("orders_v0_orders",),
            start_date="2026-11-20",
            **entry,
        )
    else:
        ended = amazon.run({"name": "mine", **entry}, start_date="2026-11-20")

    assert ended.code == 0, ended.log
    assert ended.rows()[0]["order_items"] == [{}]


def test_several_variables_are_fields_of_the_record(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, {"things": [{"id": "a/b", "shop": {"no": 1}, "kind": 7}]})
    amazon.serve(f"{PATH}/7/of/a%2Fb", {"parts": [1]})
    parts = {**PARTS, "path": f"{PATH}/{{kind}}/of/{{id}}"}

    ended = amazon.run({**THINGS, "extend_resources": [parts]})

    assert ended.code == 0, ended.log
    assert ended.rows()[0]["parts"] == [1]
    parts["path"] = f"{PATH}/{{missing}}/of/{{id}}"
    refused = amazon.run({**THINGS, "extend_resources": [parts]})
    assert refused.said("ERROR", "a record has no missing")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/a/{}/b/{}", "has {} 2 times"),
        ("/a/{other}/b", "its variables: other"),
        ("/a/b", "its variables: none"),
        ("a/{}", "is none: write it as"),
        ("/a/{}#x", "no blanks and no #"),
        ("/a b/{}", "no blanks and no #"),
    ],
)
def test_a_path_that_cannot_be_meant_is_refused(path: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_expansions([{**PARTS, "path": path}])
    assert words in str(raised.value)


def test_a_query_string_keeps_a_path_known() -> None:
    (items,) = read_expansions(
        [
            {
                "new_field_name": "items",
                "path": f"{ITEMS}?Fields=a&Fields=b&Empty=",
                "path_variable_name": "orderId",
            }
        ]
    )

    assert items.list_path == "payload.OrderItems"
    assert items.pagination is not None
    assert items.path_for({"orderId": 5}, "") == "/orders/v0/orders/5/orderItems"
    assert items.params_for({}, "") == {"Fields": "a,b", "Empty": ""}


def test_params_of_sub_requests_go_along_with_every_page(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, {"things": [{"id": "a", "asin": "B0"}]})
    path = "/catalog/2022-04-01/items"
    amazon.serve(path, {"items": [1], "pagination": {"nextToken": "m"}}, {"items": [2]})
    items = {
        "new_field_name": "items",
        "path": f"{path}?identifiersType=ASIN",
        "path_variable_name": "asin",
        "params": {
            "identifiers": ["{asin}"],
            "marketplaceIds": "{marketplace_id}",
            "pageSize": 20,
        },
    }
    entry = {
        **THINGS,
        "params": {"m": "{marketplace_id}"},
        "extend_resources": [items],
    }

    ended = amazon.run(entry)

    asked = {
        "identifiers": "B0",
        "marketplaceIds": "ATVPDKIKX0DER",
        "pageSize": "20",
        "identifiersType": "ASIN",
    }
    assert ended.code == 0, ended.log
    assert ended.rows()[0]["items"] == [1, 2]
    assert amazon.asked(path) == [asked, {**asked, "pageToken": "m"}]


def test_a_marketplace_of_a_sub_request_needs_one_of_the_list() -> None:
    parts = {**PARTS, "params": {"marketplaceIds": "{marketplace_id}"}}
    with pytest.raises(ConfigError, match=r"\{marketplace_id\}, but the list is not"):
        tables([{**THINGS, "extend_resources": [parts]}])


def test_other_params_of_a_sub_request_are_another_definition() -> None:
    def digest(**changes: object) -> str:
        entry = {**THINGS, "extend_resources": [{**PARTS, **changes}]}
        return tables([entry])[-1].fingerprint()

    assert digest() == digest(params={})
    assert digest() != digest(params={"a": 1})


def test_a_parameter_with_two_values_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"endpoints\.things: a stands in the path"):
        tables([{**THINGS, "path": f"{PATH}?a=1", "params": {"a": 2}}])
    (table,) = tables([{**THINGS, "path": f"{PATH}?a=1", "params": {"b": 2}}])[-1:]
    assert table.listing.path == PATH
    assert table.listing.params == {"a": "1", "b": 2}


# --- keys ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"updated_at_parm": "x"},
            "updated_at_parm is not known here: did you mean up",
        ),
        ({"result_key": "x"}, "did you mean results_key?"),
        ({"Params": {}}, "did you mean params?"),
        ({"zzz": 1}, "zzz is not known here: known are extend_resources, "),
        ({"body": {}}, "read with GET, which has no body"),
        ({"method": "POST"}, "method 'POST': only GET"),
        ({"method": 5}, "method 5: only GET"),
        ({"record_config": {"id_feld": "x"}}, "record_config.id_feld is not known"),
        ({"pagination": {"token": "x"}}, "pagination.token is not known"),
        ({"extend_resources": [{**PARTS, "new_field": 1}]}, "mean new_field_name?"),
        ({"extend_resources": [{**PARTS, "method": "PUT"}]}, "only GET is read"),
        ({"extend_resources": [{**PARTS, "body": "x"}]}, "GET, which has no body"),
        ({"extend_resources": [{**PARTS, "pagination": {"x": 1}}]}, "pagination.x is"),
        ({"extend_resources": ["parts"]}, "extend_resources is no object"),
        ({"extend_resources": [PARTS, PARTS]}, "two entries have the new_field_name"),
    ],
)
def test_what_is_not_known_is_refused_by_name(changes: Json, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        tables([{**THINGS, **changes}])
    assert str(raised.value).startswith("endpoints.things: ")
    assert words in str(raised.value)


@pytest.mark.parametrize("entry", ["things", 5, ["a"]])
def test_an_entry_that_is_no_object_is_refused(entry: Any) -> None:
    with pytest.raises(ConfigError, match="an entry is no object"):
        tables([entry])


def test_get_may_be_said() -> None:
    assert tables([{**THINGS, "method": "get"}])[-1].name == "things"


@pytest.mark.parametrize("entries", [[THINGS], [CHANGED]])
def test_what_only_an_older_integration_needs_is_named_and_unused(
    entries: list[Json],
) -> None:
    more = {"type": "amazon_seller", "td_authentication_id": 77}

    inside = translate_config({"endpoints": [{**entry, **more} for entry in entries]})
    top = translate_config({**THINGS, **more})

    assert inside.config["endpoints"] == entries
    (note,) = inside.notes
    assert note == (
        "endpoints.things.type, endpoints.things.td_authentication_id: of an older "
        "integration, not used here"
    )
    assert top.config["endpoints"] == [THINGS]
    assert list(top.notes) == [
        "type, td_authentication_id: of an older integration, not used here"
    ]


def test_method_and_body_at_the_top_are_refused_by_name_too(
    amazon: ScriptedApi,
) -> None:
    for more in ({"method": "POST"}, {"body": {"a": 1}}):
        with pytest.raises(ConfigError, match=r"endpoints\.things: (method|body)"):
            amazon.run(endpoints=None, streams=("things",), **{**THINGS, **more})


def test_a_bound_that_amazon_does_not_document_is_warned_of(
    amazon: ScriptedApi,
) -> None:
    path = "/orders/v0/orders"
    amazon.serve(path, {"payload": {"Orders": []}})

    ended = amazon.run(
        {"name": "shop", "path": path, "updated_at_param": "LastUpdateAfter"}
    )

    assert ended.said("WARNING", "LastUpdateAfter is none", "LastUpdatedAfter")


def test_vendors_may_read_listings() -> None:
    entry = {**THINGS, "path": "/listings/2021-08-01/items/A1"}
    assert tables([entry])[-1].listing.kinds == ()


def test_bounds_come_from_the_table_of_known_paths() -> None:
    def bounds(path: str, lower: str) -> str | None:
        entry = {"name": "n", "path": path, "updated_at_param": lower}
        return tables([entry])[-1].listing.updated_before

    assert bounds("/reports/2021-06-30/reports", "createdSince") == "createdUntil"
    assert bounds("/fulfillment/outbound/2026-07-04/orders", "updatedAfter") is None
    assert SELLER["account_type"] == "seller"
