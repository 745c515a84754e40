"""A whole run shows nothing of what the token endpoint has answered."""

from __future__ import annotations

import json
import logging
import subprocess
from pathlib import Path

import pytest

from support.audience.runner import Runner, lines, people, schema, settings, state
from support.core.process import environment, installed
from support.core.scripted_server import Reply, scripted_server
from support.core.token_answers import ANSWERS, CLIENT, REFRESH, SECRETS

OURS = {"client_secret": CLIENT, "refresh_token": REFRESH}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_neither_log_nor_output_nor_summary_shows_a_token(
    target: Runner,
    answer: Reply,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with scripted_server() as server, caplog.at_level(logging.DEBUG):
        server.script(answer)
        uri = f"{server.url}/auth/o2/token"
        ran = target.run(
            [*people(1), state(1)], **OURS, auth_uri=uri, max_runtime_seconds=60
        )
    out, err = capfd.readouterr()
    files = [path for path in target.folder.rglob("*") if path.is_file()]
    held = "\n".join(path.read_bytes().decode("latin-1") for path in files)
    assert ran.error is not None
    assert "token" in str(ran.error)
    assert ran.states == []
    assert [text for text in ran.summary["failures"] if "token" in text]
    for secret in SECRETS:
        assert secret not in "\n".join([str(ran.error), caplog.text, out, err, held])


def test_the_real_command_shows_no_token(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    with scripted_server() as server:
        server.script(ANSWERS["broken json"])
        found = settings(
            **OURS,
            endpoint_uri=server.url,
            auth_uri=f"{server.url}/auth/o2/token",
            summary_path="summary.json",
        )
        config.write_text(json.dumps(found))
        ran = subprocess.run(
            [installed("target-amazon-audience"), "--config", str(config)],
            input=lines([schema(), *people(1), state(1)]),
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
