"""Every shell block of the README and the docs runs, in the order of its page.

    pytest tests/docs --docs=all      # all pages; without it those that take seconds

What cannot run says why in a comment above it; `REASONS` limits how many may.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from support.docs.blocks import PAGES, ROOT, Block, blocks, indented
from support.docs.sandbox import Sandbox, script

REASONS = {
    "needs a browser and a person": 6,
    "needs a container engine": 2,
    "asks a package index": 4,
    "needs a vault": 4,
    "needs a cluster": 1,
    "needs a collector": 1,
    "needs a webhook": 1,
    "needs an account at Amazon": 3,
    "needs a bucket at AWS": 1,
    "needs a queue of SQS and an application at Amazon": 1,
    "needs a remote repository": 3,
    "is a form, not a command": 8,
    "takes longer than a test may": 11,
    "tests/packaging/test_install.py runs it": 6,
    "tests/meltano/test_demo.py runs it": 6,
    "tests/docs/test_duckdb_loader.py runs it": 2,
    "tests/dbt/test_marts.py runs it": 1,
}
"""Why a block may be left out, and how many blocks of all pages may say so."""
QUICK = {"docs/recipes/own-endpoint.md", "docs/secrets.md"}
"""Pages whose blocks always run; the others with --docs=all."""
FILES = {
    "docs/target-s3.md": {"target.json": "s3.json"},
    "target-s3/README.md": {"target.json": "s3.json"},
    "tap-amazon-sp/README.md": {"config.json": "sp-config.json"},
}
"""Pages that mean another plugin by a name of the sandbox's files."""
LANGUAGES = {"json", "jsonl", "python", "sh", "sql", "text", "toml", "yaml"}
SHELL_PAGES = [page for page in PAGES if any(b.is_shell for b in blocks(page))]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def shell_blocks() -> list[Block]:
    return [b for page in PAGES for b in blocks(page) if b.is_shell]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_says_what_it_is_in(page: Path) -> None:
    """A block without a language, or by indentation alone, would go unnoticed."""
    for block in blocks(page):
        assert block.language in LANGUAGES, f"{block}: which language is this?"
    assert [f"{name_of(page)}:{n}" for n in indented(page)] == []


@pytest.mark.parametrize("block", shell_blocks(), ids=str)
def test_bash_can_read_every_block(block: Block) -> None:
    ran = subprocess.run(
        ["bash", "-n"], input=block.text, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, f"{block}: {ran.stderr}"


def test_what_is_not_run_says_why_and_is_not_much() -> None:
    reasons = Counter(
        reason
        for block in shell_blocks()
        if (reason := block.marked("not run")) is not None
    )
    assert reasons.keys() <= REASONS.keys()
    assert {r: n for r, n in reasons.items() if n > REASONS[r]} == {}
    for reason in reasons:
        file, runs, _ = reason.partition(" runs it")
        assert not runs or (ROOT / file).is_file(), reason


@pytest.mark.parametrize("page", SHELL_PAGES, ids=name_of)
def test_the_blocks_of_a_page_run(
    page: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    text = script(blocks(page))
    if "\n" not in text.strip():
        pytest.skip("Nothing on this page can run here; each block says why.")
    if name_of(page) not in QUICK and pytestconfig.getoption("--docs") != "all":
        pytest.skip("Takes longer: --docs=all runs it.")
    if shutil.which("curl") is None:
        pytest.skip("The pages need curl.")
    sandbox = Sandbox(tmp_path)
    for name, fixture in FILES.get(name_of(page), {}).items():
        shutil.copy(tmp_path / fixture, tmp_path / name)
    ended = sandbox.run(text)
    assert ended.code == 0, ended.output[-4000:]
    assert "Traceback" not in ended.output, ended.output[-4000:]
