"""`run_report_path`: a page about each run, also about one that fails."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from amazon_emulator import EmulatorClient
from support.ads.runs import CAMPAIGNS, NOON, TARGETING, Run

RunTap = Callable[..., Run]


def reports_of(path: Path) -> list[dict[str, Any]]:
    """Return the reports of a page that was written whole and for its user only."""
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    found = re.search(r'id="data">(.+?)</script>', path.read_text())
    assert found
    document = json.loads(found[1])
    names, words = document["fields"], document["words"]
    reports = [dict(zip(names, r, strict=True)) for r in document["reports"]]
    for report in reports:
        report |= {n: words[report[n]] for n in ("stream", "account", "outcome")}
        report["reason"] = words[report["reason"]]
    return reports


def test_every_report_of_a_run_is_on_its_page(run: RunTap, tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    ran = run(CAMPAIGNS, TARGETING, run_report_path=str(path))
    found = reports_of(path)
    assert len(found) == ran.summary["reports"]["planned"]
    assert {r["stream"] for r in found} == {CAMPAIGNS, TARGETING}
    assert sum(r["rows"] for r in found) == ran.summary["rows"]
    for report in found:
        names = ("planned", "requested", "ready", "fetched", "delivered")
        times = [report[name] for name in names]
        assert times == sorted(times)
        assert report["bytes"] > 0
        assert report["calls"] >= 3
    assert "Everything that was due has been delivered" in path.read_text()


def test_what_waits_is_listed_and_taken_up(
    run: RunTap, amazon: EmulatorClient, tmp_path: Path
) -> None:
    amazon.change(ready_after_seconds=7200)
    path = tmp_path / "run.html"
    # the time is up when a report has been looked at, however slow this machine is
    first = run(CAMPAIGNS, run_report_path=str(path), stops_after=1)
    assert {r["outcome"] for r in reports_of(path)} == {"waiting"}
    assert "Waiting for the next run (" in path.read_text()
    later = NOON + timedelta(hours=3)
    amazon.set_now(later, frozen=True)
    run(CAMPAIGNS, state=first.state, run_report_path=str(path), now=later)
    assert any(r["adopted"] for r in reports_of(path))


def test_a_failure_stands_there_with_amazons_words(
    run: RunTap, amazon: EmulatorClient, tmp_path: Path
) -> None:
    amazon.add_fault("failed", operation="create", times=100)
    path = tmp_path / "run.html"
    ran = run(CAMPAIGNS, run_report_path=str(path))
    assert ran.code == 1
    found = reports_of(path)
    assert {r["outcome"] for r in found} == {"gap"}
    assert max(r["attempts"] for r in found) > 1
    assert "What went wrong" in path.read_text()


def test_a_dead_token_is_a_page_too_and_shows_no_secret(
    run: RunTap, tmp_path: Path
) -> None:
    path = tmp_path / "run.html"
    ran = run(CAMPAIGNS, run_report_path=str(path), refresh_token="Atzr|dead-and-gone")
    assert ran.code == 1
    text = path.read_text()
    assert "The run broke off before its end" in text
    assert "invalid_grant" in text
    assert "dead-and-gone" not in text
    assert "emulator-client-secret" not in text


@pytest.mark.parametrize("name", [".", "missing/run.html"])
def test_a_path_that_cannot_be_written_stops_before_the_first_call(
    run: RunTap, amazon: EmulatorClient, tmp_path: Path, name: str
) -> None:
    ran = run(CAMPAIGNS, run_report_path=str(tmp_path / name))
    assert ran.code == 1
    assert ran.said("ERROR", "run_report_path", "is no file in a folder that is there")
    assert not amazon.statistics().creates


def test_two_files_cannot_be_one(run: RunTap, tmp_path: Path) -> None:
    path = str(tmp_path / "run.html")
    ran = run(CAMPAIGNS, run_report_path=path, summary_path=path)
    assert ran.code == 1
    assert ran.said("ERROR", "summary_path and run_report_path name one file")
