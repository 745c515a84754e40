"""Data Kiosk against Amazon's own files, where a copy is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
)

from amazon_emulator.selling_partner.data_kiosk.schemas import (
    DOMAINS,
    schema_of,
)
from support.core.material import SPECS, needs_specs
from support.sp.kiosk import DOCUMENTS, QUERIES, KioskCaller, by_asin
from support.sp.model import check

pytestmark = needs_specs
MODEL = "dataKiosk_2023-11-15.json"


def amazons(domain: str) -> GraphQLSchema:
    path = SPECS / "data-kiosk" / f"{domain}.graphql"
    if not path.is_file():
        pytest.skip(f"Amazon's schema of {domain} is not here.")
    return build_schema(path.read_text(encoding="utf-8"))


def wrapped(kind: Any) -> str:
    """Return the lists and exclamation marks around a type; scalars by their name."""
    inner = get_named_type(kind)
    is_ours_to_name = isinstance(
        inner, GraphQLObjectType | GraphQLEnumType | GraphQLInputObjectType
    )
    return str(kind).replace(inner.name, "*") if is_ours_to_name else str(kind)


def described(kind: Any, path: str, seen: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield what a type is made of, line by line, whatever its types are called."""
    inner = get_named_type(kind)
    if isinstance(inner, GraphQLEnumType):
        yield f"{path} is one of {sorted(inner.values)}"
    if not isinstance(inner, GraphQLObjectType | GraphQLInputObjectType):
        return
    assert inner.name not in seen
    for name, field in inner.fields.items():
        where = f"{path}.{name}"
        yield f"{where}: {wrapped(field.type)}"
        for argument, value in getattr(field, "args", {}).items():
            yield f"{where}({argument}: {wrapped(value.type)})"
            yield from described(value.type, f"{where}({argument})", seen)
        yield from described(field.type, where, (*seen, inner.name))


@pytest.mark.parametrize("domain", DOMAINS)
def test_fields_arguments_and_types_are_amazons(domain: str) -> None:
    ours, theirs = schema_of(domain), amazons(domain)
    found = set(described(ours.query_type, "query"))
    expected = set(described(theirs.query_type, "query"))
    assert sorted(found ^ expected) == []
    assert len(found) > 50


def test_calls_from_create_to_the_document(kiosk: KioskCaller) -> None:
    kiosk.change(ready_after_seconds=60, sp_kiosk_lines_per_page=2)
    body = {"query": by_asin()}
    query_id = check(MODEL, kiosk.create_query(by_asin()), 202, body)["queryId"]
    shown = {}
    for seconds in (0, 31, 30):
        kiosk.advance(seconds)
        shown = check(MODEL, kiosk.get(f"{QUERIES}/{query_id}"), 200)
    document_id = shown["dataDocumentId"]
    check(MODEL, kiosk.get(f"{DOCUMENTS}/{document_id}"), 200)
    body |= {"paginationToken": shown["pagination"]["nextToken"]}
    check(
        MODEL, kiosk.create_query(by_asin(), token=body["paginationToken"]), 202, body
    )
    query = {
        "processingStatuses": "DONE,IN_QUEUE",
        "pageSize": "1",
        "createdSince": "2026-11-01T00:00:00Z",
    }
    listed = check(MODEL, kiosk.get(QUERIES, **query), 200)
    token = listed["pagination"]["nextToken"]
    check(MODEL, kiosk.get(QUERIES, **query, paginationToken=token), 200)
    path = f"{QUERIES}/{listed['queries'][0]['queryId']}"
    check(MODEL, kiosk.api.delete(path, headers=kiosk.headers("acme-us")), 204)


def test_refusals_have_the_body_of_the_model(kiosk: KioskCaller) -> None:
    check(MODEL, kiosk.create_query("query{x}"), 400)
    check(MODEL, kiosk.create_query(by_asin(), "vega-us"), 403)
    check(MODEL, kiosk.get(f"{QUERIES}/1"), 404)
    check(MODEL, kiosk.get(f"{DOCUMENTS}/1"), 404)
    check(MODEL, kiosk.get(QUERIES, processingStatuses="X"), 400)
    for code in (429, 500, 503):
        kiosk.emulation.state.faults.clear()
        kiosk.fault("status", code=code)
        check(MODEL, kiosk.create_query(by_asin()), code)
