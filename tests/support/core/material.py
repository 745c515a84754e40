"""Amazon's own schemas and our collected facts, where they lie beside the project.

They are not part of it. `AMAZON_SPECS_DIR` and `AMAZON_FACTS_DIR` name other places.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

_SHARED = Path(__file__).resolve().parents[4] / "shared"
_SPECS = Path(os.environ.get("AMAZON_SPECS_DIR", _SHARED / "specs"))
SPECS, AUDIENCE_SPECS = _SPECS / "amazon-sp", _SPECS / "amazon-audiences"
FACTS = Path(os.environ.get("AMAZON_FACTS_DIR", _SHARED / "facts"))

needs_specs = pytest.mark.skipif(
    not SPECS.is_dir(),
    reason="Amazon's schemas are not here; AMAZON_SPECS_DIR names their folder.",
)
needs_audience_specs = pytest.mark.skipif(
    not AUDIENCE_SPECS.is_dir(), reason="Amazon's OpenAPI files are not here."
)
needs_facts = pytest.mark.skipif(
    not FACTS.is_dir(),
    reason="The facts on report types are not here; AMAZON_FACTS_DIR names the folder.",
)


def spec(name: str) -> Any:
    """Return one of Amazon's files."""
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
