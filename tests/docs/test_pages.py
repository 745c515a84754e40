"""The documentation says what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tap_amazon_ads.catalogue import load_catalogue

ROOT = Path(__file__).resolve().parents[2]
DOCS, SITE = ROOT / "docs", ROOT / "mkdocs.yml"
PAGES = sorted(DOCS.rglob("*.md"))


def test_generated_files_are_what_the_code_would_write_now() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/make_docs.py", "--check"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "page",
    [*PAGES, *ROOT.glob("*.md"), *ROOT.glob("*/README.md")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_page_stands_in_the_navigation_once() -> None:
    listed = re.findall(r": ([\w/-]+\.md)$", SITE.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(p.relative_to(DOCS).as_posix() for p in PAGES)


def test_every_page_but_recipes_is_linked_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for page in PAGES:
        name = page.relative_to(ROOT).as_posix()
        assert name in readme or "/recipes/" in name, name


def test_the_users_own_report_names_stand_beside_the_streams() -> None:
    page = (ROOT / "docs" / "ads-streams.md").read_text()
    seeds = [r for r in load_catalogue().report_types if r.seed_name]
    assert len(seeds) == 59
    for entry in seeds:
        assert str(entry.seed_name) in page
        assert entry.stream in page


def test_the_readmes_commands_are_those_of_ci() -> None:
    readme = (ROOT / "README.md").read_text()
    ci = (ROOT / ".ci" / "run").read_text()
    assert ".uv/bin/uv run pytest" in readme
    assert ".uv/bin/uv run pytest" in ci
    assert "python3 -m pip install -q --target .uv uv" in readme
    assert "python3 -m pip install -q --target .uv uv" in ci
    assert "mkdocs build --strict\n" in ci, "--quiet would hide and pass warnings"


def test_uv_is_called_in_one_way() -> None:
    """The README's two commands work as they stand; all else has uv on the PATH."""
    for page in {*PAGES, *ROOT.glob("*.md")} - {ROOT / "README.md"}:
        assert ".uv/bin/uv run" not in page.read_text(), page
