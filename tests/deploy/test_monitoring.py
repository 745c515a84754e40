"""Alerting rules and dashboard: they look at what a run writes, and are well-formed."""

from __future__ import annotations

import copy
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from amazon_emulator import Emulator
from support.ads.runs import CAMPAIGNS, NOON, fresh, run

MONITORING = Path(__file__).resolve().parents[2] / "deploy" / "monitoring"
BOARD = json.loads((MONITORING / "dashboard.json").read_text())
GROUPS = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
PANELS = BOARD["panels"]
EXPRESSIONS = [
    *(rule["expr"] for rule in RULES),
    *(target["expr"] for panel in PANELS for target in panel["targets"]),
]
INSTALLED_BY = "installed by: uv run --group monitoring"
DURATION = re.compile(r"(\d+(ms|[smhdwy]))+")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Return the metrics that a run of a shard writes, each with its labels."""
    path = tmp_path_factory.mktemp("metrics") / "tap.prom"
    with Emulator(now=NOON, frozen=True) as emulator:
        fresh(emulator)
        run(emulator, [CAMPAIGNS], metrics_path=str(path), shard="0/1")
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, labels in re.findall(r"^(\w+)\{(.*)\} ", path.read_text(), re.MULTILINE):
        found[name].update(re.findall(r'(\w+)="', labels))
    return found


def metrics_in(expression: str) -> set[str]:
    return set(re.findall(r"singer_amazon_\w+", expression))


def labels_in(expression: str) -> set[str]:
    """Return the labels that an expression selects or groups by."""
    grouped = ",".join(re.findall(r"(?:by|without|on)\s*\(([^)]*)\)", expression))
    selected = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression)
    return {name.strip() for name in grouped.split(",") if name.strip()} | {*selected}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_looks_at_what_a_run_writes(
    expression: str, written: dict[str, set[str]]
) -> None:
    names = metrics_in(expression)
    assert names
    assert names <= written.keys()
    for name in names:
        assert labels_in(expression) <= written[name]


def texts() -> Iterator[tuple[str, str]]:
    """Yield the sentences of rules and panels, each with its expression."""
    for rule in RULES:
        for sentence in rule["annotations"].values():
            yield sentence, rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield target["legendFormat"], target["expr"]


@pytest.mark.parametrize(("sentence", "expression"), list(texts()))
def test_a_sentence_names_labels_that_are_there(
    sentence: str, expression: str, written: dict[str, set[str]]
) -> None:
    named = set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", sentence))
    grouped = re.search(r"by \(([^)]*)\)", expression)
    for name in metrics_in(expression):
        left = {part.strip() for part in grouped[1].split(",")} if grouped else None
        assert named <= (written[name] if left is None else left)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_is_one(expression: str) -> None:
    promql = pytest.importorskip("promql_parser", reason=INSTALLED_BY)
    promql.parse(expression)


def test_rules_have_the_fields_of_alerting_rules() -> None:
    fields = {"alert", "expr", "for", "labels", "annotations"}
    for rule in RULES:
        assert {"alert", "expr", "labels", "annotations"} <= rule.keys() <= fields
        assert DURATION.fullmatch(rule.get("for", "1m"))
        assert rule["labels"]["severity"] in {"warning", "critical"}
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)


def lost(ours: object, read: object, path: str = "") -> Iterator[str]:
    """Yield what does not come back as it was of what Grafana's own types read."""
    if isinstance(ours, dict):
        for name, value in ours.items():
            if not isinstance(read, dict) or name not in read:
                yield f"{path}/{name}"
            else:
                yield from lost(value, read[name], f"{path}/{name}")
    elif isinstance(ours, list) and isinstance(read, list) and len(ours) == len(read):
        for number, (one, other) in enumerate(zip(ours, read, strict=True)):
            yield from lost(one, other, f"{path}/{number}")
    elif ours != read:
        yield path


def as_grafana_reads(board: dict[str, Any]) -> Any:
    """Return a dashboard as the types of Grafana's schema keep it."""
    reason = f"{INSTALLED_BY}, with Python 3.11 or newer"
    name = "grafana_foundation_sdk"
    models = pytest.importorskip(f"{name}.models.dashboard", reason=reason)
    encoder = pytest.importorskip(f"{name}.cog.encoder").JSONEncoder
    pytest.importorskip(f"{name}.cog.plugins").register_default_plugins()
    return json.loads(encoder().encode(models.Dashboard.from_json(board)))


def test_grafana_knows_every_field_of_the_dashboard() -> None:
    assert list(lost(BOARD, as_grafana_reads(BOARD))) == []
    wrong = copy.deepcopy(BOARD)
    wrong["panels"][0]["targets"][0]["legend"] = "misspelt"
    assert list(lost(wrong, as_grafana_reads(wrong))) == ["/panels/0/targets/0/legend"]


def test_panels_do_not_lie_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
