"""The documentation says what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from support.s3.loader import FakeClock, Run, record, schema
from target_s3 import settings
from target_s3.settings_schema import DEFAULTS
from target_s3.target import TargetS3

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "target-s3.md").read_text(encoding="utf-8")
README = (ROOT / "target-s3" / "README.md").read_text(encoding="utf-8")
SDK_OBJECTS = ("stream_maps", "faker_config")
ADDRESS = "s3://my-bucket/amazon/campaigns/**/*.jsonl.gz"


def names(definition: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, child in definition["properties"].items():
        if child.get("properties") and name not in SDK_OBJECTS:
            yield from names(child, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def test_the_page_has_every_setting_and_no_other() -> None:
    config = TargetS3.config_jsonschema
    TargetS3.append_builtin_config(config)
    table = PAGE.split("## Settings")[1].split("###")[0]
    first_cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    documented = {name for cell in first_cells for name in re.findall("`(.*?)`", cell)}
    assert documented == set(names(config))


def test_the_page_has_the_defaults() -> None:
    for text in (
        f"`max_batch_size` | {DEFAULTS['max_batch_size']} |",
        f"`max_batch_age` | {DEFAULTS['max_batch_age']:.0f} |",
        f"`spool_max_bytes` | {DEFAULTS['spool_max_bytes']} |",
        f"`max_attempts` | {DEFAULTS['max_attempts']} |",
        f"{settings.MAX_OBJECT_BYTES // 1024**2} MB",
    ):
        assert text in PAGE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A day that was read twice: one row restated, one dropped, one new."""
    runs = ([("1", 10), ("2", 20)], [("1", 11), ("3", 30)])
    for number, rows in enumerate(runs):
        run = Run(clock=FakeClock(number * 86400))
        run.keys.run_id = f"2026112{number + 1}T070000Z-0123abcd"
        day = {"profile_id": "9", "date": "2026-11-20"}
        found = [record(campaignId=key, clicks=clicks, **day) for key, clicks in rows]
        run.feed([schema(keys=("campaignId",)), *found])
        for key, content in run.store.objects.items():
            path = tmp_path / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return tmp_path


def ask(sql: str, folder: Path) -> list[tuple[str, int]]:
    assert ADDRESS in sql
    local = sql.replace(ADDRESS, f"{folder}/campaigns/**/*.jsonl.gz")
    found = duckdb.connect().execute(local)
    assert found.description is not None
    columns = [column[0] for column in found.description]
    rows = (dict(zip(columns, row, strict=True)) for row in found.fetchall())
    return sorted((str(row["campaignId"]), row["clicks"]) for row in rows)


def test_the_queries_find_what_they_promise(folder: Path) -> None:
    newest_of_key, newest_run = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    assert ask(newest_of_key, folder) == [("1", 11), ("2", 20), ("3", 30)]
    assert ask(newest_run, folder) == [("1", 11), ("3", 30)]
    [in_readme] = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
    assert in_readme == newest_of_key
