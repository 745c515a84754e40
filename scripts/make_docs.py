"""Writes the generated pages and parts of docs/ from the code they describe.

    uv run scripts/make_docs.py

A test fails while a page differs from what this script would write.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from singer_amazon.reports.lifecycle import TABLE, State
from tap_amazon_ads.tap import TapAmazonAds
from tap_amazon_sp.custom_settings_schema import LEGACY
from tap_amazon_sp.tap import TapAmazonSp
from target_amazon_audience.target import TargetAmazonAudience

DOCS = Path(__file__).resolve().parent.parent / "docs"


def state_picture() -> str:
    """Return the lifecycle table as a Mermaid state diagram."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> PLANNED"]
    events: dict[tuple[State, State], list[str]] = {}
    for (before, event), after in TABLE.items():
        if before is not after:
            events.setdefault((before, after), []).append(event.name.lower())
    for (before, after), names in events.items():
        lines.append(f"    {before.name} --> {after.name}: {', '.join(names)}")
    lines += [f"    {state.name} --> [*]" for state in State if state.is_final]
    return "\n".join([*lines, "```"])


def settings_table(
    schema: Mapping[str, Any], wanted: Callable[[str], bool] = bool
) -> str:
    """Return the settings of a plugin (those wanted) as a Markdown table."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for name, entry in schema["properties"].items():
        if not wanted(name):
            continue
        default = entry.get("default")
        shown = "required" if name in schema.get("required", []) else ""
        if default not in (None, [], {}):
            shown = f"`{default}`"
        secret = " (secret)" if entry.get("secret") else ""
        text = " ".join(str(entry.get("description", "")).split()).replace("|", "\\|")
        lines.append(f"| `{name}` | {shown} | {text}{secret} |")
    return "\n".join(lines)


def tap_settings() -> str:
    """Return the settings of tap-amazon-ads."""
    schema = TapAmazonAds.config_jsonschema
    TapAmazonAds.append_builtin_config(schema)
    return settings_table(schema)


def audience_settings() -> str:
    """Return the settings of target-amazon-audience."""
    schema = TargetAmazonAudience.config_jsonschema
    TargetAmazonAudience.append_builtin_config(schema)
    return settings_table(schema)


OLD_NAMES = {entry.name for entry in LEGACY}


def sp_settings() -> str:
    """Return the settings of tap-amazon-sp, without those of older connectors."""
    return settings_table(_sp_schema(), lambda name: name not in OLD_NAMES)


def sp_old_settings() -> str:
    """Return the settings tap-amazon-sp reads for the sake of old configs."""
    return settings_table(_sp_schema(), OLD_NAMES.__contains__)


def sp_fields(setting: str) -> Callable[[], str]:
    """Return what makes the table of the fields of a list's entries."""

    def made() -> str:
        return settings_table(_sp_schema()["properties"][setting]["items"])

    return made


def _sp_schema() -> dict[str, Any]:
    schema = TapAmazonSp.config_jsonschema
    TapAmazonSp.append_builtin_config(schema)
    return schema


PARTS = {
    "how-reports-run.md": {"lifecycle": state_picture},
    "tap-amazon-ads.md": {"settings": tap_settings},
    "tap-amazon-sp.md": {
        "settings": sp_settings,
        "old settings": sp_old_settings,
        "accounts": sp_fields("accounts"),
        "reports": sp_fields("reports"),
        "endpoints": sp_fields("endpoints"),
    },
    "target-amazon-audience.md": {"settings": audience_settings},
}


def filled(page: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """Return a page with its generated parts made anew."""
    for name, make in parts.items():
        before, opening, rest = page.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition("<!-- end -->")
        page = f"{before}{opening}{make()}\n{closing}{after}"
    return page


def main() -> int:
    """Write all pages; with --check, only say which differ."""
    stale = []
    for name, parts in PARTS.items():
        path = DOCS / name
        old = path.read_text()
        new = filled(old, parts)
        if new != old:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(new)
    if stale:
        print("differs from the code:" if "--check" in sys.argv else "wrote:", *stale)
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
