"""Pin every dependency of the workspace in the root pyproject.toml.

Run `uv run scripts/pin_versions.py` after changing a dependency, or to upgrade
everything. The old pins are dropped first, so that the newest versions that fit
all supported Pythons are found; the lock file stays out of git because it names
download hosts.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = ROOT / "pyproject.toml"
OLDEST_PYTHON = "3.10"
BEGIN = "# --- pins: written by scripts/pin_versions.py ---\n"
END = "# --- end of pins ---\n"
BUILD_BACKENDS = ["hatchling"]


def main() -> None:
    """Drop the old pins, resolve anew, write the new ones."""
    text = re.sub(
        f"{re.escape(BEGIN)}.*?{re.escape(END)}",
        "",
        PYPROJECT.read_text(),
        flags=re.DOTALL,
    )
    PYPROJECT.write_text(text)
    members = re.findall(
        r'^  "([\w-]+)",$', _section(text, "members"), flags=re.MULTILINE
    )
    pins = compile_pins(
        [
            "--group",
            "dev",
            "--group",
            "docs",
            "--group",
            "delta",
            "--group",
            "kubernetes",
            "--group",
            "monitoring",
            "--group",
            "otel",
            "pyproject.toml",
        ],
        ours={*members, *(_name(ROOT / member) for member in members)},
    )
    with tempfile.NamedTemporaryFile("w", suffix=".in") as requirements:
        requirements.write("\n".join(BUILD_BACKENDS))
        requirements.flush()
        builds = compile_pins([requirements.name], ours=set())
    block = (
        BEGIN
        + toml_list("constraint-dependencies", pins)
        + toml_list("build-constraint-dependencies", builds)
        + END
    )
    anchor = 'python-downloads = "never"\n'
    PYPROJECT.write_text(text.replace(anchor, anchor + block))
    print(f"{len(pins)} dependencies and {len(builds)} build dependencies pinned")


def compile_pins(arguments: list[str], ours: set[str]) -> list[str]:
    """Resolve for all platforms and supported Pythons; return pins with markers."""
    done = subprocess.run(
        [
            *("uv", "pip", "compile", "--universal", "--upgrade", "--quiet"),
            *("--python-version", OLDEST_PYTHON, "--no-header", "--no-annotate"),
            *arguments,
        ],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"uv could not resolve the workspace:\n{done.stderr}")
    lines = [line.strip() for line in done.stdout.splitlines()]
    return [
        line
        for line in lines
        if "==" in line and re.split(r"[=\[ ]", line)[0] not in ours
    ]


def toml_list(name: str, items: list[str]) -> str:
    """Return a TOML list, one item a line."""
    quoted = "".join(f"  {_quoted(item)},\n" for item in items)
    return f"{name} = [\n{quoted}]\n"


def _quoted(item: str) -> str:
    return '"' + item.replace('"', "'") + '"'


def _section(text: str, name: str) -> str:
    found = re.search(rf"^{name} = \[\n(.*?)^\]", text, flags=re.DOTALL | re.MULTILINE)
    return found.group(1) if found else ""


def _name(member: Path) -> str:
    found = re.search(
        r'^name = "([^"]+)"',
        (member / "pyproject.toml").read_text(),
        flags=re.MULTILINE,
    )
    return found.group(1) if found else member.name


if __name__ == "__main__":
    main()
