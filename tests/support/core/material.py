"""Amazon's own schemas and our collected facts, where they lie beside the project.

They are not part of it. `AMAZON_SPECS_DIR` and `AMAZON_FACTS_DIR` name other places.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_SHARED = Path(__file__).resolve().parents[4] / "shared"
FACTS = Path(os.environ.get("AMAZON_FACTS_DIR", _SHARED / "facts"))


def amazons(folder: str) -> tuple[Path, pytest.MarkDecorator]:
    """Return a folder of Amazon's own files, and the mark of tests that need it."""
    path = Path(os.environ.get("AMAZON_SPECS_DIR", _SHARED / "specs")) / folder
    reason = "Amazon's files are not here; AMAZON_SPECS_DIR names their folder."
    return path, pytest.mark.skipif(not path.is_dir(), reason=reason)


SPECS, needs_specs = amazons("amazon-sp")
AUDIENCE_SPECS, needs_audience_specs = amazons("amazon-audiences")
needs_facts = pytest.mark.skipif(
    not FACTS.is_dir(),
    reason="The facts on report types are not here; AMAZON_FACTS_DIR names the folder.",
)


@cache
def spec(name: str) -> Any:
    return json.loads((SPECS / name).read_text(encoding="utf-8"))


def report_facts() -> dict[str, dict[str, Any]]:
    """Return the facts by report type; a vendor's variant as `<type> (vendor)`."""
    text = (FACTS / "amazon-sp-report-types.json").read_text(encoding="utf-8")
    content = json.loads(text)
    found = {f["reportType"]: f for f in (*content["reports"], *content["extra"])}
    for name, fact in list(found.items()):
        if "vendor_variant" in fact:
            found[f"{name} (vendor)"] = {**fact, **fact["vendor_variant"]}
    return found
