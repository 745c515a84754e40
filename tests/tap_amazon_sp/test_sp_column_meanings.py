"""Every column says what it means; a foreign one only where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from amazon_emulator import Emulator
from support.core.emulation import emulator_fixtures
from support.sp.runs import SELLER, QuickTap, account, run, settings
from tap_amazon_sp.catalogue.descriptions import _words, describe
from tap_amazon_sp.catalogue.loader import load_catalogue
from tap_amazon_sp.catalogue.model import ColumnDefinition
from tap_amazon_sp.endpoints.schemas import record_schemas

SECRETS = {"client_id": "c", "client_secret": "s", "refresh_token": "r"}
OF_FILES = {"report_id", "report_type", "file", "bytes", "_extra"}

running, emulator = emulator_fixtures(sp_asins=3)


def columns(config: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for entry in QuickTap(config=config).catalog_dict["streams"]:
        for name, column in entry["schema"]["properties"].items():
            yield entry["stream"], name, column.get("description", "")


def nested(column: ColumnDefinition) -> Iterator[str]:
    yield column.name
    for field in column.fields:
        yield from nested(field)


def test_every_column_of_the_catalog_has_a_meaning() -> None:
    for stream, name, text in columns({**SECRETS, "account_name": "a"}):
        assert text, (stream, name)
        assert "no description" not in text, (stream, name)


def test_fields_inside_columns_have_one_too() -> None:
    for stream in load_catalogue().streams.values():
        for column in stream.columns:
            for name in nested(column):
                assert "no description" not in describe(name), name


def test_no_word_of_the_vocabulary_is_for_nothing() -> None:
    used = {n for s in load_catalogue().streams.values() for n in names_of(s)}
    for schema in record_schemas().values():
        used |= set(schema.columns)
    assert set(_words()) - used <= OF_FILES


def names_of(stream: Any) -> Iterator[str]:
    yield from (column.name for column in stream.added)
    for column in stream.columns:
        yield from nested(column)


def test_business_customers_are_named() -> None:
    assert describe("sessionsB2B").endswith("Amazon Business customers only.")
    assert describe("sessionsB2B").startswith(describe("sessions").removesuffix("."))


def test_columns_of_a_custom_report_say_only_where_they_come_from(
    emulator: Emulator,
) -> None:
    """`status` of a foreign report is not the status that we know."""
    spec = {"reportType": "GET_MERCHANT_LISTINGS_ALL_DATA"}
    report = {"name": "listings", "report_spec": spec}
    given = settings(emulator, accounts=[account(SELLER)], reports=[report])
    found = {n: text for stream, n, text in columns(given) if stream == "listings"}
    assert found["account_name"] == describe("account_name")
    ended = run(emulator, "listings", **given)
    schema = next(m for m in ended.messages if m["type"] == "SCHEMA")
    texts = {n: c["description"] for n, c in schema["schema"]["properties"].items()}
    assert len(texts) > len(found)
    for name in texts.keys() - found.keys():
        assert texts[name] == (
            f"Amazon field {name} of GET_MERCHANT_LISTINGS_ALL_DATA; no description "
            "of it is known."
        )
