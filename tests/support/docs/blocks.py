"""The fenced blocks of a Markdown page, and what stands in the comment before each.

<!-- not run: needs an account at Amazon -->
<!-- file: sp.json -->
<!-- settings: tap-amazon-sp -->
<!-- not settings: a state -->
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted(ROOT.glob("*/README.md")),
]
SHELL = {"sh", "shell", "bash", "console"}

_FENCE = re.compile(r"^( *)```([\w-]*)\s*$")
_COMMENT = re.compile(r"^ *<!-- (.*?) -->\s*$")
_INDENTED = re.compile(r"^(?: {4}|\t)\S")
_LIST = re.compile(r"^\s*(?:[-*+]|\d+\.) ")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `line` is that of its first fence, counted from 1."""

    page: str
    line: int
    language: str
    text: str
    comments: tuple[str, ...] = ()

    def marked(self, word: str) -> str | None:
        """Return what a comment of that word says; None without one."""
        for comment in self.comments:
            name, _, value = comment.partition(":")
            if name == word:
                return value.strip()
        return None

    @property
    def is_shell(self) -> bool:
        """Whether a shell would run it."""
        return self.language in SHELL

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page in their order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    name = page.relative_to(ROOT).as_posix()
    start, indent, language = 0, "", ""
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if fence is None:
            continue
        if not start:
            start, indent, language = number, fence[1], fence[2]
            continue
        body = [text.removeprefix(indent) for text in lines[start : number - 1]]
        comments = tuple(_comments(lines[: start - 1]))
        yield Block(name, start, language, "\n".join(body) + "\n", comments)
        start = 0


def _comments(above: list[str]) -> Iterator[str]:
    """Yield the comments that stand directly above, the nearest first."""
    for line in reversed(above):
        comment = _COMMENT.match(line)
        if comment is None:
            return
        yield comment[1]


def indented(page: Path) -> Iterator[int]:
    """Yield the lines at which a page has an indented block outside of lists."""
    in_fence, in_list, before = False, False, ""
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if _FENCE.match(line):
            in_fence = not in_fence
        elif not in_fence:
            if line and not line.startswith(" "):
                in_list = bool(_LIST.match(line))
            if _INDENTED.match(line) and not before and not in_list:
                yield number
        before = line.strip()
