"""The modules that decide do no input or output, read no clock, know no Singer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tap_amazon_sp

PACKAGE = Path(tap_amazon_sp.__file__).parent
MODULES = [
    *("marketplaces", "legacy_config", "periods", "rates", "timestamps"),
    *("catalogue/model", "documents/charsets", "documents/flat_files"),
    *("documents/flat_rows", "reports/wordings"),
    *("documents/json_pieces", "documents/json_sections", "documents/json_source"),
    *("documents/row_shape", "documents/xml_rows", "reports/custom/settings"),
    *("reports/options", "reports/period_grid", "reports/rate_limiters"),
    *("reports/request_spec", "endpoints/bookmarks", "endpoints/custom/keys"),
    *("endpoints/custom/tables", "endpoints/pages/pagination", "endpoints/pages/rows"),
    *("endpoints/pages/repeats", "endpoints/nested_values"),
    *("endpoints/definitions", "endpoints/expansions", "endpoints/pages/known_paths"),
    *("endpoints/schemas", "endpoints/time_slices", "endpoints/status_sweep"),
    *("endpoints/finances", "notifications/messages", "notifications/inbox"),
    *("notifications/policy",),
]
DATA = {"importlib"}  # their own data files
NEVER = {
    *("requests", "urllib3", "socket", "time", "os", "pathlib", "subprocess"),
    *("threading", "asyncio", "logging", "random", "singer_sdk", "boto3"),
}
OURS = {"errors", "rate_limits", "regions", "reports"}
NAMES = {"singer_amazon.config.names"}  # what a misspelt name may mean
CLOCK = {"now", "utcnow", "today", "time", "monotonic"}


def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))


def imports(module: str) -> Iterator[str]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            yield node.module


@pytest.mark.parametrize("module", MODULES)
def test_a_pure_module_imports_nothing_that_acts(module: str) -> None:
    for name in imports(module):
        top, *rest = name.split(".")
        assert top not in NEVER, f"{module} imports {name}"
        if top == "singer_amazon" and name not in NAMES:
            assert rest[0] in OURS, f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES)
def test_a_pure_module_reads_no_clock(module: str) -> None:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            reads = node.func.attr in CLOCK and owner in {"datetime", "date", "time"}
            assert not reads, f"{module} reads the clock: {ast.unparse(node)}"
