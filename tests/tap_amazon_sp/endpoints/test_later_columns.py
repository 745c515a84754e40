"""Later pages, and later runs, that bring other fields and types than the first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.ads.runs import Run
from support.sp.endpoint_entries import PATH, THINGS
from support.sp.scripted import ScriptedApi, scripted_api
from tap_amazon_sp.endpoints.nested_values import conforms

Json = dict[str, Any]
VALUES: list[Any] = [1, 2.5, "text", True, None, {"a": 1}, [1, "b"], 10**40]


@pytest.fixture
def amazon() -> Iterator[ScriptedApi]:
    with scripted_api() as running:
        yield running


def schema_of(ended: Run) -> Json:
    """Return the last SCHEMA; each record must fit the one before it."""
    schema: Json = {}
    for message in ended.messages:
        if message["type"] == "SCHEMA":
            schema = message["schema"]
        elif message["type"] == "RECORD":
            jsonschema.validate(message["record"], schema)
    return schema


def whole(row: Json, name: str) -> object:
    """Return a field wherever it is: in its column, or apart."""
    apart = row.get("_extra") or {}
    return apart[name] if name in apart else row.get(name)


def pages(*values: Any) -> list[Json]:
    found: list[Json] = [
        {"things": [{"id": f"t{n}", "v": value}], "nextToken": f"n{n}"}
        for n, value in enumerate(values)
    ]
    del found[-1]["nextToken"]
    return found


@pytest.mark.parametrize("number", range(0, 56, 5))
def test_nothing_vanishes_and_every_record_fits_the_schema(
    amazon: ScriptedApi, number: int
) -> None:
    values = list(permutations(VALUES, 2))[number]
    amazon.serve(PATH, *pages(*values, *VALUES))

    ended = amazon.run(THINGS)

    assert ended.code == 0, ended.log
    schema_of(ended)
    for row, value in zip(ended.rows(), [*values, *VALUES], strict=True):
        found = whole(row, "v")
        same = found == value
        assert same or str(found).lower() == str(value).lower(), (found, value)


def test_new_fields_go_apart_and_are_named_once(amazon: ScriptedApi) -> None:
    first = {"things": [{"id": "1", "a": 1}], "nextToken": "n"}
    amazon.serve(PATH, first, {"things": [{"id": "2", "b": 2}, {"id": "3", "b": 3}]})

    ended = amazon.run(THINGS)

    assert [r.get("_extra") for r in ended.rows()] == [None, {"b": 2}, {"b": 3}]
    assert (
        len(ended.said("INFO", "In _extra, for there is no column that fits: b")) == 1
    )


def test_a_later_run_keeps_the_types_and_may_only_add_columns(
    amazon: ScriptedApi,
) -> None:
    amazon.serve(PATH, {"things": [{"id": "1", "a": 1, "b": "x"}]})
    first = amazon.run(THINGS)
    amazon.serve(PATH, {"things": [{"id": "2", "c": True, "a": "one", "b": 5}]})

    second = amazon.run(THINGS, state=first.state)
    amazon.serve(PATH, {"things": []})
    third = amazon.run(THINGS, state=second.state)

    one, two, three = (schema_of(e)["properties"] for e in (first, second, third))
    assert {n: two[n] for n in one} == one
    assert list(two)[: len(one) - 1] == list(one)[:-1], "columns keep their order"
    assert two["c"]["type"] == ["boolean", "null"]
    assert three == two, "also where there are no records"
    assert second.rows()[0]["_extra"] == {"a": "one"}
    assert second.rows()[0]["b"] == "5"


def test_columns_in_the_state_may_be_damaged(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, {"things": [{"id": "1", "a": 1}]})

    damaged: list[Any] = ["x", {"a": "no type", "b": 3}, None, []]
    for damage in damaged:
        state = {"bookmarks": {"things": {"columns": damage}}}
        ended = amazon.run(THINGS, state=state)
        assert ended.code == 0
        assert schema_of(ended)["properties"]["a"]["type"] == ["number", "null"]


def test_inside_a_column_that_amazon_documents_values_fit_too(
    amazon: ScriptedApi,
) -> None:
    path = "/orders/v0/orders"
    good = {"AmazonOrderId": "1", "OrderTotal": {"CurrencyCode": "USD", "Amount": "1"}}
    odd = {
        "AmazonOrderId": "2",
        "OrderTotal": {"CurrencyCode": "USD", "Amount": 12.5},
        "NumberOfItemsShipped": 2.5,
        "PaymentMethodDetails": ["a", 7],
    }
    new = {"AmazonOrderId": "3", "OrderTotal": {"Amount": "2", "Tax": 1}}
    amazon.serve(path, {"payload": {"Orders": [good, odd, new]}})

    ended = amazon.run({"name": "shop", "path": path})

    schema_of(ended)
    _, second, third = ended.rows()
    assert second["_extra"] == {n: v for n, v in odd.items() if n != "AmazonOrderId"}
    assert second["OrderTotal"] is None
    assert third["OrderTotal"] == {"Amount": "2", "Tax": 1}
    assert "_extra" not in third


@pytest.mark.parametrize(
    ("text", "is_time"),
    [
        ("2026-11-20T12:00:00Z", True),
        ("2026-11-20T12:00:00.123+01:00", True),
        ("2026-11-20", False),
        ("2026-11-31T12:00:00Z", False),
        ("20.11.2026 12:00", False),
        ("Nov 20, 2026", False),
        ("1795176000", False),
        ("", False),
        ("0000-00-00T00:00:00Z", False),
    ],
)
def test_a_time_column_holds_times(
    amazon: ScriptedApi, text: str, is_time: bool
) -> None:
    amazon.serve(PATH, {"things": [{"id": "1", "at": text}]})
    at = {"type": ["string", "null"], "format": "date-time"}
    schema = {"properties": {"id": {"type": "string"}, "at": at}}

    (row,) = amazon.run({**THINGS, "schema": schema}).rows()

    assert row["at"] == (text if is_time else None)
    assert whole(row, "at") == text


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_SCHEMAS = st.recursive(
    st.sampled_from(["string", "number", "integer", "boolean"]).map(
        lambda kind: {"type": [kind, "null"]}
    ),
    lambda inner: (
        st.dictionaries(st.sampled_from("abc"), inner).map(
            lambda p: {"type": ["object", "null"], "properties": p}
        )
        | inner.map(lambda i: {"type": ["array", "null"], "items": i})
    ),
    max_leaves=6,
)


@given(_JSON, _SCHEMAS)
def test_what_conforms_is_valid_for_others_too(value: Any, schema: Json) -> None:
    is_valid = jsonschema.Draft7Validator(schema).is_valid(value)
    assert conforms(value, schema) == is_valid
