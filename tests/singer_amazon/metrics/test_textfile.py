"""What a run measures, as a file for Prometheus."""

from __future__ import annotations

import re
from pathlib import Path

from amazon_emulator import Emulator
from singer_amazon.metrics.samples import METRICS
from support.ads.runs import CAMPAIGNS, NOON, SELLER, Run, days, fresh, run

ROOT = Path(__file__).resolve().parents[3]
LINE = re.compile(r'(singer_amazon_\w+)\{((?:\w+="[^"]*",?)+)\} (-?[\d.e+]+)')


def values(text: str) -> dict[str, float]:
    """Return the values of a text file by name and labels, each line checked."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            matched = LINE.fullmatch(line)
            assert matched, line
            found[f"{matched[1]}{{{matched[2]}}}"] = float(matched[3])
    return found


def test_a_run_leaves_its_metrics_whole(tmp_path: Path) -> None:
    path = tmp_path / "tap.prom"
    with Emulator(now=NOON, frozen=True) as emulator:
        fresh(emulator)
        ran: Run = run(
            emulator, metrics_path=str(path), shard="0/1", **days("2026-11-18")
        )
        text = path.read_text()
        found = values(text)
        shared = 'tap="tap-amazon-ads",shard="0/1"'
        for name, value in (
            (f'run_result{{{shared},result="complete"}}', 1),
            (f'run_result{{{shared},result="failed"}}', 0),
            (f"reports_asked{{{shared}}}", 1),
            (f"reports_delivered{{{shared}}}", 1),
            (f"reports_waiting{{{shared}}}", 0),
            (f"gaps{{{shared}}}", 0),
            (f'calls{{{shared},operation="create"}}', 1),
            (f'rows{{{shared},stream="{CAMPAIGNS}"}}', len(ran.rows(CAMPAIGNS))),
        ):
            assert found[f"singer_amazon_{name}"] == value
        assert SELLER not in text
        assert path.stat().st_mode & 0o777 == 0o644

        emulator.client.change(ready_after_seconds=10.0**6)
        emulator.client.add_fault("failed", operation="create", times=1)
        ran = run(
            emulator,
            metrics_path=str(path),
            max_runtime_seconds=600,
            **days("2026-11-17"),
        )
    found = values(path.read_text())
    shared = 'tap="tap-amazon-ads"'
    assert found[f"singer_amazon_reports_waiting{{{shared}}}"] == 1
    assert found[f"singer_amazon_reports_oldest_age_seconds{{{shared}}}"] > 0
    assert (
        found[f"singer_amazon_run_next_look_at_seconds{{{shared}}}"] > NOON.timestamp()
    )
    assert list(tmp_path.iterdir()) == [path]


def test_a_run_that_cannot_begin_leaves_metrics_too(tmp_path: Path) -> None:
    path = tmp_path / "tap.prom"
    with Emulator(now=NOON, frozen=True) as emulator:
        ran = run(emulator, metrics_path=str(path), shard="4/4", **days("2026-11-18"))
    assert ran.code == 1
    shown = 'tap="tap-amazon-ads",shard="4/4",result="failed"'
    assert values(path.read_text())[f"singer_amazon_run_result{{{shown}}}"] == 1


def test_every_metric_is_documented() -> None:
    page = (ROOT / "docs/monitoring.md").read_text()
    for metric in METRICS:
        row = (
            f"| `{metric.prometheus_name}` | {metric.label or ''} | {metric.meaning} |"
        )
        assert re.sub(r"\s+", " ", row) in re.sub(r"[ ]+", " ", page), row
