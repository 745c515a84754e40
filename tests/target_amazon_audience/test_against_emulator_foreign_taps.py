"""Records of taps that are not ours become members.

The taps run through uvx in environments of their own; where no registry answers,
these tests skip and say so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.audience.runner import Runner, hashed
from support.core.scripted_server import Reply, ScriptedServer, scripted_server

pytestmark = pytest.mark.xdist_group("foreign-programs")

Program = tuple[str, str]
JSONL = ("tap-jsonl==0.3.1", "tap-jsonl")
"""Built with the Meltano SDK: adds columns of its own, STATE with partitions."""
REST = ("tap-rest-api==0.2.22", "tap-rest-api")
"""Built with singer-python: STATE comes first, no keys, spaces in its JSON."""

PEOPLE = [
    dict(zip(("Row", "Id", "E-Mail", "Zip", "Phone"), row, strict=True))
    for row in (
        (1, 1, "Ann@Example.com ", "02134-0001", 2065550100),
        (2, 2, None, "98101-1234", "(206) 555-0101"),
        (3, 3, "no address", None, None),
        (4, None, "lost@example.com", None, None),
    )
]
MAPPING = {
    "field_mapping": {
        "externaluserid": "Id",
        "email": "E-Mail",
        "postal": "Zip",
        "phone": "Phone",
    }
}


@pytest.fixture
def uvx(tmp_path: Path) -> Callable[..., str]:
    """Runs a program of a registry in an empty folder; returns what it writes."""
    found = Path(sys.executable).with_name("uvx")
    command = str(found) if found.exists() else shutil.which("uvx")
    if command is None:
        pytest.skip("There is no uvx beside Python nor on PATH.")

    def run(program: Program, *arguments: str) -> str:
        ran = subprocess.run(
            [command, "--python", sys.executable, "--from", *program, *arguments],
            cwd=tmp_path,
            env=os.environ
            | {"UV_PYTHON_DOWNLOADS": "never", "NO_PROXY": "127.0.0.1,localhost"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if ran.returncode and arguments != ("--help",):
            tried = subprocess.run(
                [command, "--python", sys.executable, "--from", *program, "--help"],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            if tried.returncode:  # not even that: it could not be installed
                reason = (tried.stderr.strip() or "no reason given").splitlines()[-1]
                pytest.skip(f"No registry gives {program[0]}: {reason}")
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return run


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as found:
        found.answer = lambda _: Reply(
            body=json.dumps(PEOPLE).encode(),
            headers={"Content-Type": "application/json"},
        )
        yield found


def check(target: Runner, text: str) -> None:
    last = [json.loads(line) for line in text.splitlines() if '"STATE"' in line][-1]
    ran = target.good(text.splitlines(keepends=True), **MAPPING)
    assert target.members() == {"1", "2"}
    assert target.pii("1") == [
        hashed(email="ann@example.com", phone="12065550100", postal="02134")
    ]
    assert target.pii("2") == [hashed(phone="12065550101", postal="98101")]
    assert ran.states[-1] == last["value"]["bookmarks"]
    assert ran.report["skipped_by_reason"] == {
        "external id missing": 1,
        "no usable personal data": 1,
    }


def test_a_tap_of_the_meltano_sdk(
    target: Runner, uvx: Callable[..., str], tmp_path: Path
) -> None:
    data = tmp_path / "customers.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in PEOPLE))
    (tmp_path / "tap.json").write_text(json.dumps({"path": str(data)}))
    check(target, uvx(JSONL, "--config", "tap.json"))


def test_a_tap_of_singer_python(
    target: Runner, uvx: Callable[..., str], tmp_path: Path, server: ScriptedServer
) -> None:
    for name in ("schema", "catalog"):
        (tmp_path / name).mkdir()
    config = {
        "url": f"{server.url}/people",
        "streams": "people",
        "schema_dir": "schema",
        "catalog_dir": "catalog",
        "index_key": "Row",
        "items_per_page": 100,
        "max_page": 1,
        "assume_sorted": False,
        "auth_method": "no_auth",
    }
    (tmp_path / "tap.json").write_text(json.dumps(config))
    uvx(REST, "--config", "tap.json", "--infer_schema")
    check(
        target, uvx(REST, "--config", "tap.json", "--catalog", "catalog/catalog.json")
    )
