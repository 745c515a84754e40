"""Blocks of settings in the docs fit the plugin they are for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest
import yaml

from support.docs.blocks import PAGES, Block, blocks
from tap_amazon_ads.tap import TapAmazonAds
from tap_amazon_sp.tap import TapAmazonSp
from target_amazon_audience.setting_names import UNUSED
from target_amazon_audience.target import TargetAmazonAudience
from target_s3.target import TargetS3

PLUGINS: Mapping[str, Any] = {
    "tap-amazon-ads": TapAmazonAds,
    "tap-amazon-sp": TapAmazonSp,
    "target-amazon-audience": TargetAmazonAudience,
    "target-s3": TargetS3,
}
OF_PAGE = {f"docs/{name}.md": name for name in PLUGINS} | {
    "docs/ads-streams.md": "tap-amazon-ads",
    "docs/getting-started.md": "tap-amazon-ads",
    "docs/recipes/agency.md": "tap-amazon-ads",
    "docs/recipes/own-report.md": "tap-amazon-ads",
    "docs/run-report.md": "tap-amazon-ads",
    "docs/retention.md": "tap-amazon-sp",
    "docs/meltano.md": "target-amazon-audience",
}
"""Whose settings a page shows where a block does not say it."""
TESTED_ELSEWHERE = {"example", "checked", "state"}
"""Comments of blocks that a test of their own page runs."""
OF_THE_SDK = {"stream_maps", "stream_map_config", "batch_config"} | {
    f"flattening_{name}"
    for name in ("enabled", "max_depth", "max_key_length", "separator")
}
FOREIGN = {
    "a key of Meltano's",
    "a log configuration",
    "labels of an export, which the target reads",
    "a workflow of GitHub's",
    "of S3",
    "of another loader",
    "of tap-customer-file",
    "part of a state",
}
"""What a block may hold that is no setting of ours."""

Settings = Iterator[tuple[str, Mapping[str, Any]]]


def setting_blocks() -> Iterator[Block]:
    for page in PAGES:
        for block in blocks(page):
            words = {comment.partition(":")[0] for comment in block.comments}
            if block.language in {"json", "yaml"} and not words & TESTED_ELSEWHERE:
                yield block


def plugins_in(project: Mapping[str, Any]) -> Settings:
    """Yield the settings in a piece of a meltano.yml, each with its plugin."""
    for kind in ("extractors", "loaders"):
        for entry in project.get("plugins", project).get(kind, []):
            name = entry.get("inherit_from", entry["name"])
            if name in PLUGINS:
                yield name, entry.get("config", {})


def settings_in(block: Block) -> Settings:
    """Yield what a block sets, and whose settings these are."""
    found = yaml.safe_load(block.text)
    if isinstance(found, list):  # entries of extractors or loaders
        found = {"plugins": {"extractors": found}}
    if "plugins" in found:
        yield from plugins_in(found)
        return
    plugin = block.marked("settings") or OF_PAGE.get(block.page, "")
    assert plugin in PLUGINS, f"{block}: say in a comment whose settings these are"
    yield plugin, found.get("config", found)


@pytest.mark.parametrize("block", list(setting_blocks()), ids=str)
def test_settings_on_a_page_are_settings_of_the_plugin(block: Block) -> None:
    if block.language == "json":
        json.loads(block.text)
    foreign = block.marked("not settings")
    if foreign is not None:
        assert foreign in FOREIGN
        yaml.safe_load(block.text)
        return
    for plugin, given in settings_in(block):
        schema = PLUGINS[plugin].config_jsonschema
        known = {*schema["properties"], *OF_THE_SDK}
        if plugin == "target-amazon-audience":
            known |= UNUSED
        names = {name.partition(".")[0] for name in given}
        assert names <= known, f"{block}: {names - known}"
        shown = {k: v for k, v in given.items() if not str(v).startswith("$")}
        plain = {k: v for k, v in shown.items() if "." not in k and k not in OF_THE_SDK}
        ours = {k: v for k, v in schema["properties"].items() if k not in OF_THE_SDK}
        jsonschema.validate(plain, {**schema, "required": [], "properties": ours})
