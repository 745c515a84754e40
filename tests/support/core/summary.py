"""The summaries of runs, held against the schema that users get."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

_SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "summary.schema.json"


@cache
def validator() -> Draft202012Validator:
    schema = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def valid_summary(found: dict[str, Any]) -> dict[str, Any]:
    """Return a summary, after a look at every part of it."""
    wrong = [f"{e.json_path}: {e.message}" for e in validator().iter_errors(found)]
    assert not wrong, wrong
    return found
