"""A whole run shows nothing of what the token endpoint has answered."""

from __future__ import annotations

import json
import logging
import subprocess
from pathlib import Path
from typing import Any

import pytest

from amazon_emulator import Emulator
from support.core.process import environment, installed
from support.core.scripted_server import Reply, scripted_server
from support.core.token_answers import ANSWERS, CLIENT, REFRESH, SECRETS
from support.sp.runs import SALES, VENDOR, account, run, settings

OURS: dict[str, Any] = {
    "accounts": [account(VENDOR) | {"refresh_token": REFRESH}],
    "client_secret": CLIENT,
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_neither_log_nor_output_nor_summary_shows_a_token(
    emulator: Emulator,
    answer: Reply,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    summary = tmp_path / "summary.json"
    with scripted_server() as server, caplog.at_level(logging.DEBUG):
        server.script(answer)
        ended = run(
            emulator,
            SALES,
            **OURS,
            auth_uri=f"{server.url}/auth/o2/token",
            max_runtime_seconds=60,
            summary_path=str(summary),
        )
    out, err = capfd.readouterr()
    shown = "\n".join([ended.text, *ended.log, caplog.text, out, err])
    assert ended.code == 1
    failures = json.loads(summary.read_text())["failures"]
    assert [text for text in failures if "token" in text]
    assert not ended.said("unhandled error")
    assert ended.tracebacks == 0
    for secret in SECRETS:
        assert secret not in shown + summary.read_text()


def test_the_real_command_shows_no_token(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    with Emulator() as emulator, scripted_server() as server:
        server.script(ANSWERS["broken json"])
        uri = f"{server.url}/auth/o2/token"
        found = settings(emulator, **OURS, auth_uri=uri, summary_path="summary.json")
        config.write_text(json.dumps(found))
        ran = subprocess.run(
            [installed("tap-amazon-sp"), "--config", str(config)],
            capture_output=True,
            text=True,
            env=environment(SINGER_SDK_LOG_LEVEL="DEBUG"),
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
    shown = ran.stdout + ran.stderr + (tmp_path / "summary.json").read_text()
    assert ran.returncode == 1
    assert "gives no token" in shown
    assert "Traceback" not in ran.stderr
    for secret in SECRETS:
        assert secret not in shown
