"""The ten lines of docs/python.md, run as they stand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from amazon_emulator import Emulator
from support.ads.runs import SELLER, settings_for

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def test_the_example_prints_rows_and_keeps_the_state(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    with Emulator() as emulator:
        settings = settings_for(emulator, profile_ids=[SELLER], lookback_days=0)
        (tmp_path / "config.json").write_text(json.dumps(settings))
        command = [sys.executable, "-c", code]
        first, second = (
            subprocess.run(
                command, cwd=tmp_path, check=True, capture_output=True, text=True
            ).stdout
            for _ in range(2)
        )
    assert re.match(r"\d{4}-\d\d-\d\d .+ \d+\.\d+\n", first)
    assert second == ""
    state = json.loads((tmp_path / "state.json").read_text())
    (partition,) = state["bookmarks"]["sponsored_products_campaign_by_campaign"][
        "partitions"
    ]
    assert partition["replication_key_value"]
