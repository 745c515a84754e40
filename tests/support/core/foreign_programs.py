"""Programs that are not ours, run through uvx in environments of their own.

Where no registry answers, tests that need them skip and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Program = tuple[str, str]
RunProgram = Callable[..., "subprocess.CompletedProcess[str]"]

CHECKER: Program = ("singer-tools==0.4.1", "singer-check-tap")
JSONL: Program = ("target-jsonl==0.1.4", "target-jsonl")
DUCKDB: Program = ("target-duckdb==0.8.0", "target-duckdb")


def runner(folder: Path) -> RunProgram:
    """Return what runs a program in a folder, with text as its input."""
    found = Path(sys.executable).with_name("uvx")
    command = str(found) if found.exists() else shutil.which("uvx")
    if command is None:
        pytest.skip("There is no uvx beside Python nor on PATH.")

    def run(
        program: Program, *arguments: str, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            # the same Python: the versions of both DuckDBs must go together
            [command, "--python", sys.executable, "--from", *program, *arguments],
            input=text,
            cwd=folder,
            env=os.environ | {"UV_PYTHON_DOWNLOADS": "never"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if ran.returncode and arguments != ("--help",):
            tried = run(program, "--help")
            if tried.returncode:  # not even that: it could not be installed
                reason = (tried.stderr.strip() or "no reason given").splitlines()[-1]
                pytest.skip(f"No registry gives {program[0]}: {reason}")
        return ran

    return run
