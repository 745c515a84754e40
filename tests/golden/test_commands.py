"""--about, --help and --discover say what they said."""

from __future__ import annotations

import pytest

from golden.commands import HELPS, PLUGINS, TAPS, about, by_name, discover, help_text
from golden.goldens import check, golden


@pytest.mark.parametrize("name", PLUGINS)
def test_about(name: str) -> None:
    check(golden("commands.json")["about"][name], about(name))


@pytest.mark.parametrize("words", HELPS, ids=" ".join)
def test_help(words: tuple[str, ...]) -> None:
    check(golden("commands.json")["help"][" ".join(words)], help_text(words))


@pytest.mark.parametrize("name", TAPS)
def test_discovered_catalog(name: str) -> None:
    check(golden("catalogs.json.gz")[name], by_name(discover(name)))
