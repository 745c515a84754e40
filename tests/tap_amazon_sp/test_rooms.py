"""The rooms that decide do no input or output, read no clock and know no Singer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tap_amazon_sp

PACKAGE = Path(tap_amazon_sp.__file__).parent
ROOMS = [
    *("marketplaces", "old_config", "periods", "rates", "catalogue/model"),
    *("documents/charsets", "documents/flat_files", "documents/xml_rows"),
    *("documents/json_pieces", "documents/json_sections", "documents/json_source"),
    *("reports/fatal", "reports/grids", "reports/options", "reports/rate_limiters"),
    *("reports/terms", "reports/own/settings"),
    *("endpoints/paging", "endpoints/slices", "endpoints/sub_requests"),
    *("endpoints/instants", "endpoints/models", "endpoints/rows"),
    *("endpoints/tables", "endpoints/own_tables", "endpoints/places"),
]
DATA = {"importlib"}  # their own data files
NEVER = {
    *("requests", "urllib3", "socket", "time", "os", "pathlib", "subprocess"),
    *("threading", "asyncio", "logging", "random", "singer_sdk", "boto3"),
}
OURS = {"errors", "rate_limits", "regions", "reports"}
CLOCK = {"now", "utcnow", "today", "time", "monotonic"}


def tree(room: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{room}.py").read_text(encoding="utf-8"))


def imports(room: str) -> Iterator[str]:
    for node in ast.walk(tree(room)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            yield node.module


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_nothing_that_acts(room: str) -> None:
    for name in imports(room):
        top, *rest = name.split(".")
        assert top not in NEVER, f"{room} imports {name}"
        if top == "singer_amazon":
            assert rest[0] in OURS, f"{room} imports {name}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_reads_no_clock(room: str) -> None:
    for node in ast.walk(tree(room)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            reads = node.func.attr in CLOCK and owner in {"datetime", "date", "time"}
            assert not reads, f"{room} reads the clock: {ast.unparse(node)}"
