from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from singer_amazon.errors import ConfigError
from singer_amazon.s3.access import S3Access
from singer_amazon.target.base import nested_from_environment
from support.s3.loader import START
from target_s3 import settings
from target_s3.bucket.keys import Keys
from target_s3.settings import Settings, parse
from target_s3.settings_schema import SETTINGS_SCHEMA
from target_s3.target import TargetS3


def config(aws: dict[str, Any] | None = None, **top: object) -> dict[str, Any]:
    return {"cloud_provider": {"aws": {"aws_bucket": "bucket", **(aws or {})}}, **top}


def test_a_bucket_is_enough() -> None:
    found = parse(config())
    access = S3Access(prefix="cloud_provider.aws.")
    assert found == Settings(bucket="bucket", access=access)
    assert (found.format, found.max_rows) == ("jsonl.gz", 100_000)
    assert found.max_bytes == 128 * 1024**2
    assert found.max_age_seconds == 300
    assert found.idle_seconds == 10


def test_a_configuration_of_the_hubs_variant_loads() -> None:
    hub = config(
        {"aws_region": "eu-west-1", "aws_profile_name": "p", "aws_session_token": ""},
        format={"format_type": "json"},
        prefix="/raw/amazon/",
        stream_name_path_override="all",
        include_process_date=True,
        append_date_to_prefix=True,
        append_date_to_prefix_grain="day",
        append_date_to_filename_grain="hour",
        partition_name_enabled=True,
        max_batch_age=Decimal("0.5"),
        max_batch_size=10_000,
    )
    found = parse(hub)
    assert (found.format, found.prefix) == ("jsonl", "raw/amazon")
    assert (found.max_rows, found.max_age_seconds) == (10_000, 30)
    assert found.access.session_token is None
    assert settings.without_effect(hub) == [
        "partition_name_enabled",
        "append_date_to_filename_grain",
    ]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({}, "aws_bucket is missing"),
        (config({"aws_bucket": "bucket/path"}), "bare name of a bucket"),
        (config({"aws_bucket": 5}), "aws_bucket must be text"),
        ({"cloud_provider": "aws"}, "cloud_provider must be an object"),
        (config(format="jsonl"), "format must be an object"),
        (config(format={"format_type": "xml"}), "'xml'.*use one of jsonl.gz, jsonl"),
        (config(max_batch_size=0), "max_batch_size must be greater than zero"),
        (config(max_batch_size=1.5), "max_batch_size must be a whole number"),
        (config(max_batch_size="ten"), "max_batch_size must be a number"),
        (config(max_batch_age=float("nan")), "max_batch_age must be greater"),
        (config(max_batch_age=True), "max_batch_age must be a number"),
        (config(include_process_date="yes"), "include_process_date must be true or"),
        (config(spool_dir="/nowhere/at/all"), "spool_dir names '/nowhere/at/all'"),
        (config({"aws_access_key_id": "A"}), "belong together"),
        (config({"aws_session_token": "A"}), "aws_session_token needs"),
        (config({"aws_endpoint_override": "host:9000"}), "begins with http://"),
        (config({"server_side_encryption": "x"}), "aws.server_side_encryption is 'x'"),
        (
            config({"server_side_encryption": "AES256", "kms_key_id": "k"}),
            "kms_key_id needs cloud_provider.aws.server_side_encryption aws:kms",
        ),
        (config({"role_arn": "writer"}), "role_arn must be the whole name"),
        (config({"external_id": "x"}), "external_id needs cloud_provider.aws.role_arn"),
        (config(batch_allowed_roots=["relative"]), "'relative' is neither"),
        (config(batch_allowed_roots=[5]), "must be a list of texts"),
        (
            {"cloud_provider": {"cloud_provider_type": "gcp"}},
            "cloud_provider_type must be 'aws'",
        ),
    ],
)
def test_a_wrong_setting_is_one_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        parse(wrong)
    with pytest.raises(ConfigError, match=sentence):
        TargetS3(config=wrong)


def test_secrets_are_in_no_message_and_no_repr() -> None:
    keys = {"aws_access_key_id": "AKIA-x", "aws_secret_access_key": "hidden"}
    assert "hidden" not in repr(parse(config(keys)))
    wrong = config({"aws_access_key_id": "AKIA-x", "aws_secret_access_key": ["hidden"]})
    with pytest.raises(ConfigError) as caught:
        TargetS3(config=wrong)
    assert "hidden" not in str(caught.value)


