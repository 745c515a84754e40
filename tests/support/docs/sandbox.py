"""A folder in which the shell blocks of a page run, with Amazon and S3 played.

The ports the docs name are exchanged for free ones, in the blocks and in every file of
the folder, so that pages run side by side. `uv run X` is X of this environment.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from support.docs.blocks import ROOT, Block

PORTS = ("9321", "9322", "9323")
"""The ports of API, downloads and S3 in the docs."""
BIN = Path(sys.executable).parent
FILES = ROOT / "tests" / "docs" / "sandbox"
CLONE = "/path/to/clone"
"""How pages call the folder of a clone."""
DAYS = 4
"""How long ago the `start_date` of every page is here, whatever day it names."""
_START_DATE = re.compile(r'("\w*start_date": ?")\d{4}-\d\d-\d\d', re.IGNORECASE)
_TIME_LIMIT = 600

_UV = """#!/bin/bash
# `uv run [--flag value] command`: the command of this environment
[ "$1" = run ] || exec {uv} "$@"
shift
while [ "${{1:0:2}}" = -- ]; do shift; [ "$1" = docs ] && shift; done
exec "$@"
"""
_EMULATOR = """#!/bin/bash
# the default ports are those of this folder
case " $* " in
  *" --port"*|*" demo"*) exec {real} "$@" ;;
  *" serve"*) exec {real} "$@" --port 9321 --download-port 9322 ;;
  *) exec {real} "$@" ;;
esac
"""
_FUNCTIONS = """
start_amazon() {
  (amazon-emulator serve > emulator.log 2>&1 & echo $! > emulator.pid)
  until curl -sf http://127.0.0.1:9321/_emulator > /dev/null; do sleep 0.1; done
}
stop_amazon() {
  kill "$(cat emulator.pid)"
  while curl -sf http://127.0.0.1:9321/_emulator > /dev/null; do sleep 0.1; done
}
start_s3() {
  (moto_server -H 127.0.0.1 -p 9323 > s3.log 2>&1 & echo $! > s3.pid)
  until curl -sf http://127.0.0.1:9323/moto-api/ > /dev/null; do sleep 0.1; done
  curl -s -X PUT http://127.0.0.1:9323/amazon-ads > /dev/null
}
stop_s3() {
  kill "$(cat s3.pid)"
  while curl -sf http://127.0.0.1:9323/moto-api/ > /dev/null; do sleep 0.1; done
}
"""
"""What pages may call in a comment `prepare: ...`."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a page's blocks ended."""

    code: int
    output: str


def script(found: Iterable[Block]) -> str:
    """Return the blocks as one script; what runs is printed."""
    parts = []
    for block in found:
        if (file := block.marked("file")) is not None:
            name = shlex.quote(file)
            parts.append(f"cat > {name} <<'END_OF_FILE'\n{block.text}END_OF_FILE\n")
        elif block.is_shell and block.marked("not run") is None:
            prepared = block.marked("prepare") or ""
            parts.append(f"echo '== {block}'\n{prepared}\n{block.text}")
    return "\n".join(parts)


class Sandbox:
    """One folder, its servers' ports, and its environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
        self._fill()

    def run(self, text: str) -> Ended:
        """Run a script in the folder; what it leaves behind is ended."""
        servers = "" if "amazon-emulator serve" in text else "start_amazon\n"
        servers += "" if "moto_server" in text else "start_s3\n"
        whole = self._own(f"set -eo pipefail\n{_FUNCTIONS}\n{servers}\n{text}")
        log = self.folder / "output.log"
        with log.open("w") as output:
            shell = subprocess.Popen(
                ["bash", "-c", whole],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = shell.wait(_TIME_LIMIT)
            except subprocess.TimeoutExpired:
                code = -1
            finally:
                _end_group(shell.pid)
                shell.wait()
        return Ended(code, log.read_text(errors="replace"))

    def _own(self, text: str) -> str:
        for port, mine in self._ports.items():
            text = text.replace(port, mine)
        text = text.replace(CLONE, str(self.folder))
        recent = (datetime.now(timezone.utc) - timedelta(days=DAYS)).date()
        return _START_DATE.sub(rf"\g<1>{recent}", text)

    def _fill(self) -> None:
        for name in ("meltano.yml", ".env.example"):
            self._write(name, (ROOT / name).read_text())
        shutil.copytree(ROOT / "plugins", self.folder / "plugins")
        for file in FILES.iterdir():
            self._write(file.name, file.read_text())
        shims = self.folder / ".shims"
        shims.mkdir()
        self._write(".shims/uv", _UV.format(uv=BIN / "uv"))
        self._write(
            ".shims/amazon-emulator", _EMULATOR.format(real=BIN / "amazon-emulator")
        )
        (self.folder / ".uv" / "bin").mkdir(parents=True)
        (shims / "some-tap").symlink_to(BIN / "tap-customer-file")
        for name in ("uv", "amazon-emulator"):
            (shims / name).chmod(0o755)
        (self.folder / ".uv" / "bin" / "uv").symlink_to(shims / "uv")

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(self._own(text))

    def _environment(self) -> Mapping[str, str]:
        kept = ("LANG", "TMPDIR", "LD_LIBRARY_PATH", "UV_INDEX_URL", "PIP_INDEX_URL")
        variables = json.loads(self._own((FILES / "environment.json").read_text()))
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            **variables,
            "HOME": str(self.folder),
            "PATH": f"{self.folder}/.shims:{BIN}:{os.environ['PATH']}",
        }


def _free_ports(count: int) -> list[str]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for found in sockets:
            found.bind(("127.0.0.1", 0))
        return [str(found.getsockname()[1]) for found in sockets]


def _end_group(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
        os.killpg(group, signal.SIGKILL)
