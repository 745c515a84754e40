"""The pages of tap-amazon-sp: each example in them is run."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from amazon_emulator import Emulator
from support.core.emulation import emulator_fixtures
from support.sp.runs import BY_ASIN, SELLER, QuickTap, partitions, run, settings
from tap_amazon_sp.catalogue import load_reports
from tap_amazon_sp.reports.error_documents import Cause

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "tap-amazon-sp.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- (\w+)(?:: ([\w ]+))? -->\n```(\w+)\n(.*?)```", re.DOTALL)
BLOCKS = BLOCK.findall(PAGE)
EXAMPLES = [
    (words.split(), text) for kind, words, _, text in BLOCKS if kind == "example"
]


running, emulator = emulator_fixtures(sp_asins=3)


def on_the_emulator(example: dict[str, Any], emulator: Emulator) -> dict[str, Any]:
    """Return an example as settings of a run: credentials and addresses are ours."""
    given = settings(emulator) | deepcopy(example)
    for account in given["accounts"]:
        account["refresh_token"] = f"Atzr|sp-{account['name']}"
    if "refresh_token" in example:
        given["accounts"] = []
        given["refresh_token"] = f"Atzr|sp-{example['account_name']}"
    if "credentials" in example:
        del given["client_id"], given["client_secret"]
        given["accounts"] = []
        given["credentials"] |= {
            **emulator.credentials,
            "refresh_token": f"Atzr|sp-{SELLER}",
        }
    return given | {"endpoint_uri": emulator.url, "auth_uri": emulator.token_url}


@pytest.mark.parametrize(
    ("streams", "text"), EXAMPLES, ids=[" ".join(names) for names, _ in EXAMPLES]
)
def test_each_example_brings_the_rows_it_is_about(
    emulator: Emulator,
    streams: list[str],
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # files are saved below
    example = yaml.safe_load(text)
    config = QuickTap(config=on_the_emulator(example, emulator)).config
    if BY_ASIN in streams:  # a month of its own, which is over
        config = {**config, "start_date": "2026-10-01"}
    ended = run(emulator, *streams, **{**dict(config), "max_runtime_seconds": 10**6})
    assert ended.code == 0, ended.log
    for stream in streams:
        assert ended.rows(stream), stream
    for report in config.get("reports", []):
        if report.get("output_file"):
            assert list((tmp_path / "files").iterdir())


def test_an_example_that_is_only_shown_passes_the_taps_own_check() -> None:
    (text,) = [text for kind, _, _, text in BLOCKS if kind == "checked"]
    base = {"client_id": "c", "client_secret": "s", "refresh_token": "r"}
    entries = yaml.safe_load(text)
    tap = QuickTap(config={**base, **entries})
    tap.check_settings()
    assert {entry["name"] for entry in entries["endpoints"]} <= set(tap.streams)


def test_the_state_on_the_page_is_what_a_run_writes(emulator: Emulator) -> None:
    ((stream, text),) = [
        (words, text) for kind, words, _, text in BLOCKS if kind == "state"
    ]
    ended = run(emulator, stream)
    assert partitions(ended.state, stream) == [json.loads(text)]


def test_no_block_of_settings_goes_untested() -> None:
    shown = re.findall(r"^```(?:json|yaml)$", PAGE, re.MULTILINE)
    assert len(shown) == len(BLOCKS)


def test_every_cause_amazon_may_give_is_on_the_page() -> None:
    for cause in Cause:
        assert f"**{cause.value}**" in PAGE, cause


def test_the_back_fills_on_the_page_are_counted_right() -> None:
    sales = load_reports().report("vendor_sales")
    assert sales is not None
    (rules,) = [r for period, r in sales.periods.items() if period.value == "DAY"]
    assert rules.history is not None
    assert rules.per_request is not None
    reports = -(-rules.history // rules.per_request)
    assert f"| vendor sales by day, 4 years | {reports} |" in PAGE


def test_the_users_own_report_names_stand_beside_the_streams() -> None:
    page = (ROOT / "docs" / "tap-amazon-sp-streams.md").read_text(encoding="utf-8")
    catalogue = load_reports()
    seeds = {report.seed_name for report in catalogue.reports if report.seed_name}
    assert len(seeds) == 13
    for report in catalogue.reports:
        for stream in report.streams:
            row = rf"\| `{report.seed_name}` \|.*`{stream.name}`"
            assert report.seed_name is None or re.search(row, page), stream.name
            for column in stream.columns:
                assert f"`{column.name}`" in page


def test_the_mapping_of_recipients_is_the_one_that_meltano_runs() -> None:
    page = (ROOT / "docs" / "meltano.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(stream_maps:.*?)```", page, re.DOTALL)
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    loaders = {plugin["name"]: plugin for plugin in project["plugins"]["loaders"]}
    assert loaders["audience-buyers"]["config"] == yaml.safe_load(block)
