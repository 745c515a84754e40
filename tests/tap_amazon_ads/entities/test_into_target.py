"""Snapshots of entities into target-s3: as files, and as tables without ghosts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from amazon_emulator import EmulatorClient
from support.ads.runs import AGENCY, NOON, SELLER, Run
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
    keys = {"campaigns": "campaignId", "dsp_orders": "campaignId"}
    keys |= {"portfolios": "portfolioId", "dsp_line_items": "adGroupId"}
    only = {"profile_ids": [SELLER, AGENCY], "account_types": ["seller", "agency"]}
    amazon.change(rows_per_day=9)
    first = run(*keys, "report_days", **only)
    load(bucket, tmp_path / "1", first, **settings)
    amazon.change(rows_per_day=1)
    later = NOON + timedelta(hours=21)
    amazon.set_now(later, frozen=True)
    second = run(*keys, "report_days", state=first.state, now=later, **only)
    load(bucket, tmp_path / "2", second, **settings)
    for stream, key in keys.items():
        assert len(first.rows(stream)) > len(second.rows(stream)) > 0
        assert _ids(bucket, stream, key) == {row[key] for row in second.rows(stream)}


def _ids(bucket: Bucket, stream: str, key: str) -> set[str]:
    """Read a copy: deltalake would block the thread of the bucket."""
    from support.s3.delta import rows_of  # noqa: PLC0415 - needs the extra

    with tempfile.TemporaryDirectory() as folder:
        for name in bucket.keys(f"lake/{stream}/"):
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bucket.read(name))
        return {row[key] for row in rows_of(f"{folder}/lake/{stream}")}
