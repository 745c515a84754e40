"""The installed commands as processes, run to their end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
PATIENCE_SECONDS = 180


def run_program(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command of this environment with text on its standard input."""
    return subprocess.run(
        [str(BIN / arguments[0]), *arguments[1:]],
        input=text,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
