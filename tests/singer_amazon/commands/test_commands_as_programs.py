"""The commands of the taps as programs, beside Singer's own flags."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from amazon_emulator import Emulator
from support.ads.runs import (
    AGENCY,
    ATTRIBUTION,
    BRAZIL,
    CANADA,
    LINKED,
    SELLER,
    VENDOR,
    settings_for,
)

BIN = Path(sys.executable).parent
TAPS = ("tap-amazon-ads", "tap-amazon-sp")


def program(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / arguments[0]), *arguments[1:]],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("tap", TAPS)
def test_reports_are_found_by_their_columns_and_shown_whole(tap: str) -> None:
    listed = program(tap, "reports", "--json")
    streams = [row["stream"] for row in json.loads(listed.stdout)]
    assert len(streams) == len(set(streams)) > 15
    one = json.loads(program(tap, "reports", streams[0], "--json").stdout)
    assert one["stream"] == streams[0]
    assert one["columns"]
    name = one["columns"][0]["column"]
    assert streams[0] in program(tap, "reports", name).stdout
    nothing = program(tap, "reports", "nosuchword")
    assert nothing.returncode == 1
    assert "no report has 'nosuchword'" in nothing.stderr


@pytest.mark.parametrize("tap", TAPS)
def test_a_state_in_a_pipe(tap: str) -> None:
    assert "no state yet" in program(tap, "state", "show", text="").stderr
    broken = program(tap, "state", "show", text="{")
    assert broken.returncode == 1
    assert broken.stderr.startswith("Error: the state - is not valid JSON")
    foreign = program("tap-amazon-sp", "state", "check", text=FOREIGN)
    assert "this tap has no such stream" in foreign.stdout


FOREIGN = json.dumps(
    {"bookmarks": {"sponsored_products_campaign_by_campaign": {"partitions": [{}]}}}
)


def test_a_plan_asks_for_nothing_but_the_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.json"
    with Emulator() as emulator:
        settings = settings_for(emulator)
        monkeypatch.setenv("TAP_AMAZON_ADS_CLIENT_ID", settings.pop("client_id"))
        config.write_text(json.dumps(settings))
        files = ("--config", "ENV", "--config", str(config))
        ran = program("tap-amazon-ads", "plan", *files, "--json")
        creates = emulator.client.statistics().creates
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    rows = found["reports"]
    assert {row["what"] for row in rows} == {"ask"}
    contexts = [row["context"] for row in rows]
    assert {"profile_id": str(SELLER)} in contexts
    assert all(
        context.keys() <= {"profile_id", "advertiser_id"} for context in contexts
    )
    assert all(
        "campaignId" in r["columns"]
        for r in rows
        if "campaign_by_campaign" in r["stream"] and "dsp" not in r["stream"]
    )
    assert sum(stream["reports"] for stream in found["streams"]) == len(rows)
    assert found["seconds"] is None  # Amazon publishes no rate
    assert len({row["stream"] for row in rows}) > 50
    assert creates == []
    missing = program("tap-amazon-ads", "plan", "--config", str(tmp_path / "none"))
    assert "cannot be read (No such file or directory)" in missing.stderr


def test_accounts_are_listed_without_a_plan(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    command = ("tap-amazon-ads", "plan", "--accounts", "--config", str(config))
    with Emulator() as emulator:
        config.write_text(json.dumps(settings_for(emulator, exclude_profile_ids=[7])))
        ran = program(*command, "--json")
        config.write_text(json.dumps(settings_for(emulator, account_types=["vendor"])))
        vendors = program(*command)
        emulator.client.set_accounts({"profiles": []})
        config.write_text(json.dumps(settings_for(emulator)))
        none = program(*command, "--json")
    assert ran.returncode == 0, ran.stderr
    everybody = {SELLER, CANADA, BRAZIL, VENDOR, AGENCY, ATTRIBUTION, LINKED}
    assert set(json.loads(ran.stdout)["accounts"]) == everybody | {"7"}
    assert VENDOR in vendors.stdout.split()
    assert (none.returncode, none.stdout) == (1, "")
    assert "no usable profile: the token sees 0 profiles there" in none.stderr


def test_a_plan_with_a_dead_token_says_what_to_do(tmp_path: Path) -> None:
    config, state = tmp_path / "config.json", tmp_path / "state.json"
    state.touch()  # empty: no state yet
    with Emulator() as emulator:
        config.write_text(json.dumps(settings_for(emulator, refresh_token="Atzr|dead")))
        options = ("--config", str(config), "--state", str(state))
        ran = program("tap-amazon-ads", "plan", *options)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "invalid_grant" in ran.stderr
    assert "What to do: the refresh token is revoked" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "Atzr|" not in ran.stderr
