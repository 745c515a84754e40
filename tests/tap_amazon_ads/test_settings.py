"""Settings: wrong ones stop before the first call with a sentence; text forms work."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from amazon_emulator import Emulator, EmulatorClient
from support.ads.runs import (
    BRAZIL,
    CAMPAIGNS,
    SELLER,
    Run,
    bodies,
    calls,
    days,
    invoke_tap,
    settings_for,
)
from support.core.cases import cases
from support.core.process import installed
from tap_amazon_ads.catalogue import load_catalogue
from tap_amazon_ads.report_specs import PLAIN_STREAMS

Runs = Callable[..., Run]
SECRETS = ("emulator-client-secret", "Atzr|emulator-refresh-token", "s3cr3t-key")
CUSTOM = {
    "name": "my_report",
    "ad_product": "SPONSORED_PRODUCTS",
    "report_type_id": "spCampaigns",
    "group_by": ["campaign"],
    "columns": ["campaignId", "cost"],
}

BAD = cases(__file__, "wrong_settings")


@pytest.mark.parametrize(("changes", "words"), BAD)
def test_a_wrong_setting_is_one_sentence_and_no_call(
    emulator: Emulator,
    amazon: EmulatorClient,
    changes: Mapping[str, object],
    words: list[str],
) -> None:
    config = settings_for(emulator, aws_secret_access_key="s3cr3t-key", **changes)
    config = {name: value for name, value in config.items() if value is not None}

    ran = invoke_tap(config)

    assert ran.code == 1
    (error,) = ran.errors
    for word in words:
        assert word in error
    assert "\n" not in error
    assert not ran.tracebacks
    assert not ran.messages
    assert calls(amazon.statistics()) == 0
    said = [record.getMessage() for record in ran.logged]
    assert not [line for line in said for secret in SECRETS if secret in line]


def test_a_summary_that_is_too_long_in_an_eastern_zone_only_is_a_sentence_too(
    run: Runs, amazon: EmulatorClient
) -> None:
    """At noon UTC it is the 21st in Kiritimati: the range there has a 32nd day."""
    amazon.add_profile({"profileId": 777, "timezone": "Pacific/Kiritimati"})

    ran = run(
        CAMPAIGNS, profile_ids=[777], time_unit="SUMMARY", start_date="2026-10-20"
    )

    assert ran.code == 1
    assert any("32 days" in error for error in ran.errors)
    assert not ran.tracebacks
    assert not amazon.statistics().creates


def test_a_summary_stream_nobody_selected_may_be_too_long(
    run: Runs, amazon: EmulatorClient
) -> None:
    stream = "sponsored_brands_purchased_by_purchased_asin"  # up to 731 days

    ran = run(
        stream,
        profile_ids=[SELLER],
        time_unit="SUMMARY",
        **days("2026-01-01", "2026-11-01"),
    )

    assert ran.code == 0
    (body,) = bodies(amazon.statistics())
    assert (body["startDate"], body["endDate"]) == ("2026-01-01", "2026-11-01")


# --- the forms settings come in ---------------------------------------------

AS_TEXT = {
    "max_concurrency": "2",
    "max_runtime_seconds": "900",
    "report_stuck_hours": "1.5",
    "profile_ids": f"[{SELLER}, {BRAZIL}]",
    "exclude_profile_ids": BRAZIL,
    "account_types": "seller,vendor",
    "extra_columns": json.dumps({CAMPAIGNS: ["brandNew"]}),
    "reports": json.dumps([CUSTOM]),
    "lookback_days": json.dumps({CAMPAIGNS: 3}),
    "start_date": "2026-11-18",
    "end_date": "2026-11-18T00:00:00Z",
    "user_agent": "",
    "advertiser_ids": "",
    "max_attempts": "",
    "holdback_days": "",
}


def test_numbers_lists_and_objects_may_come_as_text(
    run: Runs, amazon: EmulatorClient
) -> None:
    """Meltano passes them so where they stand in the environment."""
    typed = dict(AS_TEXT) | {
        "reports": [CUSTOM],
        "extra_columns": {CAMPAIGNS: ["brandNew"]},
    }
    catalog_only = run("my_report", CAMPAIGNS, **typed)
    assert catalog_only.code == 0

    (mine,) = [
        body
        for body in bodies(amazon.statistics())
        if body["configuration"]["columns"] == ["campaignId", "cost", "date"]
    ]
    assert (mine["startDate"], mine["endDate"]) == ("2026-11-18", "2026-11-18")
    assert {create.account for create in amazon.statistics().creates} == {SELLER}
    assert amazon.statistics().peak["create"] <= 2


def test_a_number_where_text_is_wanted_is_taken_as_text(run: Runs) -> None:
    ran = run(
        CAMPAIGNS, profile_ids=[int(SELLER)], start_date="2026-11-18", user_agent=42
    )
    assert ran.code == 0
    assert ran.partition(CAMPAIGNS, SELLER)["replication_key_value"] == "2026-11-19"


# --- the command itself -----------------------------------------------------


def command(
    folder: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a folder with nothing else in its environment."""
    names = ("PATH", "HOME", "PYTHONPATH")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return subprocess.run(
        [installed("tap-amazon-ads"), *arguments],
        cwd=folder,
        env=kept | {"NO_PROXY": "127.0.0.1"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def in_capitals(config: Mapping[str, object]) -> dict[str, str]:
    return {
        f"TAP_AMAZON_ADS_{name.upper()}": value
        if isinstance(value, str)
        else json.dumps(value)
        for name, value in config.items()
    }


def test_the_command_reads_its_settings_from_the_environment_and_dot_env(
    emulator: Emulator, amazon: EmulatorClient, tmp_path: Path
) -> None:
    """What stands in both is taken from the environment."""
    amazon.real_time()
    config = in_capitals(settings_for(emulator) | AS_TEXT)
    secret = config.pop("TAP_AMAZON_ADS_CLIENT_SECRET")
    for name in ("START_DATE", "END_DATE"):
        config.pop(f"TAP_AMAZON_ADS_{name}")
    config["TAP_AMAZON_ADS_REPORTS"] = json.dumps([{**CUSTOM, "time_unit": "SUMMARY"}])
    (tmp_path / ".env").write_text(
        f"TAP_AMAZON_ADS_CLIENT_SECRET='{secret}'\n"
        "TAP_AMAZON_ADS_REFRESH_TOKEN='Atzr|not-this-one'\n"
    )
    catalog = tmp_path / "catalog.json"
    found = command(tmp_path, "--config=ENV", "--discover", **config)
    entries = json.loads(found.stdout)["streams"]
    for entry in entries:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["stream"] == "my_report"
    catalog.write_text(json.dumps({"streams": entries}))

    ran = command(tmp_path, "--config=ENV", f"--catalog={catalog}", **config)

    assert ran.returncode == 0, ran.stderr
    (create,) = amazon.statistics().creates
    assert create.account == SELLER
    assert create.body["configuration"]["columns"] == [
        "campaignId",
        "cost",
        "endDate",
        "startDate",
    ]
    messages = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {m.get("stream", "my_report") for m in messages} == {"my_report"}
    assert len([m for m in messages if m["type"] == "RECORD"]) == 5
    assert secret not in ran.stderr
    assert "not-this-one" not in ran.stderr


def test_the_command_says_a_wrong_setting_in_one_line_and_ends_with_1(
    emulator: Emulator, amazon: EmulatorClient, tmp_path: Path
) -> None:
    config = in_capitals(settings_for(emulator, max_attempts="many"))

    ran = command(tmp_path, "--config=ENV", **config)

    assert ran.returncode == 1
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr
    assert "max_attempts" in ran.stderr.splitlines()[-1]
    assert calls(amazon.statistics()) == 0


@pytest.mark.parametrize(
    "arguments",
    [["--about", "--format=json"], ["--discover"], ["--test=schema"]],
    ids=str,
)
def test_what_only_describes_the_tap_makes_no_call(
    emulator: Emulator, amazon: EmulatorClient, tmp_path: Path, arguments: list[str]
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings_for(emulator)))

    ran = command(tmp_path, f"--config={config}", *arguments)

    assert ran.returncode == 0, ran.stderr
    assert calls(amazon.statistics()) == 0
    if arguments == ["--test=schema"]:
        schemas = [json.loads(line) for line in ran.stdout.splitlines()]
        named = {message["stream"] for message in schemas}
        types = {entry.stream for entry in load_catalogue().report_types}
        assert named == {*PLAIN_STREAMS, *types}
    else:
        assert json.loads(ran.stdout)


def test_discovery_needs_no_credential(tmp_path: Path) -> None:
    ran = command(tmp_path, "--discover")

    assert ran.returncode == 0, ran.stderr
    streams = {s["stream"] for s in json.loads(ran.stdout)["streams"]}
    assert {"profiles", "advertisers", CAMPAIGNS} <= streams


def test_a_misspelt_name_inside_is_refused(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    ran = invoke_tap(settings_for(emulator, reports=[{**CUSTOM, "colums": ["clicks"]}]))
    assert ran.code == 1
    meant = "reports.my_report.colums is not known: did you mean columns?"
    assert meant in ran.errors[0]
    assert not calls(amazon.statistics())


def test_a_misspelt_name_at_the_top_is_named(run: Runs) -> None:
    ran = run("profiles", lookback_day=3)
    assert ran.code == 0
    assert [w for w in ran.warnings if "lookback_day " in w and "lookback_days?" in w]


def test_a_start_in_the_future_is_a_sentence(run: Runs) -> None:
    ran = run("profiles", start_date="2026-12-24")
    assert ran.code == 1
    assert "start_date 2026-12-24 is in the future" in ran.errors[0]
