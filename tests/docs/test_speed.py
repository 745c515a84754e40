"""The page about speed names every part that can be measured by itself."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_lists_the_parts_of_the_benchmarks() -> None:
    tree = ast.parse((ROOT / "benchmarks" / "__main__.py").read_text())
    (parts,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)
    )
    names = {ast.literal_eval(key) for key in parts.keys if key is not None}
    page = (ROOT / "docs" / "speed.md").read_text()
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == names
