"""Settings: wrong ones stop before the first call with a sentence; text forms work."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from amazon_emulator import Emulator, EmulatorClient
from support.ads_runs import (
    BRAZIL,
    CAMPAIGNS,
    SELLER,
    Run,
    bodies,
    calls,
    invoke_tap,
    settings_for,
    tap_command,
)
from tap_amazon_ads.catalogue import load_catalogue

Runs = Callable[..., Run]
SECRETS = ("emulator-client-secret", "Atzr|emulator-refresh-token", "s3cr3t-key")
OWN = {
    "name": "my_report",
    "ad_product": "SPONSORED_PRODUCTS",
    "report_type_id": "spCampaigns",
    "group_by": ["campaign"],
    "columns": ["campaignId", "cost"],
}
FILES = {
    "encoding": {"format": "jsonl", "compression": "gzip"},
    "storage": {"root": "file:///tmp/never-made"},
}

BAD: list[tuple[str, Mapping[str, object], list[str]]] = [
    ("unknown region", {"region": "US"}, ["region", "'US'", "'NA', 'EU', 'FE'"]),
    ("malformed date", {"start_date": "18.11.2026"}, ["start_date", "YYYY-MM-DD"]),
    ("short date", {"end_date": "20261118"}, ["end_date", "YYYY-MM-DD"]),
    ("no such day", {"end_date": "2026-02-30"}, ["end_date", "2026-02-30"]),
    (
        "end before start",
        {"start_date": "2026-11-10", "end_date": "2026-11-09"},
        ["end_date 2026-11-09", "before", "start_date 2026-11-10"],
    ),
    ("empty token", {"refresh_token": ""}, ["refresh_token", "empty"]),
    ("blank secret", {"client_secret": "  "}, ["client_secret", "empty"]),
    ("no client", {"client_id": None}, ["client_id", "required"]),
    ("secret of a wrong type", {"client_secret": ["s3cr3t-key"]}, ["client_secret"]),
    (
        "own without columns",
        {"reports": [{**OWN, "columns": []}]},
        ["my_report", "no columns"],
    ),
    ("own without name", {"reports": [{**OWN, "name": ""}]}, ["reports", "no name"]),
    (
        "own of an unknown product",
        {"reports": [{**OWN, "ad_product": "SPONSORED_BOOKS"}]},
        ["my_report", "SPONSORED_BOOKS", "SPONSORED_BRANDS"],
    ),
    (
        "own named like a report stream",
        {"reports": [{**OWN, "name": CAMPAIGNS}]},
        [CAMPAIGNS, "another stream"],
    ),
    (
        "own named like a plain stream",
        {"reports": [{**OWN, "name": "profiles"}]},
        ["'profiles'", "another stream"],
    ),
    ("two of one name", {"reports": [OWN, OWN]}, ["'my_report'", "another stream"]),
    (
        "own with the tap's own filter",
        {"reports": [{**OWN, "filters": [{"field": "advertiserId", "values": ["1"]}]}]},
        ["my_report", "advertiser_ids"],
    ),
    (
        "raw store of no kind",
        {"raw_report_uri": "/var/reports"},
        ["raw_report_uri", "s3://", "file:///"],
    ),
    (
        "raw store elsewhere",
        {"raw_report_uri": "gs://bucket"},
        ["raw_report_uri", "gs://bucket"],
    ),
    (
        "raw store not writable",
        {"raw_report_uri": "file:///proc/reports"},
        ["raw_report_uri", "cannot be written"],
    ),
    (
        "batches as parquet",
        {"batch_config": {**FILES, "encoding": {"format": "parquet"}}},
        ["batch_config", "jsonl"],
    ),
    (
        "batches of no format",
        {"batch_config": {"storage": FILES["storage"]}},
        ["batch_config", "encoding.format"],
    ),
    (
        "batches to nowhere",
        {"batch_config": {"encoding": FILES["encoding"]}},
        ["batch_config", "storage.root"],
    ),
    (
        "batches misspelt",
        {"batch_config": {**FILES, "batchsize": 5}},
        ["batch_config", "batchsize"],
    ),
    (
        "batches of no rows",
        {"batch_config": {**FILES, "batch_size": 0}},
        ["batch_size", "0"],
    ),
    (
        "batches where nothing can be written",
        {"batch_config": {**FILES, "storage": {"root": "file:///proc/batches"}}},
        ["batch_config", "/proc/batches", "cannot be written"],
    ),
    (
        "SUMMARY over too long a range",
        {"time_unit": "SUMMARY", "start_date": "2026-09-01", "end_date": "2026-11-01"},
        ["SUMMARY", "62 days", "31"],
    ),
    ("unknown time unit", {"time_unit": "HOURLY"}, ["time_unit", "HOURLY", "DAILY"]),
    (
        "extra columns of no stream",
        {"extra_columns": {"sponsored_things": ["a"]}},
        ["extra_columns", "'sponsored_things'"],
    ),
    (
        "extra columns of a plain stream",
        {"extra_columns": {"profiles": ["a"]}},
        ["'profiles'"],
    ),
    (
        "extra columns that are no list",
        {"extra_columns": {CAMPAIGNS: "cost"}},
        ["extra_columns", "array"],
    ),
    (
        "look-back of no stream",
        {"lookback_days": {"sponsored_things": 3}},
        ["lookback_days", "'sponsored_things'"],
    ),
    ("hold-back of no stream", {"holdback_days": {"profiles": 3}}, ["holdback_days"]),
    ("negative look-back", {"lookback_days": -1}, ["lookback_days", "-1"]),
    ("look-back in words", {"lookback_days": "a week"}, ["lookback_days", "a week"]),
    (
        "unknown account type",
        {"account_types": ["seller", "author"]},
        ["account_types", "author", "agency"],
    ),
    ("no concurrency", {"max_concurrency": 0}, ["max_concurrency", "0"]),
    ("attempts in words", {"max_attempts": "many"}, ["max_attempts", "many"]),
    (
        "poll intervals the wrong way round",
        {"poll_interval_seconds": 60, "poll_interval_max_seconds": 5},
        ["poll_interval_max_seconds 5", "poll_interval_seconds 60"],
    ),
]


@pytest.mark.parametrize(
    ("changes", "words"),
    [pytest.param(changes, words, id=name) for name, changes, words in BAD],
)
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
        start_date="2026-01-01",
        end_date="2026-11-01",
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
    "reports": json.dumps([OWN]),
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
        "reports": [OWN],
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


def test_a_number_where_text_is_wanted_is_taken_as_text(
    run: Runs,
) -> None:
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
        [*tap_command(), *arguments],
        cwd=folder,
        env=kept | {"NO_PROXY": "127.0.0.1"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def in_capitals(config: Mapping[str, object]) -> dict[str, str]:
    """Return settings as variables of the environment."""
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
    config["TAP_AMAZON_ADS_REPORTS"] = json.dumps([{**OWN, "time_unit": "SUMMARY"}])
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
        assert named == {"profiles", "advertisers", *types}
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
    ran = invoke_tap(settings_for(emulator, reports=[{**OWN, "colums": ["clicks"]}]))
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
