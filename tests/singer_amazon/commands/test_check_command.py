"""`check` on the emulator: refused accounts, dead tokens, wrong clocks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from amazon_emulator import Emulator
from singer_amazon.commands.findings import clock_finding
from singer_amazon.refresh_token_age import LIFE, NOTICE, warnings
from support.ads import runs as ads_runs
from support.ads.runs import CAMPAIGNS, SELLER, VENDOR, selected_catalog
from support.programs import run_program
from support.sp import runs as sp_runs

Rows = list[dict[str, str]]
Check = Callable[..., tuple[int, Rows, str]]


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.client.reset()
    return running


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def run(tap: str, config: Mapping[str, Any], *more: str) -> tuple[int, Rows, str]:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config))
        ran = run_program(tap, "check", "--config", str(path), "--json", *more)
        shown = ran.stdout + ran.stderr
        for secret in ("emulator-client-secret", "Atzr|"):
            assert secret not in shown
        assert "Traceback" not in shown
        return ran.returncode, json.loads(ran.stdout), ran.stderr

    return run


def of(rows: Rows, what: str, result: str = "") -> Rows:
    return [r for r in rows if r["what"] == what and result in ("", r["result"])]


def test_all_is_well_and_nothing_was_created(check: Check, emulator: Emulator) -> None:
    code, rows, said = check("tap-amazon-ads", ads_runs.settings_for(emulator))
    assert code == 0
    for what in ("settings", "region", "clock", "token"):
        assert [row["result"] for row in of(rows, what)] == ["ok"], what
    assert len(of(rows, "account", "allowed")) == 6
    reports = of(rows, "report")
    assert len(reports) > 50
    assert {row["result"] for row in reports} == {"unknown without asking"}
    assert "Next: tap-amazon-ads plan" in said
    assert emulator.client.statistics().creates == []


def test_a_dead_token_is_said_once_and_asks_nothing_more(
    check: Check, emulator: Emulator
) -> None:
    config = ads_runs.settings_for(emulator) | {"refresh_token": "Atzr|dead"}
    code, rows, _ = check("tap-amazon-ads", config, "--deep")
    assert code == 1
    (token,) = of(rows, "token")
    assert token["result"] == "refused"
    assert "invalid_grant" in token["why"]
    assert "authorise the application again" in token["what to do"]
    assert of(rows, "account") == []
    assert {row["why"] for row in of(rows, "report")} == {
        "not asked: the token is refused"
    }


def test_an_account_the_token_does_not_see(check: Check, emulator: Emulator) -> None:
    config = ads_runs.settings_for(emulator, profile_ids=[SELLER, "123"])
    code, rows, _ = check("tap-amazon-ads", config)
    assert code == 1
    (refused,) = of(rows, "account", "refused")
    assert refused["of"] == "profile 123"
    assert "whether the user has access" in refused["why"]
    assert [row["of"] for row in of(rows, "account", "allowed")] == [
        f"profile {SELLER} (US seller)"
    ]


def test_deep_says_its_price_and_finds_the_account_that_is_refused(
    check: Check, emulator: Emulator, tmp_path: Path
) -> None:
    emulator.client.add_fault("status", operation="create", account=VENDOR, code=403)
    config = ads_runs.settings_for(emulator, profile_ids=[SELLER, VENDOR])
    catalog = tmp_path / "catalog.json"
    catalog.write_text(json.dumps(selected_catalog(config, [CAMPAIGNS], {}, {})))
    code, rows, said = check(
        "tap-amazon-ads", config, "--deep", "--catalog", str(catalog)
    )
    assert "--deep asks Amazon for 2 reports" in said
    assert code == 1
    found = {row["of"]: row for row in of(rows, "report")}
    refused = found[f"{CAMPAIGNS} of profile {VENDOR} (US vendor)"]
    assert refused["result"] == "refused"
    assert "403" in refused["why"]
    assert refused["what to do"].startswith("Check the permissions of the user")
    assert found[f"{CAMPAIGNS} of profile {SELLER} (US seller)"]["result"] == "allowed"


def test_a_clock_that_goes_wrong_and_a_host_that_is_not_there(
    check: Check, emulator: Emulator
) -> None:
    emulator.client.set_now(datetime.now(timezone.utc) - timedelta(hours=1))
    config = ads_runs.settings_for(emulator)
    code, rows, _ = check("tap-amazon-ads", config)
    (clock,) = of(rows, "clock")
    assert (code, clock["result"]) == (0, "warning")
    assert "ahead of Amazon's" in clock["why"]
    config |= {"endpoint_uri": "http://127.0.0.1:9", "max_attempts": 1}
    code, rows, _ = check("tap-amazon-ads", config)
    assert code == 1
    assert "endpoint_uri" in of(rows, "region", "failed")[0]["what to do"]
    assert of(rows, "account") == []
    assert {r["why"] for r in of(rows, "report")} == {
        "not asked: the host cannot be reached"
    }


def test_one_selling_partner_does_not_hide_another(
    check: Check, emulator: Emulator
) -> None:
    config = sp_runs.settings(emulator)
    config["accounts"][0]["refresh_token"] = "Atzr|dead"
    code, rows, _ = check("tap-amazon-sp", config)
    assert code == 1
    assert [row["result"] for row in of(rows, "token")] == ["refused", "ok"]
    assert [row["result"] for row in of(rows, "account")] == [
        "refused",
        "unknown without asking",
    ]
    config = sp_runs.settings(emulator)
    emulator.client.add_fault(
        "status", operation="get_marketplace_participations", code=403
    )
    code, rows, _ = check("tap-amazon-sp", config)
    (refused,) = of(rows, "account", "refused")
    assert (code, refused["of"]) == (1, "acme-us (NA seller)")
    assert "HTTP 403" in refused["why"]


def test_deep_tries_the_lists_of_entities(
    check: Check, emulator: Emulator, tmp_path: Path
) -> None:
    emulator.client.add_fault("status", operation="portfolios", code=403)
    config = ads_runs.settings_for(emulator, profile_ids=[SELLER])
    lists = ["portfolios", "sponsored_tv_campaigns"]
    catalog = tmp_path / "lists.json"
    catalog.write_text(json.dumps(selected_catalog(config, lists)))
    code, rows, said = check(
        "tap-amazon-ads", config, "--deep", "--catalog", str(catalog)
    )
    assert code == 1
    assert "one page of 2 endpoints" in said
    (refused,) = of(rows, "endpoint", "refused")
    assert "portfolios of" in refused["of"]
    (allowed,) = of(rows, "endpoint", "allowed")
    assert allowed["of"] == "sponsored_tv_campaigns"


def test_deep_asks_endpoints_of_every_account(check: Check, emulator: Emulator) -> None:
    code, rows, said = check("tap-amazon-sp", sp_runs.settings(emulator), "--deep")
    assert "one page of 2 endpoints" in said
    assert code == 0, rows
    assert {row["result"] for row in of(rows, "endpoint")} == {"allowed"}
    assert len(of(rows, "report", "allowed")) > 10


def test_storage_that_cannot_be_written(check: Check, emulator: Emulator) -> None:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        s3 = {
            "aws_endpoint_override": f"http://{host}:{port}",
            "aws_access_key_id": "x",
            "aws_secret_access_key": "y",
            "aws_region": "us-east-1",
        }
        own = {"report_spec": {"reportType": "GET_FBA_INVENTORY_PLANNING_DATA"}}
        config = sp_runs.settings(
            emulator,
            **s3,
            raw_report_uri="s3://nowhere/raw",
            reports=[{"name": "own", **own, "output_file": "s3://nobody/{account}"}],
        )
        code, rows, _ = check("tap-amazon-sp", config)
    finally:
        server.stop()
    refused = of(rows, "storage", "refused")
    assert code == 1
    assert [row["of"] for row in refused] == [
        "s3://nowhere/raw",
        "own: s3://nobody/{account}",
    ]
    assert all("NoSuchBucket" in row["why"] for row in refused)
    assert of(rows, "token", "ok")


def test_folders_of_saved_reports_are_tried(
    check: Check, tmp_path: Path, emulator: Emulator
) -> None:
    (tmp_path / "file").write_text("no folder")
    own = {"report_spec": {"reportType": "GET_FBA_INVENTORY_PLANNING_DATA"}}
    files = {"good": "out/{account}/x.tsv", "bad": "file/{name}.tsv"}
    entries = [
        {"name": name, **own, "output_file": str(tmp_path / path)}
        for name, path in files.items()
    ]
    config = sp_runs.settings(emulator, reports=entries)
    code, rows, _ = check("tap-amazon-sp", config)
    assert code == 1
    (good,) = of(rows, "storage", "ok")
    (bad,) = of(rows, "storage", "refused")
    assert good["of"].startswith("good: ")
    assert bad["of"].startswith("bad: ")
    assert "cannot be written" in bad["why"]
    assert list((tmp_path / "out").iterdir()) == []  # no folder of a made-up account


def test_a_wrong_setting_is_a_sentence(tmp_path: Path, emulator: Emulator) -> None:
    path = tmp_path / "config.json"
    for changes, words in (
        ({"client_id": None}, "'client_id' is a required property"),
        ({"refresh_token_granted_on": "last spring"}, "last spring"),
    ):
        config = ads_runs.settings_for(emulator, **changes)
        path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}))
        ran = run_program("tap-amazon-ads", "check", "--config", str(path))
        assert ran.returncode == 1
        assert words in ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr


TODAY = date(2026, 11, 28)


@given(days=st.integers(-5, 800))
def test_a_warning_begins_thirty_days_before_the_end(days: int) -> None:
    granted = TODAY - timedelta(days=days)
    said = warnings({"refresh_token_granted_on": granted.isoformat()}, TODAY)
    left = LIFE - timedelta(days=days)
    assert bool(said) == (left <= NOTICE or days < 0)
    accounts = [{"name": "a", "refresh_token_granted_on": granted.isoformat()}]
    assert bool(warnings({"accounts": accounts}, TODAY)) == bool(said)


def test_a_run_begins_with_the_warning(emulator: Emulator) -> None:
    run = ads_runs.run_command(
        emulator, "profiles", refresh_token_granted_on="2025-12-01"
    )
    (said,) = [line for line in run.warnings if "2025-12-01" in line]
    assert "it ends on 2026-12-01, in 11 days" in said
    assert run.code == 0


@pytest.mark.parametrize(
    ("minutes", "result"),
    [(0, "ok"), (4, "ok"), (-4, "ok"), (6, "warning"), (-6, "warning")],
)
def test_five_minutes_are_let_pass(minutes: int, result: str) -> None:
    now = datetime(2026, 11, 28, 12, minutes + 30, tzinfo=timezone.utc)
    assert clock_finding("Sat, 28 Nov 2026 12:30:00 GMT", now).result == result
    assert clock_finding(None, now).result == "unknown without asking"
    assert clock_finding("yesterday", now).result == "unknown without asking"
