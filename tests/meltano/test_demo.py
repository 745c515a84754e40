"""`amazon-demo` as a stranger meets it, and as nobody wants to meet it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from amazon_emulator.demo.environment import commands_folder
from support.core.meltano_project import ROOT
from support.core.process import until

COMMAND = str(commands_folder() / "amazon-demo")
NOWHERE = "http://127.0.0.1:9"
HOSTILE = {
    "TAP_AMAZON_ADS_CLIENT_ID": "somebody",
    "TAP_AMAZON_ADS_REFRESH_TOKEN": "Atzr|somebodys-token",
    "TAP_AMAZON_ADS_ENDPOINT_URI": NOWHERE,
    "TAP_AMAZON_ADS_AUTH_URI": NOWHERE,
    "TAP_AMAZON_ADS_END_DATE": "2020-01-01",
    "TAP_AMAZON_ADS_PROFILE_IDS": '["1"]',
    "TAP_AMAZON_ADS_MAX_RUNTIME_SECONDS": "0",
    "TAP_AMAZON_ADS__SELECT": '["profiles.*"]',
    "TAP_AMAZON_SP_CLIENT_ID": "somebody",
    "TAP_AMAZON_SP_ACCOUNTS": '[{"name": "shop", "refresh_token": "Atzr|shop"}]',
    "TAP_AMAZON_SP_ENDPOINT_URI": NOWHERE,
    "TAP_AMAZON_SP__SELECT": '["orders.*"]',
    "TARGET_S3_CLOUD_PROVIDER_AWS_AWS_BUCKET": "somebodys-bucket",
    "TARGET_S3_CLOUD_PROVIDER_AWS_AWS_ENDPOINT_OVERRIDE": NOWHERE,
    "TARGET_S3_PREFIX": "elsewhere",
    "TARGET_AMAZON_AUDIENCE_ENDPOINT_URI": NOWHERE,
    "TARGET_AMAZON_AUDIENCE_UPLOAD_MODE": "DELETE",
    "TAP_CUSTOMER_FILE_PATH": "/somebodys/customers.csv",
    "MELTANO_ENVIRONMENT": "prod",
    "MELTANO_STATE_BACKEND_URI": f"{NOWHERE}/state",
    "AWS_ACCESS_KEY_ID": "AKIASOMEBODY",
    "AWS_SECRET_ACCESS_KEY": "somebodys-secret",
    "AWS_PROFILE": "nobody",
    "AWS_ENDPOINT_URL": NOWHERE,
    "HTTP_PROXY": NOWHERE,
    "HTTPS_PROXY": NOWHERE,
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone in which somebody works: credentials, a state, Meltano's own folder."""
    folder = tmp_path / "clone"
    (folder / ".meltano" / "run").mkdir(parents=True)
    (folder / "docs").mkdir()
    shutil.copyfile(ROOT / "meltano.yml", folder / "meltano.yml")
    shutil.copytree(ROOT / "plugins", folder / "plugins")
    lines = [f"{name}='{value}'\n" for name, value in HOSTILE.items()]
    (folder / ".env").write_text("".join(lines))
    (folder / ".meltano" / "meltano.db").write_bytes(b"the state of somebody")
    return folder


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below the folder, with its bytes and when it was changed."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def environment(temporary: Path, more: Mapping[str, str]) -> dict[str, str]:
    temporary.mkdir()
    return {
        "PATH": os.defpath,
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
        **more,
    }


