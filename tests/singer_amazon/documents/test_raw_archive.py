"""Original documents in a folder or in S3."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import pytest

from singer_amazon.documents.raw_archive import RawArchive, open_raw_archive
from singer_amazon.errors import ConfigError, StorageError
from support.s3.bucket import Bucket, LocalS3, local_s3


@pytest.fixture(scope="module")
def s3() -> Iterator[LocalS3]:
    with local_s3() as server:
        yield server


@pytest.fixture
def bucket(s3: LocalS3, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return s3.new_bucket()


def settings(bucket: Bucket, **changes: object) -> Mapping[str, object]:
    return {
        "aws_access_key_id": "key",
        "aws_secret_access_key": "the-secret",
        "aws_region": "us-east-1",
        "aws_endpoint_override": bucket.endpoint,
        **changes,
    }


def open_s3(bucket: Bucket, path: str = "") -> RawArchive:
    return open_raw_archive(f"s3://{bucket.name}{path}", settings(bucket))


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "document"
    path.write_bytes(b"\x1f\x8b\x00 as Amazon sent it")
    return path


NAME = "campaigns/1/2026-10-01_2026-10-02_r1.json.gz"


# --- a folder --------------------------------------------------------------


def test_a_folder_keeps_documents_under_their_names(
    tmp_path: Path, document: Path
) -> None:
    store = open_raw_archive((tmp_path / "kept é" / "deep").as_uri(), {})
    store.check()
    store.keep(document, NAME)
    kept = tmp_path / "kept é" / "deep" / NAME
    assert kept.read_bytes() == document.read_bytes()
    document.write_bytes(b"again")
    store.keep(document, NAME)
    assert kept.read_bytes() == b"again"
    files = [path for path in (tmp_path / "kept é").rglob("*") if path.is_file()]
    assert files == [kept]


def test_what_is_kept_is_for_this_user_only(tmp_path: Path, document: Path) -> None:
    document.chmod(0o644)
    store = open_raw_archive((tmp_path / "new" / "deep").as_uri(), {})
    store.check()
    store.keep(document, NAME)
    for path in (tmp_path / "new").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_a_document_is_kept_whole_or_not_at_all(
    tmp_path: Path, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_raw_archive((tmp_path / "kept").as_uri(), {})
    store.keep(document, NAME)

    def cut(source: IO[bytes], target: IO[bytes]) -> None:
        target.write(source.read()[:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", cut)
    with pytest.raises(StorageError, match=r"was not kept: .*No space left on device"):
        store.keep(document, NAME)
    (file,) = (tmp_path / "kept" / NAME).parent.iterdir()
    assert file.read_bytes() == document.read_bytes()


def test_a_folder_that_cannot_be_written_is_found_at_the_start(
    tmp_path: Path, document: Path
) -> None:
    (tmp_path / "file").write_text("")
    store = open_raw_archive((tmp_path / "file" / "deep").as_uri(), {})
    with pytest.raises(ConfigError, match=r"file/deep cannot be written \(Not a dir"):
        store.check()
    with pytest.raises(StorageError, match="Not a directory"):
        store.keep(document, NAME)


# --- S3 --------------------------------------------------------------------


@pytest.mark.parametrize(("path", "prefix"), [("", ""), ("/raw/ads/", "raw/ads/")])
def test_a_bucket_keeps_documents_under_their_names(
    bucket: Bucket, document: Path, path: str, prefix: str
) -> None:
    store = open_s3(bucket, path)
    store.check()
    assert bucket.keys() == []
    assert bucket.open_uploads() == 0
    store.keep(document, NAME)
    assert bucket.keys() == [prefix + NAME]
    assert bucket.read(prefix + NAME) == document.read_bytes()


def test_a_large_document_goes_up_in_parts(bucket: Bucket, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"0123456789abcdef" * 640 * 1024)  # 10 MiB
    open_s3(bucket).keep(large, NAME)
    assert bucket.read(NAME) == large.read_bytes()
    head = bucket.client.head_object(Bucket=bucket.name, Key=NAME)
    assert head["ETag"].strip('"').endswith("-2")


def test_a_bucket_that_is_not_there_is_found_at_the_start(
    bucket: Bucket, document: Path
) -> None:
    store = open_raw_archive("s3://no-such-bucket/raw", settings(bucket))
    with pytest.raises(ConfigError) as caught:
        store.check()
    for words in ("raw_report_uri", "no-such-bucket", "NoSuchBucket", "aws_*"):
        assert words in str(caught.value)
    with pytest.raises(StorageError, match="s3://no-such-bucket/raw/campaigns"):
        store.keep(document, NAME)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"aws_endpoint_override": "http://127.0.0.1:1"}, "Could not connect"),
        ({"aws_endpoint_override": "nonsense"}, "Invalid endpoint"),
        ({"aws_profile_name": "nobody"}, "nobody"),
    ],
)
def test_settings_that_do_not_work_are_a_sentence(
    bucket: Bucket, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        open_raw_archive(f"s3://{bucket.name}", settings(bucket, **changes)).check()
    assert "the-secret" not in str(caught.value)
    assert "aws_" in str(caught.value)


def test_without_any_credentials_there_is_a_sentence(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    config = {"aws_endpoint_override": bucket.endpoint}
    with pytest.raises(ConfigError, match="Unable to locate credentials"):
        open_raw_archive(f"s3://{bucket.name}", config).check()


@pytest.mark.parametrize(
    "uri", ["/folder", "file://folder", "file:", "s3:///prefix", "gs://bucket", ""]
)
def test_other_addresses_are_refused(uri: str) -> None:
    with pytest.raises(
        ConfigError, match=r"write s3://bucket/prefix or file:///folder"
    ):
        open_raw_archive(uri, {})


@pytest.mark.parametrize(
    "name",
    ["x/../../owned", "../owned", "a//b", "a/./b", "a\0b", "a/" + "x" * 5000, "a\\b"],
)
def test_a_name_that_leaves_the_folder_is_refused(
    tmp_path: Path, document: Path, name: str
) -> None:
    store = open_raw_archive((tmp_path / "kept").as_uri(), {})
    with pytest.raises(StorageError, match="is no name for a file"):
        store.keep(document, name)
    assert not (tmp_path / "owned").exists()


def test_originals_are_for_their_owner_only(tmp_path: Path, document: Path) -> None:
    store = open_raw_archive((tmp_path / "kept").as_uri(), {})
    store.keep(document, NAME)
    kept = tmp_path / "kept"
    modes = {p.is_dir(): p.stat().st_mode & 0o777 for p in [kept, *kept.rglob("*")]}
    assert modes == {True: 0o700, False: 0o600}


def test_what_is_kept_is_for_nobody_else_to_read(
    tmp_path: Path, document: Path
) -> None:
    store = open_raw_archive((tmp_path / "new" / "deep").as_uri(), {})
    store.check()
    store.keep(document, "stream/account/name")
    folder = tmp_path / "new"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "deep" / "stream").stat().st_mode & 0o777 == 0o700
    file = folder / "deep" / "stream" / "account" / "name"
    assert file.stat().st_mode & 0o777 == 0o600


# --- an installation without boto3 -----------------------------------------

_WITHOUT_BOTO3 = """
import sys
sys.modules["boto3"] = sys.modules["botocore"] = None  # as where it is not installed
import tap_amazon_ads.tap, tap_amazon_sp.tap, target_amazon_audience.target
from singer_amazon.documents.raw_archive import open_raw_archive
open_raw_archive("file:///tmp", {})
open_raw_archive("s3://bucket/raw", {})
"""


def test_without_boto3_all_works_but_s3_which_names_the_extra() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_BOTO3],
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("singer_amazon.errors.ConfigError: raw_report_uri names S3")
    assert '"tap-amazon-ads[s3]"' in last
