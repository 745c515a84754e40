"""The shape of the house, read from the source: nothing is imported.

Who may import whom, no circles, no crowded folders, and the words of the trade.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "singer_amazon": ROOT / "singer-amazon",
    "tap_amazon_ads": ROOT / "tap-amazon-ads",
    "tap_amazon_sp": ROOT / "tap-amazon-sp",
    "target_amazon_audience": ROOT / "target-amazon-audience",
    "target_s3": ROOT / "target-s3",
    "amazon_emulator": ROOT / "amazon-emulator",
}
ALLOWED = {
    "singer_amazon": set(),
    "tap_amazon_ads": {"singer_amazon"},
    "tap_amazon_sp": {"singer_amazon"},
    "target_amazon_audience": {"singer_amazon"},
    "target_s3": {"singer_amazon"},
    "amazon_emulator": set(),
}
MOST_MODULES = 12
PURE = {
    f"singer_amazon.{name}"
    for name in (
        *("rate_limits", "retry_policy"),
        *("report_log.entry", "report_log.collector"),
        *(
            f"reports.{name}"
            for name in (
                *("model", "periods", "partition_state", "state_entries", "report"),
                *("windows", "lifecycle", "schedule", "engine", "rate_limiters"),
            )
        ),
    )
}
"""Modules that decide: no input or output, the clock is an argument."""
PURE_MAY_IMPORT = {
    *("__future__", "collections", "dataclasses", "datetime", "enum", "hashlib"),
    *("heapq", "itertools", "json", "random", "typing", "math"),
}
PURE_OF_OURS = (
    *("singer_amazon.reports", "singer_amazon.rate_limits"),
    "singer_amazon.report_log",
    "singer_amazon.retry_policy",
)
FORBIDDEN = {
    *("aftercare", "agenda", "assembly", "breathe", "cutter", "desk", "fate", "gate"),
    *("hands", "judge", "lane", "lanes", "ledger", "ledgers", "melt", "pace", "paces"),
    *("pacer", "pacing", "peek", "receiver", "roster", "room", "rooms", "shelf"),
    *("spot",),
    *("story", "surroundings", "tally", "tell", "teller", "telling", "told", "verdict"),
    *("walk", "walker", "wanted"),
}
"""Metaphors of our own: a newcomer cannot guess what they name."""


@cache
def modules(package: str) -> dict[str, Path]:
    """Return every module of a package by dotted name."""
    folder = PACKAGES[package]
    found = {}
    for path in sorted((folder / package).rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join(p for p in parts if p != "__init__")] = path
    return found


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted names a file imports, for types only included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide who needs whom"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_those_of_ours_it_stands_on(package: str) -> None:
    for name, path in modules(package).items():
        ours = {i.split(".")[0] for i in imports(path)} & PACKAGES.keys()
        foreign = ours - {package} - ALLOWED[package]
        assert not foreign, f"{name} imports {foreign}"


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_do_not_import_each_other_in_a_circle(package: str) -> None:
    known = modules(package)
    graph = {
        name: {i for i in imports(path) if i in known} - {name, package}
        for name, path in known.items()
    }
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name))
        if name not in done:
            for target in graph[name]:
                visit(target, (*way, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("package", PACKAGES)
def test_no_folder_is_crowded(package: str) -> None:
    paths = modules(package).values()
    count = Counter(path.parent for path in paths if path.name != "__init__.py")
    crowded = {
        str(k.relative_to(ROOT)): n for k, n in count.items() if n > MOST_MODULES
    }
    assert not crowded


def test_the_pure_modules_of_the_engine_do_no_input_or_output() -> None:
    for name in PURE:
        for used in imports(modules("singer_amazon")[name]):
            inner = used.startswith(PURE_OF_OURS)
            top = used.split(".")[0]
            assert inner or top in PURE_MAY_IMPORT, f"{name} imports {used}"


def test_only_the_taps_and_targets_of_the_library_know_the_sdk() -> None:
    for name, path in modules("singer_amazon").items():
        if not name.startswith(("singer_amazon.tap", "singer_amazon.target")):
            assert "singer_sdk" not in {i.split(".")[0] for i in imports(path)}, name


def test_the_emulator_is_no_runtime_dependency_of_the_products() -> None:
    for package, folder in PACKAGES.items():
        if package != "amazon_emulator":
            assert "amazon-emulator" not in (folder / "pyproject.toml").read_text()


# --- names ---------------------------------------------------------------------


def _words(name: str) -> set[str]:
    """Return the words of a snake_case or CamelCase name, in small letters."""
    return {w.lower() for w in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def _names(path: Path) -> Iterator[str]:
    """Yield a module's own name and those of its classes and functions."""
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def _sources() -> Iterator[Path]:
    for folder in (
        *PACKAGES.values(),
        *(ROOT / d for d in ("tests", "benchmarks", "scripts")),
    ):
        yield from sorted(folder.rglob("*.py"))


def test_names_are_the_words_of_the_trade() -> None:
    """CONTRIBUTING says which word stands for what."""
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in _sources()
        for name in _names(path)
        # a test's name is a sentence
        if not name.startswith("test_") and _words(name) & FORBIDDEN
    }
    assert not found
