"""Buckets as companies keep them: encrypted, by role, without lists of rights."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.credentials
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from singer_amazon.documents.raw_archive import open_raw_archive
from singer_amazon.errors import ConfigError
from singer_amazon.s3.access import S3Access, access_of
from singer_amazon.s3.client import _sts_url, explain
from target_s3.bucket.s3 import PART_BYTES, S3Bucket
from target_s3.errors import StoreError
from target_s3.settings import parse

if TYPE_CHECKING:
    from support.s3.bucket import Bucket

KEY = "arn:aws:kms:us-east-1:123456789012:key/7f1d5c3e-0000-4000-8000-000000000001"
ROLE = "arn:aws:iam::123456789012:role/writer"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


def config_of(bucket: Bucket, **aws: str) -> dict[str, Any]:
    config = bucket.target_config()
    config["cloud_provider"]["aws"] |= aws
    return config


def opened(bucket: Bucket, **aws: str) -> S3Bucket:
    return S3Bucket(parse(config_of(bucket, **aws)))


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Operations and parameters of all calls that go to AWS."""
    seen: list[tuple[str, Any]] = []
    kind: Any = BaseClient
    call = kind._make_api_call

    def spy(self: Any, name: str, parameters: Any) -> Any:
        seen.append((name, parameters))
        return call(self, name, parameters)

    monkeypatch.setattr(kind, "_make_api_call", spy)
    return seen


@pytest.mark.parametrize("size", [10, 2 * PART_BYTES])
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {}),
        ({"server_side_encryption": "AES256"}, {"ServerSideEncryption": "AES256"}),
        ({"kms_key_id": KEY}, {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEY}),
        (
            {"server_side_encryption": "aws:kms:dsse", "kms_key_id": KEY},
            {"ServerSideEncryption": "aws:kms:dsse", "SSEKMSKeyId": KEY},
        ),
        ({"server_side_encryption": "aws:kms"}, {"ServerSideEncryption": "aws:kms"}),
    ],
)
def test_every_object_is_begun_encrypted_and_without_acl(
    size: int,
    settings: dict[str, str],
    expected: dict[str, str],
    bucket: Bucket,
    requests: list[tuple[str, Any]],
    tmp_path: Path,
) -> None:
    path = tmp_path / "object"
    path.write_bytes(b"x" * size)
    store = S3Bucket(parse(config_of(bucket, **settings)), put_bytes=PART_BYTES)
    assert store.check("check") is None
    with path.open("rb") as file:
        store.put("kept", file)
    flat = access_config(bucket) | settings
    archive = open_raw_archive(f"s3://{bucket.name}/raw", flat)
    archive.check()
    archive.keep(path, "document")
    begun = [
        p for name, p in requests if name in {"PutObject", "CreateMultipartUpload"}
    ]
    assert len(begun) == 4
    for parameters in begun:
        chosen = {k: v for k, v in parameters.items() if "SSE" in k or "Encr" in k}
        assert chosen == expected
        assert not [name for name in parameters if "ACL" in name or "Grant" in name]
    head = bucket.client.head_object(Bucket=bucket.name, Key="kept")
    assert head["ContentLength"] == size
    if expected.get("ServerSideEncryption") != "aws:kms:dsse":  # moto keeps no such
        assert {name: head.get(name) for name in expected} == expected


def access_config(bucket: Bucket) -> dict[str, Any]:
    return dict(bucket.target_config()["cloud_provider"]["aws"])


