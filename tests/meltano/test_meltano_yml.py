"""What Meltano reads against what the plugins say of themselves, without Meltano."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
import yaml

from amazon_emulator.demo import environment as demo_environment
from amazon_emulator.selling_partner.accounts import SellingPartners
from amazon_emulator.settings import Settings
from support.core.meltano_project import ROOT
from tap_amazon_ads.report_specs import ENTITY_STREAMS
from tap_amazon_sp.custom_settings_schema import LEGACY
from tap_amazon_sp.tap import TapAmazonSp

PLUGINS = {
    "tap-amazon-ads": "extractors",
    "tap-amazon-sp": "extractors",
    "target-amazon-audience": "loaders",
    "target-s3": "loaders",
}
# Objects whose parts differ from user to user: settings as a whole.
FREE = {"stream_maps", "stream_map_config", "faker_config", "batch_config"}
# Not `decimal`: Meltano 4.4.1 cannot write such a value from a variable into JSON.
KINDS = {"string", "integer", "boolean", "date_iso8601", "array", "object"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "meltano.yml").read_text())
    return found


@cache
def about(plugin: str) -> dict[str, Any]:
    command = demo_environment.commands_folder() / plugin
    answer = subprocess.run(
        [command, "--about", "--format=json"], capture_output=True, check=True
    )
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def definition(plugin: str) -> dict[str, Any]:
    file = ROOT / "plugins" / PLUGINS[plugin] / f"{plugin}--amazon-singer.lock"
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def leaves(
    properties: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, entry in properties.items():
        if entry.get("properties") and name not in FREE:
            yield from leaves(entry["properties"], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", entry


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_setting_of_a_plugin_is_declared_as_the_plugin_describes_it(
    plugin: str,
) -> None:
    declared = {setting["name"]: setting for setting in definition(plugin)["settings"]}
    described = dict(leaves(about(plugin)["settings"]["properties"]))
    assert list(declared) == list(described)
    for name, entry in described.items():
        setting = declared[name]
        assert setting["description"] == " ".join(entry["description"].split())
        # Meltano hides a setting as a whole
        holds_secret = '"secret": true' in json.dumps(entry)
        assert setting.get("sensitive", False) is holds_secret, name
        assert setting["kind"] in KINDS, name
        default = entry.get("default")
        if default not in (None, []):
            assert setting["placeholder"] in (default, json.dumps(default))
        assert "value" not in setting  # the plugin sees what the user has set


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_setting_of_a_plugin_is_on_its_page(plugin: str) -> None:
    page = (ROOT / "docs" / f"{plugin}.md").read_text()
    for name, _ in leaves(about(plugin)["settings"]["properties"]):
        assert page.count(f"\n| `{name}` |") >= 1, name


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_capabilities_of_a_plugin_are_those_it_has(plugin: str) -> None:
    assert definition(plugin)["capabilities"] == about(plugin)["capabilities"]


@pytest.mark.parametrize("plugin", PLUGINS)
def test_plugins_come_from_this_environment_and_are_not_installed_twice(
    project: dict[str, Any], plugin: str
) -> None:
    found = definition(plugin)
    assert found["executable"] == plugin
    assert found["namespace"] == plugin.replace("-", "_")
    assert "pip_url" not in found
    entries = project["plugins"][PLUGINS[plugin]]
    kept = [{k: v for k, v in e.items() if k != "select"} for e in entries]
    assert {"name": plugin, "variant": found["variant"]} in kept


def test_a_newcomers_first_run_stays_on_the_machine(project: dict[str, Any]) -> None:
    assert project["default_environment"] == "dev"
    assert project["send_anonymous_usage_stats"] is False
    dev = json.dumps(environment(project, "dev"))
    hosts = set(re.findall(r"https?://([^:/\"]+)", dev))
    assert hosts == {"127.0.0.1"}
    assert "$" not in dev  # so that the credentials of a .env never get there


@pytest.mark.parametrize(
    "plugin", ["tap-amazon-ads", "tap-amazon-sp", "target-amazon-audience"]
)
def test_dev_holds_what_the_emulator_accepts(
    project: dict[str, Any], plugin: str
) -> None:
    config = environment_of(project, "dev", plugin)
    emulator = Settings()
    for name in ("client_id", "client_secret"):
        assert config[name] == getattr(emulator, name)
    if "accounts" not in config:
        assert config["refresh_token"] == emulator.refresh_token
    for account in config.get("accounts", ()):
        known = SellingPartners().of_token(account["refresh_token"])
        assert known is not None
        assert (account["name"], account["account_type"]) == (
            known.name,
            known.account_type,
        )
    serve = (ROOT / "amazon-emulator/amazon_emulator/cli.py").read_text()
    port = re.search(r'"--port", default=(\d+)', serve)
    assert port is not None
    assert config["endpoint_uri"] == f"http://127.0.0.1:{port[1]}"
    assert config["auth_uri"] == f"http://127.0.0.1:{port[1]}/auth/o2/token"


def test_prod_has_no_secret_of_its_own_and_the_example_names_all_it_reads(
    project: dict[str, Any],
) -> None:
    prod = environment(project, "prod")
    used = set(re.findall(r"\$(\w+)", json.dumps(prod)))
    assert all(
        value.startswith("$")
        for plugins in prod.values()
        for plugin in plugins
        for value in plugin["config"].values()
    )
    example = (ROOT / ".env.example").read_text()
    assert used <= set(re.findall(r"^(\w+)=", example, re.MULTILINE))


def test_the_examples_of_own_reports_and_endpoints_pass_the_taps_own_check(
    project: dict[str, Any],
) -> None:
    dev = environment_of(project, "dev", "tap-amazon-sp")
    found = [
        plugin
        for plugin in project["plugins"]["extractors"]
        if plugin.get("inherit_from") == "tap-amazon-sp"
    ]
    assert len(found) == 4
    for plugin in found:
        tap = TapAmazonSp(config={**dev, **plugin.get("config", {})})
        tap.check_settings()
        selected = {rule.removesuffix(".*") for rule in plugin["select"]}
        assert selected <= set(tap.streams)


def test_the_entities_job_reads_all_of_them(project: dict[str, Any]) -> None:
    plugin = next(
        plugin
        for plugin in project["plugins"]["extractors"]
        if plugin["name"] == "tap-amazon-ads-entities"
    )
    assert plugin["inherit_from"] == "tap-amazon-ads"
    selected = {rule.removesuffix(".*") for rule in plugin["select"]}
    assert selected == {*ENTITY_STREAMS, "report_log", "report_days"}


def test_the_daily_job_of_reports_asks_for_no_entities(project: dict[str, Any]) -> None:
    plugin = next(
        plugin
        for plugin in project["plugins"]["extractors"]
        if plugin["name"] == "tap-amazon-ads"
    )
    everything, *left_out = plugin["select"]
    assert everything == "*.*"
    assert set(left_out) == {f"!{stream}.*" for stream in ENTITY_STREAMS}


def test_the_daily_schedules_run_the_jobs(project: dict[str, Any]) -> None:
    tasks = {job["name"]: job["tasks"] for job in project["jobs"]}
    assert tasks == {
        "ads-to-s3": ["tap-amazon-ads target-s3"],
        "entities-to-s3": ["tap-amazon-ads-entities target-s3"],
        "sp-to-s3": ["tap-amazon-sp target-s3"],
        "data-kiosk-to-s3": ["tap-amazon-sp-data-kiosk target-s3"],
        "money-to-s3": ["tap-amazon-sp-money target-s3"],
        "sp-own-to-s3": ["tap-amazon-sp-own target-s3"],
        "customers-to-audience": ["tap-customer-file audience-customers"],
        "buyers-to-audience": ["tap-amazon-sp-buyers audience-buyers"],
    }
    daily = ["ads-to-s3", "sp-to-s3", "customers-to-audience"]
    assert {s["name"]: s["job"] for s in project["schedules"]} == {
        f"{name}-daily": name for name in daily
    }
    for schedule in project["schedules"]:
        assert re.fullmatch(r"\d+ \d+ \* \* \*", schedule["interval"])


def test_the_sample_customers_never_leave_the_machine(project: dict[str, Any]) -> None:
    dev = environment_of(project, "dev", "tap-customer-file")
    prod = environment_of(project, "prod", "tap-customer-file")
    assert dev["path"] == "sample"
    assert prod["path"] == "$CUSTOMERS_CSV"
    tap = next(
        p for p in project["plugins"]["extractors"] if p["name"].endswith("file")
    )
    assert "config" not in tap


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_demo_sets_every_setting_of_the_plugins_meltano_runs(plugin: str) -> None:
    prefix = plugin.upper().replace("-", "_")
    given = demo_environment.defaults(ROOT / "plugins")
    for setting in definition(plugin)["settings"]:
        variable = f"{prefix}_{setting['name'].upper().replace('.', '_')}"
        is_old = setting["name"] in {entry.name for entry in LEGACY}
        is_part = plugin.startswith("tap-") and "." in setting["name"]
        left_out = setting["name"] in NUMBERS_WITHOUT_DEFAULT or (
            plugin == "tap-amazon-sp" and (is_old or is_part)
        )
        assert (variable in given) is not left_out, variable


NUMBERS_WITHOUT_DEFAULT = {
    *("time_to_live", "max_wait_time", "batch_size_rows"),
    *("flattening_max_depth", "flattening_max_key_length"),
}


def environment_of(project: dict[str, Any], name: str, plugin: str) -> dict[str, Any]:
    found = environment(project, name)
    configs = {p["name"]: p["config"] for plugins in found.values() for p in plugins}
    config: dict[str, Any] = configs[plugin]
    return config


def environment(project: dict[str, Any], name: str) -> dict[str, Any]:
    found = next(item for item in project["environments"] if item["name"] == name)
    plugins: dict[str, Any] = found["config"]["plugins"]
    return plugins
