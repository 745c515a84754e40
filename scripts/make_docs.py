"""Writes all that is generated: pages and parts of docs/, Meltano's definitions.

    uv run scripts/make_docs.py

A test fails while a file differs from what this script would write.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import ads_streams_page
import reporting_api_page
import sp_streams_page
from columns_pages import ads_columns_page, sp_columns_page
from dbt_models import dbt_files
from plugin_definitions import definition_files, leaves, schema_of
from retry_policy_table import retry_policy_table
from singer_amazon.reports.lifecycle import TABLE, State
from tap_amazon_ads.catalogue import load_catalogue as load_ads_catalogue
from tap_amazon_ads.tap import TapAmazonAds
from tap_amazon_sp.catalogue.loader import load_catalogue as load_sp_catalogue
from tap_amazon_sp.custom_settings_schema import LEGACY
from tap_amazon_sp.tap import TapAmazonSp
from target_amazon_audience.target import TargetAmazonAudience
from target_s3.target import TargetS3

ROOT = Path(__file__).resolve().parent.parent
LEGACY_NAMES = {entry.name for entry in LEGACY}

Settings = Iterable[tuple[str, Mapping[str, Any]]]


def state_table() -> str:
    """Return the lifecycle of a report as a Markdown table."""
    lines = ["| a report that is | becomes | when |", "|---|---|---|"]
    events: dict[tuple[State, State], list[str]] = {}
    for (before, event), after in TABLE.items():
        if before is not after:
            events.setdefault((before, after), []).append(event.name.lower())
    for (before, after), names in events.items():
        end = ", the end" if after.is_final else ""
        words = ", ".join(names).replace("_", " ")
        lines.append(f"| {before.name} | {after.name}{end} | {words} |")
    return "\n".join(lines)


def settings_table(schema: Mapping[str, Any], settings: Settings) -> str:
    """Return settings of this schema as a Markdown table."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for name, entry in settings:
        shown = _shown(entry.get("default"))
        if name in schema.get("required", []):
            shown = "required"
        lines.append(f"| `{name}` | {shown} | {_meaning(entry)} |")
    return "\n".join(lines)


def _meaning(entry: Mapping[str, Any]) -> str:
    text = " ".join(str(entry.get("description", "")).split())
    if any(value not in text for value in entry.get("enum", [])):
        text = f"{text.removesuffix('.')}; one of {', '.join(entry['enum'])}"
    secret = " (secret)" if entry.get("secret") else ""
    return text.replace("|", "\\|") + secret


def _shown(default: object) -> str:
    if default in (None, [], {}):
        return ""
    if isinstance(default, bool):
        return f"`{default}`".lower()
    return f"{default:.10g}" if isinstance(default, (int, float)) else f"`{default}`"


def all_settings(plugin: Any) -> str:  # noqa: ANN401 - any of our plugins
    """Return the table of a plugin's settings."""
    schema = schema_of(plugin)
    return settings_table(schema, leaves(schema["properties"]))


def sp_settings(*, legacy: bool) -> str:
    """Return the settings of tap-amazon-sp: those of older connectors, or the rest."""
    schema = schema_of(TapAmazonSp)
    properties = {
        name: entry
        for name, entry in schema["properties"].items()
        if (name in LEGACY_NAMES) is legacy
    }
    return settings_table(schema, properties.items() if legacy else leaves(properties))


def sp_fields(setting: str) -> str:
    """Return the table of the fields of a list's entries."""
    items = schema_of(TapAmazonSp)["properties"][setting]["items"]
    return settings_table(items, items["properties"].items())


PARTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "docs/how-reports-run.md": {
        "lifecycle": state_table,
        "retry policy": retry_policy_table,
    },
    "docs/tap-amazon-ads.md": {"settings": lambda: all_settings(TapAmazonAds)},
    "docs/tap-amazon-sp.md": {
        "settings": lambda: sp_settings(legacy=False),
        "old settings": lambda: sp_settings(legacy=True),
        "accounts": lambda: sp_fields("accounts"),
        "reports": lambda: sp_fields("reports"),
        "endpoints": lambda: sp_fields("endpoints"),
    },
    "docs/reporting-api-v1.md": {
        "streams": lambda: reporting_api_page.streams_table(load_ads_catalogue()),
        "sponsored columns": lambda: reporting_api_page.columns_table(
            load_ads_catalogue(), is_dsp=False
        ),
        "dsp columns": lambda: reporting_api_page.columns_table(
            load_ads_catalogue(), is_dsp=True
        ),
    },
    "docs/target-amazon-audience.md": {
        "settings": lambda: all_settings(TargetAmazonAudience)
    },
    "docs/target-s3.md": {"settings": lambda: all_settings(TargetS3)},
}


def filled(page: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """Return a page with its generated parts made anew."""
    for name, make in parts.items():
        before, opening, rest = page.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition("<!-- end -->")
        page = f"{before}{opening}{make()}\n{closing}{after}"
    return page


def generated() -> Iterator[tuple[str, str]]:
    """Return each file that is generated, in whole or in part, with its text."""
    for name, parts in PARTS.items():
        yield name, filled((ROOT / name).read_text(), parts)
    ads, selling = load_ads_catalogue(), load_sp_catalogue()
    yield "docs/ads-streams.md", ads_streams_page.make_page(ads)
    yield "docs/tap-amazon-sp-streams.md", sp_streams_page.make_page(selling)
    yield "docs/ads-columns.md", ads_columns_page(ads)
    yield "docs/sp-columns.md", sp_columns_page(selling)
    yield from definition_files().items()
    yield from dbt_files()


def main() -> int:
    """Write what differs; with --check, only say so."""
    is_check = "--check" in sys.argv
    stale = []
    for name, text in generated():
        path = ROOT / name
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if not is_check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
    if stale and is_check:
        print("behind the code, run `uv run scripts/make_docs.py`:", *stale)
    elif stale:
        print("wrote:", *stale)
    return 1 if stale and is_check else 0


if __name__ == "__main__":
    sys.exit(main())