def test_a_role_is_assumed_and_renewed_before_it_expires(
    bucket: Bucket, requests: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(bucket, role_arn=ROLE, external_id="from-the-owner")
    store.check("one")
    store.check("two")
    [parameters] = [p for name, p in requests if name == "AssumeRole"]
    assert parameters["RoleArn"] == ROLE
    assert parameters["ExternalId"] == "from-the-owner"
    later = datetime.now(timezone.utc) + timedelta(minutes=55)
    monkeypatch.setattr(botocore.credentials, "_local_now", lambda: later)
    monkeypatch.setattr(
        botocore.credentials.RefreshableCredentials,
        "refresh_needed",
        lambda _self, refresh_in=None: refresh_in != 0,
    )
    store.check("three")
    assert [name for name, _ in requests].count("AssumeRole") > 1


def test_taps_assume_a_role_too(
    bucket: Bucket, requests: list[tuple[str, Any]]
) -> None:
    config = access_config(bucket) | {"role_arn": ROLE}
    open_raw_archive(f"s3://{bucket.name}/raw", config).check()
    assert "AssumeRole" in dict(requests)


def test_a_role_without_any_identity_is_a_sentence(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    config = config_of(bucket, role_arn=ROLE)
    for name in ("aws_access_key_id", "aws_secret_access_key"):
        del config["cloud_provider"]["aws"][name]
    with pytest.raises(ConfigError, match="no credentials were found"):
        S3Bucket(parse(config))


def test_amazons_own_endpoint_is_not_asked_for_roles() -> None:
    private = "https://bucket.vpce-1.s3.eu-west-1.vpce.amazonaws.com"
    assert _sts_url(S3Access(endpoint=private)) is None
    assert _sts_url(S3Access(endpoint="http://minio:9000")) == "http://minio:9000"


@pytest.mark.parametrize(
    ("operation", "code", "words", "steps"),
    [
        (
            "CreateMultipartUpload",
            "AccessDenied",
            "User: x is not authorized to perform: kms:GenerateDataKey on resource: y",
            ["kms:GenerateDataKey and kms:Decrypt", "kms_key_id"],
        ),
        (
            "PutObject",
            "AccessDenied",
            "not authorized with an explicit deny in a resource-based policy",
            ["bucket's", "a.server_side_encryption"],
        ),
        ("PutObject", "AccessDenied", "Access Denied", ["s3:PutObject", "encryption"]),
        (
            "PutObject",
            "AccessDenied",
            "no identity-based policy allows the s3:PutObject action",
            ["grant s3:PutObject and s3:AbortMultipartUpload"],
        ),
        (
            "AssumeRole",
            "AccessDenied",
            "User: x is not authorized to perform: sts:AssumeRole on resource: y",
            ["STS answered", "trust policy of a.role_arn", "a.external_id"],
        ),
        ("GetObject", "AccessDenied", "Access Denied", ["s3:GetObject"]),
        ("HeadObject", "403", "Forbidden", ["s3:GetObject"]),
        ("PutObject", "KMS.NotFoundException", "Invalid arn", ["a.kms_key_id"]),
        ("PutObject", "KMS.DisabledException", "is disabled", ["enabled"]),
        ("PutObject", "PermanentRedirect", "must be addressed", ["a.aws_region"]),
        (
            "PutObject",
            "AuthorizationHeaderMalformed",
            "the region 'us-east-1' is wrong; expecting 'eu-west-1'",
            ["expecting 'eu-west-1'", "a.aws_region"],
        ),
        ("PutObject", "AccessControlListNotSupported", "no ACLs", ["answered"]),
    ],
)
def test_a_refusal_says_what_to_do(
    operation: str, code: str, words: str, steps: list[str]
) -> None:
    response: Any = {
        "Error": {"Code": code, "Message": words},
        "ResponseMetadata": {"HTTPStatusCode": 403},
    }
    sentence = explain(ClientError(response, operation), S3Access(prefix="a."))
    assert code in sentence
    for step in steps:
        assert step in sentence


def test_a_bucket_elsewhere_and_a_missing_certificate_bundle_are_sentences(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere/ca.pem")
    settings = parse(config_of(bucket, aws_endpoint_override="https://127.0.0.1:9"))
    with pytest.raises(StoreError, match=r"AWS_CA_BUNDLE names '/nowhere"):
        S3Bucket(replace(settings, max_attempts=1)).check("x")


def test_settings_of_a_tap_are_read_by_their_names() -> None:
    config = {"kms_key_id": " k ", "role_arn": "", "aws_region": "r"}
    assert access_of(config) == S3Access(region="r", kms_key_id="k")
    assert json.dumps(S3Access(kms_key_id="k").encryption)
    assert "hidden" not in repr(S3Access(external_id="hidden", role_arn=ROLE))


def test_an_object_that_is_there_is_never_overwritten(bucket: Bucket) -> None:
    store = opened(bucket)
    assert store.get("log/1.json") is None
    assert store.put_new("log/1.json", b"one")
    assert not store.put_new("log/1.json", b"other")
    assert store.get("log/1.json") == b"one"
    assert store.put_new("log/2.json", b"two")
    assert store.names("log/", "1.json") == ["2.json"]


def test_what_cannot_be_read_is_not_taken_for_missing(bucket: Bucket) -> None:
    store = opened(bucket, aws_bucket="not-there")
    for call in (
        lambda: store.get("x"),
        lambda: store.put_new("x", b""),
        lambda: store.names("x/", ""),
    ):
        with pytest.raises(StoreError, match="not-there"):
            call()
