"""Snapshots of entities into target-s3: as files, and as tables without ghosts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from amazon_emulator import EmulatorClient
from support.ads.runs import NOON, SELLER, Run
from support.core.process import TargetProcess

if TYPE_CHECKING:
    from support.s3.bucket import Bucket

NOBODY = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"}
RunTap = Callable[..., Run]


def load(bucket: Bucket, folder: Path, ended: Run, **settings: Any) -> None:
    folder.mkdir()
    config = bucket.target_config(prefix="lake", **settings)
    with TargetProcess("target-s3", folder, config, **NOBODY) as target:
        target.read()
        target.feed(*ended.messages)
        assert target.ended(60) == 0, target.log


def test_nested_columns_into_parquet(
    run: RunTap, bucket: Bucket, tmp_path: Path
) -> None:
    streams = ("campaigns", "targets", "ads", "portfolios", "dsp_orders")
    ended = run(*streams, account_types=["seller", "agency"])
    load(bucket, tmp_path / "t", ended, format={"format_type": "parquet"})
    for stream in streams:
        sent, stored = ended.rows(stream), bucket.rows(stream, "lake")
        assert len(stored) == len(sent) > 0
    keywords = {r["targetDetails"].get("keyword") for r in ended.rows("targets")}
    assert len(keywords) > 1


def test_a_table_holds_the_newest_snapshot_only(
    run: RunTap, amazon: EmulatorClient, bucket: Bucket, tmp_path: Path
) -> None:
    pytest.importorskip("deltalake", reason="the extra delta is not installed")
    settings: dict[str, Any] = {
        "format": {"format_type": "delta"},
        "write_mode": "replace",
    }
    only = {"profile_ids": [SELLER], "account_types": ["seller"]}
    first = run("campaigns", "report_days", **only)
    load(bucket, tmp_path / "1", first, **settings)
    amazon.change(rows_per_day=3)
    later = NOON + timedelta(hours=21)
    amazon.set_now(later, frozen=True)
    second = run("campaigns", "report_days", state=first.state, now=later, **only)
    load(bucket, tmp_path / "2", second, **settings)
    assert len(first.rows("campaigns")) == 15
    assert len(second.rows("campaigns")) == 9
    assert _ids(bucket) == {row["campaignId"] for row in second.rows("campaigns")}


def _ids(bucket: Bucket) -> set[str]:
    """Read a copy: deltalake would block the thread of the bucket."""
    from support.s3.delta import rows_of  # noqa: PLC0415 - needs the extra

    with tempfile.TemporaryDirectory() as folder:
        for key in bucket.keys("lake/campaigns/"):
            path = Path(folder, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bucket.read(key))
        return {row["campaignId"] for row in rows_of(f"{folder}/lake/campaigns")}
