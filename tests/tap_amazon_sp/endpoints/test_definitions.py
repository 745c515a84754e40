"""Times, schemas, tables, rows and rate limiters; Amazon's own files."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.clock import FakeClock
from singer_amazon.http.transport import Response
from singer_amazon.rate_limits import Rate
from support.core.material import needs_specs, spec
from tap_amazon_sp.client import RateLimiters
from tap_amazon_sp.documents.row_shape import RowShape
from tap_amazon_sp.endpoints.custom.tables import tables
from tap_amazon_sp.endpoints.definitions import Table
from tap_amazon_sp.endpoints.schemas import record_schemas
from tap_amazon_sp.schema_inference import infer_columns
from tap_amazon_sp.timestamps import format_instant, parse_instant

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
THINGS = {"name": "things", "path": "/things", "results_key": "things"}


# --- times ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T12:00:00Z", NOON),
        ("2026-11-20T12:00:00.987Z", NOON),
        ("2026-11-20T12:00:00.9876543Z", NOON),
        ("2026-11-20T13:00:00+01:00", NOON),
        ("2026-11-20T04:00:00-0800", NOON),
        ("2026-11-20 12:00", NOON),
        ("2026-11-20", NOON.replace(hour=0)),
        ("2026-11-20t12:00:00z", NOON),
        ("2026-13-20", None),
        ("2026-11-20T25:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
        (None, None),
        (5, None),
    ],
)
def test_times_are_read_as_amazon_and_people_write_them(
    text: object, expected: datetime | None
) -> None:
    assert parse_instant(text) == expected


@given(st.floats(0, 4e9))
def test_a_bookmark_is_never_later_than_what_it_stands_for(seconds: float) -> None:
    aware = datetime.fromtimestamp(seconds, timezone.utc)
    back = parse_instant(format_instant(aware))
    assert back is not None
    assert timedelta(0) <= aware - back < timedelta(seconds=1)


# --- schemas and Amazon's own files --------------------------------------------

_FILES = {
    "orders": ("orders_2026-01-01.json", "Order"),
    "order_items": ("orders_2026-01-01.json", "OrderItem"),
    "orders_v0": ("ordersV0.json", "Order"),
    "order_items_v0": ("ordersV0.json", "OrderItem"),
}
_TYPES = {"string", "integer", "number", "boolean"}


def _resolved(found: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in found or "allOf" in found:
        found = found["allOf"][0] if "allOf" in found else found
        if "$ref" in found:
            found = definitions[found["$ref"].rpartition("/")[2]]
    return found


def _agree(
    ours: dict[str, Any], theirs: dict[str, Any], definitions: dict[str, Any], at: str
) -> None:
    theirs = _resolved(theirs, definitions)
    kind = theirs.get("type", "object")
    assert ours["type"] == [kind, "null"], at
    if kind == "array":
        _agree(ours["items"], theirs["items"], definitions, f"{at}[]")
    elif kind == "object" and theirs.get("properties"):
        assert set(ours["properties"]) == set(theirs["properties"]), at
        for name, field in theirs["properties"].items():
            _agree(ours["properties"][name], field, definitions, f"{at}.{name}")


@needs_specs
@pytest.mark.parametrize("name", _FILES)
def test_a_schema_says_what_amazons_own_file_says(name: str) -> None:
    file, definition = _FILES[name]
    definitions = spec(file)["definitions"]
    record_schema = record_schemas()[name]
    ours = {"type": ["object", "null"], "properties": dict(record_schema.columns)}

    _agree(ours, definitions[definition], definitions, name)

    required = definitions[definition]["required"]
    assert set(record_schema.key) <= set(required)


@needs_specs
def test_transactions_have_what_amazons_own_file_says() -> None:
    definitions = spec("finances_2024-06-19.json")["definitions"]
    columns = dict(record_schemas()["transactions"].columns)
    del columns["sellingPartnerId"]  # out of the metadata, for the key
    theirs = definitions["Transaction"]["properties"]

    assert set(columns) == set(theirs)
    for name in theirs.keys() - {"breakdowns", "items", "contexts", "postedDate"}:
        _agree(dict(columns[name]), theirs[name], definitions, name)
    (table,) = [t for t in tables([]) if t.name == "transactions"]
    assert table.sweep is not None
    operation = spec("finances_2024-06-19.json")["paths"][table.listing.path]["get"]
    assert {table.listing.updated_at, table.listing.updated_before, "nextToken"} | {
        name for search in table.sweep.passes for name, _ in search
    } <= {entry["name"] for entry in operation["parameters"]}


@needs_specs
@pytest.mark.parametrize("stream", ["orders", "orders_v0"])
def test_the_parameters_of_ready_made_streams_are_amazons(stream: str) -> None:
    (table,) = [t for t in tables([]) if t.name == stream]
    listing, pagination = table.listing, table.listing.pagination
    operation = spec(_FILES[stream][0])["paths"][listing.path]["get"]
    theirs = {entry["name"]: entry for entry in operation["parameters"]}

    assert pagination is not None
    sent = {
        *listing.params,
        *(listing.updated_at, listing.updated_before),
        *(listing.marketplace_param, pagination.token_param),
    }
    assert sent <= set(theirs)
    required = {name for name, entry in theirs.items() if entry.get("required")}
    assert required <= sent
    for name, value in listing.params.items():
        if isinstance(value, list):
            assert theirs[name]["type"] == "array"
            assert set(value) <= set(theirs[name]["items"]["enum"])


# --- tables --------------------------------------------------------------------


def mine(**changes: object) -> Table:
    return tables([{**THINGS, **changes}])[-1]


def test_the_streams_of_one_list_are_read_together() -> None:
    new, new_items, old, old_items = tables([])[:4]

    assert new.listing is new_items.listing
    assert old.listing is old_items.listing
    assert [t.name for t in (new, new_items, old, old_items)] == [
        *("orders", "order_items"),
        *("orders_v0", "order_items_v0"),
    ]
    assert [t.key for t in (new_items, old_items)] == [
        ("orderId", "orderItemId"),
        ("AmazonOrderId", "OrderItemId"),
    ]


def test_nested_rows_carry_what_they_belong_to() -> None:
    items = tables([])[1]
    order = {
        "orderId": "1",
        "lastUpdatedTime": "t",
        "orderItems": [{"orderItemId": "a"}, {"orderItemId": "b"}, "odd"],
    }

    assert items.rows(order) == [
        {
            "orderId": "1",
            "createdTime": None,
            "lastUpdatedTime": "t",
            "orderItemId": name,
        }
        for name in "ab"
    ]
    assert items.rows({"orderId": "1"}) == []


def test_a_documented_path_knows_its_bounds_pages_and_rows() -> None:
    table = mine(
        path="/orders/v0/orders", results_key=None, updated_at_param="CreatedAfter"
    )

    listing = table.listing
    assert (listing.updated_at, listing.updated_before) == (
        "CreatedAfter",
        "CreatedBefore",
    )
    assert listing.list_path == "payload.Orders"
    assert listing.is_by_marketplace
    assert table.key == ("AmazonOrderId",)
    assert mine(updated_at_param="changedAfter").listing.updated_before is None


def test_what_is_read_and_not_how_is_the_definition() -> None:
    base = mine(params={"a": 1}, updated_at_param="after")

    def same(**changes: object) -> bool:
        given = {"params": {"a": 1}, "updated_at_param": "after", **changes}
        return mine(**given).fingerprint() == base.fingerprint()

    assert same()
    assert same(name="other", params={"a": 1, "after": "2026-01-01"})
    assert not same(params={"a": 2})
    assert not same(updated_at_param="since")
    assert not same(record_config={"id_field": "id"})
    assert not same(path="/others")


# --- rows ----------------------------------------------------------------------

SHAPE: dict[str, dict[str, Any]] = {
    "id": {"type": "string"},
    "n": {"type": ["integer", "null"]},
    "x": {"type": ["number", "null"]},
    "s": {"type": ["string", "null"]},
    "b": {"type": ["boolean", "null"]},
    "o": {"type": ["object", "null"]},
    "a": {"type": ["array", "null"]},
}


def test_what_fits_stays_and_what_does_not_is_kept_apart() -> None:
    shape = RowShape(SHAPE, ["id"], keeps_unknown=True)

    assert shape.row(
        {"id": 9007199254740993, "n": 2.0, "x": 1, "s": 5, "b": True, "o": {}, "a": []},
        {"account_name": "acme"},
    ) == {
        "account_name": "acme",
        "id": "9007199254740993",
        "n": 2,
        "x": 1,
        "s": "5",
        "b": True,
        "o": {},
        "a": [],
    }
    odd = {"n": 2.5, "x": "1", "s": {}, "b": 1, "o": [], "a": {}, "account_name": "x"}
    assert shape.row({**odd, "null": None}, {"account_name": "acme"}) == {
        "account_name": "acme",
        "id": "",
        "_extra": odd,
    }


def test_the_schema_has_keys_first_and_never_null() -> None:
    shape = RowShape(SHAPE, ["id"], keeps_unknown=False)

    schema = shape.schema(["account_name"])["properties"]

    assert list(schema)[:2] == ["account_name", "id"]
    assert schema["account_name"] == schema["id"] == {"type": "string"}
    assert "_extra" not in schema


def test_columns_come_from_all_records_of_a_page() -> None:
    found = infer_columns([{"a": None, "b": 1}, {"a": "x", "c": None, "_extra": {}}])

    assert found == {
        "a": {"type": ["string", "null"]},
        "b": {"type": ["number", "null"]},
    }


# --- rate limiters -------------------------------------------------------------


def test_each_account_and_operation_has_a_rate_limiter_of_its_own() -> None:
    clock = FakeClock(NOON)
    limiters = RateLimiters(clock, lambda: 0.5)
    rate = Rate(0.1, 1)
    good, throttled = Response(200, {}, b"{}"), Response(429, {}, b"{}")

    assert limiters.call(("a", "op"), rate, lambda: good) is good
    again = limiters.ready_at(("a", "op"), rate)
    assert timedelta(seconds=10) <= again - NOON < timedelta(seconds=11)
    assert limiters.ready_at(("b", "op"), rate) == NOON
    assert limiters.call(("b", "op"), rate, lambda: throttled) is None
    assert limiters.refusals(("b", "op")) == 1
    assert limiters.ready_at(("b", "op"), rate) >= NOON + timedelta(seconds=10)
    assert limiters.ready_at(("a", "other"), rate) == NOON


def test_amazons_wish_to_wait_goes_before_the_rate() -> None:
    limiters = RateLimiters(FakeClock(NOON), lambda: 0.0)
    response = Response(429, {"Retry-After": "77"}, b"{}")

    limiters.call("op", Rate(1.0, 5), lambda: response)

    assert limiters.ready_at("op", None) == NOON + timedelta(seconds=77)
