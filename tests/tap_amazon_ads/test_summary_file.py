"""`summary_path`: the run in numbers and in a word, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amazon_emulator import EmulatorClient
from support.ads.runs import CAMPAIGNS, Run
from support.core.summary import valid_summary

RunTap = Callable[..., Run]


def summary_of(path: Path, ran: Run) -> dict[str, Any]:
    """Return the file, which is the last line of the log."""
    found: dict[str, Any] = valid_summary(json.loads(path.read_text()))
    assert found == ran.summary
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    return found


def test_all_delivered_is_complete(run: RunTap, tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    ran = run(CAMPAIGNS, summary_path=str(path))
    assert summary_of(path, ran)["result"] == "complete"


def test_time_was_up_is_waiting(
    run: RunTap, amazon: EmulatorClient, tmp_path: Path
) -> None:
    amazon.change(ready_after_seconds=7200)
    path = tmp_path / "summary.json"
    ran = run(CAMPAIGNS, summary_path=str(path), max_runtime_seconds=1)
    found = summary_of(path, ran)
    assert (ran.code, found["result"]) == (0, "waiting")
    assert found["reports"]["waiting"]


def test_something_refused_is_partly(
    run: RunTap, amazon: EmulatorClient, tmp_path: Path
) -> None:
    amazon.add_fault("failed", operation="create", times=100)
    path = tmp_path / "summary.json"
    ran = run(CAMPAIGNS, summary_path=str(path))
    found = summary_of(path, ran)
    assert (ran.code, found["result"]) == (1, "partly")
    assert found["failures"]
    assert found["failed"]
    for failure in found["failed"]:
        assert failure["stream"] == CAMPAIGNS
        assert failure["account"].startswith("profile ")
        assert ".." in failure["window"]
        assert failure["reason"] in " ".join(found["failures"])


def test_a_dead_token_is_failed_and_says_why(run: RunTap, tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    ran = run(CAMPAIGNS, summary_path=str(path), refresh_token="Atzr|revoked")
    found = summary_of(path, ran)
    assert (ran.code, found["result"]) == (1, "failed")
    assert any("invalid_grant" in sentence for sentence in found["failures"])
    assert "invalid_grant" in found["failed"][0]["reason"]


def test_a_setting_refused_before_the_first_call_is_failed(
    run: RunTap, tmp_path: Path
) -> None:
    path = tmp_path / "summary.json"
    ran = run(CAMPAIGNS, summary_path=str(path), start_date="2027-01-01")
    assert ran.code == 1
    found = json.loads(path.read_text())
    assert found["result"] == "failed"
    assert "start_date" in found["failures"][0]


@pytest.mark.parametrize("name", [".", "missing/summary.json"])
def test_a_file_that_cannot_be_written_is_a_sentence(
    run: RunTap, tmp_path: Path, name: str
) -> None:
    ran = run(CAMPAIGNS, summary_path=str(tmp_path / name))
    assert ran.code == 1
    assert ran.said("ERROR", "summary_path", "is no file in a folder that is there")
