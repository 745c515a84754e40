"""`--test` and `--discover` end with sentences, as a run does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from amazon_emulator import Emulator, EmulatorClient
from support.ads.runs import calls, settings_for
from support.core.process import installed

WRONG = [
    ({"region": "US"}, "region", ["--test", "--test=schema"]),
    ({"start_date": "yesterday"}, "start_date", ["--test"]),
    ({"reports": [{"name": "a"}]}, "ad_product", ["--test", "--discover"]),
]


def tap(folder: Path, config: object, option: str) -> subprocess.CompletedProcess[str]:
    file = folder / "config.json"
    file.write_text(json.dumps(config))
    return subprocess.run(
        [installed("tap-amazon-ads"), f"--config={file}", option],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("changes", "word", "option"),
    [(changes, word, option) for changes, word, options in WRONG for option in options],
)
def test_a_wrong_setting_is_a_sentence_there_too(
    emulator: Emulator,
    amazon: EmulatorClient,
    tmp_path: Path,
    changes: dict[str, object],
    word: str,
    option: str,
) -> None:
    ran = tap(tmp_path, settings_for(emulator, **changes), option)

    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert [
        line for line in ran.stderr.splitlines() if "ERROR" in line and word in line
    ]
    assert calls(amazon.statistics()) == 0


def test_a_connection_test_with_a_dead_token_is_one_sentence(
    emulator: Emulator, amazon: EmulatorClient, tmp_path: Path
) -> None:
    config = settings_for(emulator, refresh_token="Atzr|dead")

    ran = tap(tmp_path, config, "--test")

    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert "invalid_grant" in ran.stderr
    assert amazon.statistics().count("token") == 1


def test_a_connection_test_that_sees_no_profile_ends_with_1(
    emulator: Emulator, amazon: EmulatorClient, tmp_path: Path
) -> None:
    amazon.set_accounts({"profiles": []})

    ran = tap(tmp_path, settings_for(emulator), "--test")

    assert ran.returncode == 1
    assert "no usable profile" in ran.stderr
