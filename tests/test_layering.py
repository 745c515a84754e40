"""Who may import whom; read from the source, nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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
    "target_s3": set(),
    "amazon_emulator": set(),
}
PURE = {
    "model",
    "partition_state",
    "windows",
    "lifecycle",
    "schedule",
    "engine",
    "state_entries",
    "periods",
    "report",
    "rate_limiters",
}
PURE_ROOT = ("singer_amazon.rate_limits", "singer_amazon.retry_policy")
PURE_MAY_IMPORT = {
    "__future__",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "hashlib",
    "heapq",
    "itertools",
    "json",
    "random",
    "typing",
}


def modules(package: str) -> Iterator[tuple[str, Path]]:
    """Yield every module of a package by dotted name."""
    folder = PACKAGES[package]
    for path in sorted((folder / package).rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        yield ".".join(p for p in parts if p != "__init__"), path


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted names a file imports when it runs, not for types only."""
    tree = ast.parse(path.read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide who needs whom"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_those_of_ours_it_stands_on(package: str) -> None:
    for name, path in modules(package):
        ours = {i.split(".")[0] for i in imports(path)} & PACKAGES.keys()
        foreign = ours - {package} - ALLOWED[package]
        assert not foreign, f"{name} imports {foreign}"


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_do_not_import_each_other_in_a_circle(package: str) -> None:
    known = dict(modules(package))
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


def test_the_pure_modules_of_the_engine_do_no_input_or_output() -> None:
    for name, path in modules("singer_amazon"):
        module = name.removeprefix("singer_amazon.reports.")
        if module in PURE or name in PURE_ROOT:
            for used in imports(path):
                top = used.split(".")[0]
                inner = used.startswith(("singer_amazon.reports", *PURE_ROOT))
                assert inner or top in PURE_MAY_IMPORT, f"{name} imports {used}"


def test_only_the_tap_package_of_the_library_knows_the_sdk() -> None:
    for name, path in modules("singer_amazon"):
        if not name.startswith("singer_amazon.tap"):
            assert "singer_sdk" not in {i.split(".")[0] for i in imports(path)}, name


def test_the_emulator_is_no_runtime_dependency_of_the_products() -> None:
    for folder in ("singer-amazon", "tap-amazon-ads", "tap-amazon-sp", "target-s3"):
        assert "amazon-emulator" not in (ROOT / folder / "pyproject.toml").read_text()