def test_secret_settings_are_marked_as_such() -> None:
    provider: Any = SETTINGS_SCHEMA["properties"]
    aws = provider["cloud_provider"]["properties"]["aws"]["properties"]
    assert {name for name, found in aws.items() if found.get("secret")} == {
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "external_id",
    }


def test_unknown_settings_are_found() -> None:
    wrong = config(prefx="x", stream_maps={"any": {}}, foreign=1)
    schema = TargetS3.config_jsonschema
    TargetS3.append_builtin_config(schema)
    assert settings.unknown(wrong, schema) == [
        "prefx (did you mean prefix?)",
        "foreign (see the list of settings in the docs)",
    ]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            config({"aws_bukket": "x"}),
            r"cloud_provider.aws.aws_bukket \(did you mean aws_bucket\?\)",
        ),
        (config(format={"type": "csv"}), "format.type"),
        ({"cloud_provider": {"aws_bucket": "x"}}, "cloud_provider.aws_bucket"),
        (config({"KMS_KEY_ID": "x"}), r".*KMS_KEY_ID \(did you mean kms_key_id\?\)"),
    ],
)
def test_what_is_unknown_inside_our_structures_is_refused(
    wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=f"Unknown settings: {sentence}"):
        TargetS3(config=wrong)


def test_what_the_hubs_variant_says_of_formats_has_no_effect() -> None:
    hub = config(format={"format_type": "parquet", "format_parquet": {"x": 1}})
    assert parse(hub).format == "parquet"
    assert settings.without_effect(hub) == ["format.format_parquet"]


def test_nested_settings_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = '{"aws": {"aws_bucket": "json", "aws_region": "r"}}'
    monkeypatch.setenv("TARGET_S3_CLOUD_PROVIDER", text)
    monkeypatch.setenv("TARGET_S3_CLOUD_PROVIDER_AWS_AWS_BUCKET", "env")
    monkeypatch.setenv("TARGET_S3_FORMAT_FORMAT_TYPE", "csv")
    assert nested_from_environment(SETTINGS_SCHEMA, "TARGET_S3_") == {
        "cloud_provider": {"aws": {"aws_bucket": "env", "aws_region": "r"}},
        "format": {"format_type": "csv"},
    }


def test_the_environment_reaches_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET_S3_CLOUD_PROVIDER_AWS_AWS_BUCKET", "env")
    monkeypatch.setenv("TARGET_S3_MAX_BATCH_AGE", "2.5")
    monkeypatch.setenv("TARGET_S3_MAX_BATCH_SIZE", "50")
    monkeypatch.setenv("TARGET_S3_ADD_RECORD_METADATA", "false")
    found = parse(TargetS3(parse_env_config=True).config)
    assert (found.bucket, found.max_age_seconds) == ("env", 150)
    assert (found.max_rows, found.add_record_metadata) == (50, False)
    monkeypatch.setenv("TARGET_S3_MAX_BATCH_AGE", "soon")
    with pytest.raises(ConfigError, match="max_batch_age must be a number"):
        TargetS3(parse_env_config=True)
    monkeypatch.setenv("TARGET_S3_MAX_BATCH_SIZE", "many")
    with pytest.raises(ConfigError, match="TARGET_S3_"):
        TargetS3(parse_env_config=True)


@pytest.mark.parametrize(
    ("stream", "options", "key"),
    [
        ("ads", {}, "ads/2026/11/21/ads-R-00001.csv"),
        ("ads", {"prefix": "a/b"}, "a/b/ads/2026/11/21/ads-R-00001.csv"),
        ("my schema/t:1", {}, "my_schema_t_1/2026/11/21/my_schema_t_1-R-00001.csv"),
        ("../up", {}, "___up/2026/11/21/___up-R-00001.csv"),
        (
            "schema/t 1",
            {"raw_stream_names": True},
            "schema/t 1/2026/11/21/schema/t 1-R-00001.csv",
        ),
        ("ads", {"path_override": "all"}, "all/2026/11/21/ads-R-00001.csv"),
    ],
)
def test_keys(stream: str, options: dict[str, Any], key: str) -> None:
    assert Keys(Settings("bucket", **options), "R").next(stream, START, "csv") == key


def test_streams_that_share_a_safe_name_share_no_key() -> None:
    keys = Keys(Settings("bucket"), "R")
    assert keys.next("a b", START, "csv") != keys.next("a:b", START, "csv")
