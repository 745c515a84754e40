"""State, catalog and credentials that are damaged, foreign or empty: sentences."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amazon_emulator import Emulator, EmulatorClient
from support.ads.runs import CAMPAIGNS, Run, invoke_tap, settings_for
from support.core.process import installed

Runs = Callable[..., Run]
ENTRY: dict[str, Any] = {"tap_stream_id": CAMPAIGNS, "schema": {"properties": {}}}


PROFILES: dict[str, Any] = {
    "tap_stream_id": "profiles",
    "schema": {"properties": {}},
    "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
}


NO_BOOKMARKS: list[Any] = [[], 5, "x", {"a": 5}, {"a": []}, {CAMPAIGNS: None}]
NO_ENTRIES: list[Any] = [5, None, {}, {"tap_stream_id": 5}, {**ENTRY, "schema": []}]
NO_METADATA: list[Any] = [5, [5], [{}], {"a": 1}]


def command(
    emulator: Emulator, folder: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    config = folder / "config.json"
    config.write_text(json.dumps(settings_for(emulator, start_date="2026-11-18")))
    return subprocess.run(
        [installed("tap-amazon-ads"), f"--config={config}", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("option", "text"),
    [
        *(
            ("state", text)
            for text in ("{", "[]", "null", "5", '"x"', "[" * 20_000, "\ufeff{}")
        ),
        *(("state", json.dumps({"bookmarks": value})) for value in NO_BOOKMARKS),
        ("state", json.dumps({"bookmarks": {CAMPAIGNS: {"partitions": [5]}}})),
        *(("catalog", text) for text in ("", "{", "[]", "null", "{}", '{"streams":5}')),
        *(
            ("catalog", json.dumps({"streams": [entry]}))
            for entry in (*NO_ENTRIES, *({**ENTRY, "metadata": m} for m in NO_METADATA))
        ),
        ("catalog", json.dumps({"streams": []})),
        ("catalog", json.dumps({"streams": [{**ENTRY, "tap_stream_id": "orders"}]})),
    ],
)
def test_a_damaged_file_is_a_sentence(
    emulator: Emulator, tmp_path: Path, option: str, text: str
) -> None:
    file = tmp_path / "file.json"
    file.write_text(text, encoding="utf-8")
    ran = command(emulator, tmp_path, f"--{option}={file}")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert [line for line in ran.stderr.splitlines() if "ERROR" in line]


@pytest.mark.parametrize("option", ["state", "catalog"])
@pytest.mark.parametrize(
    ("content", "words"),
    [(b'{"a": "\xe9"}', "not UTF-8"), (None, "cannot be read (Is a directory)")],
)
def test_a_file_that_is_no_text_is_a_sentence(
    emulator: Emulator, tmp_path: Path, option: str, content: bytes | None, words: str
) -> None:
    file = tmp_path
    if content is not None:
        file = tmp_path / "file.json"
        file.write_bytes(content)
    ended = command(emulator, tmp_path, f"--{option}={file}")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    (error,) = [line for line in ended.stderr.splitlines() if "ERROR" in line]
    assert f"The {option} file {file}" in error
    assert words in error


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_state_file_is_no_state_yet(
    emulator: Emulator, tmp_path: Path, text: str
) -> None:
    state, catalog = tmp_path / "state.json", tmp_path / "catalog.json"
    state.write_text(text)
    catalog.write_text(json.dumps({"streams": [PROFILES]}))
    ended = command(emulator, tmp_path, f"--state={state}", f"--catalog={catalog}")
    assert ended.returncode == 0, ended.stderr
    assert "The state file is empty: no state yet" in ended.stderr
    assert '"type":"RECORD"' in ended.stdout


def test_bookmarks_of_another_tap_are_named_and_kept(run: Runs) -> None:
    state: dict[str, Any] = {"bookmarks": {"orders": {"replication_key_value": "x"}}}
    ran = run(CAMPAIGNS, state=state, start_date="2026-11-18")
    assert [w for w in ran.warnings if "orders" in w and "another tap" in w]
    assert ran.state["bookmarks"]["orders"] == state["bookmarks"]["orders"]


def test_a_line_break_behind_a_credential_does_not_matter(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    config = settings_for(emulator)
    for name in ("client_id", "client_secret", "refresh_token"):
        config[name] = f"{config[name]}\n"
    ran = invoke_tap(config, catalog={"streams": [PROFILES]})
    assert ran.code == 0
    assert ran.rows("profiles")
    assert amazon.statistics().count("token") == 1


def test_a_profile_of_an_unknown_type_is_named(
    run: Runs, amazon: EmulatorClient
) -> None:
    profiles = amazon.accounts()["profiles"]
    profiles[0]["accountInfo"]["type"] = "publisher"
    amazon.set_accounts({"profiles": profiles})
    found = str(profiles[0]["profileId"])
    left_out = run(CAMPAIGNS, start_date="2026-11-18")
    assert left_out.code == 0
    assert [w for w in left_out.warnings if found in w and "'publisher'" in w]
    named = run(CAMPAIGNS, start_date="2026-11-18", profile_ids=[found])
    assert named.code == 1
    assert [e for e in named.errors if found in e and "profile_ids names it" in e]


def test_a_401_of_the_profiles_says_what_to_do(
    run: Runs, amazon: EmulatorClient
) -> None:
    amazon.add_fault("unauthorized", operation="profiles")
    ran = run(CAMPAIGNS)
    assert ran.code == 1
    assert [e for e in ran.errors if "Check that client_id" in e]


def test_columns_that_are_the_tap_s_own_blank_no_key(
    run: Runs, amazon: EmulatorClient
) -> None:
    names = ["profile_id", "currency_code", "country_code"]
    ran = run(CAMPAIGNS, start_date="2026-11-18", extra_columns={CAMPAIGNS: names})
    assert ran.code == 0
    assert all(r["profile_id"] and r["currency_code"] for r in ran.rows(CAMPAIGNS))
    for create in amazon.statistics().creates:
        assert not set(names) & set(create.body["configuration"]["columns"])
