"""A configuration file that is missing, or no object, ends every plugin alike."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from support.core.capture import kept_signals
from tap_amazon_ads.tap import TapAmazonAds
from tap_amazon_sp.tap import TapAmazonSp
from target_amazon_audience.target import TargetAmazonAudience
from target_s3.target import TargetS3

PLUGINS = [TapAmazonAds, TapAmazonSp, TargetAmazonAudience, TargetS3]
CONTENTS = {
    "missing": (None, "cannot be read (No such file or directory)"),
    "empty": (b"", "is not valid JSON"),
    "blank": (b" \n", "is not valid JSON"),
    "list": (b'[{"client_secret": "secret-words"}]', "is not one JSON object"),
    "number": (b"12.5", "is not one JSON object"),
    "text": (b'"secret-words"', "is not one JSON object"),
    "null": (b"null", "is not one JSON object"),
    "cut": (b'{"client_secret": "secret-words"', "is not valid JSON"),
    "yaml": (b"client_secret: secret-words\n", "is not valid JSON"),
    "two objects": (b"{}{}", "is not valid JSON"),
    "binary": (bytes(range(256)), "is not UTF-8 text"),
    "utf-16": ('{"a": "secret-words"}'.encode("utf-16"), "is not UTF-8 text"),
    "marked": (b"\xef\xbb\xbf{}", "is not valid JSON"),
    "nul": (b"\0" * 4096, "is not valid JSON"),
    "deep": (b'{"a":' * 20_000, "is nested too deep"),
    "nan": (b'{"a": NaN}', "holds a number that is none"),
    "exponent": (b'{"a": 1e' + b"9" * 40 + b"}", "holds a number that is none"),
    "digits": (b'{"a": ' + b"9" * 5000 + b"}", "holds a number that is none"),
}


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
@pytest.mark.parametrize(("content", "words"), CONTENTS.values(), ids=CONTENTS)
def test_it_is_a_sentence(
    plugin: Any,
    content: bytes | None,
    words: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = tmp_path / "config.json"
    if content is not None:
        file.write_bytes(content)
    with kept_signals():
        ran = CliRunner().invoke(plugin.cli, ["--config", str(file)], input="")
    assert ran.exit_code == 1
    assert isinstance(ran.exception, SystemExit)
    errors = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    (sentence,) = errors
    assert f"The configuration file {file} {words}" in sentence
    assert "secret-words" not in caplog.text + ran.output
    assert not any(r.exc_info for r in caplog.records)


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_folder_is_no_file(
    plugin: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with kept_signals():
        ran = CliRunner().invoke(plugin.cli, ["--config", str(tmp_path)], input="")
    assert ran.exit_code == 1
    assert "cannot be read (Is a directory)" in caplog.text
