"""Standard output that is full or closed: a sentence and exit code 1, no traceback."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from amazon_emulator import Emulator
from support.ads.runs import CAMPAIGNS, NOON, catalog, days, seller_settings
from support.audience.runner import people, schema, state
from support.audience.runner import settings as audience_settings
from support.core.process import environment, installed, lines
from support.core.runs import QUICK_POLLS
from support.sp import runs as sp

pytestmark = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="there is no /dev/full here"
)
CLOSED = "The standard output is closed"
FULL = "The output cannot be written (No space left on device)"
GONE = "The program that reads our STATE has ended before us"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One with settings and catalogs of all plugins that reach an emulator."""
    folder = tmp_path_factory.mktemp("output")
    with Emulator(now=NOON) as emulator:
        selling = sp.settings(emulator, **QUICK_POLLS, end_date="2026-11-10")
        files = {
            "ads": seller_settings(emulator, **QUICK_POLLS, **days("2026-11-18")),
            "ads-catalog": catalog([CAMPAIGNS]),
            "sp": selling,
            "sp-catalog": sp.catalog([sp.SALES], selling),
            "audience": audience_settings(
                endpoint_uri=emulator.url, auth_uri=emulator.token_url
            ),
            "s3": {"cloud_provider": {"aws": {"aws_bucket": "lake"}}},
        }
        for name, content in files.items():
            (folder / f"{name}.json").write_text(json.dumps(content))
        yield folder


ADS = "tap-amazon-ads --config ads.json --catalog ads-catalog.json"
SP = "tap-amazon-sp --config sp.json --catalog sp-catalog.json"
AUDIENCE = "target-amazon-audience --config audience.json"


@pytest.mark.parametrize(
    ("command", "where", "words"),
    [
        (ADS, "> /dev/full", FULL),
        (ADS, ">&-", CLOSED),
        (SP, "> /dev/full", FULL),
        ("tap-amazon-ads --config ads.json --discover", "> /dev/full", FULL),
        ("tap-amazon-ads reports", "> /dev/full", FULL),
        (AUDIENCE, "> /dev/full", GONE),
        (AUDIENCE, ">&-", CLOSED),
        ("target-amazon-audience --about", "> /dev/full", FULL),
        ("target-amazon-audience --help", ">&-", CLOSED),
        ("target-s3 --about", "> /dev/full", FULL),
        ("target-s3 --about", ">&-", CLOSED),
        (
            "target-s3 ddl --config s3.json --catalog ads-catalog.json",
            ">/dev/full",
            FULL,
        ),
    ],
)
def test_an_output_that_takes_nothing_is_a_sentence(
    folder: Path, command: str, where: str, words: str
) -> None:
    name, _, options = command.partition(" ")
    ran = subprocess.run(
        ["sh", "-c", f"{installed(name)} {options} {where}"],
        input=lines([schema(), *people(1, 2), state(1)]),
        capture_output=True,
        env=environment(),
        cwd=folder,
        timeout=120,
        check=False,
    )
    log = ran.stderr.decode()
    assert ran.returncode == 1, log
    assert words in log
    assert "Traceback" not in log
    assert "unhandled error" not in log
    assert "Exception ignored" not in log


def test_a_closed_stderr_changes_nothing(folder: Path) -> None:
    command = f"{installed('tap-amazon-ads')} {ADS.partition(' ')[2]} 2>&-"
    ran = subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        env=environment(),
        cwd=folder,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0
    assert ran.stdout.count(b'"type":"RECORD"') > 0
    assert ran.stdout.splitlines()[-1].startswith(b'{"type":"STATE"')
