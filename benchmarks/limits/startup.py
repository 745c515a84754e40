"""What `--version` and `--discover` cost, beside a tap with nothing in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from harness import BIN, metered
from limits.figures import Row, Rows, Sizes, times

EMPTY_TAP = Path(__file__).parents[1] / "empty_tap.py"
GOALS = {"--version": 1.15, "--discover": 1.25}
CREDENTIALS: dict[str, object] = {
    "client_id": "a",
    "client_secret": "b",
    "refresh_token": "c",
}
SETTINGS: dict[str, dict[str, object]] = {
    "empty tap": {},
    "tap-amazon-ads": CREDENTIALS,
    "tap-amazon-sp": CREDENTIALS
    | {"account_name": "a", "account_type": "seller", "marketplace_ids": ["US"]},
}
ROUNDS = 5
"""A start is short and its time uncertain: more of them than of other runs."""


def measure(sizes: Sizes, folder: Path) -> Rows:
    """Start all taps in turn."""
    del sizes
    commands = {
        (tap, option): _command(tap, option, settings, folder)
        for option in GOALS
        for tap, settings in SETTINGS.items()
    }
    for command in commands.values():
        metered(command)  # the first start of a checkout compiles it
    runs = [{key: metered(c) for key, c in commands.items()} for _ in range(ROUNDS)]
    found = {key: times([run[key] for run in runs]) for key in commands}
    return [
        Row(
            name=f"{tap} {option}",
            baseline="an empty tap of the SDK",
            by="CPU",
            ours=figures,
            theirs=found["empty tap", option],
            goal=GOALS[option],
        )
        for (tap, option), figures in found.items()
        if tap != "empty tap"
    ]


def _command(
    tap: str, option: str, settings: dict[str, object], folder: Path
) -> list[str]:
    is_ours = tap != "empty tap"
    command = [str(BIN / tap)] if is_ours else [sys.executable, str(EMPTY_TAP)]
    if option == "--version":
        return [*command, option]
    config = folder / f"{tap}.json"
    config.write_text(json.dumps(settings), encoding="utf-8")
    return [*command, "--config", str(config), option]
