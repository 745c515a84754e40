"""The page of target-amazon-audience: its examples do what it says they do."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec import Raw
from singer_sdk.mapper import PluginMapper

from singer_amazon.target.messages import Message
from singer_amazon.target.stream_maps import StreamMaps
from target_amazon_audience import settings
from target_amazon_audience.matching.fields import (
    FIELDS,
)
from target_amazon_audience.matching.hashing import PII_FIELDS, hashers
from target_amazon_audience.matching.normalize import (
    address,
    city,
    email,
    name,
    postal,
    state,
)
from target_amazon_audience.matching.phones import phone
from target_amazon_audience.matching.record_reader import (
    RecordReader,
)
from target_amazon_audience.matching.reference import as_country

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "target-amazon-audience.md").read_text(encoding="utf-8")
EXAMPLES = dict(
    re.findall(r"<!-- example: (\w+) -->\n```json\n(.*?)\n```", PAGE, re.DOTALL)
)
RECORD = {
    "customer_no": "7",
    "contact_mail": "jane@example.com",
    "zip_code": "98109",
    "street": "Main Street",
    "house_no": "5",
    "landline": "206 555 0100",
    "opted_in": True,
    "newsletter": "yes",
    "country": "US",
    "revenue": "2000.50",
}
SCHEMA = {
    "type": "object",
    "properties": {
        name: {"type": ["boolean" if name == "opted_in" else "string", "null"]}
        for name in (*RECORD, "mobile")
    },
}
# Example -> what comes of a record of `customers`: stream, and the columns that matter.
EXPECTED: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "columns": [
        (
            "customers",
            {"externaluserid": "7", "email": "jane@example.com", "postal": "98109"},
        )
    ],
    "constants": [
        ("customers", {**RECORD, "countrycode": "DE", "amznuserdata": "GRANTED"})
    ],
    "templates": [
        (
            "customers",
            {**RECORD, "externaluserid": "shop7-7", "address": "Main Street 5"},
        )
    ],
    "absent": [("customers", {**RECORD, "phone": "206 555 0100"})],
    "consent": [("customers", {**RECORD, "amznuserdata": "GRANTED"})],
    "filter": [("customers", RECORD)],
    "copies": [("customers", RECORD), ("vip", RECORD)],
    "alias": [("people", RECORD)],
}


def mapped(example: str, record: dict[str, Any], stream: str = "customers") -> Any:
    maps = json.loads(EXAMPLES[example])
    mapper = PluginMapper(
        plugin_config={"stream_maps": maps}, logger=logging.getLogger("test")
    )
    found = []
    schema = Raw(json.dumps(SCHEMA).encode())
    message = Message("SCHEMA", stream, schema, ["customer_no"])
    for output in StreamMaps(mapper).outputs(1, message) or ():
        result = dict(record)
        if output.transform is not None:
            changed = output.transform(result)
            if changed is None:
                continue
            result = changed
        found.append((output.name, result))
    return found


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_of_stream_maps_does_what_the_page_says(example: str) -> None:
    assert mapped(example, RECORD) == EXPECTED[example]


def test_the_examples_that_choose_leave_the_others_out() -> None:
    assert mapped("filter", {**RECORD, "newsletter": "no"}) == []
    assert mapped("filter", {**RECORD, "country": "CH"}) == []
    small = {**RECORD, "revenue": "1000"}
    assert mapped("copies", small) == [("customers", small)]
    denied = mapped("consent", {**RECORD, "opted_in": False})
    assert denied[0][1]["amznuserdata"] == "DENIED"
    assert mapped("alias", RECORD, "leads") == [("people", RECORD)]
    mobile = mapped("absent", {**RECORD, "mobile": "425"})
    assert mobile[0][1]["phone"] == "425"


def test_the_configurations_on_the_page_are_good() -> None:
    secrets = {"client_id": "c", "client_secret": "s", "refresh_token": "r"}
    blocks = [
        json.loads(block)
        for block in re.findall(r"```json\n(\{.*?\})\n```", PAGE, re.DOTALL)
    ]
    whole = [block for block in blocks if "amc_instance_id" in block]
    assert len(whole) == 2
    audiences = [settings.parse({**secrets, **block}).audiences for block in whole]
    assert [list(found) for found in audiences] == [[None], ["buyers", "left"]]
    base = {**secrets, **whole[0]}
    parts = [b for b in blocks if {"field_mapping", "time_to_live"} & b.keys()]
    assert len(parts) == 2
    for part in parts:
        settings.parse({**base, **part})


def written_country(text: str, _: str | None) -> bytes:
    return (as_country(text) or "").encode()


def test_the_examples_of_written_values_are_what_is_hashed() -> None:
    rows = re.findall(r"^\| (`[^|]+) \| [^|]+ \| ([^|]+→[^|]+) \|$", PAGE, re.MULTILINE)
    write = {
        "email": lambda text, _: email(text),
        "phone": phone,
        "firstname": lambda text, _: name(text),
        "address": address,
        "city": lambda text, _: city(text),
        "state": state,
        "postal": postal,
        "countrycode": written_country,
    }
    assert len(rows) == len(write)
    for fields, examples in rows:
        field = fields.split("`")[1]
        for example in re.findall(r"`([^`]+)`(?:, \w\w)? → `([^`]+)`", examples):
            raw, written = example
            country = "DE" if raw == "Bayern" else "US"
            assert write[field](raw, country).decode() == written
    assert set(hashers("recommended", {})) == set(PII_FIELDS)


def test_every_field_and_every_reason_is_on_the_page() -> None:
    for field in FIELDS:
        assert f"`{field}`" in PAGE
    for reason in (
        "external id missing",
        "external id not allowed",
        "country code unknown",
        "no usable personal data",
        "consent missing",
        "consent denied",
        "consent value unknown",
        "key column missing",
        "expression of stream_maps failed",
        "refused by Amazon",
        "job failed at Amazon",
    ):
        assert f"`{reason}" in PAGE
    assert RecordReader is not None


def test_the_yaml_on_the_page_can_be_read() -> None:
    blocks = [
        yaml.safe_load(block)
        for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    ]
    meltano, workflow = blocks
    assert meltano["schedules"][0]["job"] == meltano["jobs"][0]["name"]
    steps = workflow["jobs"]["audience"]["steps"]
    given = next(step["env"] for step in steps if "env" in step)
    example = (ROOT / ".env.example").read_text()
    for variable in given:
        assert f"\n{variable}=" in example
