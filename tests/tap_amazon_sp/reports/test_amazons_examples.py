"""Amazon's own example documents and models, where they lie beside the project."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from jsonschema import Draft4Validator, Draft7Validator, FormatChecker

from amazon_emulator import Emulator
from support.core.material import SPECS, needs_specs, spec
from support.sp.runs import SELLER, US, VENDOR, account, run
from tap_amazon_sp.catalogue import ReportDefinition, load_reports

CATALOGUE = load_reports()
# example document -> report of the catalogue whose schema it belongs to
SCHEMAS = {
    report.source.rpartition("/")[2].removesuffix(".json"): report
    for report in CATALOGUE.reports
}
EXAMPLES = sorted((SPECS / "examples").glob("*.json")) if SPECS.is_dir() else []
KNOWN = [
    pytest.param(SCHEMAS[name], path.name, id=path.stem)
    for path in EXAMPLES
    if (name := path.name.partition(".")[0]) in SCHEMAS
]
ACCOUNTS = {
    "seller": [account(SELLER, account_type="seller", marketplace_ids=[US])],
    "vendor": [account(VENDOR)],
}
# what Amazon has misspelt in its own example is a field nobody knows
MISSPELT = {
    "sellerSalesAndTrafficReport.example1.json": {
        '{"trafficByDate": {"browerPageViews": 1463}}'
    }
}


@needs_specs
def test_every_report_has_an_example() -> None:
    names = {path.name.partition(".")[0] for path in EXAMPLES}
    assert SCHEMAS.keys() <= names


@needs_specs
@pytest.mark.parametrize(("report", "example"), KNOWN)
def test_an_official_example_comes_out_whole(
    emulator: Emulator, report: ReportDefinition, example: str
) -> None:
    document = spec(f"examples/{example}")
    emulator.client.add_fault(
        "document", operation="create_report", text=json.dumps(document)
    )
    ended = run(
        emulator,
        *(stream.name for stream in report.streams),
        accounts=ACCOUNTS[report.accounts[0]],
        start_date="2026-11-18" if "real_time" in report.name else "2026-11-08",
        end_date="2026-11-18" if "real_time" in report.name else "2026-11-14",
        max_runtime_seconds=10**6,
    )
    assert ended.code == 0
    documents = len(emulator.client.statistics().sp_reports)
    for stream in report.streams:
        rows = ended.rows(stream.name)
        given = _array(document, stream.array) * documents
        assert len(rows) == len(given) > 0
        (schema,) = (
            m["schema"]
            for m in ended.messages
            if m["type"] == "SCHEMA" and m["stream"] == stream.name
        )
        validator = Draft7Validator(schema)
        for row, expected in zip(rows, given, strict=True):
            assert not list(validator.iter_errors(row))
            extra = row.get("_extra", {})
            assert json.dumps(extra) in {"{}", *MISSPELT.get(example, ())}
            for name, value in expected.items():
                assert (
                    row[name] | extra[name] == value
                    if name in extra
                    else (row[name] == value)
                )


@needs_specs
@pytest.mark.parametrize("report", CATALOGUE.reports, ids=lambda report: report.name)
def test_requests_fit_amazons_model(
    emulator: Emulator, report: ReportDefinition
) -> None:
    model = spec("reports_2021-06-30.json")
    validator = Draft4Validator(
        {
            **model["definitions"]["CreateReportSpecification"],
            "definitions": model["definitions"],
        },
        format_checker=_with_times(),
    )
    ended = run(
        emulator,
        *(stream.name for stream in report.streams),
        accounts=ACCOUNTS[report.accounts[0]],
        start_date="2026-11-10",
        max_runtime_seconds=10**6,
    )
    assert ended.code == 0
    sent = emulator.client.statistics().sp_reports
    assert sent
    for create in sent:
        assert not [e.message for e in validator.iter_errors(create.body)]
        assert set(create.body) <= set(
            model["definitions"]["CreateReportSpecification"]["properties"]
        )


def _with_times() -> FormatChecker:
    """Return a checker that knows Amazon's date-time."""
    checker = FormatChecker()

    @checker.checks("date-time", raises=ValueError)
    def is_instant(value: object) -> bool:
        text = str(value)
        datetime.fromisoformat(text.replace("Z", "+00:00"))
        return "T" in text and text.endswith("Z")

    return checker


def _array(document: Any, path: str) -> list[dict[str, Any]]:
    for name in path.split("."):
        document = document[name]
    return list(document)


@needs_specs
@pytest.mark.parametrize(("report", "example"), KNOWN)
def test_keys_of_the_examples_are_unique(
    report: ReportDefinition, example: str
) -> None:
    document = spec(f"examples/{example}")
    for stream in report.streams:
        keys = Counter(
            tuple(row.get(name) for name in stream.key)
            for row in _array(document, stream.array)
        )
        assert max(keys.values()) == 1, example
