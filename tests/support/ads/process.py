"""tap-amazon-ads as a process of its own: for signals, pipes and exit codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from amazon_emulator import Emulator
from support.ads.runs import CAMPAIGNS, catalog, seller_settings
from support.core.process import PluginProcess
from support.core.runs import QUICK_POLLS


class AdsProcess(PluginProcess):
    """A running tap whose stdout is read only when the test says so."""

    def __init__(
        self,
        folder: Path,
        emulator: Emulator,
        streams: Iterable[str] = (CAMPAIGNS,),
        *,
        state: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        **changes: object,
    ) -> None:
        files = {
            "config": seller_settings(emulator, **QUICK_POLLS | changes),
            "catalog": catalog(streams, reports=changes.get("reports", ())),
            "state": state or {},
        }
        super().__init__("tap-amazon-ads", folder, files, **(environment or {}))
