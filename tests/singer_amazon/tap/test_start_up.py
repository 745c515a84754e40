"""A command starts fast: it imports what it needs, and says what the SDK would say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from singer_amazon.tap.cli import CommandTap
from tap_amazon_ads.tap import TapAmazonAds
from tap_amazon_sp.tap import TapAmazonSp

BIN = Path(sys.executable).parent
SECRETS = dict.fromkeys(("client_id", "client_secret", "refresh_token"), "x")
SP_REPORT = {
    "name": "stock",
    "report_spec": {"reportType": "GET_MERCHANT_LISTINGS_ALL_DATA"},
    "key": ["sku"],
}
PROGRAMS = {
    "tap-amazon-sp": "tap_amazon_sp.tap:TapAmazonSp",
    "target-s3": "target_s3.target:TargetS3",
}


@pytest.mark.parametrize(
    ("tap_class", "more"),
    [
        (TapAmazonAds, {}),
        (TapAmazonSp, {"account_name": "acme", "reports": [SP_REPORT]}),
    ],
    ids=["ads", "sp"],
)
def test_the_catalog_is_that_of_the_sdk(
    tap_class: type[CommandTap], more: dict[str, Any]
) -> None:
    config = SECRETS | more
    tap = tap_class(config=config, validate_config=True)
    expected = tap._singer_catalog.to_dict()
    assert tap.catalog_dict == expected
    assert json.loads(tap.catalog_json_text) == json.loads(json.dumps(expected))


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_version_is_what_the_sdk_says(program: str) -> None:
    module, name = PROGRAMS[program].split(":")
    done = subprocess.run(
        [BIN / program, "--version"], capture_output=True, text=True, check=True
    )
    expected = python(f"from {module} import {name} as P; P.print_version()")
    assert done.stdout.strip() == expected
    assert "could not" not in expected


@pytest.mark.parametrize("package", ["tap_amazon_ads", "tap_amazon_sp"])
def test_a_version_needs_no_sdk_and_a_run_no_tables_and_no_graphql(
    package: str,
) -> None:
    script = (
        "import sys\n"
        f"sys.argv = ['x', '--version']\nfrom {package}.commands.cli import main\n"
        "main()\n"
        "assert 'singer_sdk' not in sys.modules\n"
        f"import {package}.tap\n"
        "print(sorted({'rich', 'graphql', 'boto3'} & set(sys.modules)))"
    )
    assert python(script).endswith("[]")
