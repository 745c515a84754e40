"""`compare`: each defect of v1 is found, and a clean market passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from amazon_emulator import Emulator, EmulatorClient
from singer_amazon.errors import ConfigError
from support.ads.runs import (
    AGENCY,
    CAMPAIGNS,
    CANADA,
    NOON,
    SELLER,
    VENDOR,
    Json,
    Run,
    settings_for,
)
from support.core.clocks import RunningClock
from support.s3.bucket import Bucket
from tap_amazon_ads.commands.compare import compare_command
from tap_amazon_ads.tap import TapAmazonAds
from tap_amazon_ads.unified.comparison.proof import (
    Proof,
    Record,
    proof_bytes,
    read_proof,
)
from tap_amazon_ads.unified.comparison.proof_file import open_proof_file

CREATE = "create_unified_report"
SPONSORED = ("SPONSORED_PRODUCTS", "SPONSORED_BRANDS", "SPONSORED_DISPLAY")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TapAmazonAds, "clock", RunningClock(NOON, 1.0))


@pytest.fixture
def compare(emulator: Emulator, tmp_path: Path) -> Callable[..., Result]:
    """Runs the command for one seller and its last two settled days."""

    def begin(*flags: str, accounts: str = SELLER, **settings: Any) -> Result:
        config = tmp_path / "config.json"
        given = settings_for(emulator, v1_call_interval_seconds=0, **settings)
        config.write_text(json.dumps(given))
        arguments = ["--config", str(config), "--days", "2", *flags]
        if accounts:
            arguments += ["--accounts", accounts]
        return CliRunner().invoke(compare_command, arguments)

    return begin


def findings(result: Result) -> dict[tuple[str, str], Json]:
    """Return what was found by account and ad product."""
    found = json.loads(result.stdout)["accounts"]
    return {(a["account"], a["ad_product"]): a for a in found}


def results(entry: Json, check: str) -> set[str]:
    return {f["result"] for f in entry["findings"] if f["check"] == check}


# --- a clean market ---------------------------------------------------------


def test_a_clean_market_passes(compare: Callable[..., Result]) -> None:
    ended = compare("--json", accounts=f"{SELLER},{VENDOR},{CANADA},{AGENCY}")
    assert ended.exit_code == 0, ended.output
    found = findings(ended)
    assert {product for _, product in found} == {*SPONSORED, "DEMAND_SIDE_PLATFORM"}
    for entry in found.values():
        assert entry["passed"], entry
        assert entry["result"] == "agree"
        assert results(entry, "C") == {"pass"}
    dsp = found[AGENCY, "DEMAND_SIDE_PLATFORM"]
    assert dsp["advertiser_id"]
    assert json.loads(ended.stdout)["last_day"] == "2026-11-15"


# --- each known defect ------------------------------------------------------


def test_each_defect_of_v1_is_found(
    compare: Callable[..., Result], amazon: EmulatorClient
) -> None:
    planted: dict[tuple[str, str], tuple[str, Json, str, str]] = {
        (SELLER, SPONSORED[0]): ("missing_part", {}, "A", "v1 has no row for"),
        (SELLER, SPONSORED[1]): ("duplicate_rows", {}, "B", "repeat a day"),
        (SELLER, SPONSORED[2]): ("changed_meaning", {}, "A", "has the field changed"),
        (VENDOR, SPONSORED[0]): (
            "empty_country",
            {"country": "US"},
            "A",
            "no row with traffic",
        ),
        (VENDOR, SPONSORED[1]): (
            "duplicate_rows",
            {"split": True, "every": 3},
            "B",
            "repeat a day",
        ),
    }
    for (account, product), (fault, parameters, _, _) in planted.items():
        amazon.add_fault(
            fault,
            operation=CREATE,
            account=account,
            report_type_id=product,
            **parameters,
        )
    ended = compare("--json", accounts=f"{SELLER},{VENDOR}")
    assert ended.exit_code == 1
    found = findings(ended)
    for key, (_, _, check, words) in planted.items():
        assert not found[key]["passed"]
        assert "fail" in results(found[key], check), found[key]
        assert words in str(found[key]["findings"])
    assert json.loads(ended.stdout)["proved"] == [[VENDOR, SPONSORED[2]]]


def test_what_v1_lacks_or_refuses_is_said(
    compare: Callable[..., Result], amazon: EmulatorClient
) -> None:
    amazon.change(unified_old_campaigns_every=2)
    amazon.add_fault(
        "refuse_columns",
        operation=CREATE,
        report_type_id=SPONSORED[0],
        columns=["campaign.id"],
    )
    ended = compare()
    assert ended.exit_code == 1
    lines = [line.split("\t") for line in ended.stdout.splitlines()]
    assert lines[0][:4] == ["account", "country", "product", "check"]
    by_product = {
        name: [line for line in lines if line[2] == f"Sponsored {name}"]
        for name in ("products", "brands", "display")
    }
    assert "400005" in str(by_product["products"])
    assert "old Sponsored Brands campaigns" in str(by_product["brands"])
    cost = next(line for line in by_product["brands"] if line[4] == "cost")
    assert float(cost[5]) > float(cost[6]) > 0


def test_complete_without_a_document_is_not_read(
    compare: Callable[..., Result], amazon: EmulatorClient
) -> None:
    amazon.add_fault("no_url", operation=CREATE)
    ended = compare("--json", accounts=VENDOR, max_runtime_seconds=2)
    assert ended.exit_code == 1
    for entry in findings(ended).values():
        assert entry["result"] == "not read"
        assert "it was not ready in time" in entry["unread"]


# --- the proof --------------------------------------------------------------


def test_v1_needs_a_proof_of_the_last_30_days(
    compare: Callable[..., Result],
    run: Callable[..., Run],
    amazon: EmulatorClient,
    tmp_path: Path,
) -> None:
    path = str(tmp_path / "proof.json")
    settings: Json = {
        "reporting_api": "v1",
        "profile_ids": [SELLER],
        "start_date": "2026-11-18",
        "proof_path": path,
        "v1_call_interval_seconds": 0,
    }
    before = run(CAMPAIGNS, **settings)
    assert before.code == 0
    assert before.said("WARNING", SELLER, "compare has not passed")
    assert not amazon.statistics().unified_creates
    ended = compare(proof_path=path)
    assert ended.exit_code == 0, ended.output
    assert "Kept in" in ended.stderr
    creates = len(amazon.statistics().unified_creates)
    assert not run(CAMPAIGNS, **settings).said("compare has not passed")
    assert len(amazon.statistics().unified_creates) == creates + 1
    late = NOON + timedelta(days=31)
    amazon.set_now(late, frozen=True)
    after = run(CAMPAIGNS, now=late, **settings | {"start_date": "2026-12-18"})
    assert after.said("WARNING", "compare has not passed")
    assert len(amazon.statistics().unified_creates) == creates + 1


def test_what_was_found_later_takes_the_place_of_what_was_found(
    compare: Callable[..., Result], amazon: EmulatorClient, tmp_path: Path
) -> None:
    path = tmp_path / "proof.json"
    passed = {"checked_at": "2026-11-19T00:00:00Z", "passed": True}
    known = {"1": {SPONSORED[2]: passed}, SELLER: dict.fromkeys(SPONSORED, passed)}
    path.write_text(json.dumps({"version": 1, "accounts": known}))
    amazon.add_fault("empty_country", operation=CREATE, country="US")
    compare(proof_path=str(path))
    found = json.loads(path.read_text())["accounts"]
    assert {product: entry["passed"] for product, entry in found[SELLER].items()} == (
        dict.fromkeys(SPONSORED, False)
    )
    assert found["1"][SPONSORED[2]]["passed"]
    assert path.stat().st_mode & 0o077 == 0


def test_another_file_is_no_proof(
    compare: Callable[..., Result], amazon: EmulatorClient, tmp_path: Path
) -> None:
    path = tmp_path / "proof.json"
    for content in ("[1]", '{"version": 2, "accounts": {}}', "{"):
        with pytest.raises(ConfigError, match="proof_path: here"):
            read_proof(content.encode(), "here")
    path.write_text("[1]")
    ended = compare(proof_path=str(path))
    assert ended.exit_code == 1
    assert str(ended.exception).startswith("proof_path:")
    assert not amazon.statistics().creates
    assert path.read_text() == "[1]"


def test_the_proof_may_lie_in_a_bucket(bucket: Bucket) -> None:
    settings = {
        "aws_endpoint_override": bucket.endpoint,
        "aws_access_key_id": "emulator",
        "aws_secret_access_key": "emulator-secret",
        "aws_region": "us-east-1",
    }
    file = open_proof_file(f"s3://{bucket.name}/ads/proof.json", settings)
    file.check()
    assert read_proof(file.read(), file.name) == Proof()
    found = Proof({("1", SPONSORED[0]): Record(checked_at=NOON, passed=True)})
    file.write(proof_bytes(found))
    assert read_proof(file.read(), file.name) == found
    with pytest.raises(ConfigError, match="NoSuchBucket"):
        open_proof_file("s3://not-there/proof.json", settings).read()
    with pytest.raises(ConfigError, match="names no object"):
        open_proof_file(f"s3://{bucket.name}", settings)
