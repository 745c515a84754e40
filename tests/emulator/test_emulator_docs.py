from __future__ import annotations

from dataclasses import fields
from inspect import getmembers, isfunction
from pathlib import Path

import pytest

from amazon_emulator import EmulatorClient
from amazon_emulator.ads_reporting.contract import report_types
from amazon_emulator.cli import serve
from amazon_emulator.faults.actions import ACTIONS, OPERATIONS
from amazon_emulator.settings import Settings
from support.ads.emulation import AdsCaller

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
README = (ROOT / "amazon-emulator" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in TEXT


@pytest.mark.parametrize("action", ACTIONS)
def test_every_fault_is_documented_with_its_parameters(action: str) -> None:
    line = next(line for line in TEXT.splitlines() if line.startswith(f"| `{action}`"))

    assert all(f"`{name}`" in line for name in ACTIONS[action][1])


def test_every_operation_is_documented() -> None:
    assert all(f"`{name}`" in TEXT for name in OPERATIONS)


def test_methods_named_exist_and_settings_can_be_given_on_the_command_line() -> None:
    methods = {name for name, _ in getmembers(EmulatorClient, isfunction)}
    named = {part.split("(")[0] for part in TEXT.split("client.")[1:]}
    options = {parameter.name for parameter in serve.params}

    assert {name for name in named if name.isidentifier()} <= methods
    of_the_line = {field.name for field in fields(Settings)} - {
        "client_id",
        "client_secret",
        "refresh_token",
        "content_encoding",
    }
    assert of_the_line <= options


def test_credentials_in_the_docs_work() -> None:
    ads = AdsCaller()
    given = ads.emulation.state.settings

    for value in (given.client_id, given.client_secret, given.refresh_token):
        assert value in README
        assert value.replace("|", "\\|") in TEXT
    assert ads.sign_in().status_code == 200


def test_number_of_report_types_is_right() -> None:
    assert f"{len(report_types())} report types" in TEXT