@contextmanager
def demo(
    folder: Path, temporary: Path, *options: str, **more: str
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [COMMAND, *options],
        cwd=folder,
        env=environment(temporary, more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


def read_until(stream: IO[str] | None, words: str) -> str:
    """Return what is printed up to a line with these words."""
    assert stream is not None
    lines = []
    for line in stream:
        lines.append(line)
        if words in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def test_the_demo_shows_three_runs_and_leaves_env_state_and_project_alone(
    checkout: Path, tmp_path: Path
) -> None:
    before = contents(checkout)
    temporary = tmp_path / "tmp"
    # As in a terminal where somebody has exported his own settings, in a subfolder.
    with demo(checkout / "docs", temporary, "--keep", **HOSTILE) as process:
        shown = read_until(process.stdout, "/_emulator/statistics")

        runs, rest = shown.split("\nSelling partners: ")
        selling, queries = rest.split("\n  In the same run: ")
        first, second, third = re.split(r"\nRun \d of 3: ", runs)[1:]
        assert len(rows_of_table(first)) == len(rows_of_table(second)) == 10
        reports, sent, found = rows_of_table(first)["all"]
        assert reports >= 30
        assert sent == found > 1000
        assert "of these campaigns by name" in first
        assert len(re.findall(r" of +\d+ [A-Z]{3} +\d+ %", first)) == 3
        reports_again, sent_again, found_again = rows_of_table(second)["all"]
        assert reports_again == reports
        assert sent > sent_again == found_again > 0
        assert "No report asked for, no row sent, none in the bucket." in third
        assert rows_of_table(third) == {}
        assert f"{found + found_again:,} rows of 9 streams" in third
        for run in (first, second):
            assert " s  " in run  # progress while it waited
        table = rows_of_table(selling)
        assert len(table) == 8  # and five lines that say no number of reports
        assert table["all"][1] == table["all"][2] > 500
        assert table["vendor_sales_aggregate"] == [1, 6, 6]
        assert table["own_listings_file"] == [1, 1, 1]
        table = rows_of_table(queries)
        reports, sent, found = table["data_kiosk_economics"]
        assert reports == 1
        assert sent == found > 0
        assert table["all"][1] == table["all"][2] > 50
        assert audience_table(queries) == [
            ("APPEND", 1003, 3, 1000, 0, 1000),
            ("APPEND", 200, 0, 200, 0, 1200),
            ("DELETE", 50, 0, 0, 50, 1150),
            ("MIRROR", 1150, 0, 0, 0, 1150),
            ("MIRROR", 1090, 0, 40, 100, 1090),
        ]
        assert "nothing came in clear" in queries
        by_data_manager = "1,090 of 1,090   DSP (ACTIVE), AMC (ACTIVE)"
        assert by_data_manager in queries

        assert contents(checkout) == before
        (settings,) = temporary.glob("*/settings.sh")
        assert str(settings) in shown
        assert responses_as_shown(shown) == 60
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0, rest
    assert contents(checkout) == before
    assert list(temporary.glob("amazon-*")) == []


def rows_of_table(text: str) -> dict[str, list[int]]:
    found = re.findall(r"^  (\w+) +([\d,]+) +([\d,]+) +([\d,]+)$", text, re.MULTILINE)
    return {
        name: [int(number.replace(",", "")) for number in numbers]
        for name, *numbers in found
    }


def audience_table(text: str) -> list[tuple[str | int, ...]]:
    found = re.findall(
        r"^  ([A-Z]+) +[\w ]+?" + r" +([\d,]+)" * 5 + "$", text, re.MULTILINE
    )
    return [
        (mode, *(int(number.replace(",", "")) for number in numbers))
        for mode, *numbers in found
    ]


def responses_as_shown(shown: str) -> int:
    """Ask the kept emulator how many advertising reports it was asked for."""
    found = re.search(r"curl (http://127\S+/_emulator/statistics)", shown)
    assert found is not None
    with urllib.request.urlopen(found[1], timeout=10) as response:  # noqa: S310 - http
        return len(json.load(response)["creates"])


def test_ctrl_c_in_the_middle_of_a_run_ends_everything(
    checkout: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp"
    with demo(checkout, temporary) as process:
        read_until(process.stdout, "Run 1 of 3")
        until(lambda: any(temporary.glob("*/run-1.log")), "the start of Meltano")
        process.send_signal(signal.SIGINT)
        shown, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Stopped" in shown
    assert "Traceback" not in shown
    assert list(temporary.glob("amazon-*")) == []


def test_a_run_that_fails_is_told_with_its_reason_and_exit_code(
    checkout: Path, tmp_path: Path
) -> None:
    file = checkout / "meltano.yml"
    text = file.read_text()
    file.write_text(re.sub("requires_meltano: .*", 'requires_meltano: ">=99"', text))
    with demo(checkout, tmp_path / "tmp") as process:
        shown, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Run 1 failed" in shown
    assert "this project requires >=99" in shown
    log = re.search(r"The whole log is (\S+)", shown)
    assert log is not None
    assert Path(log[1]).is_file()


def test_outside_of_a_clone_the_demo_says_where_to_go(tmp_path: Path) -> None:
    (tmp_path / "meltano.yml").write_text("plugins: {}\n")  # somebody else's project
    response = subprocess.run(
        [COMMAND], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert response.returncode == 2
    assert "no meltano.yml with tap-amazon-ads" in response.stderr
    assert len(response.stderr.splitlines()) == 1


def test_without_its_extra_the_demo_names_the_missing_package() -> None:
    code = (
        "import sys; sys.modules['moto'] = None; "
        "import amazon_emulator.demo as d; d.main()"
    )
    response = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert response.returncode == 1
    assert "moto" in response.stderr
    assert "amazon-emulator[demo]" in response.stderr
    assert "Traceback" not in response.stderr
