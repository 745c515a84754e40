from __future__ import annotations

import json

import pytest

from singer_amazon.errors import ConfigError
from tap_amazon_sp.legacy_config import IGNORED_SECRETS, endpoint_name, translate_config

TOKENS = {"client_id": "the-id", "client_secret": "the-secret", "refresh_token": "Atzr"}
ORDERS = {
    "path": "/orders/v0/orders",
    "params": {"MarketplaceIds": ["ATVPDKIKX0DER"], "LastUpdatedAfter": "2026-01-01"},
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
AWS_KEYS = {
    "role_arn": "arn:aws:iam::1:role/secret-role",
    "aws_access_key_id": "AKIASECRET",
    "aws_secret_access_key": "hidden",
    "aws_session_token": "hidden-too",
}


def test_a_config_in_our_settings_stays_as_it_is() -> None:
    config = {
        **TOKENS,
        "region": "EU",
        "accounts": [{"name": "a", "refresh_token": "x", "region": "FE"}],
        "reports": [{"name": "r", "report_spec": {"reportType": "GET_X"}}],
        "endpoints": [{"name": "e", "path": "/x", "params": {}}],
        "raw_report_uri": "s3://b/p",
        "aws_access_key_id": "for the bucket",
    }

    translated = translate_config(config)

    assert (translated.config, translated.notes) == (config, ())
    assert translate_config({}).config == {}


def test_credentials_come_out_of_their_object() -> None:
    translated = translate_config({"credentials": {**TOKENS, "region": "eu-west-1"}})

    assert translated.config == {**TOKENS, "region": "EU"}
    assert translated.notes == ()


@pytest.mark.parametrize(
    ("region", "expected"),
    [("us-east-1", "NA"), ("eu-west-1", "EU"), ("us-west-2", "FE"), ("na", "NA")],
)
def test_aws_regions_are_regions_of_the_api(region: str, expected: str) -> None:
    inside = translate_config({"credentials": {**TOKENS, "region": region}})
    top = translate_config({**TOKENS, "region": region})

    assert inside.config["region"] == top.config["region"] == expected


def test_a_region_without_an_api_stops_the_run() -> None:
    with pytest.raises(ConfigError, match="region 'ap-south-1' is none of this API"):
        translate_config({"credentials": {**TOKENS, "region": "ap-south-1"}})


def test_aws_keys_are_ignored_with_one_line_and_never_shown() -> None:
    translated = translate_config({"credentials": {**TOKENS, **AWS_KEYS}})

    assert translated.config == TOKENS
    assert " ".join(translated.notes) == (
        "aws_access_key_id, aws_secret_access_key, aws_session_token, role_arn: not "
        "used. Amazon has asked for no AWS keys or role since October 2023; they can "
        "be removed"
    )
    assert not any(value in str(translated) for value in AWS_KEYS.values())
    assert set(AWS_KEYS) <= IGNORED_SECRETS


def test_a_role_beside_our_settings_is_ignored_and_bucket_keys_are_kept() -> None:
    translated = translate_config({**TOKENS, **AWS_KEYS})

    assert "role_arn" not in translated.config
    assert translated.config["aws_access_key_id"] == "AKIASECRET"
    assert translated.notes[0].startswith("role_arn: not used")


@pytest.mark.parametrize(
    "credentials", ["my_amazon_account", {"name": "my_amazon_account"}]
)
def test_a_named_credential_stops_with_a_sentence(credentials: object) -> None:
    with pytest.raises(ConfigError) as raised:
        translate_config({"credentials": credentials})

    assert str(raised.value).startswith("credentials names credentials that another")
    assert "Write client_id, client_secret and refresh_token" in str(raised.value)
    assert "my_amazon" not in str(raised.value), "it may be a secret after all"


def test_credentials_may_be_json_text_and_have_other_names() -> None:
    text = json.dumps(
        {"lwa_app_id": "i", "lwa_client_secret": "s", "refresh_token": "r", "x": 1}
    )

    translated = translate_config({"credentials": text})

    assert translated.config == {
        "client_id": "i",
        "client_secret": "s",
        "refresh_token": "r",
    }
    assert translated.notes == ("credentials: x is not known here and not used",)


def test_settings_go_before_credentials_and_say_so() -> None:
    translated = translate_config({"client_id": "top", "credentials": TOKENS})

    assert translated.config["client_id"] == "top"
    assert len(translated.notes) == 1
    assert "the-id" not in translated.notes[0]


def test_each_account_may_have_credentials_of_its_own() -> None:
    translated = translate_config(
        {
            "accounts": [
                {
                    "name": "a",
                    "credentials": {"refresh_token": "r", "region": "us-west-2"},
                },
                {"name": "b", "refresh_token": "s", "region": "eu-west-1"},
            ]
        }
    )

    assert translated.config["accounts"] == [
        {"name": "a", "refresh_token": "r", "region": "FE"},
        {"name": "b", "refresh_token": "s", "region": "EU"},
    ]


# ------------------------------------------------------------ reports, endpoints


def test_the_one_endpoint_of_a_legacy_config_becomes_a_stream() -> None:
    translated = translate_config({"credentials": TOKENS, **ORDERS})

    assert translated.config == {
        **TOKENS,
        "endpoints": [{"name": "orders_v0_orders", **ORDERS}],
    }


def test_its_name_is_kept_where_it_has_one() -> None:
    assert translate_config({"name": "mine", **ORDERS}).config == {
        "endpoints": [{"name": "mine", **ORDERS}]
    }


def test_the_one_report_of_a_legacy_config_becomes_a_stream() -> None:
    spec = {"reportType": "GET_MERCHANT_LISTINGS_ALL_DATA", "reportOptions": {"a": "b"}}
    translated = translate_config(
        {
            "report_spec": spec,
            "file_format": "csv",
            "version": "2021-06-30",
            "output": "listings.csv",
            "endpoint": "https://example.test",
        }
    )

    assert translated.config == {
        "endpoint_uri": "https://example.test",
        "reports": [
            {
                "name": "merchant_listings_all_data",
                "report_spec": spec,
                "file_format": "CSV",
                "version": "2021-06-30",
                "output_file": "listings.csv",
            }
        ],
    }
    assert translated.notes == ()


def test_old_names_inside_lists_are_read_too() -> None:
    translated = translate_config(
        {
            "reports": [
                {"name": "r", "report_spec": {"reportType": "GET_X"}, "output": "f"}
            ],
            **ORDERS,
        }
    )

    assert translated.config["reports"][0]["output_file"] == "f"
    assert "output" not in translated.config["reports"][0]
    assert translated.config["endpoints"][0]["path"] == ORDERS["path"]


def test_a_version_that_is_gone_is_replaced_with_a_line() -> None:
    spec = {"reportType": "GET_X"}
    translated = translate_config({"report_spec": spec, "version": "2020-09-04"})

    assert translated.config["reports"][0]["version"] == "2021-06-30"
    assert translated.notes == (
        "reports.x.version 2020-09-04 is gone at Amazon: 2021-06-30 is used",
    )


def test_both_names_of_one_setting_are_warned_of() -> None:
    translated = translate_config(
        {"endpoint": "https://a", "endpoint_uri": "https://b"}
    )

    assert translated.config == {"endpoint_uri": "https://b"}
    assert translated.notes == (
        "endpoint and endpoint_uri are both set: endpoint_uri is used",
    )


@pytest.mark.parametrize("spec", [{}, {"reportOptions": {}}, "GET_X"])
def test_a_report_without_its_type_stops_the_run(spec: object) -> None:
    with pytest.raises(ConfigError, match="report_spec has no reportType"):
        translate_config({"report_spec": spec})


def test_objects_may_be_json_text_as_the_environment_gives_them() -> None:
    texts = {
        k: json.dumps(v) if not isinstance(v, str) else v for k, v in ORDERS.items()
    }

    assert translate_config(texts).config["endpoints"] == [
        {"name": "orders_v0_orders", **ORDERS}
    ]


def test_what_is_wrong_in_other_ways_is_left_for_the_settings_own_check() -> None:
    config = {"accounts": ["a"], "reports": [5], "endpoints": {"path": "/x"}, "z": None}

    assert translate_config(config).config == {
        "accounts": ["a"],
        "reports": [5],
        "endpoints": [{"path": "/x"}],
    }


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/orders/v0/orders", "orders_v0_orders"),
        ("/orders/v0/orders/{orderId}/orderItems", "orders_v0_orders_order_items"),
        ("/fba/inventory/v1/summaries", "fba_inventory_v1_summaries"),
        ("/catalog/2022-04-01/items", "catalog_2022_04_01_items"),
        ("/", "endpoint"),
    ],
)
def test_a_stream_is_named_by_its_path(path: str, name: str) -> None:
    assert endpoint_name(path) == name
